"""Closed standard streams are closed for nobody else: their numbers are held, and printing goes nowhere."""

import subprocess
import sys

LOOK = """
from core.signals import hold_standard_streams
import os, sys
hold_standard_streams()
print("nowhere"); print("nowhere", file=sys.stderr)
sys.exit(os.open(os.devnull, os.O_RDONLY))
"""


def test_what_is_opened_next_gets_none_of_their_numbers() -> None:
    shell = f'exec "{sys.executable}" -P -c "$0" <&- >&- 2>&-'
    assert subprocess.run(["bash", "-c", shell, LOOK], check=False).returncode == 3  # noqa: S607  # the host's own bash
