"""Settings read one by one, from the command line first and the environment second, with every problem remembered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from core.config.options import ALTERNATIVES
from core.config.problems import configuration_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.options import Option

T = TypeVar("T")

#: A PEM block, a GitHub token, or base64 as long as a key: what must not be repeated when it is in the wrong place.
_TOKEN_OR_KEY = re.compile(r"-----BEGIN|PRIVATE KEY|\bgh[pousr]_\w{16}|\bgithub_pat_\w{16}|[A-Za-z0-9+/=]{400}")


class Reader:
    """Reads settings. A setting that cannot be read becomes its default, so that reading goes on.

    ``check`` raises afterwards, before anybody uses what was read. An empty text counts as not set.
    """

    def __init__(self, environ: Mapping[str, str], options: Mapping[str, object]) -> None:
        self._environ = environ
        self._options = options
        #: Variables that an option replaces: a file named on the command line wins over a parameter in the environment.
        self._silenced = {
            option.variable
            for alternatives in ALTERNATIVES
            if any(self._from_options(option) for option in alternatives)
            for option in alternatives
        }
        self._missing: dict[str, Option[object]] = {}
        self._problems: dict[str, None] = {}  # in order; a setting that is read twice is told once
        self._warnings: list[str] = []

    def given(self, option: Option[object]) -> bool:
        """Whether anything was set, usable or not."""
        return bool(self._text(option))

    def read(self, option: Option[T]) -> T:
        """Its value; the default's when it is not set or was a problem."""
        text = self._text(option)
        if text and not option.secret and _TOKEN_OR_KEY.search(text):
            self.problem_with(
                option, "holds what looks like a token or key; those go into GITHUB_TOKEN or GITHUB_APP_…"
            )
            return option.parse(option.default)
        try:
            return option.parse(text or option.default)
        except ValueError as error:
            self.problem_with(option, str(error))
            return option.parse(option.default)

    def require(self, option: Option[T]) -> T:
        """Its value; remembers the setting as missing when it is not set. Not for secrets, which have no option."""
        if not self.given(option):
            self._missing[option.variable] = option
        return self.read(option)

    def problem_with(self, option: Option[object], text: str) -> None:
        """Note what is wrong with one setting: ``text`` is the rest of a sentence."""
        self.problem(f"{option.flag if self._from_options(option) is not None else option.variable}: {text}")

    def problem(self, sentence: str) -> None:
        """Note what is wrong with several settings, or between them."""
        self._problems[sentence] = None

    def warn(self, sentence: str) -> None:
        """Note what works, though perhaps not as it was meant."""
        self._warnings.append(sentence)

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings noted so far."""
        return tuple(self._warnings)

    def check(self) -> None:
        """Raise one ConfigurationError that holds everything noted; return when there is nothing."""
        lines = [*self._told_missing(), *self._problems]
        if lines:
            raise configuration_error("settings", lines)

    def _told_missing(self) -> list[str]:
        if not self._missing:
            return []
        example = next(iter(self._missing.values())).flag
        return [f"missing: {', '.join(self._missing)}; set each as a variable, or as an option such as {example}"]

    def _text(self, option: Option[object]) -> str:
        chosen = self._from_options(option)
        if chosen is None and option.variable not in self._silenced:
            chosen = self._environ.get(option.variable)
        return (chosen or "").strip()

    def _from_options(self, option: Option[object]) -> str | None:
        value = None if option.secret else self._options.get(option.name)
        return None if value is None else str(value)
