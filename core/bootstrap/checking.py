"""A look at all that a controller needs, before there is one: ``arcdeck check``."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from core.adapters.aws.account import IamAccount
from core.adapters.aws.session import connect
from core.adapters.clock import SystemClock
from core.api.checkup import Checkup, Finding, Verdict
from core.bootstrap.parts import Parts, credentials_of, engine_settings, source_of
from core.config.document import SUBJECT
from core.config.runner_config import parse_runner_config
from core.config.settings import load_settings
from core.domain.errors import ArcdeckError, ConfigurationError
from core.engine.checkup import CheckPorts, Examination
from core.ports import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.ports import Clock


async def examine(
    environ: Mapping[str, str],
    options: Mapping[str, object],
    *,
    clock: Clock | None = None,
    rng: random.Random | None = None,
) -> Checkup:
    """Look at everything that a controller of these settings needs, and say what it would change; changes nothing.

    What is wrong is in the answer, never an error. ``options`` are those of the command line, as ``load_settings``
    takes them. A configuration or key that is out of reach is a problem here, and not waited for.
    """
    try:
        settings = load_settings(environ, options)
    except ConfigurationError as error:
        return Checkup(findings=problems("settings", str(error)))
    told = [Finding(area="settings", verdict=Verdict.WARNING, text=text) for text in settings.warnings]
    told.append(Finding(area="settings", verdict=Verdict.WELL, text=f"controller {settings.controller_id!r}"))
    parts = Parts.of(settings, clock or SystemClock(), rng or random.SystemRandom())
    async with AsyncExitStack() as stack:
        area = "AWS"
        try:
            connection = await stack.enter_async_context(connect())
            area = "runners"
            source = await source_of(settings, connection, stack)
            document = await source.read()
            config = parse_runner_config(document.text, settings.runners)
            told += [Finding(area=area, verdict=Verdict.WARNING, text=text) for text in config.warnings]
            told.append(Finding(area=area, verdict=Verdict.WELL, text=f"{len(config.scale_sets)} scale sets"))
            area = "GitHub"
            credentials = await credentials_of(settings, connection)
            client = await stack.enter_async_context(parts.github_client(credentials))
        except ArcdeckError as error:
            return Checkup(findings=(*told, *problems(area, str(error))))
        ports = CheckPorts(
            parts.ecs(connection),
            client,
            client,
            IamAccount(
                await stack.enter_async_context(connection.client("sts")),
                await stack.enter_async_context(connection.client("iam")),
            ),
        )
        wanted = Wanted(config.scale_sets, document.version, config.budgets)
        found = await Examination(engine_settings(settings, wanted, connection.region), ports).run()
    return found.model_copy(update={"findings": (*told, *found.findings)})


def problems(area: str, text: str) -> tuple[Finding, ...]:
    """One finding for each line of an error that lists several."""
    first, *listed = text.removeprefix("settings: ").removeprefix(f"{SUBJECT}: ").splitlines()
    lines = [line.removeprefix("- ") for line in listed] or [first]
    return tuple(Finding(area=area, verdict=Verdict.PROBLEM, text=line) for line in lines)
