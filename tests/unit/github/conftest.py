"""What the tests of the GitHub adapter share: one key, one authority, one scripted GitHub."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.adapters.github import GitHubMessageSession, GitHubScaleSetClient
from core.adapters.github.config_url import FORCE_GHES
from tests.fakes.clock import ManualClock
from tests.unit.github.support import SESSIONS_PATH, Calls, Server, make_client, says, session


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate for localhost that signed itself, and its key, as files."""

    certificate: Path
    key: Path


@pytest.fixture(scope="session")
def rsa_key() -> RSAPrivateKey:
    """The one key of a test run; making one takes its time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def self_signed(key: RSAPrivateKey, name: str) -> bytes:
    """A certificate in PEM that vouches for itself: an authority, and a server of that name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


@pytest.fixture(scope="session")
def identity(rsa_key: RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Identity:
    folder = tmp_path_factory.mktemp("identity")
    made = Identity(folder / "certificate.pem", folder / "key.pem")
    made.certificate.write_bytes(self_signed(rsa_key, "localhost"))
    made.key.write_bytes(rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine of the test says about GitHub or proxies is none of the tests' business."""
    for name in (FORCE_GHES, *(f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO"))):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
async def client(
    server: Server, clock: ManualClock, calls: Calls, identity: Identity
) -> AsyncIterator[GitHubScaleSetClient]:
    """A client with a personal access token. Naming an authority spares reading the system's."""
    async with make_client(server, clock, on_call=calls, ca_file=identity.certificate) as made:
        yield made


@pytest.fixture
async def message_session(client: GitHubScaleSetClient, server: Server) -> GitHubMessageSession:
    """An open session; the requests that opened it are forgotten."""
    server.on("POST", SESSIONS_PATH, says(session()))
    opened = await client.open_session(37, "ip-10-0-3-17")
    server.requests.clear()
    return opened
