"""Whom we trust and which way we go: certificates and proxies (section 6.5)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from core.adapters.github import GitHubScaleSetClient, TokenCredentials
from core.domain.errors import ConfigurationError, Unavailable
from core.domain.secret import Secret
from tests.fakes.clock import ManualClock
from tests.unit.github.conftest import Identity, self_signed
from tests.unit.github.support import PAT, FixedRandom, leaks

EMPTY_LIST = b'{"total_count":0,"runners":[]}'


def client_for(url: str, clock: ManualClock, ca_file: Path | None = None) -> GitHubScaleSetClient:
    """A client on the real network."""
    return GitHubScaleSetClient(
        config_url=url,
        credentials=TokenCredentials(Secret(PAT)),
        clock=clock,
        rng=FixedRandom(),
        version="0.1.0",
        ca_file=ca_file,
    )


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An HTTP server that knows one answer."""
    with contextlib.suppress(asyncio.IncompleteReadError, ssl.SSLError, ConnectionError):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(EMPTY_LIST)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + EMPTY_LIST)
        await writer.drain()
    writer.close()
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()


@pytest.fixture
async def https_port(identity: Identity) -> AsyncIterator[int]:
    """The port of an https server on localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def authority(rsa_key: RSAPrivateKey, tmp_path: Path) -> Path:
    """An authority that signed nothing but itself."""
    file = tmp_path / "authority.pem"
    file.write_bytes(self_signed(rsa_key, "authority.example.test"))
    return file


async def test_a_certificate_of_a_named_authority_is_trusted(
    https_port: int, clock: ManualClock, identity: Identity
) -> None:
    url = f"https://localhost:{https_port}/acme"

    async with client_for(url, clock, identity.certificate) as client:
        assert await client.list_runners() == []


async def test_a_certificate_of_an_unknown_authority_is_a_matter_for_people_and_not_retried(
    https_port: int, clock: ManualClock
) -> None:
    url = f"https://localhost:{https_port}/acme"

    async with client_for(url, clock) as client:
        with pytest.raises(ConfigurationError, match="GITHUB_CA_FILE"):
            await client.list_runners()
    assert clock.waits == []


async def test_a_certificate_for_another_host_is_not_trusted(
    https_port: int, clock: ManualClock, identity: Identity
) -> None:
    url = f"https://127.0.0.1:{https_port}/acme"

    async with client_for(url, clock, identity.certificate) as client:
        with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
            await client.list_runners()


async def test_without_a_named_authority_those_of_the_environment_are_trusted(
    https_port: int, clock: ManualClock, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(identity.certificate))

    async with client_for(f"https://localhost:{https_port}/acme", clock) as client:
        assert await client.list_runners() == []


async def test_a_named_authority_replaces_all_others(
    https_port: int,
    clock: ManualClock,
    identity: Identity,
    authority: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(identity.certificate))

    async with client_for(f"https://localhost:{https_port}/acme", clock, authority) as client:
        with pytest.raises(ConfigurationError, match="GITHUB_CA_FILE"):
            await client.list_runners()


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_file_that_cannot_be_used_is_a_configuration_error(
    clock: ManualClock, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigurationError, match="GITHUB_CA_FILE"):
        client_for("https://github.com/acme", clock, file)


async def test_proxies_come_from_the_environment(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with client_for("https://github.com/acme", clock) as client:
            with pytest.raises(Unavailable, match="was not sent: 403 Forbidden"):
                await client.list_runners()

    assert asked == [b"CONNECT api.github.com:443 HTTP/1.1"] * 5


async def test_no_proxy_stands_between_us_and_this_machine(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example.test:3128")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with client_for(f"http://127.0.0.1:{port}/acme", clock) as client:
            assert await client.list_runners() == []


@pytest.mark.parametrize(
    "proxy", ["ftp://me:s3same@proxy.example.test", "http://me:s3same@proxy:port", "socks5://me:s3same@proxy"]
)
def test_a_proxy_that_cannot_be_used_is_a_configuration_error_without_its_password(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(ConfigurationError, match="proxies that the environment names") as refused:
        client_for("https://github.com/acme", clock)
    assert leaks(refused.value, ["s3same"]) == []
