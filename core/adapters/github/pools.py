"""Connections to GitHub: what is trusted, what goes through a proxy, and what is never done.

HTTP/1.1 only, because a half-open HTTP/2 connection once left every poll deaf for a quarter of an hour
(github-scale-set-api.md section 6.5). Up to ten redirects are followed; to another origin they lose their credentials.
Nothing is sent in plain http but to this machine, wherever a configuration, an answer or a redirect points. Proxies
come from the environment, and never stand between us and a loopback host. No cookie is kept: a load balancer's would
tie every scale set to one backend.
"""

from __future__ import annotations

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from core.adapters.github.config_url import is_loopback
from core.domain.errors import ConfigurationError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Seconds to connect (once for TCP, once for TLS), to write, and to wait for a free connection.
CONNECT_SECONDS: Final = 30.0
MAX_REDIRECTS: Final = 10

_KEEPALIVE_SECONDS: Final = 30.0
#: For short calls: as many as may be in flight at once.
SHORT_CALLS: Final = httpx.Limits(
    max_connections=100, max_keepalive_connections=20, keepalive_expiry=_KEEPALIVE_SECONDS
)
#: For polls: every scale set keeps one connection busy all the time.
POLLS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_KEEPALIVE_SECONDS)
_LOOPBACK: Final[Mapping[str, httpx.AsyncBaseTransport | None]] = {
    f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")
}


def open_pool(
    trust: ssl.SSLContext, limits: httpx.Limits, network: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """A pool of connections. ``network`` stands in for the network; None is the network itself.

    Raises ConfigurationError when the proxies that the environment names cannot be used.
    """
    try:
        return httpx.AsyncClient(
            verify=trust,
            limits=limits,
            transport=network,
            mounts=_LOOPBACK,
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"request": [_refuse_open_wire]},
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # Not chained: the text of a proxy's URL may hold a password.
        name = type(error).__name__
        raise ConfigurationError(f"the proxies that the environment names cannot be used ({name})") from None


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Whose certificates are accepted: those signed by ``ca_file``'s authorities alone, or, with None, the system's.

    Where the system has no authorities of its own (a bare container), Mozilla's list is used. ``SSL_CERT_FILE`` and
    ``SSL_CERT_DIR`` are obeyed. Raises ConfigurationError when the file cannot be read or holds no certificate.
    """
    if ca_file is None:
        return ssl.create_default_context() if _system_has_authorities() else httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"GITHUB_CA_FILE {str(ca_file)!r} cannot be used: {error}") from error


def _system_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))


async def _refuse_open_wire(request: httpx.Request) -> None:
    """Called before every request, those that follow a redirect included."""
    if request.url.scheme == "http" and not is_loopback(request.url.host):
        raise ProtocolError(f"GitHub points to {request.url.host!r} in plain http: nothing is sent there")
