"""One row of what the tests of the upstream projects exercise: see ``scenarios.py``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row."""

    part: str  #: of Appendix B
    told: str  #: what happens, and what must come of it
    played: tuple[str, ...] = ()  #: tests, each as ``path::name``
    ruled: str = ""  #: where the design says otherwise, and what


def row(part: str, told: str, *played: tuple[str, str], ruled: str = "") -> Scenario:
    """A row; each test as its file and the rest of its name after ``test_``."""
    return Scenario(part, told, tuple(f"{path}::test_{name}" for path, name in played), ruled)
