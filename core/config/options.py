"""Every setting there is, as one table (behaviour.md 3.1).

Environment, command line and ``--help`` are filled from these records, so none of them can know a setting that the
others don't. A secret is never an option: other users of the machine can read a process's command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from core.config import github_url, values
from core.config.credentials import parse_private_key
from core.config.values import optional
from core.domain.scale_set import DEFAULT_RUNNER_GROUP
from core.domain.secret import Secret

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Option(Generic[T_co]):
    """One setting: the variable it comes from, and how its text becomes a value."""

    variable: str
    parse: Callable[[str], T_co]  #: raises ValueError with the rest of a sentence; takes the default without complaint
    help: str
    default: str = ""  #: as an operator would write it; empty = not set
    secret: bool = False

    @property
    def name(self) -> str:
        """Its key among parsed options: ``socket`` for ``ARCDECK_SOCKET``, ``github_org`` for ``GITHUB_ORG``."""
        return self.variable.removeprefix("ARCDECK_").lower()

    @property
    def flag(self) -> str:
        """How it is written on a command line."""
        return "--" + self.name.replace("_", "-")


GITHUB_ORG = Option("GITHUB_ORG", github_url.organisation, "organisation on github.com whose runners these are")
GITHUB_CONFIG_URL = Option(
    "GITHUB_CONFIG_URL",
    github_url.config_url,
    "organisation, repository or enterprise whose runners these are, on github.com, GHE.com or GHES",
)
GITHUB_API_URL = Option("GITHUB_API_URL", github_url.api_url, "REST API, where the config URL does not tell it")
GITHUB_CA_FILE = Option("GITHUB_CA_FILE", optional(values.path), "certificate authorities to trust for GitHub, in PEM")
GITHUB_APP_CLIENT_ID = Option("GITHUB_APP_CLIENT_ID", optional(values.token), "client id of the GitHub App")
GITHUB_APP_ID = Option("GITHUB_APP_ID", optional(values.identifier), "number of the GitHub App")
GITHUB_APP_INSTALLATION_ID = Option(
    "GITHUB_APP_INSTALLATION_ID", optional(values.identifier), "number of the App's installation"
)
GITHUB_APP_PRIVATE_KEY = Option(
    "GITHUB_APP_PRIVATE_KEY", optional(parse_private_key), "private key of the App, in PEM", secret=True
)
GITHUB_APP_PRIVATE_KEY_FILE = Option(
    "GITHUB_APP_PRIVATE_KEY_FILE", optional(values.path), "file that holds the App's private key"
)
GITHUB_APP_PRIVATE_KEY_SECRET = Option(
    "GITHUB_APP_PRIVATE_KEY_SECRET", values.secret_arn, "Secrets Manager ARN of the App's private key"
)
GITHUB_TOKEN = Option(
    "GITHUB_TOKEN",
    optional(lambda text: Secret(values.token(text))),
    "personal access token, instead of an App",
    secret=True,
)

ECS_CLUSTER = Option("ECS_CLUSTER", values.cluster, "name or ARN of the cluster that runs the tasks")
SSM_PARAMETER_NAME = Option("SSM_PARAMETER_NAME", values.parameter_name, "SSM parameter with the runner configuration")
TOML_CONFIG_FILE = Option("TOML_CONFIG_FILE", optional(values.path), "file with the runner configuration")
SSM_POLL_INTERVAL = Option(
    "SSM_POLL_INTERVAL", values.period, "how often the configuration, parameter or file, is read anew", "5m"
)
RUNNER_EXECUTION_ROLE_ARN = Option(
    "RUNNER_EXECUTION_ROLE_ARN", values.text, "role with which ECS pulls images and writes logs"
)
RUNNER_TASK_ROLE_ARN = Option("RUNNER_TASK_ROLE_ARN", values.text, "role that the runners themselves have")
RUNNER_LOG_GROUP = Option("RUNNER_LOG_GROUP", values.text, "CloudWatch log group of the runners' containers")

SCALESET_NAME_PREFIX = Option(
    "SCALESET_NAME_PREFIX", values.name_prefix, "put before each family to name its scale set: PREFIX-FAMILY"
)
RUNNER_EXTRA_LABELS = Option("RUNNER_EXTRA_LABELS", values.words, "labels of every scale set, separated by commas")
RUNNER_GROUP = Option("RUNNER_GROUP", values.text, "runner group of the scale sets", DEFAULT_RUNNER_GROUP)
PROVISIONING_TIMEOUT = Option("PROVISIONING_TIMEOUT", values.period, "longest time a task may be PROVISIONING", "10m")
PENDING_TIMEOUT = Option("PENDING_TIMEOUT", values.period, "longest time a task may be PENDING", "5m")
ACTIVATING_TIMEOUT = Option("ACTIVATING_TIMEOUT", values.period, "longest time a task may be ACTIVATING", "5m")
UNREADY_TIMEOUT = Option(
    "UNREADY_TIMEOUT", values.period, "longest time a running task may be unknown to GitHub as online", "3m"
)
IDLE_TIMEOUT = Option("IDLE_TIMEOUT", values.period, "age at which an idle runner is drained and replaced", "6h")
DRAIN_GRACE = Option("DRAIN_GRACE", values.period, "how long a surplus runner is idle before it is drained", "5m")

OFFLINE_RUNNER_REAPER_INTERVAL = Option(
    "OFFLINE_RUNNER_REAPER_INTERVAL", values.period, "how often offline registrations are looked for", "30m"
)
OFFLINE_RUNNER_MIN_AGE = Option(
    "OFFLINE_RUNNER_MIN_AGE", values.period, "how long a registration is offline before it is removed", "1h"
)
QUIET_WINDOW = Option(
    "QUIET_WINDOW", values.period, "how long a runner removed from GitHub is left alone in case a job began", "2m"
)
SLOT_RELEASE_AFTER = Option(
    "SLOT_RELEASE_AFTER", values.period, "how long a task that is ending may occupy its place", "10m"
)
REAPER_INTERVAL = Option("REAPER_INTERVAL", values.period, "how often tasks are judged by their timers", "30s")
START_CONCURRENCY = Option("START_CONCURRENCY", values.count, "starts in flight at the same time", "20")
CAPACITY_BACKOFF = Option(
    "CAPACITY_BACKOFF",
    values.periods,
    "waits after ECS had no room, the last one repeated",
    "15s,30s,60s,120s,300s",
)

ARCDECK_CONTROLLER_ID = Option(
    "ARCDECK_CONTROLLER_ID",
    optional(values.controller_id),
    "mark on everything that this controller makes; by default the cluster's name, and the prefix where there is one",
)
ARCDECK_SOCKET = Option("ARCDECK_SOCKET", optional(values.path), "control socket of the daemon")
ARCDECK_SOCKET_GROUP = Option(
    "ARCDECK_SOCKET_GROUP", values.text, "group that may use the control socket, beside root and the daemon's user"
)
ARCDECK_SOCKET_READERS = Option(
    "ARCDECK_SOCKET_READERS", values.text, "group that may look through the control socket, and change nothing"
)
ARCDECK_STATE_DIR = Option("ARCDECK_STATE_DIR", optional(values.path), "directory of the journal")
ARCDECK_HTTP_LISTEN = Option(
    "ARCDECK_HTTP_LISTEN", optional(values.listen), "host:port for health and metrics on TCP; off when not set"
)
ARCDECK_LOG_LEVEL = Option("ARCDECK_LOG_LEVEL", values.log_level, "debug, info, warning or error", "info")
JOURNAL_RETENTION = Option("JOURNAL_RETENTION", values.period, "how long the journal remembers", "14d")
JOURNAL_SIZE = Option("JOURNAL_SIZE", values.size, "how large the journal's file may be; the oldest goes first", "1GiB")

GROUPS: Mapping[str, tuple[Option[object], ...]] = {
    "GitHub": (
        GITHUB_ORG,
        GITHUB_CONFIG_URL,
        GITHUB_API_URL,
        GITHUB_CA_FILE,
        GITHUB_APP_CLIENT_ID,
        GITHUB_APP_ID,
        GITHUB_APP_INSTALLATION_ID,
        GITHUB_APP_PRIVATE_KEY,
        GITHUB_APP_PRIVATE_KEY_FILE,
        GITHUB_APP_PRIVATE_KEY_SECRET,
        GITHUB_TOKEN,
    ),
    "Amazon ECS and the runner configuration": (
        ECS_CLUSTER,
        SSM_PARAMETER_NAME,
        TOML_CONFIG_FILE,
        SSM_POLL_INTERVAL,
        RUNNER_EXECUTION_ROLE_ARN,
        RUNNER_TASK_ROLE_ARN,
        RUNNER_LOG_GROUP,
    ),
    "Scale sets (the TOML may say otherwise for each, but for prefix and labels)": (
        SCALESET_NAME_PREFIX,
        RUNNER_EXTRA_LABELS,
        RUNNER_GROUP,
        PROVISIONING_TIMEOUT,
        PENDING_TIMEOUT,
        ACTIVATING_TIMEOUT,
        UNREADY_TIMEOUT,
        IDLE_TIMEOUT,
        DRAIN_GRACE,
    ),
    "Pace": (
        OFFLINE_RUNNER_REAPER_INTERVAL,
        OFFLINE_RUNNER_MIN_AGE,
        QUIET_WINDOW,
        SLOT_RELEASE_AFTER,
        REAPER_INTERVAL,
        START_CONCURRENCY,
        CAPACITY_BACKOFF,
    ),
    "The daemon": (
        ARCDECK_CONTROLLER_ID,
        ARCDECK_SOCKET,
        ARCDECK_SOCKET_GROUP,
        ARCDECK_SOCKET_READERS,
        ARCDECK_STATE_DIR,
        ARCDECK_HTTP_LISTEN,
        ARCDECK_LOG_LEVEL,
        JOURNAL_RETENTION,
        JOURNAL_SIZE,
    ),
}

OPTIONS: tuple[Option[object], ...] = tuple(option for group in GROUPS.values() for option in group)

#: Settings of which only one is wanted: one given as an option silences the others of its row in the environment.
ALTERNATIVES: tuple[tuple[Option[object], ...], ...] = (
    (GITHUB_ORG, GITHUB_CONFIG_URL),
    (GITHUB_APP_PRIVATE_KEY, GITHUB_APP_PRIVATE_KEY_FILE, GITHUB_APP_PRIVATE_KEY_SECRET),
    (SSM_PARAMETER_NAME, TOML_CONFIG_FILE),
)

#: Settings that name files and directories; relative ones mean the working directory of whoever is started with them.
PATHS: tuple[Option[object], ...] = (
    GITHUB_CA_FILE,
    GITHUB_APP_PRIVATE_KEY_FILE,
    TOML_CONFIG_FILE,
    ARCDECK_SOCKET,
    ARCDECK_STATE_DIR,
)

#: What finds a running daemon; enough for a command that only attaches.
ADDRESS_OPTIONS: tuple[Option[object], ...] = (
    ARCDECK_SOCKET,
    ARCDECK_CONTROLLER_ID,
    ARCDECK_STATE_DIR,
    ECS_CLUSTER,
    SCALESET_NAME_PREFIX,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser every option, in groups. ``vars()`` of what it parses is the ``options`` of ``load_settings``.

    The word shown for an option's value is the variable that it stands for. Nothing is judged while parsing, so that
    all that is wrong, environment included, is told in one message.
    """
    for title, options in GROUPS.items():
        _add(parser.add_argument_group(title).add_argument, options)


def add_address_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of ``load_address`` only."""
    _add(parser.add_argument_group("The daemon to speak to").add_argument, ADDRESS_OPTIONS)


def _add(add_argument: Callable[..., object], options: tuple[Option[object], ...]) -> None:
    for option in options:
        if not option.secret:
            text = f"{option.help} (default: {option.default})" if option.default else option.help
            add_argument(option.flag, dest=option.name, metavar=option.variable, help=text.replace("%", "%%"))
