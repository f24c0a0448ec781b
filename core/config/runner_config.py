"""The runner configuration as a whole: from the text of the TOML to scale sets and budgets (behaviour.md 3.2).

Pure: the same text and settings always give an equal result. What cannot work is one ConfigurationError that names
every table and key concerned; what the original would have ignored is a warning, so that a file that works there loads
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config.budgets import read_budgets
from core.config.document import SUBJECT, read_document
from core.config.problems import Findings, Place, configuration_error
from core.config.resolve import resolve
from core.config.rules import broken_rules
from core.config.templates import Candidate, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.document import Document
    from core.config.schema import Defaults
    from core.config.settings import RunnerDefaults
    from core.domain.budget import Budget
    from core.domain.scale_set import ScaleSetSpec


@dataclass(frozen=True, slots=True)
class RunnerConfig:
    """What runs: at least one scale set, no two of the same family."""

    scale_sets: tuple[ScaleSetSpec, ...]  #: in the order of the file, ``[[runner]]`` before ``[[template]]``
    budgets: tuple[Budget, ...] = ()
    warnings: tuple[str, ...] = ()  #: one line each; ``check --strict`` refuses them


def parse_runner_config(text: str, defaults: RunnerDefaults) -> RunnerConfig:
    """Scale sets and budgets of a TOML text; ``defaults`` is what the settings say about every scale set.

    Raises ConfigurationError, with line and column when the text is no TOML, else with one line for each problem.
    """
    findings = Findings()
    document = read_document(text, findings)
    scale_sets = () if document.defaults is None else _scale_sets(document, document.defaults, defaults, findings)
    # A family that is wrong itself would make every budget that names it look wrong as well.
    budgets = () if findings.errors else read_budgets(document.budgets, scale_sets, findings)
    if findings.errors:
        raise configuration_error(SUBJECT, findings.errors)
    return RunnerConfig(scale_sets, budgets, findings.warnings)


def _scale_sets(
    document: Document, defaults: Defaults, settings: RunnerDefaults, findings: Findings
) -> tuple[ScaleSetSpec, ...]:
    candidates = list(_distinct(_candidates(document, findings), findings))
    specs = [spec for candidate in candidates if (spec := _judged(candidate, defaults, settings, findings))]
    if not candidates and not findings.errors:
        findings.error(Place("the file"), "defines no runner; it needs at least one [[runner]] or [[template]]")
    return tuple(specs)


def _candidates(document: Document, findings: Findings) -> Iterator[Candidate]:
    for runner in document.runners:
        yield Candidate(runner.where, runner.table)
    for template in document.templates:
        yield from expand(template, findings)


def _distinct(candidates: Iterator[Candidate], findings: Findings) -> Iterator[Candidate]:
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        other = first.setdefault(candidate.table.family, candidate)
        if other is candidate:
            yield candidate
        else:
            findings.error(candidate.place("family"), f"is defined already, by {other.where}")


def _judged(
    candidate: Candidate, defaults: Defaults, settings: RunnerDefaults, findings: Findings
) -> ScaleSetSpec | None:
    spec = resolve(candidate, defaults, settings, findings)
    if spec is not None:
        for key, text in broken_rules(spec):
            findings.error(candidate.place(key), text)
    return spec
