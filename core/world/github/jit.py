"""The JIT config: the single-use credential that a runner starts with.

Its shape and size are GitHub's (github-scale-set-api.md section 4.1), so that whatever carries it, an ECS override with
its 8,192 characters above all, is put to the same test. The key in it is random bytes in the shape of an RSA key: it
opens nothing, but it is as secret here as a real one would be there.
"""

import base64
import binascii
import json
import random
from dataclasses import dataclass, field

RSA_PARAMETERS = {
    "d": 256,
    "dp": 128,
    "dq": 128,
    "exponent": 3,
    "inverseQ": 128,
    "modulus": 256,
    "p": 128,
    "q": 128,
}
"""The members of a 2,048 bit key and their sizes in bytes."""

_MARKER = slice(96, 144)
"""Where the marker is cut out of the text as it travels: the key is the first file, and this lies inside its `d`."""


@dataclass(frozen=True, slots=True)
class JitConfig:
    """An encoded config and a piece of it, near the beginning, that occurs nowhere else."""

    encoded: str = field(repr=False)
    marker: str = field(repr=False)


def build_jit_config(runner_id: int, name: str, work_folder: str, github_url: str, rng: random.Random) -> JitConfig:
    """Return the config of one runner; `github_url` is the config URL its scale set belongs to."""
    runner = {
        "AgentId": str(runner_id),
        "AgentName": name,
        "PoolId": "1",
        "PoolName": "Default",
        "DisableUpdate": "True",
        "Ephemeral": "True",
        "ServerUrl": f"{github_url}/_apis",
        "GitHubUrl": github_url,
        "WorkFolder": work_folder,
        "UseV2Flow": "True",
        "ServerUrlV2": f"{github_url}/_broker",
    }
    client = {"scheme": "OAuth", "data": {"clientId": rng.randbytes(16).hex(), "requireFipsCryptography": "True"}}
    key = {member: _base64(rng.randbytes(size)) for member, size in RSA_PARAMETERS.items()}
    files = {".credentials_rsaparams": key, ".runner": runner, ".credentials": client}
    encoded = _base64(_compact({file: _base64(_compact(content)) for file, content in files.items()}))
    return JitConfig(encoded, encoded[_MARKER])


def runner_id_in(encoded: str) -> int:
    """Return the id of the runner that a config is for; raises ValueError for anything that is not a config."""
    try:
        files = json.loads(base64.b64decode(encoded, validate=True))
        return int(json.loads(base64.b64decode(files[".runner"], validate=True))["AgentId"])
    except (binascii.Error, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("not a JIT config") from error


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
