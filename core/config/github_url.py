"""Which part of GitHub the runners belong to: the config URL of an organisation, repository or enterprise.

Only what a person may have mistyped is judged here; how the API's address follows from it is the GitHub adapter's
business (github-scale-set-api.md section 1). Messages never repeat a URL that holds a user name or password.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from core.config.problems import shown

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SEGMENTS = (1, 2)


def organisation(value: str) -> str:
    """The login of an organisation."""
    if value and _LOGIN.fullmatch(value) is None:
        raise ValueError(f"must be the name of an organisation, without a URL, but is {shown(value)}")
    return value


def config_url(value: str) -> str:
    """A config URL without its trailing slashes (section 1.1); empty when not set."""
    if not value:
        return ""
    trimmed = value.strip("/")
    parts = _web_address(trimmed)
    segments = parts.path.strip("/").split("/")
    if len(segments) not in _SEGMENTS or not all(segments) or parts.query or parts.fragment:
        raise ValueError(
            "must point to an organisation (https://github.com/ORG), a repository (…/ORG/REPO) or an enterprise "
            f"(…/enterprises/NAME), but is {shown(value)}"
        )
    return trimmed


def api_url(value: str) -> str:
    """Base of the REST API without its trailing slashes; empty when not set."""
    if not value:
        return ""
    parts = _web_address(value.rstrip("/"))
    if parts.query or parts.fragment:
        raise ValueError(f"must be an address without ? and #, but is {shown(value)}")
    return value.rstrip("/")


def of_organisation(login: str) -> str:
    """What ``GITHUB_ORG`` is short for."""
    return f"https://github.com/{login}"


def same_scope(one: str, other: str) -> bool:
    """Whether two config URLs mean the same; GitHub does not tell upper case from lower case in any part of them."""
    one, other = (url.lower().replace("//www.github.com/", "//github.com/") for url in (one, other))
    return one == other


def is_enterprise(url: str) -> bool:
    """Whether a config URL means a whole enterprise (section 1.1)."""
    return urlsplit(url).path.strip("/").lower().startswith("enterprises/")


def _web_address(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; credentials have settings of their own")
    if not host or parts.scheme not in {"http", "https"}:
        raise ValueError(f"must be a URL that begins with https://, but is {shown(value)}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"must use https; plain http is for this machine only, but is {shown(value)}")
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
