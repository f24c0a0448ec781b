"""One command of every kind there is, found in the models themselves: a kind that is new is among them at once."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from core.api.commands import Command

_MODELS: tuple[type[BaseModel], ...] = get_args(get_args(Command)[0])


def every_kind() -> Iterator[tuple[str, type[BaseModel]]]:
    """Each kind, and the model that has it."""
    for model in _MODELS:
        for kind in get_args(model.model_fields["kind"].annotation):
            yield kind, model


def as_sent(kind: str, model: type[BaseModel], id: str, about: str) -> dict[str, Any]:  # noqa: A002  # the field's name
    """The least that makes such a command: its kind, its id, and a name for everything else that it needs."""
    needed = [name for name, field in model.model_fields.items() if field.is_required() and name not in {"kind", "id"}]
    return {"kind": kind, "id": id, **dict.fromkeys(needed, about)}
