"""What a config URL means: whose runners these are, and where GitHub's REST API is.

Pure: a string and an environment go in, a value comes out. Everything that depends on the kind of installation
(github.com, GHE.com, GitHub Enterprise Server) is decided here and nowhere else. The rules and their test vectors are
github-scale-set-api.md sections 1.1 to 1.4; beyond them, a URL that could send credentials over an open wire, or that
carries a password, is refused before anything is sent.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Set to any value, even an empty one, it makes every host count as GitHub Enterprise Server.
FORCE_GHES = "GITHUB_ACTIONS_FORCE_GHES"

_HOSTED = frozenset({"github.com", "www.github.com", "github.localhost"})
_INVALID = "the config URL {url!r} should point to an enterprise, an organization or a repository"


@dataclass(frozen=True, slots=True)
class ConfigUrl:
    """A config URL that was understood."""

    url: str  #: as GitHub is told it: without slashes at its ends, query and fragment kept
    api: str  #: base of the REST API, without a slash at its end
    scope: str  #: path of the owner below ``api``: ``/orgs/{org}``, ``/repos/{owner}/{repo}``, ``/enterprises/{name}``
    hosted: bool  #: github.com or GHE.com, as opposed to GitHub Enterprise Server


def parse_config_url(text: str, environ: Mapping[str, str], api_url: str | None = None) -> ConfigUrl:
    """Read a config URL.

    ``environ`` is looked at for ``GITHUB_ACTIONS_FORCE_GHES`` only. ``api_url`` replaces the derived REST base; None
    derives it. Raises ConfigurationError for anything that is not an https URL (http for a loopback host) of an
    enterprise, an organization or a repository.
    """
    url = text.strip().strip("/")
    parts = _checked(url, "config URL")
    hosted = _is_hosted(parts.netloc, environ)
    api = api_url.strip().rstrip("/") if api_url else _api_base(parts, hosted=hosted)
    if api_url:
        _checked(api, "GITHUB_API_URL")
    return ConfigUrl(url=url, api=api, scope=_scope(parts.path, url), hosted=hosted)


def is_loopback(host: str) -> bool:
    """Whether a host, without its port, is this machine: the only one that is spoken to in plain http."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked(url: str, what: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"the {what} is not a URL: {error}") from None
    if "@" in parts.netloc:
        raise ConfigurationError(f"the {what} holds a user name or a password: credentials have their own settings")
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"the {what} {url!r} should begin with https:// and a host")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(f"the {what} {url!r} should use https: plain http is for loopback hosts only")
    return parts


def _is_hosted(host: str, environ: Mapping[str, str]) -> bool:
    if FORCE_GHES in environ:
        return False
    return host.lower() in _HOSTED or host.endswith(".ghe.com")


def _api_base(parts: SplitResult, *, hosted: bool) -> str:
    host = parts.netloc
    if not hosted:
        return f"{parts.scheme}://{host}/api/v3"
    if host.lower() == "www.github.com":
        return f"{parts.scheme}://api.github.com"
    return f"{parts.scheme}://api.{host}"


def _scope(path: str, url: str) -> str:
    match [quote(unquote(part), safe="") for part in path.strip("/").split("/")]:
        case [organization] if organization:
            return f"/orgs/{organization}"
        case [first, enterprise] if first.lower() == "enterprises":
            return f"/enterprises/{enterprise}"
        case [owner, repository] if owner and repository:
            return f"/repos/{owner}/{repository}"
        case _:
            raise ConfigurationError(_INVALID.format(url=url))
