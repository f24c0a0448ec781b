"""What a shared budget leaves to one of its scale sets (behaviour.md row 18)."""

from hypothesis import given
from hypothesis import strategies as st

from core.domain.budget import Budget, Holding, narrowest, room
from core.domain.scaling import Gate

HOST = Budget("host", ("a", "b", "c"), max_runners=10, max_cpu=16_384, max_memory=32_768)


def holding(runners: int, *, cpu: int = 1024, memory: int = 2048, waits: bool = False) -> Holding:
    return Holding(runners, cpu, memory, waits=waits)


def test_an_empty_budget_leaves_all_of_it() -> None:
    assert room(HOST, {"a": holding(0), "b": holding(0)}, "a").allow == 10


def test_the_narrowest_kind_decides_and_is_told_with_its_arithmetic() -> None:
    gate = room(HOST, {"a": holding(1, memory=16_384), "b": holding(2)}, "a")
    assert gate == Gate(0, "budget host: 20480 of 32768 MiB taken, so 0 fit", listens_for=1)


def test_what_was_lowered_below_what_is_taken_leaves_nothing() -> None:
    assert room(HOST, {"a": holding(12)}, "a").allow == 0


def test_one_that_waits_and_has_less_goes_first() -> None:
    holdings = {"a": holding(9), "b": holding(0, waits=True)}
    assert room(HOST, holdings, "a").allow == 0
    assert "1 with less go first" in room(HOST, holdings, "a").reason
    assert room(HOST, holdings, "b").allow == 1


def test_one_that_has_less_and_wants_nothing_takes_nothing_away() -> None:
    assert room(HOST, {"a": holding(9), "b": holding(0)}, "a").allow == 1


def test_the_narrowest_of_several_gates_rules() -> None:
    tight, wide = Gate(1, "tight"), Gate(5, "wide")
    assert narrowest((None, wide, tight)) is tight
    assert narrowest((None, None)) is None


holdings = st.builds(
    Holding, st.integers(0, 20), st.sampled_from([256, 1024, 4096]), st.sampled_from([512, 8192]), st.booleans()
)


@given(st.dictionaries(st.sampled_from("abc"), holdings, min_size=1))
def test_starting_what_it_leaves_never_exceeds_it(held: dict[str, Holding]) -> None:
    for name, own in held.items():
        allow = room(HOST, held, name).allow
        if allow:
            runners = sum(one.runners for one in held.values()) + allow
            cpu = sum(one.runners * one.cpu for one in held.values()) + allow * own.cpu
            memory = sum(one.runners * one.memory for one in held.values()) + allow * own.memory
            assert runners <= 10
            assert cpu <= 16_384
            assert memory <= 32_768
