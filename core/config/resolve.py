"""One family into its scale set: its own table, then ``[defaults]``, then settings and what is built in.

Resolves, and says what it had to override; whether the result can work is for rules.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from core.config.labels import labels_of
from core.domain.scale_set import Bounds, LaunchType, Limits, Placement, ScaleSetSpec, Shape

if TYPE_CHECKING:
    from core.config.problems import Findings
    from core.config.schema import Defaults
    from core.config.settings import RunnerDefaults
    from core.config.templates import Candidate

T = TypeVar("T")

RUNNER_IMAGE = "ghcr.io/niranjan94/ecs-arc-runner:latest"
DIND_IMAGE = "docker:dind"
_BUILT_IN = Bounds()


def resolve(
    candidate: Candidate, defaults: Defaults, settings: RunnerDefaults, findings: Findings
) -> ScaleSetSpec | None:
    """The scale set that a family describes; None, and the reasons among the errors, when its size is not given."""
    table = candidate.table
    placement = _placement(candidate, defaults, findings)
    shape = _shape(candidate, defaults, placement.launch_type, findings)
    if shape is None:
        return None
    own_labels = (*candidate.dimension_labels, *defaults.extra_labels, *table.extra_labels, *settings.extra_labels)
    return ScaleSetSpec(
        name=f"{settings.name_prefix}-{table.family}" if settings.name_prefix else table.family,
        family=table.family,
        shape=shape,
        bounds=Bounds(
            maximum=_first(table.max_runners, defaults.max_runners, otherwise=_BUILT_IN.maximum),
            minimum=_first(table.min_runners, defaults.min_runners, otherwise=_BUILT_IN.minimum),
            min_idle=_first(table.min_idle, defaults.min_idle, otherwise=_BUILT_IN.min_idle),
        ),
        limits=_limits(candidate, defaults, settings.limits),
        placement=placement,
        labels=labels_of(own_labels, shape, placement.launch_type),
        runner_group=_first(table.runner_group, defaults.runner_group, otherwise=settings.runner_group),
    )


def _shape(candidate: Candidate, defaults: Defaults, launch_type: LaunchType, findings: Findings) -> Shape | None:
    table = candidate.table
    for key, size in (("cpu", table.cpu), ("memory", table.memory)):
        if size is None:
            findings.error(candidate.place(key), "is required")
    if table.cpu is None or table.memory is None:
        return None
    return Shape(
        cpu=table.cpu,
        memory=table.memory,
        runner_image=_first(table.runner_image, defaults.runner_image, otherwise=RUNNER_IMAGE),
        dind_image=_first(table.dind_image, defaults.dind_image, otherwise=DIND_IMAGE),
        dind=_dind(candidate, defaults, launch_type, findings),
        architecture=table.architecture or "",
        os=table.os or "LINUX",
    )


def _dind(candidate: Candidate, defaults: Defaults, launch_type: LaunchType, findings: Findings) -> bool:
    """Whether docker runs in docker: never on FARGATE, which has no privileged containers (ecs-api.md A6)."""
    wanted = _first(candidate.table.enable_dind, defaults.enable_dind, otherwise=False)
    if wanted and launch_type is LaunchType.FARGATE:
        where = "[defaults]" if candidate.table.enable_dind is None else None
        findings.warning(candidate.place("enable_dind", where=where), "is off, as FARGATE cannot run docker in docker")
        return False
    return wanted


def _placement(candidate: Candidate, defaults: Defaults, findings: Findings) -> Placement:
    table = candidate.table
    launch_type = _first(table.compatibility, defaults.compatibility, otherwise=LaunchType.FARGATE)
    placement = Placement(
        launch_type=launch_type,
        capacity_providers=_first(table.providers, defaults.providers, otherwise=()),
        network_mode=_first(table.network_mode, defaults.network_mode, otherwise="awsvpc"),
        subnets=table.subnets or defaults.subnets,
        security_groups=table.security_groups or defaults.security_groups,
    )
    if launch_type is LaunchType.EXTERNAL:
        if table.network_mode not in {None, "bridge"}:
            findings.warning(candidate.place("network_mode"), 'is "bridge", as EXTERNAL has no other')
        placement = replace(placement, network_mode="bridge")
    if placement.network_mode == "awsvpc":
        return placement
    # Those of [defaults] are meant for other families; RunTask refuses them outside awsvpc (ecs-api.md A1).
    for key, written in (("subnets", table.subnets), ("security_groups", table.security_groups)):
        if written:
            findings.warning(candidate.place(key), f"are not used with the network mode {placement.network_mode}")
    return replace(placement, subnets=(), security_groups=())


def _limits(candidate: Candidate, defaults: Defaults, settings: Limits) -> Limits:
    table = candidate.table
    return Limits(
        provisioning=_first(table.provisioning_timeout, defaults.provisioning_timeout, otherwise=settings.provisioning),
        pending=_first(table.pending_timeout, defaults.pending_timeout, otherwise=settings.pending),
        activating=_first(table.activating_timeout, defaults.activating_timeout, otherwise=settings.activating),
        unready=_first(table.unready_timeout, defaults.unready_timeout, otherwise=settings.unready),
        max_runtime=_first(table.max_runtime, defaults.max_runtime, otherwise=settings.max_runtime),
        idle=_first(table.idle_timeout, defaults.idle_timeout, otherwise=settings.idle),
        drain_grace=_first(table.drain_grace, defaults.drain_grace, otherwise=settings.drain_grace),
    )


def _first(*written: T | None, otherwise: T) -> T:
    return next((value for value in written if value is not None), otherwise)
