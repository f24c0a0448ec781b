"""Stages for integration tests: see ``tests.stages``, which scripts use without pytest."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiobotocore.httpsession import AIOHTTPSession

from core.adapters.github import auth, transport
from tests.stages import TOML, Stage, Stages, Theatre, WorldTime

__all__ = ["TOML", "Stage", "Stages", "Theatre", "WorldTime"]


@pytest.fixture(scope="session", autouse=True)
def one_trust_and_one_key() -> Iterator[None]:
    """Read the system's authorities and the App's key once: a controller starts hundreds of times in these tests.

    AWS is reached in plain HTTP here, so its client needs no authorities at all.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "trusted", functools.cache(transport.trusted))
        patch.setattr(auth, "load_pem_private_key", functools.cache(auth.load_pem_private_key))
        patch.setattr(AIOHTTPSession, "_get_ssl_context", lambda _: None)
        yield


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages(tmp_path, monkeypatch)
