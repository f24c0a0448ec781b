"""The unit is one that systemd takes, and the daemon finds in it what it needs.

What we rely on is checked everywhere; where systemd's own verifier is installed, it judges as well.
"""

import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.adapters.systemd import watchdog
from core.config.paths import control_paths
from core.config.settings import load_settings
from core.daemon import EXIT_REFUSED
from tests.deploy.shipped import DEPLOY, VARIABLES, environment_file

UNIT: Final = (DEPLOY / "arcdeck.service").read_text()
EXAMPLE: Final = (DEPLOY / "arcdeck.env.example").read_text()
VERIFIER: Final = shutil.which("systemd-analyze")
#: What the daemon allows itself to stop (DESIGN.md section 3, Shutdown).
STOPS_WITHIN: Final = 10
#: Names of AWS's own.
AWS: Final = {"AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE"}


def directives() -> dict[str, list[str]]:
    """The values of each directive of ``[Service]``, in order; a directive may be given several times."""
    section, found = "", defaultdict(list)
    for line in UNIT.splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def only(name: str) -> str:
    (value,) = directives()[name]
    return value


def environment() -> dict[str, str]:
    return environment_file("\n".join(directives()["Environment"]))


def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.skipif(VERIFIER is None, reason="systemd-analyze is not installed; the directives are checked one by one")
def test_systemd_takes_it(tmp_path: Path) -> None:
    unit = tmp_path / "arcdeck.service"
    unit.write_text(UNIT.replace("/opt/arcdeck/bin/arcdeck", sys.executable))
    command = [str(VERIFIER), "verify", "--man=no", str(unit)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_it_runs_the_daemon_as_a_user_of_its_own() -> None:
    assert only("ExecStart").split() == ["/opt/arcdeck/bin/arcdeck", "--no-ui"]
    assert (only("User"), only("Group")) == ("arcdeck", "arcdeck")
    assert environment()["PYTHONSAFEPATH"] == "1"


def test_it_waits_for_the_daemons_own_word_and_hears_that_it_lives() -> None:
    assert (only("Type"), only("NotifyAccess")) == ("notify", "main")
    patience = watchdog({"WATCHDOG_USEC": f"{int(only('WatchdogSec')) * 1_000_000}"})
    assert patience == 60.0
    assert "AF_UNIX" in only("RestrictAddressFamilies").split()


def test_a_reload_is_a_hang_up_which_the_daemon_takes_for_one() -> None:
    assert only("ExecReload") == "/bin/kill -HUP $MAINPID"


def test_it_starts_again_what_failed_and_not_what_refused() -> None:
    assert only("Restart") == "on-failure"
    assert int(only("RestartPreventExitStatus")) == EXIT_REFUSED


def test_only_the_daemon_is_told_to_stop_and_has_longer_than_it_takes() -> None:
    assert only("KillMode") == "mixed"
    assert int(only("TimeoutStopSec")) > STOPS_WITHIN


def test_every_setting_exists() -> None:
    told = {*environment(), *environment_file(EXAMPLE.replace("\n#", "\n"))}
    assert told - {"PYTHONSAFEPATH"} - AWS <= VARIABLES


def test_the_daemon_starts_with_the_example_and_finds_its_places(tmp_path: Path) -> None:
    credential, source = only("LoadCredential").split(":")
    (tmp_path / credential).write_text(pem())
    (tmp_path / "runners.toml").touch()
    environ = environment() | environment_file(EXAMPLE) | {"STATE_DIRECTORY": f"/var/lib/{only('StateDirectory')}"}
    environ = {name: value.replace("%d", str(tmp_path)) for name, value in environ.items()}
    settings = load_settings(environ, {})
    assert settings.warnings == ()
    assert source == "/etc/arcdeck/app.pem"

    places = control_paths(settings.daemon.address, environ=environ, uid=999, usable=lambda _: True)
    assert places.serve == Path("/run") / only("RuntimeDirectory") / "ci-prod.sock"
    assert places.state == Path("/var/lib/arcdeck/ci-prod")


def test_the_group_of_operators_reaches_the_socket() -> None:
    assert environment()["ARCDECK_SOCKET_GROUP"] == only("Group")
    assert only("RuntimeDirectoryMode") == "0750"
    assert "AF_UNIX" in only("RestrictAddressFamilies").split()


def test_the_daemon_sees_who_is_at_the_other_end() -> None:
    assert not {"PrivateUsers", "ProtectProc", "DynamicUser", "PrivatePIDs"} & directives().keys()
