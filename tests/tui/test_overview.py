"""The main screen as somebody uses it: keys in, picture and commands out."""

from __future__ import annotations

import pytest
from textual.events import Key

from core.api.client import ConnectionLost, NotRunning, Refused
from core.api.commands import Answer, Outcome, StopTask
from core.api.model import RunnerState, ScaleSetState, SessionView
from tests.tui.desk import sitting
from tests.tui.samples import CONTROLLER, NOW, VERSION, runner, scale_set, snapshot, well
from tests.tui.world import FakeDaemon, settle
from tui.dialogs.confirm import ConfirmDialog
from tui.safety import UNLOCKED_FOR
from tui.screens.help import HelpScreen
from tui.screens.too_small import TooSmallScreen
from tui.widgets.lines import Lines

GONE = ConnectionLost("The daemon closed the connection.")
LATEST_BUSY = "runner-large-docker-0be1c7f2"


# --- seeing --------------------------------------------------------------------------------------------------------


async def test_the_header_says_where_whether_one_may_act_and_whether_to_believe_it() -> None:
    async with sitting() as desk:
        assert desk.text("header") == " ci-prod · eu-west-1 · LOCKED● LIVE · GitHub 4812/5000 · 14:02:31Z"


async def test_the_worst_runner_is_selected_and_its_why_is_shown() -> None:
    async with sitting() as desk:
        assert desk.screen.runners.table.cursor == "runner-large-docker-a11ce004"
        assert "WHY runner-large-docker-a11ce004" in desk.text("why")
        assert "over its limit of 5:00: the sweep at 14:02:40Z stops it" in desk.text("why")


async def test_the_why_follows_the_cursor_and_the_list_that_has_the_focus() -> None:
    async with sitting() as desk:
        await desk.press("down", "down")
        assert "WHY runner-medium-docker-5f3a91c2" in desk.text("why")
        await desk.press("1", "down", "down")
        assert "assigned 11, min 0 → want 6" in desk.text("why")
        assert "no room on EXTERNAL, 4 vCPU: RESOURCE:CPU, 3 failures" in " ".join(desk.text("why").split())
        await desk.press("3")
        assert "WHY capacity at 14:02:29Z" in desk.text("why")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_session_that_another_one_holds_is_shown_with_since_when_and_tries(size: tuple[int, int]) -> None:
    session = SessionView(state="conflict", since=NOW - 92, tries=8, retry_at=NOW + 9)
    held = scale_set(
        "small", state=ScaleSetState.SESSION, reason="another session is alive; standing by", session=session
    )
    async with sitting(snapshot(scale_sets=(scale_set("large"), held)), size=size) as desk:
        await desk.press("1")
        assert any("\N{MULTIPLICATION SIGN} SESSION 0:09 #8" in line and " small " in line for line in desk.lines())
        told = "another session is alive; standing by since 14:00:59Z, 8 tries, the next one at 14:02:40Z"
        assert told in " ".join(desk.text("why").split())


async def test_a_wide_screen_shows_since_when_another_one_holds_a_session_without_a_key() -> None:
    session = SessionView(state="conflict", since=NOW - 92, tries=8, retry_at=NOW + 9)
    async with sitting(snapshot(scale_sets=(scale_set(state=ScaleSetState.SESSION, session=session),))) as desk:
        assert any(
            "\N{MULTIPLICATION SIGN} SESSION 0:09 #8" in line and "since 14:00:59Z" in line for line in desk.lines()
        )


async def test_clocks_run_without_any_message() -> None:
    async with sitting() as desk:
        await desk.ticks(4)
        assert desk.text("header").endswith("14:02:35Z")
        row = desk.screen.runners.table._work_out(0)
        assert row.cells[1].text == "5:11/5:00"


async def test_what_ails_the_controller_takes_a_line_only_while_it_does() -> None:
    async with sitting(well()) as desk:
        assert desk.screen.query_one("#banner").size.height == 0
        await desk.send(controller=CONTROLLER.model_copy(update={"sweep_failed": "ListTasks: AccessDenied"}))
        assert desk.text("banner") == " ECS could not be read since 14:02:10Z: ListTasks: AccessDenied"
        assert desk.screen.query_one("#banner").size.height == 1


async def test_an_empty_fleet_is_not_a_silent_one() -> None:
    async with sitting(snapshot()) as desk:
        assert desk.screen.runners.table._work_out(0).instead == "no runners, and none are wanted"


async def test_a_daemon_that_only_observes_says_so() -> None:
    async with sitting(snapshot(controller=CONTROLLER.model_copy(update={"observing": True}))) as desk:
        assert "OBSERVING" in desk.text("header")


# --- holding still -------------------------------------------------------------------------------------------------


async def test_the_cursor_stays_on_its_runner_when_the_order_changes() -> None:
    async with sitting() as desk:
        await desk.press("down")
        await desk.ticks(6)
        await desk.send(runners=(runner(LATEST_BUSY, state=RunnerState.IDLE, since=NOW),))
        assert desk.screen.runners.table.cursor == LATEST_BUSY


async def test_while_keys_arrive_rows_keep_their_places_and_the_title_says_so() -> None:
    async with sitting() as desk:
        await desk.press("down")
        before = desk.screen.runners.table._arranged.order
        await desk.send(runners=(runner(LATEST_BUSY, state=RunnerState.IDLE, since=NOW),))
        assert desk.screen.runners.table._arranged.order == before
        assert "order held" in desk.rule("runners")
        await desk.ticks(6)
        assert desk.screen.runners.table._arranged.order != before
        assert "order held" not in desk.rule("runners")


async def test_a_selected_runner_that_is_gone_stays_for_a_minute_but_cannot_be_acted_on() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("down")
        await desk.send(runners_gone=(LATEST_BUSY,))
        assert desk.screen.runners.table.cursor == LATEST_BUSY
        assert desk.screen.selected_runner() is None
        await desk.ticks(61)
        assert desk.screen.runners.table.cursor != LATEST_BUSY


async def test_a_frozen_picture_stands_still_while_data_is_counted() -> None:
    async with sitting() as desk:
        await desk.press("z")
        await desk.send(runners_gone=(LATEST_BUSY,))
        await desk.ticks(3)
        assert LATEST_BUSY in desk.screen.runners.table._arranged.rows
        assert "FROZEN 0:03, 1 behind" in desk.text("header")
        assert "as of 14:02:31Z" in desk.rule("runners")
        await desk.press("z")
        assert LATEST_BUSY not in desk.screen.runners.table._arranged.rows


# --- finding -------------------------------------------------------------------------------------------------------


async def test_a_filter_shows_what_holds_the_text_and_counts_it() -> None:
    async with sitting() as desk:
        await desk.press("slash")
        await desk.type("docker")
        assert "filter docker · 12 of 23" in desk.rule("runners")
        await desk.press("enter", "down")
        assert desk.screen.runners.table.cursor == LATEST_BUSY


async def test_a_filter_asks_for_fields_by_name() -> None:
    async with sitting() as desk:
        await desk.press("slash")
        await desk.type("state=busy !docker age>1m")
        shown = desk.screen.runners.table._arranged.rows.values()
        assert {row.state for row in shown} == {RunnerState.BUSY}
        assert desk.screen.runners.filter == "state=busy !docker age>1m"


async def test_a_filter_that_is_not_understood_says_why_and_leaves_the_last_one_in_force() -> None:
    async with sitting() as desk:
        await desk.press("slash")
        await desk.type("docker age>")
        await desk.type("soon")
        assert "age> takes a number or a duration such as 5m, not soon" in desk.lines()[-1]
        assert "12 of 23" in desk.rule("runners")
        await desk.press("enter")
        assert desk.screen.runners.filter == "docker age>"


async def test_letters_typed_into_the_filter_are_no_keys() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("slash")
        await desk.type("xqWD?")
        assert desk.screen.runners.filter == "xqWD?"
        assert not isinstance(desk.pilot.app.screen, ConfirmDialog | HelpScreen)


async def test_esc_undoes_one_thing_at_a_time() -> None:
    async with sitting() as desk:
        await desk.press("1", "enter")
        assert desk.screen.runners.scope == "runner-medium-plain"
        await desk.press("slash")
        await desk.type("abc")
        await desk.press("enter", "slash")
        await desk.type("d")
        await desk.press("escape")
        assert desk.screen.runners.filter == "abc"
        await desk.press("escape")
        assert (desk.screen.runners.filter, desk.screen.runners.scope) == ("", "runner-medium-plain")
        await desk.press("escape")
        assert (desk.screen.runners.scope, desk.screen.active) == ("", desk.screen.sets)
        await desk.press("escape")
        assert desk.pilot.app.screen is desk.screen


async def test_a_filter_that_matches_nothing_names_the_way_out() -> None:
    async with sitting() as desk:
        await desk.press("slash")
        await desk.type("zzz")
        assert desk.screen.runners.table._work_out(0).instead == "0 of 23 match zzz; esc clears the filter"


# --- sorting -------------------------------------------------------------------------------------------------------


async def test_a_list_is_sorted_by_the_column_of_the_letter_and_turned_round_by_the_same_letter() -> None:
    async with sitting() as desk:
        await desk.press("1", "s", "n")
        names = [*desk.screen.sets.table._arranged.order]
        assert names == sorted(names)
        assert "by NAME ↑" in desk.rule("sets")
        await desk.press("s", "n")
        assert [*desk.screen.sets.table._arranged.order] == names[::-1]
        assert "by NAME ↓" in desk.rule("sets")


async def test_a_letter_typed_in_one_burst_with_the_key_before_it_is_not_lost() -> None:
    async with sitting() as desk:
        await desk.press("1")
        for key in "sn":
            desk.pilot.app.post_message(Key(key, key))
        await desk.pilot.pause()
        await desk.pilot.pause()
        assert desk.pilot.app.screen is desk.screen
        assert "by NAME" in desk.rule("sets")


async def test_the_keys_of_the_sorts_are_shown_and_any_other_key_changes_nothing() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("1", "s")
        assert "n name" in desk.lines()[-1]
        assert ". problems first" in desk.lines()[-1]
        await desk.press("W")
        assert desk.pilot.app.screen is desk.screen
        assert "problems first" in desk.rule("sets")


async def test_the_order_that_puts_trouble_first_is_one_key_away() -> None:
    async with sitting() as desk:
        before = [*desk.screen.runners.table._arranged.order]
        await desk.press("s", "n", "s", "full_stop")
        assert [*desk.screen.runners.table._arranged.order] == before
        assert "late first" in desk.rule("runners")


async def test_enter_on_a_scale_set_narrows_the_runners_to_it() -> None:
    async with sitting() as desk:
        await desk.press("1", "down", "down", "enter")
        assert {row.scale_set for row in desk.screen.runners.table._arranged.rows.values()} == {"runner-large-docker"}
        assert "of runner-large-docker · 4 of 23" in desk.rule("runners")
        assert desk.screen.active is desk.screen.runners


async def test_only_problems_on_a_key_and_everything_again() -> None:
    async with sitting() as desk:
        await desk.press("exclamation_mark")
        assert "problems only · 5 of 23" in desk.rule("runners")
        assert "problems only · 4 of 8" in desk.rule("sets")
        await desk.press("exclamation_mark")
        assert "problems only" not in desk.rule("runners")


# --- acting --------------------------------------------------------------------------------------------------------


async def test_a_locked_screen_does_not_act_and_says_how_to_unlock() -> None:
    async with sitting() as desk:
        await desk.press("x")
        assert desk.pilot.app.screen is desk.screen
        assert "u unlocks for 5 minutes" in desk.text("message")
        assert "stop" not in desk.text("footer")


async def test_unlocking_counts_down_and_locks_by_itself() -> None:
    async with sitting() as desk:
        await desk.press("u")
        assert "UNLOCKED 5:00" in desk.text("header")
        assert " x stop  p pause  l log" in desk.text("footer")
        await desk.ticks(10)
        assert "UNLOCKED 4:50" in desk.text("header")
        desk.clock.advance(UNLOCKED_FOR)
        await desk.ticks(1)
        assert "LOCKED" in desk.text("header")
        assert "UNLOCKED" not in desk.text("header")


async def test_an_idle_runner_is_stopped_after_one_question() -> None:
    idle = runner()
    async with sitting(snapshot(runners=(idle,), scale_sets=(scale_set(),)), unlocked=True) as desk:
        await desk.press("x", "right", "enter")
        sent = StopTask(id="command-1", runner=idle.name, seen_state=RunnerState.IDLE)
        assert desk.daemon.commands == [sent]
        assert f"stop {idle.name}: done. Done as asked." in desk.text("message")


async def test_enter_alone_cancels() -> None:
    async with sitting(snapshot(runners=(runner(),)), unlocked=True) as desk:
        await desk.press("x", "enter")
        assert desk.daemon.commands == []
        assert desk.pilot.app.screen is desk.screen


async def test_a_busy_runner_is_stopped_only_after_its_phrase() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("down", "x", "tab", *"hung", "tab")
        await desk.type("stop")
        await desk.press("enter")
        assert desk.daemon.commands == []
        await desk.type(" 1")
        await desk.press("enter", "tab", "enter")
        assert desk.daemon.commands == []
        await desk.press("tab", "tab", "tab", "enter")
        assert desk.pilot.app.screen is desk.screen


async def test_the_command_for_a_busy_runner_names_job_state_and_reason() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("down", "x", "tab", *"hung", "tab")
        await desk.type("stop 1")
        await desk.press("tab", "tab", "enter")
        assert desk.daemon.commands == [
            StopTask(
                id="command-1",
                runner=LATEST_BUSY,
                seen_state=RunnerState.BUSY,
                confirm_job="acme/api/release/deploy",
                reason="hung",
            )
        ]


async def test_the_target_stays_the_one_that_was_selected() -> None:
    rows = (runner("runner-a-00000001"), runner("runner-a-00000002", since=NOW - 1))
    async with sitting(snapshot(runners=rows), unlocked=True) as desk:
        await desk.press("x")
        await desk.send(runners=(runner("runner-a-00000000", since=NOW - 900),))
        await desk.press("right", "enter")
        assert [command.runner for command in desk.daemon.commands if isinstance(command, StopTask)] == [rows[0].name]


async def test_a_runner_that_becomes_busy_under_the_question_asks_for_its_phrase() -> None:
    idle = runner()
    async with sitting(snapshot(runners=(idle,)), unlocked=True) as desk:
        await desk.press("x", "right")
        await desk.send(runners=(idle.model_copy(update={"state": RunnerState.BUSY}),))
        await desk.press("enter")
        dialog = desk.pilot.app.screen
        assert isinstance(dialog, ConfirmDialog)
        assert dialog.question.phrase == "stop 1"
        assert desk.daemon.commands == []


async def test_a_runner_that_ends_under_the_question_cannot_be_stopped() -> None:
    idle = runner()
    async with sitting(snapshot(runners=(idle,)), unlocked=True) as desk:
        await desk.press("x", "right")
        await desk.send(runners_gone=(idle.name,))
        await desk.press("enter")
        assert desk.daemon.commands == []
        assert isinstance(desk.pilot.app.screen, ConfirmDialog)


async def test_a_row_that_came_under_the_cursor_just_now_is_pointed_out() -> None:
    rows = (runner("runner-a-00000001"), runner("runner-a-00000002"))
    async with sitting(snapshot(runners=rows), unlocked=True) as desk:
        await desk.press("exclamation_mark", "exclamation_mark")
        desk.screen.runners.within = lambda row: row.name != rows[0].name
        await settle(desk.pilot)
        await desk.press("x")
        dialog = desk.pilot.app.screen
        assert isinstance(dialog, ConfirmDialog)
        assert any("It came under the cursor just now" in span.text for line in dialog.question.lines for span in line)


async def test_a_screen_that_locked_itself_under_the_question_sends_nothing() -> None:
    async with sitting(snapshot(runners=(runner(),)), unlocked=True) as desk:
        await desk.press("x")
        desk.clock.advance(UNLOCKED_FOR)
        await desk.ticks(1)
        await desk.press("right", "enter")
        assert desk.daemon.commands == []
        assert "u unlocks for 5 minutes" in desk.text("message")


async def test_what_the_daemon_refuses_is_said_in_its_words() -> None:
    async with sitting(snapshot(runners=(runner(),)), unlocked=True) as desk:
        desk.daemon.answer = Answer(id="", outcome=Outcome.REFUSED, text="It has become busy since.")
        await desk.press("x", "right", "enter")
        assert "refused. It has become busy since." in desk.text("message")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionLost("The connection broke."), "Whether it was done is not known"),
        (Refused("Too many commands.", status=503), "Too many commands."),
    ],
)
async def test_a_command_that_got_no_answer_is_said(error: ConnectionLost | Refused, words: str) -> None:
    async with sitting(snapshot(runners=(runner(),)), unlocked=True) as desk:
        desk.daemon.answer = error
        await desk.press("x", "right", "enter")
        assert words in desk.text("message")


async def test_nothing_looks_done_before_the_daemon_says_so() -> None:
    async with sitting(snapshot(runners=(runner(),)), unlocked=True) as desk:
        await desk.press("x", "right", "enter")
        assert desk.screen.runners.table._work_out(0).cells[0].text == "○ IDLE"


async def test_read_only_leaves_every_command_out() -> None:
    async with sitting(read_only=True, unlocked=True) as desk:
        await desk.press("u", "x", "W", "D")
        assert "READ-ONLY" in desk.text("header")
        assert desk.pilot.app.screen is desk.screen
        assert desk.daemon.commands == []
        assert not {"stop", "sweep", "deregister", "unlock"} & set(desk.text("footer").split())


async def test_a_daemon_that_takes_no_commands_of_this_user_makes_the_screen_read_only() -> None:
    async with sitting(daemon=FakeDaemon(may_act=False), unlocked=True) as desk:
        assert "READ-ONLY" in desk.text("header")
        await desk.press("x")
        assert desk.pilot.app.screen is desk.screen


async def test_the_why_is_sent_to_the_operators_terminal() -> None:
    async with sitting() as desk:
        await desk.press("c")
        assert desk.pilot.app.clipboard.startswith("runner-large-docker-a11ce004: PENDING 5:07")
        assert "sent to your terminal (OSC 52)" in desk.text("message")


# --- connections ---------------------------------------------------------------------------------------------------


async def test_before_the_first_snapshot_the_lists_say_what_they_wait_for() -> None:
    daemon = FakeDaemon()
    daemon.refusal = NotRunning("No arcdeck daemon runs here: there is no socket at /run/arcdeck/ci-prod.sock.")
    async with sitting(daemon=daemon) as desk:
        assert "LOST" in desk.text("header")
        assert "No arcdeck daemon runs here" in desk.text("banner")
        assert desk.screen.runners.table._work_out(0).instead == "no data yet; ctrl+r tries now"


async def test_a_lost_connection_keeps_the_data_holds_the_clocks_and_turns_commands_off() -> None:
    async with sitting(unlocked=True) as desk:
        desk.daemon.refusal = GONE
        desk.daemon.send(GONE)
        await settle(desk.pilot)
        await desk.ticks(24, silent=True)
        assert "LOST 0:24" in desk.text("header")
        assert desk.text("banner").startswith(" NOT CONNECTED  The daemon closed the connection.")
        assert f"This is snapshot {VERSION}, 0:24 old: clocks are held, commands are off." in desk.text("banner")
        assert "as of 14:02:31Z" in desk.rule("runners")
        assert desk.screen.runners.table._work_out(0).cells[1].text == "5:07/5:00"
        await desk.press("x", "u")
        assert desk.pilot.app.screen is desk.screen
        assert "off: not connected" in desk.text("footer")


async def test_ctrl_r_connects_again_at_once() -> None:
    async with sitting() as desk:
        desk.daemon.refusal = GONE
        desk.daemon.send(GONE)
        await settle(desk.pilot)
        desk.daemon.refusal = None
        await desk.press("ctrl+r")
        assert "LIVE" in desk.text("header")
        assert desk.screen.query_one("#banner").size.height == 0
        assert desk.text("message").startswith(" The daemon is back.")


async def test_a_daemon_that_was_started_anew_is_said_to_be() -> None:
    async with sitting() as desk:
        desk.daemon.refusal = GONE
        desk.daemon.send(GONE)
        await settle(desk.pilot)
        desk.daemon.hello = desk.daemon.hello.model_copy(update={"instance": "second"})
        desk.daemon.refusal = None
        await desk.press("ctrl+r")
        assert "started anew" in desk.text("message")


async def test_a_silent_daemon_makes_the_data_stale() -> None:
    async with sitting() as desk:
        await desk.ticks(7, silent=True)
        assert "STALE 0:07" in desk.text("header")
        assert "Nothing has been heard from the daemon for 0:07." in desk.text("banner")


# --- sizes, help, leaving ------------------------------------------------------------------------------------------


async def test_at_80_columns_the_lists_are_tabs() -> None:
    async with sitting(size=(80, 24)) as desk:
        assert "[2 RUNNERS 23 ▲5]" in desk.text("tabs")
        assert desk.screen.runners.display
        await desk.press("1")
        assert "[1 SCALE SETS 8 ▲4]" in desk.text("tabs")
        assert (desk.screen.sets.region.height > 0, desk.screen.runners.region.height) == (True, 0)
        await desk.press("tab", "tab")
        assert "[3 EVENTS 6 ▲2]" in desk.text("tabs")


async def test_a_tab_opens_by_a_click() -> None:
    async with sitting(size=(80, 24)) as desk:
        await desk.pilot.click("#tabs", offset=(6, 0))
        await settle(desk.pilot)
        assert desk.screen.active is desk.screen.sets


async def test_the_selection_survives_every_size() -> None:
    async with sitting() as desk:
        await desk.press("down", "down")
        for size in ((80, 24), (200, 60), (60, 18), (40, 10), (100, 30), (120, 36)):
            await desk.pilot.resize_terminal(*size)
            await settle(desk.pilot)
            assert desk.screen.runners.table.cursor == "runner-medium-docker-5f3a91c2"
        assert desk.pilot.app.screen is desk.screen


async def test_a_terminal_that_is_too_small_says_what_it_needs() -> None:
    async with sitting() as desk:
        await desk.pilot.resize_terminal(50, 10)
        await settle(desk.pilot)
        small = desk.pilot.app.screen
        assert isinstance(small, TooSmallScreen)
        assert "It has 50x10,\nthe screen needs 60x18." in small.query_one(Lines).text


async def test_a_daemon_that_fell_silent_is_lost_after_fifteen_seconds() -> None:
    async with sitting() as desk:
        await desk.ticks(16, silent=True)
        assert "Nothing has been heard from the daemon for 0:16." in desk.text("banner")
        assert "clocks are held" in desk.text("banner")


async def test_a_screen_that_starts_too_small_comes_up_when_there_is_room() -> None:
    async with sitting(size=(50, 10)) as desk:
        shown = [isinstance(desk.pilot.app.screen, TooSmallScreen)]
        await desk.pilot.resize_terminal(80, 24)
        await settle(desk.pilot)
        shown.append(isinstance(desk.pilot.app.screen, TooSmallScreen))
        assert shown == [True, False]


async def test_help_is_made_of_the_table_of_actions_and_leaves_out_what_is_forbidden() -> None:
    async with sitting(read_only=True) as desk:
        await desk.press("question_mark")
        words = desk.pilot.app.screen.query_one("#help-keys", Lines).text
        assert "rows that hold a text" in words
        assert "stop its task" not in words
        await desk.press("question_mark")
        assert desk.pilot.app.screen is desk.screen


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_says_that_the_daemon_goes_on(key: str) -> None:
    async with sitting() as desk:
        app = desk.pilot.app
        await desk.pilot.press(key)
        await desk.pilot.pause()
        assert app.return_code == 0
        assert "the daemon goes on" in str(app._exit_renderables[0])
