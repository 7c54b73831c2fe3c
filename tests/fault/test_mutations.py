"""The protocol, broken on purpose in the ways that matter: the judge must see every one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fault import mutations
from tests.fault.generate import generate
from tests.fault.history import (
    Command,
    Conditions,
    Day,
    Edit,
    EditKind,
    Fault,
    FaultKind,
    History,
    Shape,
)
from tests.fault.mutations import MUTATIONS
from tests.fault.play import play

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

Mutation = Callable[[pytest.MonkeyPatch], None]

LOSING = Conditions(network=(("reset", 0.3), ("gateway-after", 0.2)))
FAILING = Conditions(faults=(("fail-generation", 0.5),), latency="fixed:20")


def _edits(*kinds: EditKind) -> tuple[Edit, ...]:
    return tuple(Edit(kind, 0) for kind in kinds)


UNLISTED = ("lists-lag=100000",)
"""Lists that show nothing for more than a day: no search helps."""

LATE_AND_TWICE = ("ignore-keys", "lists-lag=40")
"""Keys that are ignored, and lists that show it late: several bodies may leave again before."""

UNSAID = (Fault(FaultKind.KILL_COMMIT, 1, "results:before-write"),)

ERRANDS = {
    "rebuild_forgets_takes": (
        Day(),
        Day(edits=_edits(EditKind.DAMAGE_LEDGER), command=Command.REBUILD),
        Day(),
    ),
    "rebuild_asks_no_account": (
        Day(),
        Day(edits=_edits(EditKind.ADD, EditKind.ADD), faults=UNSAID),
        Day(edits=_edits(EditKind.LOSE_LEDGER), command=Command.REBUILD),
    ),
    "start_without_the_results": (Day(), Day(edits=_edits(EditKind.LOSE_LEDGER))),
    "write_over_newer_results": (
        Day(),
        Day(edits=_edits(EditKind.KEEP_COPY, EditKind.ADD, EditKind.ADD)),
        Day(edits=_edits(EditKind.RESTORE_LEDGER), command=Command.FETCH),
    ),
    "take_in_looks_alone": (
        Day(),
        Day(
            edits=_edits(EditKind.KEEP_COPY, EditKind.ADD, EditKind.ADD),
            conditions=Conditions(network=(("reset", 0.9),), latency="fixed:20"),
            faults=(Fault(FaultKind.INTERRUPT, 60), Fault(FaultKind.INTERRUPT, 61)),
        ),
        Day(edits=_edits(EditKind.RESTORE_LEDGER)),
    ),
    "ask_about_no_other_ledger": (Day(), Day(edits=_edits(EditKind.RENAME_MANIFEST))),
    "forget_what_a_price_was_said_to_be": (Day(command=Command.PRICED),),
    "carry_out_any_saved_plan": (
        Day(edits=_edits(EditKind.ADD)),
        Day(command=Command.SAVE_PLAN),
        Day(edits=_edits(EditKind.PROMPT, EditKind.ADD), command=Command.RUN_PLAN),
    ),
    "select_everything": (Day(command=Command.SELECT),) * 2,
    "prune_whole_groups": (
        Day(),
        Day(edits=_edits(EditKind.BASE, EditKind.REMOVE, EditKind.REMOVE)),
        Day(edits=_edits(EditKind.REMOVE, EditKind.REMOVE), command=Command.PRUNE),
        Day(command=Command.PRUNE),
    ),
    "prune_what_is_picked": (Day(), Day(command=Command.PRUNE)),
    "record_what_is_not_listed": (Day(), Day(command=Command.RECORD)),
}
"""What people do where a mutation of what they run matters."""


def _drawn(days: tuple[Day, ...], seed: int) -> tuple[Day, ...]:
    return tuple(
        replace(day, edits=tuple(Edit(e.kind, 100 * seed + n) for n, e in enumerate(day.edits)))
        for day in days
    )


def _lost_before_and_after_an_edit(seed: int) -> tuple[Day, ...]:
    """Return days after which two looks of a name are listed, made of different bodies."""
    base = Day(max_cost=Decimal(1), up_to_budget=True)
    silent = Day(conditions=Conditions(network=(("reset", 0.85),), behaviour=UNLISTED))
    edits = _edits(*[EditKind.PROMPT] * 4)
    edited = _drawn((silent, replace(silent, edits=edits)), seed)
    return (base, *edited, Day(wait=90_000.0))


def some_bad_days(mutation: Mutation) -> Iterator[History]:
    """Return histories that lead to where the mutation matters, and then just any."""
    name = mutation.__name__
    for seed in range(12):
        shape = Shape(seed, 6)
        if name == "swallow_cancellation":
            twice = [Fault(FaultKind.INTERRUPT, 30 + 8 * seed + n) for n in (0, 1)]
            slow = Conditions(network=(("slow-answer", 0.8),))
            yield History(seed, shape, (Day(conditions=slow, faults=tuple(twice)),))
        elif name == "ignore_the_ceilings":
            tight = Day(conditions=FAILING, max_cost=Decimal(4), up_to_budget=True)
            yield History(seed, shape, (tight,), refund_failed=False)
        elif name == "call_failures_refunded":
            yield History(seed, shape, (Day(conditions=FAILING),), refund_failed=False)
        elif name == "keys_live_forever":
            killed = Day(faults=(Fault(FaultKind.KILL_ANSWER, 1 + seed % 3),))
            days = (killed, Day(wait=90_000.0))
            yield History(seed, shape, days, behaviour=UNLISTED)
        elif name == "believe_a_refused_replay":
            paced = replace(LOSING, faults=(("rate-limit", 0.4),))
            yield History(seed, shape, (Day(conditions=paced),), behaviour=UNLISTED)
        elif name == "adopt_whatever_fits":
            yield History(seed, shape, _lost_before_and_after_an_edit(seed))
        elif name == "start_without_the_results":  # and a list that shows nothing asks nobody
            yield History(seed, shape, _drawn(ERRANDS[name], seed), behaviour=UNLISTED)
        elif name == "build_on_any_face":
            drifting = Conditions(faults=(("drift", 0.5),), latency="fixed:20")
            yield History(seed, shape, (Day(conditions=drifting),), faces=True)
        elif name == "replay_all_at_once":
            lost = Conditions(network=(("gateway-after", 0.5),), latency="fixed:20")
            yield History(seed, shape, (Day(conditions=lost),) * 2, behaviour=LATE_AND_TWICE)
        elif name == "free_the_slot_early":
            yield History(seed, shape, (Day(concurrency=2),))
        elif name in ERRANDS:
            yield History(seed, shape, _drawn(ERRANDS[name], seed))
        else:
            yield History(
                seed, shape, (Day(conditions=LOSING), Day(conditions=LOSING, wait=90_000.0))
            )
    yield from map(generate, range(1, 40))


SLOW = frozenset(
    {
        "new_key_on_replay",
        "trust_a_replayed_snapshot",
        "forget_what_a_price_was_said_to_be",
    }
)
"""Many days pass before these are noticed."""


def listed() -> Iterator[object]:
    for mutation in MUTATIONS:
        name = mutation.__name__
        yield pytest.param(mutation, marks=[pytest.mark.long] * (name in SLOW), id=name)


@pytest.mark.parametrize("mutation", list(listed()))
def test_the_judge_catches(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation(monkeypatch)
    for history in some_bad_days(mutation):
        broken = play(history).broken
        if broken is not None:
            assert broken.startswith("Violation")
            assert any(part in broken for part in MUTATIONS[mutation].split("|"))
            return
    pytest.fail("nobody noticed")


@pytest.mark.long
def test_the_unbroken_protocol_survives_the_same_days() -> None:
    for mutation in MUTATIONS:
        history = next(some_bad_days(mutation))
        assert play(history).broken is None, mutation.__name__


def test_every_mutation_is_in_the_list() -> None:
    made = {
        name
        for name, value in vars(mutations).items()
        if callable(value) and getattr(value, "__module__", "") == mutations.__name__
    }
    assert made == {mutation.__name__ for mutation in MUTATIONS}
