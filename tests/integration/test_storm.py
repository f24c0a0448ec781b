"""Storms in small: a stretch of the course that ``make storm`` sails for hours. A seed is one course."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.e2e


def test_a_storm_breaks_nothing_and_leaves_nothing() -> None:
    command = (sys.executable, "-m", "tests.storm", "--seed", "2", "--hours", "0.3")
    storm = subprocess.run(command, capture_output=True, text=True, check=False)
    assert storm.returncode == 0, storm.stdout + storm.stderr
