"""The file as a whole: TOML into sound tables, each knowing the words by which a person finds it.

A table that is not sound is left out, and its reasons are among the errors; the others are read on, so that one report
names all mistakes of the file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import schema
from core.config.problems import Place, configuration_error, shown
from core.config.tables import known_keys, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.config.problems import Findings

SUBJECT = "the runner configuration"
_TABLES = ("defaults", "runner", "template", "budget")
_POSITION = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


@dataclass(frozen=True, slots=True)
class Placed:
    """A table and where it stands."""

    where: str


@dataclass(frozen=True, slots=True)
class PlacedRunner(Placed):
    """``[[runner]]``."""

    table: schema.Runner


@dataclass(frozen=True, slots=True)
class PlacedBudget(Placed):
    """``[[budget]]``."""

    table: schema.BudgetTable


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of a template."""

    name: str  #: as a combination to leave out calls it: ``size``, ``architecture`` or ``feature``
    values: Mapping[str, schema.DimensionValue]


@dataclass(frozen=True, slots=True)
class PlacedTemplate(Placed):
    """``[[template]]``, its dimensions in the order sizes, architectures, features; empty ones are absent."""

    family_prefix: str
    dimensions: tuple[Dimension, ...]
    excluded: tuple[schema.Combination, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """All sound tables of a file."""

    defaults: schema.Defaults | None  #: None when they are not sound: then no family can be judged
    runners: tuple[PlacedRunner, ...]
    templates: tuple[PlacedTemplate, ...]
    budgets: tuple[PlacedBudget, ...]


def read_document(text: str, findings: Findings) -> Document:
    """The tables of a TOML text. Raises ConfigurationError with line and column when it is no TOML."""
    tables = known_keys(_parse(text), _TABLES, "the file", findings)
    defaults = read_table(schema.Defaults, tables.get("defaults", {}), "[defaults]", findings)
    return Document(
        defaults=defaults,
        runners=tuple(_runners(tables, findings)),
        templates=tuple(_templates(tables, findings)),
        budgets=tuple(_budgets(tables, findings)),
    )


def _parse(text: str) -> dict[str, object]:
    content = text.removeprefix("\ufeff")  # the mark that some editors put before UTF-8
    try:
        return tomllib.loads(content)
    except RecursionError:
        raise configuration_error(SUBJECT, ["is nested too deeply"]) from None
    except ValueError as error:  # TOMLDecodeError, and integers of thousands of digits
        raise configuration_error(SUBJECT, [_syntax(str(error), content)]) from None


def _syntax(message: str, content: str) -> str:
    match = _POSITION.fullmatch(message)
    if match is None:
        return f"is not valid TOML: {message}"
    lines = content.splitlines() or [""]
    line, column = match["line"] or len(lines), match["column"] or len(lines[-1]) + 1
    return f"is not valid TOML at line {line}, column {column}: {match['what']}"


def _runners(tables: Mapping[str, object], findings: Findings) -> Iterator[PlacedRunner]:
    for where, raw in _entries(tables, "runner", "family", findings):
        if (table := read_table(schema.Runner, raw, where, findings)) is not None:
            yield PlacedRunner(where, table)


def _budgets(tables: Mapping[str, object], findings: Findings) -> Iterator[PlacedBudget]:
    for where, raw in _entries(tables, "budget", "name", findings):
        if (table := read_table(schema.BudgetTable, raw, where, findings)) is not None:
            yield PlacedBudget(where, table)


def _templates(tables: Mapping[str, object], findings: Findings) -> Iterator[PlacedTemplate]:
    for where, raw in _entries(tables, "template", "family_prefix", findings):
        table = read_table(schema.Template, raw, where, findings)
        template = None if table is None else _template(table, where, findings)
        if template is not None:
            yield template


def _template(table: schema.Template, where: str, findings: Findings) -> PlacedTemplate | None:
    dimensions = [
        _dimension("size", "sizes", table.sizes, where, findings),
        _dimension("architecture", "architectures", table.architectures, where, findings),
        _dimension("feature", "features", table.features, where, findings),
    ]
    exclude = read_table(schema.Exclude, table.exclude, f"{where}, exclude", findings)
    excluded = [
        read_table(schema.Combination, raw, f"{where}, exclude.combinations {number}", findings)
        for number, raw in enumerate(exclude.combinations if exclude else (), start=1)
    ]
    if exclude is None or None in dimensions or None in excluded:
        return None
    present = tuple(dimension for dimension in dimensions if dimension is not None and dimension.values)
    if not present:
        findings.error(Place(where), "needs at least one of [template.sizes], .architectures and .features")
        return None
    return PlacedTemplate(where, table.family_prefix, present, tuple(each for each in excluded if each is not None))


def _dimension(
    name: str, key: str, raw_values: Mapping[str, object], where: str, findings: Findings
) -> Dimension | None:
    read = {value: _value(raw, f"{where}, {key}", value, findings) for value, raw in raw_values.items()}
    sound = {value: table for value, table in read.items() if table is not None}
    return Dimension(name, sound) if len(sound) == len(read) else None


def _value(raw: object, where: str, key: str, findings: Findings) -> schema.DimensionValue | None:
    try:
        schema.family_part(key)
    except ValueError as error:
        findings.error(Place(where), f"a key becomes part of family names and {error}")
        return None
    return read_table(schema.DimensionValue, raw, f"{where}.{key}", findings)


def _entries(tables: Mapping[str, object], key: str, named_by: str, findings: Findings) -> Iterator[tuple[str, object]]:
    """Each table of an array, with the words that find it: ``[[runner]] 2 (family "gpu")``, counted from 1."""
    array = tables.get(key, [])
    if not isinstance(array, list):
        findings.error(Place(f"[{key}]"), f"is a list of tables; write it as [[{key}]]")
        return
    for number, raw in enumerate(array, start=1):
        name = raw.get(named_by) if isinstance(raw, dict) else None
        yield f"[[{key}]] {number}" + (f" ({named_by} {shown(name)})" if isinstance(name, str) else ""), raw
