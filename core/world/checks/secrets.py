"""I6: no credential turns up where people read.

The secrets are those that the world has given out: every token, a piece of every JIT config that occurs nowhere else,
and each line of the App's private key, so that it is found however its line breaks were written.
"""

from collections.abc import Iterable, Iterator

from core.world.world import World

_SHORTEST_KEY_LINE = 32  # the last line of a PEM may be a few letters that occur anywhere


class SecretsStayInside:
    """Takes texts that the product has produced and looks for secrets in them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._texts: list[tuple[str, str]] = []

    def inspect(self, source: str, text: str) -> None:
        """Take in a text; `source` says what it is: the log, a journal, a snapshot."""
        self._texts.append((source, text))

    def violations(self) -> list[str]:
        """Return which text holds what kind of secret; the secret itself is not repeated."""
        return [
            f"I6 {source} holds {kind}"
            for source, text in self._texts
            for kind, secrets in self._kinds()
            if any(secret in text for secret in secrets)
        ]

    def _kinds(self) -> Iterator[tuple[str, Iterable[str]]]:
        yield "a token or a JIT config", self._world.github.issued_secrets
        lines = self._world.private_key.splitlines()
        yield "the App's private key", [line for line in lines if len(line) >= _SHORTEST_KEY_LINE and "-" not in line]
