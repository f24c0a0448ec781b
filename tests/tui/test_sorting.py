"""By what a list is sorted, as values."""

from tui.sorting import OWN, Order, Sort

Pair = tuple[str, int | None]
ROWS: list[Pair] = [("b", 2), ("A", None), ("c", 10), ("a", 2)]
SORTS: dict[str, Sort[Pair]] = {
    "n": Sort("name", lambda row, _: row[0]),
    "c": Sort("count", lambda row, _: row[1], falling=True),
}

OWN_ORDER: Order[Pair] = Order()


def own(row: Pair, _: float) -> str:
    return row[0]


def arranged(order: Order[Pair]) -> list[Pair]:
    key = order.key(own)
    return sorted(ROWS, key=lambda row: key(row, 0.0))


def test_a_list_has_an_order_of_its_own() -> None:
    assert arranged(Order()) == [("A", None), ("a", 2), ("b", 2), ("c", 10)]
    assert Order().words == ""


def test_texts_are_sorted_in_any_case() -> None:
    order = OWN_ORDER.after("n", SORTS)
    assert [row[0].lower() for row in arranged(order)] == ["a", "a", "b", "c"]
    assert order.words == "by NAME ↑"


def test_counts_begin_with_the_largest_and_what_has_none_comes_last() -> None:
    order = OWN_ORDER.after("c", SORTS)
    assert arranged(order) == [("c", 10), ("a", 2), ("b", 2), ("A", None)]
    assert order.words == "by COUNT ↓"


def test_the_same_letter_again_turns_it_round_and_what_has_none_still_comes_last() -> None:
    order = OWN_ORDER.after("c", SORTS).after("c", SORTS)
    assert arranged(order) == [("a", 2), ("b", 2), ("c", 10), ("A", None)]
    assert order.words == "by COUNT ↑"


def test_another_letter_changes_nothing_and_a_dot_gives_the_own_order_back() -> None:
    order = OWN_ORDER.after("n", SORTS)
    assert order.after("x", SORTS) == order
    assert order.after(OWN, SORTS) == Order()
    assert OWN_ORDER.round() == Order()
