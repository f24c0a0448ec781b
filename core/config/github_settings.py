"""Where on GitHub the runners are, and who we are there.

The original knows an organisation on github.com and an App. Beside these stand other places and a token, and most of
this module tells apart what is missing, what is doubled and what cannot go together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import github_url
from core.config import options as opt
from core.config.credentials import AppCredentials, Credentials, TokenCredentials, parse_private_key
from core.domain.secret import Secret
from core.domain.text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.options import Option
    from core.config.reading import Reader

_KEYS: tuple[Option[object], ...] = (
    opt.GITHUB_APP_PRIVATE_KEY,
    opt.GITHUB_APP_PRIVATE_KEY_FILE,
    opt.GITHUB_APP_PRIVATE_KEY_SECRET,
)
_APP_NEEDS = (
    "GITHUB_APP_CLIENT_ID (or GITHUB_APP_ID), GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY "
    "(or GITHUB_APP_PRIVATE_KEY_FILE or GITHUB_APP_PRIVATE_KEY_SECRET)"
)


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Where on GitHub, and as whom."""

    config_url: str  #: organisation, repository or enterprise, without a trailing slash
    credentials: Credentials
    api_url: str | None = None  #: None: follows from the config URL
    ca_file: Path | None = None  #: None: the system's certificate authorities


def read_github(reader: Reader) -> GitHubSettings:
    """Read everything about GitHub; problems and warnings stay with the reader."""
    url = _config_url(reader)
    credentials = _credentials(reader)
    if github_url.is_enterprise(url) and isinstance(credentials, AppCredentials):
        reader.problem(
            "a GitHub App cannot serve a whole enterprise; set GITHUB_TOKEN (scope manage_runners:enterprise) and "
            "remove the GITHUB_APP_… settings, or name an organisation",
        )
    return GitHubSettings(
        config_url=url,
        credentials=credentials,
        api_url=reader.read(opt.GITHUB_API_URL) or None,
        ca_file=reader.read(opt.GITHUB_CA_FILE),
    )


def _config_url(reader: Reader) -> str:
    url, organisation = reader.read(opt.GITHUB_CONFIG_URL), reader.read(opt.GITHUB_ORG)
    if not reader.given(opt.GITHUB_CONFIG_URL) and not reader.given(opt.GITHUB_ORG):
        reader.problem("missing: GITHUB_ORG (an organisation on github.com), or GITHUB_CONFIG_URL (anything else)")
    short_for = github_url.of_organisation(organisation) if organisation else ""
    if url and short_for and not github_url.same_scope(url, short_for):
        reader.problem(f"GITHUB_CONFIG_URL is {url}, but GITHUB_ORG means {short_for}; keep the one that is meant")
    return url or short_for


def _credentials(reader: Reader) -> Credentials:
    """The credentials; where they are a problem, something of the right type so that the rest can be judged."""
    token = reader.read(opt.GITHUB_TOKEN)
    app = (opt.GITHUB_APP_CLIENT_ID, opt.GITHUB_APP_ID, opt.GITHUB_APP_INSTALLATION_ID, *_KEYS)
    if not any(reader.given(option) for option in app):
        if not reader.given(opt.GITHUB_TOKEN):
            reader.problem(f"missing: who we are to GitHub. Set {_APP_NEEDS}, or GITHUB_TOKEN")
        return TokenCredentials(token or Secret(""))
    if token:
        reader.warn(
            "GITHUB_TOKEN is set beside a GitHub App and is not used; remove the GITHUB_APP_… settings to use it"
        )
    return _app(reader)


def _app(reader: Reader) -> AppCredentials:
    keys = [option for option in _KEYS if reader.given(option)]
    lacking = [
        *([] if _any_given(reader, opt.GITHUB_APP_CLIENT_ID, opt.GITHUB_APP_ID) else ["GITHUB_APP_CLIENT_ID"]),
        *([] if reader.given(opt.GITHUB_APP_INSTALLATION_ID) else ["GITHUB_APP_INSTALLATION_ID"]),
        *([] if keys else ["GITHUB_APP_PRIVATE_KEY"]),
    ]
    if lacking:
        instead = "; or use GITHUB_TOKEN alone" if reader.given(opt.GITHUB_TOKEN) else ""
        reader.problem(f"missing: {', '.join(lacking)}; a GitHub App needs {_APP_NEEDS}{instead}")
    if len(keys) > 1:
        reader.problem(f"{' and '.join(option.variable for option in keys)} are set together; keep one of them")
    return AppCredentials(
        installation_id=reader.read(opt.GITHUB_APP_INSTALLATION_ID) or 0,
        client_id=reader.read(opt.GITHUB_APP_CLIENT_ID),
        app_id=reader.read(opt.GITHUB_APP_ID),
        private_key=reader.read(opt.GITHUB_APP_PRIVATE_KEY) or _key_from_file(reader),
        private_key_secret=reader.read(opt.GITHUB_APP_PRIVATE_KEY_SECRET) or None,
    )


def _any_given(reader: Reader, *which: Option[object]) -> bool:
    return any(reader.given(option) for option in which)


def _key_from_file(reader: Reader) -> Secret | None:
    path = reader.read(opt.GITHUB_APP_PRIVATE_KEY_FILE)
    if path is None:
        return None
    try:
        return parse_private_key(path.read_text(encoding="ascii"))
    except OSError as error:
        told = f"cannot be read ({error.strerror or type(error).__name__}); check the path and who may read it"
    except UnicodeDecodeError:
        told = "is not a PEM file; name the .pem file that GitHub gave for the App"
    except ValueError as error:
        told = str(error)
    reader.problem_with(opt.GITHUB_APP_PRIVATE_KEY_FILE, f'"{plain(str(path))}" {told}')
    return None
