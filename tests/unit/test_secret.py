"""A secret does not show itself by accident."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from dataclasses import asdict, dataclass

import pytest

from core.domain.secret import Secret

VALUE = "a value that must not appear"


@dataclass(frozen=True, slots=True)
class Holder:
    secret: Secret


def test_it_is_revealed_when_asked() -> None:
    assert Secret(VALUE).reveal() == VALUE


@pytest.mark.parametrize(
    "shown",
    [
        str(Secret(VALUE)),
        repr(Secret(VALUE)),
        f"{Secret(VALUE)}",
        f"{Secret(VALUE)!r}",
        "%s" % Secret(VALUE),  # noqa: UP031 -- one of the ways a value gets into text
        format(Secret(VALUE)),
        repr([Secret(VALUE)]),
        repr(Holder(Secret(VALUE))),
    ],
)
def test_no_way_of_printing_shows_it(shown: str) -> None:
    assert VALUE not in shown
    assert "***" in shown


def test_a_log_line_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("got %s and %r", Secret(VALUE), {"key": Secret(VALUE)})
    assert VALUE not in caplog.text


@pytest.mark.parametrize(
    "way_out",
    [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars, lambda secret: asdict(Holder(secret))],
    ids=["pickle", "copy", "deepcopy", "json", "vars", "asdict"],
)
def test_no_way_of_copying_lets_it_out(way_out: object) -> None:
    assert callable(way_out)
    with pytest.raises(TypeError) as raised:
        way_out(Secret(VALUE))
    assert VALUE not in str(raised.value)


def test_it_has_no_place_for_anything_else() -> None:
    with pytest.raises(AttributeError):
        Secret(VALUE).note = "x"  # type: ignore[attr-defined]  # that is the point


def test_equal_values_are_not_equal_secrets() -> None:
    secret = Secret(VALUE)
    assert secret != Secret(VALUE)
    assert secret == secret  # noqa: PLR0124 -- identity is the promise


def test_its_length_is_known_so_that_an_empty_one_can_be_refused() -> None:
    assert len(Secret(VALUE)) == len(VALUE)
    assert not Secret("")
