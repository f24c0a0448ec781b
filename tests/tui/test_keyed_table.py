"""A table whose cursor stays on its key, and which paints only what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import pytest
from textual.app import App
from textual.events import MouseScrollDown, MouseScrollUp
from textual.screen import Screen

from tui.listing import Arranged
from tui.rows import Column
from tui.table_lines import last_difference
from tui.tones import Span, Tone
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.pilot import Pilot
    from textual.strip import Strip


class Wait(NamedTuple):
    """A row: a name, and since when it waits."""

    name: str
    since: float


def columns(_: int) -> Sequence[Column[Wait]]:
    return (
        Column("AGE", 5, lambda row, now: Span(str(int(now - row.since)), Tone.INFO), right=True),
        Column("NAME", 8, lambda row, _: Span(row.name), flexible=True),
    )


class CountingTable(KeyedTable[Wait]):
    """Remembers which lines it was asked to draw."""

    drawn: ClassVar[list[int]] = []

    def render_line(self, y: int) -> Strip:
        self.drawn.append(y)
        return super().render_line(y)


class Table(Screen[None]):
    """A screen as those of the program are: with tones."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}


class Bench(App[None]):
    """One table of twenty rows, r0 to r19, in ten lines."""

    CSS = """
    Screen { layers: base; overflow: hidden; }
    KeyedTable { height: 10; width: 40; }
    .tone--info { color: red; }
    .keyed-table--cursor { text-style: reverse; }
    """

    def get_default_screen(self) -> Screen[None]:
        return Table()

    def __init__(self) -> None:
        super().__init__()
        self.table = CountingTable(columns)
        self.rows = {f"r{number}": Wait(f"r{number}", -100.0 * number) for number in range(20)}
        self.moved: list[bool] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.show()
        self.table.focus()

    def on_keyed_table_cursor_moved(self, message: KeyedTable.CursorMoved) -> None:
        self.moved.append(message.by_hand)

    def show(self, order: Sequence[str] | None = None, now: float = 0.0, ghost: str | None = None) -> None:
        keys = list(self.rows) if order is None else order
        self.table.show(Arranged({key: self.rows[key] for key in keys}, keys, len(keys), ghost=ghost), now)

    def line(self) -> int:
        """The line of the screen that shows the cursor."""
        return list(self.table._arranged.order).index(self.table.cursor or "") - self.table.top


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["down", "j", "j", "k", "up", "down"], "r2"),
        (["pagedown"], "r8"),
        (["end"], "r19"),
        (["end", "pageup"], "r11"),
        (["end", "home"], "r0"),
        (["up"], "r0"),
        (["end", "down"], "r19"),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], cursor: str) -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await press(pilot, *keys)
        assert app.table.cursor == cursor
        assert 0 <= app.line() < 9


async def test_the_cursor_stays_on_its_key_when_the_order_is_reversed() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await press(pilot, *["down"] * 12)
        before = app.line()
        app.show([f"r{number}" for number in reversed(range(20))])
        assert app.table.cursor == "r12"
        assert app.line() == min(before, 7)


async def test_the_cursor_stays_on_its_line_when_rows_above_it_leave() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await press(pilot, "end", "up", "up", "up", "up")
        before = app.line()
        app.show([key for key in app.rows if key not in {"r3", "r4"}])
        assert (app.table.cursor, app.line()) == ("r15", before)


async def test_a_table_that_nobody_uses_rests_on_its_first_row() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        app.show([f"r{number}" for number in reversed(range(20))])
        assert (app.table.cursor, app.table.top) == ("r19", 0)
        await press(pilot, "down", "home")
        app.show()
        assert app.table.cursor == "r0"


async def test_at_the_top_what_comes_in_above_the_cursor_is_seen() -> None:
    app = Bench()
    async with app.run_test():
        app.table.stay()
        app.rows["new"] = Wait("new", 0)
        app.show(["new", *[f"r{number}" for number in range(20)]])
        assert (app.table.top, app.table.cursor) == (0, "r0")


async def test_when_the_selected_row_leaves_its_neighbour_takes_over_and_says_so() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await press(pilot, *["down"] * 3)
        app.moved.clear()
        app.show([key for key in app.rows if key != "r3"])
        await pilot.pause()
        assert app.table.cursor == "r4"
        assert app.moved == [False]


async def test_when_the_last_row_leaves_the_one_before_it_takes_over() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await press(pilot, "end")
        app.show(list(app.rows)[:-1])
        assert app.table.cursor == "r18"


async def test_an_empty_table_has_no_cursor_and_gets_one_again() -> None:
    app = Bench()
    async with app.run_test():
        app.show([])
        assert app.table.selected is None
        app.show(["r5"])
        assert app.table.cursor == "r5"


async def test_a_ghost_is_shown_but_not_selected() -> None:
    app = Bench()
    async with app.run_test():
        app.show(ghost="r0")
        assert app.table.cursor == "r0"
        assert app.table.selected is None


async def test_a_click_selects_and_a_second_one_chooses() -> None:
    app = Bench()
    chosen: list[object] = []
    async with app.run_test(message_hook=chosen.append) as pilot:
        await pilot.click(KeyedTable, offset=(5, 4))
        assert app.table.cursor == "r3"
        await pilot.click(KeyedTable, offset=(5, 4), times=2)
        assert any(isinstance(message, KeyedTable.Chosen) for message in chosen)


async def test_a_click_on_the_heading_or_below_the_rows_selects_nothing() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        app.show(["r0", "r1", "r2"])
        await press(pilot, "down")
        await pilot.click(KeyedTable, offset=(5, 0))
        await pilot.click(KeyedTable, offset=(5, 8))
        assert app.table.cursor == "r1"


async def test_the_wheel_looks_further_and_leaves_the_cursor() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await pilot._post_mouse_events([MouseScrollDown], KeyedTable, offset=(5, 5))
        assert (app.table.top, app.table.cursor) == (3, "r0")
        await pilot._post_mouse_events([MouseScrollUp], KeyedTable, offset=(5, 5))
        assert app.table.top == 0


# --- painting ------------------------------------------------------------------------------------------------------


async def painted(app: Bench, pilot: Pilot[None]) -> set[int]:
    await pilot.pause()
    lines = set(app.table.drawn)
    app.table.drawn.clear()
    return lines


async def test_a_tick_paints_only_lines_whose_text_changed() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        app.rows["r2"] = Wait("r2", -0.5)
        app.show()
        await painted(app, pilot)
        app.show(now=0.6)
        assert await painted(app, pilot) == {3}


async def test_a_tick_that_changes_no_text_paints_nothing() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await painted(app, pilot)
        app.show(now=0.4)
        assert await painted(app, pilot) == set()


async def test_rows_out_of_sight_cost_nothing() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await painted(app, pilot)
        app.rows["r15"] = Wait("other", 7)
        app.show()
        assert await painted(app, pilot) == set()


async def test_a_step_of_the_cursor_paints_two_lines() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await painted(app, pilot)
        await press(pilot, "down")
        assert await painted(app, pilot) == {1, 2}


async def test_two_rows_that_change_places_paint_two_lines() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await painted(app, pilot)
        app.show(["r0", "r1", "r3", "r2", *[f"r{number}" for number in range(4, 20)]])
        assert await painted(app, pilot) == {3, 4}


async def test_a_clock_is_repainted_up_to_its_own_column() -> None:
    app = Bench()
    async with app.run_test() as pilot:
        await pilot.pause()
        before = app.table._work_out(2)
        after = before._replace(cells=(Span("1"), before.cells[1]))
        assert last_difference(before, after, app.table._placed, 40) == 2 + 5 + 1


async def test_no_timer_of_its_own_is_needed() -> None:
    app = Bench()
    async with app.run_test():
        assert not list(app.table._timers)
