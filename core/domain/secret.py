"""Secrets that cannot be shown by accident (invariant I6)."""

from __future__ import annotations


class Secret:
    """A token, key or JIT config: prints as ``Secret(***)``, compares by identity, is never pickled.

    ``reveal()`` is called in one place only, where the value leaves for the service it is meant for.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not copied out of the process")
