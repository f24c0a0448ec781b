"""One table of the file into its model, with everything about it told in words: wrong types, and keys nobody reads.

The original ignores keys it does not know and finds known ones in any case; both go on working here, with a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from core.config.problems import Place, nearest, shown
from core.config.schema import BudgetTable, Defaults, DimensionValue, Runner, Table
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic_core import ErrorDetails

    from core.config.problems import Findings

M = TypeVar("M", bound=Table)

#: Which table reads which keys: for the key that is right, but in the wrong place.
_READERS: Mapping[str, type[Table]] = {
    "[defaults]": Defaults,
    "[[runner]]": Runner,
    "the sizes, architectures and features of a [[template]]": DimensionValue,
    "[[budget]]": BudgetTable,
}

#: What pydantic finds, in our words (its "Usage Errors": the names of its error types).
_SAID = {"missing": "is required", "too_short": "must not be empty"}
_MUST_BE = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": 'a list, such as ["a", "b"]',
    "dict_type": "a table",
}
_LIMITS = {"greater_than_equal": ("ge", "more"), "less_than_equal": ("le", "less")}


def read_table(model: type[M], raw: object, where: str, findings: Findings) -> M | None:
    """The table as its model; None, and the reasons among the errors, when it is not sound."""
    if not isinstance(raw, dict):
        findings.error(Place(where), f"must be a table, but is {shown(raw)}")
        return None
    try:
        return model.model_validate(known_keys(raw, model.model_fields, where, findings))
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            findings.error(_place(where, error), _sentence(error))
        return None


def known_keys(raw: Mapping[str, object], known: Collection[str], where: str, findings: Findings) -> dict[str, object]:
    """The keys that somebody reads, in their proper case; a warning for each other one."""
    kept = {key: value for key, value in raw.items() if key in known}
    for key, value in raw.items():
        if key in known:
            continue
        if (proper := key.lower()) in known and proper not in kept:
            findings.warning(Place(where, plain(key)), f"is read as {proper}; write it in lower case")
            kept[proper] = value
        else:
            findings.warning(Place(where, plain(key)), _unread(key, known))
    return kept


def _unread(key: str, known: Collection[str]) -> str:
    if elsewhere := [table for table, model in _READERS.items() if key in model.model_fields]:
        return f"is not read here, only in {' and '.join(elsewhere)}"
    meant = nearest(key, known)
    return f"is not known and is ignored; did you mean {meant}?" if meant else "is not known and is ignored"


def _place(where: str, error: ErrorDetails) -> Place:
    key, *inside = error["loc"] or ("",)
    items = "".join(f", item {index + 1}" for index in inside if isinstance(index, int))
    return Place(where, f"{key}{items}")


def _sentence(error: ErrorDetails) -> str:
    kind, value, details = error["type"], error["input"], error.get("ctx", {})
    if kind in _SAID:
        return _SAID[kind]
    if kind in _MUST_BE:
        return f"must be {_MUST_BE[kind]}, but is {_described(value)}"
    if kind in _LIMITS:
        limit, word = _LIMITS[kind]
        return f"must be {details[limit]} or {word}, but is {shown(value)}"
    return str(details["error"]) if kind == "value_error" else error["msg"]


def _described(value: object) -> str:
    """The value, and for a text that would be right without its quotes how to write it."""
    if not isinstance(value, str):
        return shown(value)
    bare = value.strip()
    if bare.isdecimal() or bare in {"true", "false"}:
        return f"the text {shown(value)}; write {bare} without quotes"
    return f"the text {shown(value)}"
