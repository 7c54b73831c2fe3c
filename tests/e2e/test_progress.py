"""What a run says while it goes on, on a terminal and elsewhere."""

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import anyio
import pytest

from runner.cli.progress import Progress
from runner.model import Look, LookKind
from runner.plan import plan
from runner.plan.run_eta import RunEta, estimate_plan
from runner.policy.lifecycle import Event
from runner.takes import Billing, Snapshot, Take, TakeState
from tests.executor.harness import campaign, look, run_virtual


class Terminal(io.StringIO):
    """A stream that says it is a terminal of so many columns."""

    def isatty(self) -> bool:
        return True


def take(key: str, state: TakeState = TakeState.PROCESSING, at: float = 1000.0) -> Take:
    made = Take(f"uid-{key}", key, 1, LookKind.PROMPT, "i", "{}", "name")
    done = at + 60 if state is TakeState.COMPLETED else None
    made = replace(made, state=state, price=Decimal(1), billing=Billing.BILLED)
    return replace(made, accepted_at=at, completed_at=done)


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def outlook(time: Time, *looks: Look, known: Snapshot | None = None, slots: int = 10) -> RunEta:
    known = known or Snapshot()
    return RunEta(plan(campaign(*looks), known), known, slots=lambda: slots, now=time)


def begun(stream: io.StringIO, time: Time, count: int) -> Progress:
    """A run of a base and so many looks made from it, the base under way."""
    looks = [look(f"look-{i}") for i in range(count)]
    progress = Progress(ceiling=Decimal(25), stream=stream)
    progress.begin(count + 1, outlook(time, *looks))
    progress.take_changed(take("base"), Event.INTENDED)
    progress.take_changed(take("base"), Event.ACCEPTED)
    return progress


def finish(progress: Progress, time: Time, key: str = "base") -> None:
    time.now += 60
    progress.take_changed(take(key, TakeState.COMPLETED, time.now - 60), Event.COMPLETED)


# --- the outlook ------------------------------------------------------------------------------


def test_a_run_on_a_new_account_has_an_unknown_time_left() -> None:
    assert outlook(Time(), look("a")).left() is None


def test_the_first_look_tells_how_long_the_others_take() -> None:
    time = Time()
    ahead = outlook(time, *[look(f"look-{i}") for i in range(4)], slots=2)
    ahead.follow(take("base"), Event.INTENDED)
    ahead.follow(take("base"), Event.ACCEPTED)
    assert ahead.in_progress == 1
    time.now += 60
    ahead.follow(take("base", TakeState.COMPLETED), Event.COMPLETED)
    assert ahead.in_progress == 0
    assert ahead.left() == 120  # four looks, two at once


def test_what_earlier_runs_took_is_known_before_the_first_look() -> None:
    done = take("from-last-quarter", TakeState.COMPLETED)
    known = Snapshot(takes={"from-last-quarter": (done,)})
    assert outlook(Time(), look("a"), known=known).left() == 120  # the base, then the look


def test_time_passes_for_what_is_in_progress() -> None:
    time = Time()
    known = Snapshot(takes={"old": (take("old", TakeState.COMPLETED),)})
    ahead = outlook(time, known=known)
    assert ahead.left() == 60
    ahead.follow(take("base"), Event.INTENDED)
    ahead.follow(take("base"), Event.ACCEPTED)
    time.now += 45
    assert ahead.left() == 15


def test_looks_that_are_held_back_take_no_time() -> None:
    time = Time()
    known = Snapshot(takes={"old": (take("old", TakeState.COMPLETED),)})
    ahead = outlook(time, look("a"), known=known)
    ahead.follow(take("base"), Event.INTENDED)
    ahead.follow(take("base"), Event.FAILED)
    ahead.drop_blocked(["a"])
    assert ahead.left() == 0


def test_nobody_knows_when_a_consent_is_given() -> None:
    time = Time()
    known = Snapshot(takes={"old": (take("old", TakeState.COMPLETED),)})
    ahead = outlook(time, known=known)
    ahead.follow(take("base"), Event.INTENDED)
    ahead.follow(take("base"), Event.ACCEPTED)
    ahead.follow(take("base", TakeState.PENDING_CONSENT), Event.CONSENT)
    assert ahead.left() == 0
    ahead.follow(take("base"), Event.CONSENTED)
    assert ahead.left() == 60


def test_a_plan_says_how_long_it_takes() -> None:
    known = Snapshot(takes={"old": (take("old", TakeState.COMPLETED),)})
    made = plan(campaign(look("a")), known)
    assert estimate_plan(made, Snapshot(), slots=10, now=Time()) == "time not known yet"
    assert estimate_plan(made, known, slots=10, now=Time()) == "about 2 min"


# --- plain lines ------------------------------------------------------------------------------


def test_where_there_is_no_terminal_a_finished_look_says_what_is_left() -> None:
    stream, time = io.StringIO(), Time()
    progress = begun(stream, time, 2)
    time.now += 60
    progress.take_changed(take("lost"), Event.FAILED)
    finish(progress, time)
    assert stream.getvalue().splitlines() == [
        "[1/3] lost#1 failed: None (time left unknown)",
        "[2/3] base#1 generated (about 1 min left)",
    ]


def test_the_first_lost_answer_says_that_nothing_is_sent_blindly() -> None:
    stream, time = io.StringIO(), Time()
    progress = begun(stream, time, 2)
    for key in ("base", "look-1"):
        progress.take_changed(replace(take(key), error_message="reset."), Event.LOST)
    first, second = stream.getvalue().splitlines()
    assert first.endswith("unknown: reset. The account is searched before it is sent again.")
    assert second.endswith("look-1#1 outcome unknown: reset.")


def test_the_last_line_has_no_time_left() -> None:
    stream, time = io.StringIO(), Time()
    progress = begun(stream, time, 0)
    finish(progress, time)
    assert stream.getvalue().splitlines()[-1] == "[1/1] base#1 generated"


# --- the bar ----------------------------------------------------------------------------------


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return how wide the terminal is; a stream in memory has no other way to say it."""

    def wide(count: int) -> None:
        monkeypatch.setenv("COLUMNS", str(count))
        monkeypatch.setenv("LINES", "24")

    monkeypatch.setenv("TERM", "xterm")
    return wide


def drawn(stream: io.StringIO) -> str:
    """Return what stands on the last line of the terminal."""
    return stream.getvalue().rstrip("\n").rpartition("\r")[2].rstrip()


def test_the_bar_says_done_in_progress_money_and_time(columns: Callable[[int], None]) -> None:
    columns(100)
    stream, time = Terminal(), Time()
    progress = begun(stream, time, 2)
    assert drawn(stream).endswith("0/3, 1 in progress, $1.00 of $25.00, time left unknown")
    finish(progress, time)
    assert drawn(stream).endswith("1/3, 0 in progress, $1.00 of $25.00, about 1 min left")
    assert drawn(stream).startswith(" 33%|")
    progress.close()
    assert drawn(stream).endswith("1/3, $1.00 of $25.00")
    progress.close()


def test_failures_are_in_the_bar_and_told_above_it(columns: Callable[[int], None]) -> None:
    columns(100)
    stream, time = Terminal(), Time()
    progress = begun(stream, time, 2)
    progress.take_changed(take("base", TakeState.FAILED), Event.FAILED)
    assert "base#1 failed: None\n" in stream.getvalue()
    assert "1/3, 0 in progress, 1 failed" in drawn(stream)
    progress.close()


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (80, "1/3, 0 in progress, $1.00 of $25.00, about 1 min left"),
        (70, "1/3, $1.00 of $25.00, about 1 min left"),
        (50, "1/3, about 1 min left"),
        (30, "1/3"),
    ],
)
def test_a_narrow_terminal_gets_what_matters_most(
    columns: Callable[[int], None], width: int, words: str
) -> None:
    columns(width)
    stream, time = Terminal(), Time()
    progress = begun(stream, time, 2)
    finish(progress, time)
    line = drawn(stream)
    assert line.endswith(f"| {words}")
    assert len(line) <= width
    progress.close()


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    columns: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream, time = Terminal(), Time()
    progress = begun(stream, time, 1)
    finish(progress, time)
    progress.close()
    assert stream.getvalue().startswith("[1/2] base#1 generated (")
    assert "\r" not in stream.getvalue()


def test_the_bar_goes_on_while_nothing_happens(columns: Callable[[int], None]) -> None:
    columns(100)
    stream, time = Terminal(), Time()
    progress = begun(stream, time, 1)
    finish(progress, time)
    progress.take_changed(take("look-0", at=time.now), Event.INTENDED)

    async def wait() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(progress.keep_fresh)
            await anyio.sleep(0.5)
            time.now += 30
            await anyio.sleep(1)
            tasks.cancel_scope.cancel()

    assert drawn(stream).endswith("about 1 min left")
    run_virtual(wait)
    assert drawn(stream).endswith("about 30 s left")
    progress.close()


def test_nothing_in_the_bar_is_coloured(columns: Callable[[int], None]) -> None:
    columns(100)
    stream, time = Terminal(), Time()
    progress = begun(stream, time, 2)
    finish(progress, time)
    progress.close()
    assert "\x1b[3" not in stream.getvalue()
