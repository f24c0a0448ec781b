"""A list that holds still while somebody reads it."""

from tui.listing import GHOST_TICKS, QUIET_TICKS, Arranged, Listing


class Names:
    """A list of names, sorted by a number that can change."""

    def __init__(self, **places: int) -> None:
        self.places = places
        self.cursor: str | None = None
        self.listing: Listing[str] = Listing()
        self.hidden: set[str] = set()

    def arrange(self) -> Arranged[str]:
        return self.listing.arrange(
            list(self.places),
            key=str,
            sort=lambda name: self.places.get(name, 0),
            keep=lambda name: name not in self.hidden,
            cursor=self.cursor,
        )

    def order(self) -> str:
        return "".join(self.arrange().order)


def test_rows_are_sorted_when_no_key_has_come_for_a_while() -> None:
    names = Names(a=1, b=2)
    assert names.order() == "ab"
    names.places["a"] = 3
    assert names.order() == "ba"


def test_while_keys_arrive_the_order_is_held() -> None:
    names = Names(a=1, b=2)
    names.arrange()
    names.listing.touch()
    names.places["a"] = 3
    assert names.order() == "ab"
    assert names.arrange().held


def test_after_quiet_ticks_positions_change_again() -> None:
    names = Names(a=1, b=2)
    names.arrange()
    names.listing.touch()
    names.places["a"] = 3
    for _ in range(QUIET_TICKS):
        assert names.order() == "ab"
        names.listing.tick()
    assert names.order() == "ba"
    assert not names.arrange().held


def test_each_key_starts_the_wait_anew() -> None:
    names = Names(a=1, b=2)
    names.arrange()
    names.places["a"] = 3
    for _ in range(3):
        names.listing.touch()
        for _ in range(QUIET_TICKS - 1):
            names.listing.tick()
        assert names.order() == "ab"


def test_a_release_sorts_at_once() -> None:
    names = Names(a=1, b=2)
    names.arrange()
    names.listing.touch()
    names.places["a"] = 3
    names.listing.release()
    assert names.order() == "ba"


def test_new_rows_come_to_the_end_while_the_order_is_held() -> None:
    names = Names(b=2, c=3)
    names.arrange()
    names.listing.touch()
    names.places |= {"a": 1, "d": 4}
    assert names.order() == "bcad"


def test_rows_that_left_leave_at_once() -> None:
    names = Names(a=1, b=2, c=3)
    names.arrange()
    names.listing.touch()
    del names.places["b"]
    assert names.order() == "ac"


def test_the_selected_row_stays_for_a_minute_after_it_is_gone() -> None:
    names = Names(a=1, b=2, c=3)
    names.cursor = "b"
    names.arrange()
    del names.places["b"]
    arranged = names.arrange()
    assert (arranged.ghost, "b" in arranged.order) == ("b", True)
    for _ in range(GHOST_TICKS):
        names.listing.tick()
    assert names.arrange().ghost is None
    assert names.order() == "ac"


def test_a_ghost_goes_when_the_cursor_does() -> None:
    names = Names(a=1, b=2)
    names.cursor = "b"
    names.arrange()
    del names.places["b"]
    names.arrange()
    names.cursor = "a"
    assert names.order() == "a"


def test_a_row_that_comes_back_is_no_ghost() -> None:
    names = Names(a=1, b=2)
    names.cursor = "b"
    names.arrange()
    del names.places["b"]
    names.arrange()
    names.places["b"] = 2
    assert names.arrange().ghost is None


def test_a_row_that_is_only_filtered_out_leaves_no_ghost() -> None:
    names = Names(a=1, b=2)
    names.cursor = "b"
    names.arrange()
    names.hidden = {"b"}
    arranged = names.arrange()
    assert (arranged.ghost, list(arranged.order), arranged.total) == (None, ["a"], 2)
