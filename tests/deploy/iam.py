"""How IAM judges a call by a policy that only allows: as much of it as our policy uses.

IAM User Guide: "Policy evaluation logic", "IAM JSON policy elements: Condition operators".
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

Context = Mapping[str, str | list[str]]


def allows(statements: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> bool:
    """Whether any statement allows the action on the resource; ``*`` is a resource that only ``*`` matches."""
    return any(
        statement["Effect"] == "Allow"
        and action in _list(statement["Action"])
        and any(_matches(pattern, resource) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, expected, context.get(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
        for statement in statements
    )


def actions(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every action that a policy allows."""
    return {action for statement in statements for action in _list(statement["Action"])}


def _holds(operator: str, expected: str | list[str], given: str | list[str] | None) -> bool:
    match operator:
        case "Null":
            return (given is None) == (expected == "true")
        case "StringEquals":
            return given in _list(expected)
        case "ArnEquals":
            return isinstance(given, str) and any(_matches(pattern, given) for pattern in _list(expected))
        case "ForAllValues:StringEquals":
            return set(_list(given or [])) <= set(_list(expected))
    raise AssertionError(f"this judge does not know the operator {operator}")


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
