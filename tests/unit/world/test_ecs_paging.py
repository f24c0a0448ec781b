from hypothesis import given
from hypothesis import strategies as st

from core.world.ecs.paging import Paging

LISTING: Paging[int] = Paging(place=lambda item: (item,), scope="numbers")


@given(
    items=st.sets(st.integers(0, 60)),
    limit=st.integers(1, 100),
    changes=st.lists(st.tuples(st.integers(0, 60), st.booleans())),
)
def test_what_is_there_all_the_time_is_listed_exactly_once_whatever_comes_and_goes(
    items: set[int], limit: int, changes: list[tuple[int, bool]]
) -> None:
    present, stayed, listed = set(items), set(items), list[int]()
    token: str | None = None
    upcoming = iter(changes)
    while True:
        page = LISTING.cut(present, limit, token)
        listed += page.items
        assert len(page.items) <= limit
        if (token := page.next_token) is None:
            break
        item, comes = next(upcoming, (0, True))
        if comes:
            present.add(item)
        else:
            present.discard(item)
            stayed.discard(item)
    assert len(listed) == len(set(listed))
    assert stayed <= set(listed)


@given(items=st.sets(st.integers()), limit=st.integers(1, 10))
def test_a_descending_listing_is_the_ascending_one_turned_round(items: set[int], limit: int) -> None:
    downwards: Paging[int] = Paging(place=lambda item: (item,), scope="numbers", descending=True)
    listed = list[int]()
    token: str | None = None
    while True:
        page = downwards.cut(items, limit, token)
        listed += page.items
        if (token := page.next_token) is None:
            break
    assert listed == sorted(items, reverse=True)
