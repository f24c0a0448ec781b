"""The arithmetic of rates (ecs-api.md A2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.token_bucket import TokenBucket


def bucket() -> TokenBucket:
    """Five at once, ten a second, down to an eighth, back by a hundredth."""
    return TokenBucket(rate=10, burst=5, floor=0.125, recovery=0.01, now=0.0)


def test_a_burst_waits_for_nothing() -> None:
    five = bucket()
    assert [five.draw(0.0) for _ in range(5)] == [0, 0, 0, 0, 0]


def test_calls_beyond_the_burst_wait_their_turn() -> None:
    spent = bucket()
    assert [spent.draw(0.0) for _ in range(8)][5:] == pytest.approx([0.1, 0.2, 0.3])


def test_a_rest_fills_the_bucket_and_no_more() -> None:
    rested = bucket()
    for _ in range(5):
        rested.draw(0.0)
    assert [rested.draw(3600.0) for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0, 0.1])


def test_a_token_given_back_is_there_for_the_next() -> None:
    spent = bucket()
    for _ in range(6):
        spent.draw(0.0)
    spent.give_back()
    assert spent.draw(0.0) == pytest.approx(0.1)


def test_throttling_ends_the_burst_and_halves_the_rate() -> None:
    throttled = bucket()
    throttled.throttled(0.0)
    assert throttled.rate == 5
    assert throttled.draw(0.0) == pytest.approx(0.2)


def test_throttling_again_and_again_leaves_the_floor() -> None:
    throttled = bucket()
    for _ in range(20):
        throttled.throttled(0.0)
    assert throttled.rate == 1.25


def test_the_rate_comes_back_with_successes_and_never_beyond() -> None:
    throttled = bucket()
    throttled.throttled(0.0)
    throttled.succeeded(0.0)
    assert throttled.rate == pytest.approx(5.1)
    for _ in range(100):
        throttled.succeeded(0.0)
    assert throttled.rate == 10


@given(st.lists(st.floats(0, 5), max_size=60))
def test_no_second_sees_more_than_the_burst_and_the_rate(pauses: list[float]) -> None:
    drawn, now, begins = bucket(), 0.0, list[float]()
    for pause in pauses:
        now += pause
        begins.append(now + drawn.draw(now))
    for begin in begins:
        assert sum(1 for other in begins if begin <= other < begin + 1) <= 5 + 10 + 1
