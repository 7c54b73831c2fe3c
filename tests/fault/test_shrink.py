"""A failing history is made short, and stays a failing one; a long run can stop and go on."""

from collections import Counter
from pathlib import Path

import pytest

from tests.fault.generate import generate
from tests.fault.history import Conditions, Day, Edit, EditKind, Fault, FaultKind, History, Shape
from tests.fault.play import Report, play
from tests.fault.shrink import shrunk
from tests.fault.tally import Tally

GUILTY = Fault(FaultKind.KILL_TURN, 99)
STORM = Conditions(faults=(("slow", 0.5), ("garbage", 0.1)), network=(("late", 0.1),))
BROKEN = "Violation: look-07#2 was charged 2 times"


def pretend(history: History) -> Report:
    """Fail exactly when the guilty fault and one strike of the weather are there."""
    there = any(GUILTY in day.faults for day in history.days)
    struck = any(dict(day.conditions.faults).get("garbage") for day in history.days)
    bad = there and struck and "garbage@7" not in history.muted
    return Report(history, BROKEN if bad else None, strikes=["slow@3", "garbage@7", "late@9"])


def test_only_what_is_guilty_is_left() -> None:
    edits = (Edit(EditKind.TITLE, 1), Edit(EditKind.KEY, 2))
    days = (
        Day(conditions=STORM, edits=edits),
        Day(faults=(Fault(FaultKind.INTERRUPT, 5), GUILTY), conditions=STORM, clock=400.0),
        Day(conditions=STORM),
    )
    history = History(1, Shape(1, 6), days, armed=("lost:before-commit",))
    short = shrunk(pretend(history), again=pretend)
    assert short.broken is not None
    (day,) = short.history.days
    assert day.faults == (GUILTY,)
    assert day.conditions.faults == (("garbage", 0.1),)
    assert not day.conditions.network
    assert not day.edits
    assert not day.clock
    assert not short.history.armed
    assert short.history.muted == {"slow@3", "late@9"}
    assert short.history.shape.without == {f"look-{number:02d}" for number in range(5)}


def test_it_ends_after_so_many_plays() -> None:
    plays = 0

    def counted(history: History) -> Report:
        nonlocal plays
        plays += 1
        return Report(history, "Violation: always")

    shrunk(Report(generate(3), "Violation: always"), again=counted, most=7)
    assert plays == 7


def test_a_history_says_what_it_is_made_of() -> None:
    text = "\n".join(generate(8).lines())
    assert "seed 8" in text
    assert "day 0" in text


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_muted_strike_does_not_happen() -> None:
    stormy = Day(conditions=Conditions(network=(("reset", 0.3),), latency="fixed:20"))
    history = History(4, Shape(4, 3), (stormy,))
    assert play(history).strikes
    quiet = History(4, Shape(4, 3), (stormy,), muted=frozenset(f"reset@{n}" for n in range(999)))
    assert play(quiet).strikes == []


def test_a_long_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    tally = Tally()
    tally.add(Report(generate(4), BROKEN, commands=3, seen=Counter({"fault slow": 2})))
    tally.save(tmp_path / "tally.json")
    again = Tally.saved(tmp_path / "tally.json")
    assert again == tally
    assert (again.done, again.commands, again.broken) == (1, 3, {"4": BROKEN})
    assert Tally.saved(tmp_path / "none.json") == Tally()
