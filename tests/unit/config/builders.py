"""Runner configurations and environments with good defaults, so that a test writes only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.config.runner_config import RunnerConfig, parse_runner_config
from core.config.settings import RunnerDefaults
from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from core.domain.scale_set import ScaleSetSpec

#: Defaults under which a runner of any size can work.
EXTERNAL = '[defaults]\ncompatibility = "EXTERNAL"\n'
FARGATE = '[defaults]\nsubnets = ["subnet-1"]\n'


def runner(keys: str = "", *, family: str = "small", cpu: int = 1024, memory: int = 2048) -> str:
    """One ``[[runner]]`` with some more lines of keys."""
    return f'[[runner]]\nfamily = "{family}"\ncpu = {cpu}\nmemory = {memory}\n{keys}\n'


def parsed(text: str, settings: RunnerDefaults | None = None) -> RunnerConfig:
    """The configuration of a text."""
    return parse_runner_config(text, settings or RunnerDefaults())


def the_only(text: str, settings: RunnerDefaults | None = None) -> ScaleSetSpec:
    """The one scale set of a text."""
    (spec,) = parsed(text, settings).scale_sets
    return spec


def families(text: str) -> list[str]:
    """The families of a text, in order."""
    return [spec.family for spec in parsed(text).scale_sets]


def problems(text: str, settings: RunnerDefaults | None = None) -> list[str]:
    """The lines of the error that a text gives."""
    with pytest.raises(ConfigurationError) as raised:
        parsed(text, settings)
    return lines_of(raised.value, "the runner configuration")


def lines_of(error: ConfigurationError, subject: str) -> list[str]:
    """The problems that an error tells, without its heading."""
    heading, *lines = error.message.splitlines()
    if not lines:
        return [heading.removeprefix(f"{subject}: ")]
    assert heading == f"{subject}: {len(lines)} problems"
    return [line.removeprefix("- ") for line in lines]


def rsa_key() -> rsa.RSAPrivateKey:
    """A key made on the spot."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(
    key: PrivateKeyTypes,
    shape: serialization.PrivateFormat = serialization.PrivateFormat.TraditionalOpenSSL,
    passphrase: bytes | None = None,
) -> str:
    """A key in PEM; as GitHub gives it (PKCS#1) unless told otherwise."""
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, shape, encryption).decode()
