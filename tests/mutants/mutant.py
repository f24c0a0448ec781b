"""A mutant: the program with one mechanism taken out, and the tests that must fail because of it.

A fault test proves something only when it fails without what it tests. A mutant is data, so that the proof can be
repeated after every change: a text of the source, found exactly once, and what stands in its place.
"""

from dataclasses import dataclass
from pathlib import Path

SUITES = "tests/integration/faults"


class Stale(ValueError):
    """The source has moved on: a text that a mutant replaces is not found in it exactly once."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One text of one file, and what stands in its place."""

    file: str  #: from the root of the repository
    old: str
    new: str

    def applied(self, root: Path) -> str:
        """The file under ``root`` after the edit. Stale when the text is not there exactly once."""
        source = (root / self.file).read_text()
        found = source.count(self.old)
        if found != 1:
            raise Stale(f"{self.file} holds {found} times, not once: {self.old!r}")
        return source.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mechanism taken out; where it is there twice on purpose, both are, and that takes more than one edit."""

    row: int  #: of the table in behaviour.md part 2
    mistake: str  #: what the program does wrong now, as a sentence
    edits: tuple[Edit, ...]
    suite: str  #: the file of its killers, in ``SUITES``
    killers: tuple[str, ...]  #: tests that must fail, at least one of them; with parameters where others may pass

    @property
    def tests(self) -> list[str]:
        """The ids of its killers, as pytest takes them."""
        return [f"{SUITES}/{self.suite}::{killer}" for killer in self.killers]

    def apply(self, root: Path) -> None:
        """Make the mistake in the copy of the program under ``root``. Stale when a text is not there exactly once."""
        for edit in self.edits:
            (root / edit.file).write_text(edit.applied(root))
