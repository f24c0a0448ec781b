"""One-shot commands: the real command line against a real control socket, with a control room behind it."""

import asyncio
import contextlib
import io
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from core.api.commands import Answer, DeregisterRunner, Outcome, SteerScaleSet, StopTask, SweepNow
from core.api.events import EventRecord
from core.api.model import Health, JobView, PauseView, RunnerState, ScaleSetState, Snapshot
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import NOBODY, serving
from tests.tui.samples import NOW, fleet, runner, scale_set, snapshot
from tests.tui.shell import Shell
from tui import cli, exits, usage
from tui.cli import main
from tui.oneshot import ONE_SHOTS
from tui.oneshot.events import EventLines
from tui.oneshot.output import Output

BUSY = "runner-large-docker-0be1c7f2"
IDLE = "runner-small-plain-5a90d3e7"
TASK = "arn:aws:ecs:eu-west-1:111122223333:task/ci-prod/"
HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\u202eevil\n"


@pytest.fixture
def room() -> FakeControlRoom:
    return FakeControlRoom(fleet())


@pytest.fixture
async def shell(room: FakeControlRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    async with serving(room, tmp_path / "control.sock"):
        yield Shell(monkeypatch, tmp_path / "control.sock")


def sent(room: FakeControlRoom) -> object:
    """The one command that reached the controller, without its id."""
    ((command, _),) = room.commands
    assert command.id
    return command.model_copy(update={"id": "1"})


def one_runner(**fields: object) -> Snapshot:
    return snapshot(runners=(runner(BUSY, **fields),))


# --- status --------------------------------------------------------------------------------------------------------


async def test_status_says_how_much_there_is_of_what(shell: Shell) -> None:
    done = await shell.pipe("status")
    assert done.code == exits.DONE
    assert [line.split()[0] for line in done.out.splitlines() if not line.startswith(" ")] == [
        "Controller", "Health", "Scale", "Runners", "Jobs", "ECS", "GitHub", "Journal",
    ]  # fmt: skip
    assert "ci-prod 0.1.0, on ci-prod eu-west-1, up 9h" in done.out
    assert "Runners     20: 8 busy, 4 pending" in done.out
    assert "; 1 over their limit" in " ".join(done.out.split())
    assert "27 assigned" in done.out


async def test_status_fails_with_the_reasons_while_the_controller_is_not_ready(
    room: FakeControlRoom, shell: Shell
) -> None:
    room.well = Health(live=True, ready=False, reasons=("ECS cannot be read: no answer",))
    done = await shell.pipe("status")
    assert done.code == exits.FAILED
    assert "Health      NOT READY" in done.out
    assert "- ECS cannot be read: no answer" in done.out


async def test_status_in_json_has_health_controller_and_totals(shell: Shell) -> None:
    told = json.loads((await shell.pipe("status", "--json")).out)
    assert told["health"]["ready"]
    assert told["controller"]["cluster"] == "ci-prod"
    assert (told["totals"]["runners"]["busy"], told["totals"]["assigned_jobs"]) == (8, 27)


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "scale-sets", "runners"])
async def test_everything_fits_80_columns(shell: Shell, command: str) -> None:
    for done in (await shell.pipe(command), await shell.terminal(command)):
        assert done.out
        assert max(map(cell_len, done.out.splitlines())) <= 80


async def test_the_worst_scale_set_comes_first(shell: Shell) -> None:
    lines = (await shell.pipe("scale-sets")).out.splitlines()
    assert lines[0].split() == ["STATE", "SCALE", "SET", "ASGN", "WANT", "HAVE", "BUSY", "IDLE", "MAX"]
    assert lines[1].split()[1:3] == ["BLOCKED", "runner-medium-plain"]
    assert len(lines) == 9


async def test_names_of_runners_are_whole_where_they_can_be(shell: Shell) -> None:
    out = (await shell.pipe("runners")).out
    assert {row.name for row in fleet().runners} <= set(out.split())


async def test_runners_can_be_chosen_by_scale_set_and_state(shell: Shell) -> None:
    done = await shell.pipe("runners", "--scale-set", "runner-medium-docker", "--state", "pending", "--json")
    assert {(row["scale_set"], row["state"]) for row in json.loads(done.out)} == {("runner-medium-docker", "pending")}


async def test_no_runners_are_a_sentence_and_an_empty_list(room: FakeControlRoom, shell: Shell) -> None:
    room.current = snapshot()
    assert (await shell.pipe("runners")).out == "There are no runners.\n"
    assert json.loads((await shell.pipe("runners", "--json")).out) == []


async def test_an_unknown_state_is_a_usage_error_that_names_the_known_ones(shell: Shell) -> None:
    done = await shell.pipe("runners", "--state", "asleep")
    assert done.code == exits.USAGE
    assert "'pending'" in done.err


# --- why -----------------------------------------------------------------------------------------------------------


async def test_why_of_a_scale_set_has_its_arithmetic_and_what_it_waits_for(shell: Shell) -> None:
    done = await shell.pipe("why", "runner-large-docker")
    assert done.code == exits.DONE
    assert done.out == (
        "runner-large-docker is BACKOFF 0:47 #3: assigned 11, min 0 → want 6, max 6 → have 4 (3 busy, 1 starting) "
        "→ waits for room; no room on EXTERNAL, 4 vCPU: RESOURCE:CPU, 3 failures, one start tries again at "
        "14:03:18Z.\n"
    )


async def test_why_of_a_paused_scale_set_says_so_once(room: FakeControlRoom, shell: Shell) -> None:
    story = "assigned 2, min 0 → want 2, max 6 → have 0 → 2 held: paused by alice since 2031-01-01"
    paused = scale_set(
        "small",
        state=ScaleSetState.PAUSED,
        reason="paused by alice since 2031-01-01",
        pause=PauseView(by="alice", since=NOW - 240, drains=True),
        why=story,
    )
    room.current = snapshot(scale_sets=(paused,))
    assert (await shell.pipe("why", "small")).out == f"small is DRAINING 4m: {story}.\n"


@pytest.mark.parametrize("name", [BUSY, TASK + "{task}", "{task}"])
async def test_why_of_a_runner_goes_by_its_name_or_its_task(room: FakeControlRoom, shell: Shell, name: str) -> None:
    task = next(row.task_arn for row in room.current.runners if row.name == BUSY).rpartition("/")[2]
    done = await shell.pipe("why", name.format(task=task))
    assert done.out.startswith(f"{BUSY} is BUSY 5h40m/6h with acme/api · release · deploy: BUSY 5h40m of 6h00m")


@pytest.mark.parametrize("name", ["acme/api/release/deploy", "deploy", "acme/api · release · deploy"])
async def test_why_of_a_job_names_the_runner_it_was_given_to(shell: Shell, name: str) -> None:
    assert (await shell.pipe("why", name)).out.startswith(f"acme/api · release · deploy was given to {BUSY}. {BUSY} is")


async def test_why_of_a_job_that_is_over_comes_from_the_journal(room: FakeControlRoom, shell: Shell) -> None:
    room.past = [EventRecord(at=NOW, kind="job-completed", text="linux-1 completed acme/api · unit: failed")]
    done = await shell.pipe("why", "4711")
    assert (done.code, done.out) == (
        exits.DONE,
        "2030-03-17 14:02:31Z job-completed: linux-1 completed acme/api · unit: failed.\n",
    )
    assert room.asked[0].job == "4711"


async def test_why_of_a_name_that_nobody_knows_says_what_github_does_not_tell(shell: Shell) -> None:
    done = await shell.pipe("why", "nothing")
    assert done.code == exits.FAILED
    assert done.out.startswith("Nobody here knows nothing: it is no scale set, runner or task of this controller, ")
    assert "GitHub names no jobs beyond the capacity that a scale set advertises" in done.out
    assert not json.loads((await shell.pipe("why", "nothing", "--json")).out)["known"]


# --- events --------------------------------------------------------------------------------------------------------

PAST = (
    EventRecord(
        at=NOW - 86400, kind="stop", scale_set="small", runner="small-1", text="small-1: StopTask", operator="al"
    ),
    EventRecord(at=NOW, kind="capacity", scale_set="small", text="no room in EXTERNAL: RESOURCE:CPU; " * 5),
)


async def test_events_are_lines_under_their_day(room: FakeControlRoom, shell: Shell) -> None:
    room.past = list(PAST)
    lines = (await shell.pipe("events", "--since", "2d")).out.splitlines()
    assert lines[:3] == [
        "--- 2030-03-16 UTC",
        "14:02:31Z stop           small-1: StopTask (al)",
        "--- 2030-03-17 UTC",
    ]
    assert lines[3].startswith("14:02:31Z capacity       small: no room in EXTERNAL")
    assert len(lines) == 4


async def test_events_fold_on_a_terminal(room: FakeControlRoom, shell: Shell) -> None:
    room.past = list(PAST)
    lines = (await shell.terminal("events")).out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert lines[4].startswith(" " * 25)


async def test_the_filters_of_events_go_to_the_controller(room: FakeControlRoom, shell: Shell) -> None:
    filters = ("--scale-set", "s", "--runner", "r", "--job", "j", "--operator", "o", "--limit", "7", "--kind", "a")
    assert (await shell.pipe("events", "--since", "2h", *filters, "--kind", "b")).code == exits.DONE
    (asked,) = room.asked
    assert asked.model_dump() == {
        "since": NOW - 7200,
        "until": None,
        "kinds": ("a", "b"),
        "scale_set": "s",
        "runner": "r",
        "job": "j",
        "operator": "o",
        "limit": 7,
    }


async def test_events_in_json_are_a_line_each_with_all_their_data(room: FakeControlRoom, shell: Shell) -> None:
    room.past = [EventRecord(at=NOW, kind="task-ended", data={"exit_code": 137})]
    assert [json.loads(line)["data"] for line in (await shell.pipe("events", "--json")).out.splitlines()] == [
        {"exit_code": 137}
    ]


async def test_a_filter_that_makes_no_sense_is_explained_by_the_controller(shell: Shell) -> None:
    done = await shell.pipe("events", "--since", "yesterday")
    assert done.code == exits.FAILED
    assert done.err.startswith("arcdeck: since: 'yesterday' is neither an age nor a time;")


async def test_following_ends_with_a_sentence_when_the_controller_goes(
    room: FakeControlRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.past = list(PAST)
    async with contextlib.AsyncExitStack() as server:
        await server.enter_async_context(serving(room, tmp_path / "control.sock"))
        following = asyncio.create_task(
            Shell(monkeypatch, tmp_path / "control.sock").pipe("events", "--since", "2d", "--follow")
        )
        await room.until(lambda room: room.readers == 1)
        room.past.append(EventRecord(at=NOW, kind="stop", text="the last one"))
        room.ring()
        await asyncio.sleep(0.2)
        await server.aclose()
        done = await following
    assert done.code == exits.FAILED
    assert done.out.endswith("the last one\n")
    assert done.err == "arcdeck: The daemon closed the connection.\n"


# --- stop ----------------------------------------------------------------------------------------------------------


async def test_an_idle_runner_is_stopped_without_a_question(room: FakeControlRoom, shell: Shell) -> None:
    done = await shell.pipe("stop", IDLE, "--reason", "old image")
    assert (done.code, done.out) == (exits.DONE, "done: stop-task was carried out.\n")
    assert sent(room) == StopTask(id="1", runner=IDLE, seen_state=RunnerState.IDLE, reason="old image")


async def test_a_runner_can_be_stopped_by_its_tasks_arn(room: FakeControlRoom, shell: Shell) -> None:
    arn = next(row.task_arn for row in room.current.runners if row.name == IDLE)
    await shell.pipe("stop", arn)
    assert sent(room) == StopTask(id="1", runner=IDLE, seen_state=RunnerState.IDLE)


async def test_stopping_a_busy_runner_asks_by_the_name_of_its_job(room: FakeControlRoom, shell: Shell) -> None:
    done = await shell.terminal("stop", BUSY, typed="yes\n")
    assert f"{BUSY} runs acme/api · release · deploy; stopping it fails that job." in " ".join(done.err.split())
    assert done.code == exits.DONE
    job = "acme/api/release/deploy"
    assert sent(room) == StopTask(id="1", runner=BUSY, seen_state=RunnerState.BUSY, confirm_job=job)


@pytest.mark.parametrize("typed", ["", "no\n", "y\n"])
async def test_anything_but_a_yes_stops_nothing(room: FakeControlRoom, shell: Shell, typed: str) -> None:
    done = await shell.terminal("stop", BUSY, typed=typed)
    assert done.code == exits.FAILED
    assert done.err.endswith(f"\narcdeck: {BUSY} was not stopped.\n")
    assert room.commands == []


async def test_the_question_stays_out_of_an_answer_that_goes_to_a_file(room: FakeControlRoom, shell: Shell) -> None:
    done = await shell.redirected("stop", BUSY, "--json", typed="yes\n")
    assert json.loads(done.out)["outcome"] == "done"
    assert "Type yes to stop it:" in done.err
    assert len(room.commands) == 1


async def test_without_a_terminal_stopping_a_busy_runner_demands_a_yes(room: FakeControlRoom, shell: Shell) -> None:
    done = await shell.pipe("stop", BUSY)
    assert done.code == exits.USAGE
    assert done.err == (
        f"arcdeck: {BUSY} runs acme/api · release · deploy; stopping it fails that job. "
        "Say --yes to stop it all the same.\n"
    )
    assert room.commands == []
    assert (await shell.pipe("stop", BUSY, "--yes")).code == exits.DONE


async def test_one_that_is_only_assumed_busy_is_confirmed_by_its_own_name(room: FakeControlRoom, shell: Shell) -> None:
    room.current = one_runner(state=RunnerState.ASSUMED_BUSY)
    assert "may run a job that nobody knows yet" in (await shell.pipe("stop", BUSY)).err
    await shell.pipe("stop", BUSY, "--yes")
    assert sent(room) == StopTask(id="1", runner=BUSY, seen_state=RunnerState.ASSUMED_BUSY, confirm_job=BUSY)


async def test_a_runner_that_is_not_shown_is_the_controllers_to_judge(room: FakeControlRoom, shell: Shell) -> None:
    room.answer = lambda command: Answer(id=command.id, outcome=Outcome.REFUSED, text="there is no runner small-1")
    done = await shell.pipe("stop", "small-1")
    assert (done.code, done.err) == (exits.FAILED, "arcdeck: refused: there is no runner small-1\n")


async def test_a_reason_that_is_too_long_is_a_usage_error(room: FakeControlRoom, shell: Shell) -> None:
    assert (await shell.pipe("stop", IDLE, "--reason", "x" * 201)).code == exits.USAGE
    assert room.commands == []


# --- the other commands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["sweep"], SweepNow(id="1")),
        (["sweep", "--scale-set", "small"], SweepNow(id="1", scale_set="small")),
        (["deregister", IDLE], DeregisterRunner(id="1", runner=IDLE, seen_state=RunnerState.IDLE)),
        (["deregister", "ghost-00000001"], DeregisterRunner(id="1", runner="ghost-00000001")),
        (["pause", "small"], SteerScaleSet(kind="pause", id="1", scale_set="small")),
        (["drain", "small"], SteerScaleSet(kind="drain", id="1", scale_set="small")),
        (["resume", "small"], SteerScaleSet(kind="resume", id="1", scale_set="small")),
        (["retry", "small"], SteerScaleSet(kind="retry", id="1", scale_set="small")),
    ],
)
async def test_a_command_is_sent_as_it_was_typed(
    room: FakeControlRoom, shell: Shell, arguments: list[str], command: object
) -> None:
    assert (await shell.pipe(*arguments)).code == exits.DONE
    assert sent(room) == command


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.DONE, exits.DONE),
        (Outcome.ALREADY, exits.DONE),
        (Outcome.REFUSED, exits.FAILED),
        (Outcome.FAILED, exits.FAILED),
    ],
)
async def test_the_exit_code_is_that_of_the_outcome(
    room: FakeControlRoom, shell: Shell, outcome: Outcome, code: int
) -> None:
    room.answer = lambda command: Answer(id=command.id, outcome=outcome, text="so it is")
    done = await shell.pipe("sweep")
    assert done.code == code
    assert f"{outcome}: so it is" in done.out + done.err
    told = json.loads((await shell.pipe("sweep", "--json")).out)
    assert (told["outcome"], told["text"]) == (outcome, "so it is")


async def test_a_command_whose_answer_got_lost_says_that_nobody_knows(room: FakeControlRoom, shell: Shell) -> None:
    room.may_finish.clear()
    sending = asyncio.create_task(shell.pipe("sweep"))
    await room.until(lambda room: room.under_way == 1)
    room.answer = lambda _: 1 / 0  # type: ignore[return-value,assignment]  # the daemon fails
    room.may_finish.set()
    done = await sending
    assert done.code == exits.FAILED
    assert "its log says why" in done.err


async def test_why_a_job_waits_that_no_runner_took_yet(room: FakeControlRoom, shell: Shell) -> None:
    job = JobView(id="job-9", repository="acme/web", name="deploy", queued_at=NOW - 150)
    full = scale_set(
        "small", state=ScaleSetState.AT_MAX, why="assigned 7, want 4, max 4 → nothing to do", waiting=(job,)
    )
    room.publish(snapshot(scale_sets=(full,)))
    done = await shell.pipe("why", "deploy")
    assert done.out == (
        "acme/web · deploy has waited 2:30 for a runner. small is AT MAX: assigned 7, want 4, max 4 → nothing to do; "
        "waiting longest: acme/web · deploy since 14:00:01Z.\n"
    )


# --- what they share -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE_SHOTS)
async def test_where_no_controller_runs_every_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    alone = {"status", "scale-sets", "runners", "mismatches", "sessions", "placements", "events"}
    alone |= {"sweep", "reload", "agree", "shutdown"}
    needs = [] if name in alone else ["something"]
    done = await Shell(monkeypatch, tmp_path / "nowhere.sock").pipe(name, *needs)
    assert (done.code, done.out) == (exits.NOT_RUNNING, "")
    assert "no controller runs here" in done.err


async def test_a_socket_that_a_dead_daemon_left_is_no_controller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(FakeControlRoom(), tmp_path / "control.sock"):
        (tmp_path / "control.sock").rename(tmp_path / "left.sock")
    done = await Shell(monkeypatch, tmp_path / "left.sock").pipe("status")
    assert done.code == exits.NOT_RUNNING
    assert "was left by one that ended" in done.err


async def test_whom_the_controller_does_not_admit_gets_its_sentence(
    room: FakeControlRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(room, tmp_path / "control.sock", admitted=NOBODY):
        done = await Shell(monkeypatch, tmp_path / "control.sock").pipe("runners")
    assert done.code == exits.FAILED
    assert "is not admitted" in done.err


def test_a_socket_that_one_may_not_even_look_for_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", denied)
    assert cli._is_there(Path("/run/arcdeck/prod.sock"))


@pytest.mark.parametrize("arguments", [["status"], ["scale-sets"], ["runners"], ["why", "small"], ["events"]])
@pytest.mark.parametrize("as_json", [False, True], ids=["people", "scripts"])
async def test_no_text_from_outside_has_power_over_a_terminal(
    room: FakeControlRoom, shell: Shell, arguments: list[str], as_json: bool
) -> None:
    job = JobView(id=HOSTILE, name=HOSTILE, repository=HOSTILE)
    room.current = snapshot(
        scale_sets=(scale_set("small", why=HOSTILE, reason=HOSTILE),),
        runners=(runner(HOSTILE, state=RunnerState.BUSY, job=job), runner("small-1", reason=HOSTILE)),
    )
    room.past = [EventRecord(at=NOW, kind=HOSTILE, text=HOSTILE, runner=HOSTILE, data={"a": HOSTILE})]
    room.well = Health(live=True, ready=False, reasons=(HOSTILE,))
    out = (await shell.terminal(*arguments, *(["--json"] if as_json else []))).out
    assert out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


@pytest.mark.parametrize("name", ONE_SHOTS)
async def test_the_help_of_a_command_teaches_with_an_example_that_fits(shell: Shell, name: str) -> None:
    done = await shell.pipe(name, "--help")
    assert done.code == exits.DONE
    assert f"\n  arcdeck {name}" in done.out or f"arcdeck {name};" in done.out
    assert "exit codes: 0 done, 1 failed" in " ".join(done.out.split())
    own = done.out.partition("The daemon to speak to")[2].partition("\n\n")[2]
    assert max(map(len, own.splitlines())) <= 80


def test_the_command_line_knows_every_one_shot_and_no_other() -> None:
    assert list(usage.ONE_SHOTS) == list(ONE_SHOTS)


def test_the_general_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"  arcdeck {name} " in out for name in ONE_SHOTS)


async def test_a_reader_that_has_seen_enough_is_no_failure(room: FakeControlRoom, tmp_path: Path) -> None:
    room.past = [EventRecord(at=NOW, kind="stop", text="x" * 900) for _ in range(2000)]
    path = tmp_path / "control.sock"
    events = f'"{sys.executable}" -m tui.cli events --since 1d --socket {path}'
    script = f'{events} | head -n 2 >/dev/null; echo "${{PIPESTATUS[0]}}"'
    async with serving(room, path):
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await shell.communicate()
    assert (out, err) == (b"0\n", b"")


def test_an_encoding_that_lacks_our_signs_shows_them_in_ascii_and_others_as_question_marks() -> None:
    raw = io.BytesIO()
    out = Output(io.TextIOWrapper(raw, encoding="ascii", write_through=True), io.StringIO(), as_json=False)
    EventLines(out).show(EventRecord(at=NOW, kind="scale-up", text="want 1 → start é"))
    assert raw.getvalue().endswith(b"want 1 > start ?\n")
