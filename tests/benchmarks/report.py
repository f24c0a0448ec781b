"""How a benchmark speaks: a number, what is wanted of it, and a sentence that says what was divided by what.

Numbers are ratios within one run wherever there is something to divide by: a slow machine, or a busy one, slows both
halves. Nothing here is asserted; what is exact is tested in tests/integration/test_call_counts.py.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `wanted` is empty where the number is only to be looked at."""

    number: str
    sentence: str
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """Some figures under one title; `virtual` ones pass in no time, and are exact."""

    title: str
    figures: Callable[[], AsyncIterator[Figure]]
    virtual: bool = False


def times(ratio: float) -> str:
    """A ratio as it is read."""
    return f"{ratio:.2f} x" if ratio < 10 else f"{ratio:.1f} x"


def milliseconds(seconds: float) -> str:
    """A short time as it is read."""
    return f"{seconds * 1000:.1f} ms"


def show(figure: Figure) -> None:
    """Print a line as soon as it is known."""
    print(f"  {figure.number:>10}  {figure.wanted:<15} {figure.sentence}", flush=True)
