"""From a seed to a history: what kind of days these will be."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from runner.ledger.events import Note
from runner.policy.lifecycle import Event
from tests.fault.departures import (
    FAULT_KINDS,
    elsewhere,
    has_switches,
    is_blind,
    is_losing,
    lasting,
    passing,
    shared,
)
from tests.fault.history import (
    CALM,
    SHARED_FAULTS,
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
from tests.fault.network import NETWORK_KINDS
from tests.fault.shared_days import draw_shared, play_shared

__all__ = ["POINTS", "generate"]

KINDS = [*Event, Note.RUN_STARTED, Note.RUN_ENDED, Note.WALLET, Note.PICKED, Note.MOVED]
KINDS += [Note.ASSET_SAVED, Note.IMPORTED]
POINTS = [f"{kind}:{moment}" for kind in KINDS for moment in ("before-commit", "after-commit")]
POINTS += ["image:before-rename", "image:after-rename"]
POINTS += ["results:before-write", "results:after-write", "swap:before-link", "swap:after-link"]

OWN_FAULTS = [kind for kind in FaultKind if kind not in SHARED_FAULTS]
"""What can happen wherever the ledger lives."""

ARMED = 5
"""So many commit points kill once in each history; seeds in a row take all of them in a row."""

FACES = 3
"""Which one of eight seeds in a row has a rule about faces."""

LATENCIES = (
    "fixed:20",
    "uniform:5,120",
    "lognormal:60,0.5",
    "lognormal:60,0.5",
    "lognormal:90,1.4",
)


def generate(seed: int, *, shared: bool = False) -> History:
    """Decide everything that will happen under a seed; perhaps on a shared ledger all the same."""
    history = _generate(seed)
    return play_shared(history) if shared else draw_shared(history)


def _generate(seed: int) -> History:
    rng = Random(f"history/{seed}")
    if seed == 0:
        return History(seed, Shape(0, 12), (Day(conditions=CALM),))
    looks = rng.choice((1, 2, 3, 4, 5, 6, 8, 8, 10, 12))
    poor = rng.random() < 0.2
    days = [_day(rng, number, poor=poor) for number in range(rng.randint(1, 6))]
    armed = tuple(POINTS[(ARMED * seed + n) % len(POINTS)] for n in range(ARMED))
    errands = _errands(rng, armed)
    days = [_themed(day, seed) for day in days] + errands + _story(rng, seed)
    days = _lost_together(rng) + days if is_blind(seed) else days
    days = [_departing(day, passing(seed, number)) for number, day in enumerate(days)]
    where = elsewhere(seed)
    days = shared(days, where, seed) if where is not None else days
    looks = max(looks, 4) if errands or seed % 2 else looks
    faces = seed % 8 == FACES
    days = [_with_fault(day, "drift", 0.35) for day in days] if faces else days
    days = [_with_fault(day, "odd-status", 0.3) for day in days] if has_switches(seed) else days
    looks = max(looks, 5) if faces else looks
    return History(
        seed=seed,
        shape=Shape(rng.randrange(10**9), looks),
        days=tuple(days),
        balance=Decimal(rng.randint(0, looks)) if poor else None,
        price=rng.choice((Decimal("1.00"), Decimal("1.00"), Decimal("0.37"))),
        refund_failed=rng.random() < 0.6 or f"{Event.REFUNDED}:after-commit" in armed,
        armed=armed,
        behaviour=lasting(seed),
        elsewhere=where,
        faces=faces,
        campaign_usd=Decimal(rng.randint(1, 2 * looks)) if rng.random() < 0.12 else None,
    )


def _themed(day: Day, seed: int) -> Day:
    """Return a day the seed's own faults as well: seeds in a row take all kinds in a row."""
    fault, trouble = FAULT_KINDS[seed % len(FAULT_KINDS)], NETWORK_KINDS[seed % len(NETWORK_KINDS)]
    faults = {fault: 0.15} | dict(day.conditions.faults)
    network = {trouble: 0.05} | dict(day.conditions.network)
    network |= {"reset": 0.3} if is_losing(seed) else {}
    conditions = replace(
        day.conditions, faults=tuple(faults.items()), network=tuple(network.items())
    )
    return replace(day, conditions=conditions)


def _with_fault(day: Day, kind: str, chance: float) -> Day:
    faults = (*day.conditions.faults, (kind, chance))
    return replace(day, conditions=replace(day.conditions, faults=faults))


def _departing(day: Day, how: tuple[str, ...]) -> Day:
    return replace(day, conditions=replace(day.conditions, behaviour=how)) if how else day


FAILING = Conditions(faults=(("fail-generation", 0.6),), latency="fixed:20")
UNREACHED = Conditions(network=(("refuse", 0.4),), latency="fixed:20")
CONSENTING = Conditions(faults=(("consent", 0.6),), latency="fixed:20")

ERRANDS: dict[str, tuple[Day, ...]] = {
    Event.RETURNED: (Day(edits=(Edit(EditKind.ADD, 0),) * 2, conditions=UNREACHED),) * 2,
    Note.MOVED: (Day(edits=(Edit(EditKind.KEY, 0),)),),
    Event.RENAMED: (Day(edits=(Edit(EditKind.TITLE, 0),)),),
    Event.IMAGE_MISSING: (Day(edits=(Edit(EditKind.LOSE_PICTURE, 0),), command=Command.FETCH),) * 2,
    Event.DELETED: (Day(edits=(Edit(EditKind.REMOVE, 0),), command=Command.PRUNE),) * 2,
    Event.IMAGE_REMOVED: (
        Day(edits=(Edit(EditKind.REMOVE, 0), Edit(EditKind.PROMPT, 1)), conditions=FAILING),
        Day(command=Command.PRUNE),
        Day(command=Command.DROP),
        Day(command=Command.DROP),
    ),
    Event.REFUNDED: (Day(), Day(), Day(conditions=FAILING, command=Command.REROLL)) * 2,
    Event.CONSENTED: (
        Day(
            edits=(Edit(EditKind.ADD, 0),),
            conditions=CONSENTING,
            consents=False,
            faults=tuple(Fault(FaultKind.CONSENT, turn) for turn in range(40, 640, 40)),
        ),
        Day(edits=(Edit(EditKind.ADD, 1),), conditions=CONSENTING, consents=False),
        Day(edits=(Edit(EditKind.DELETE_AT_HEYGEN, 0),), consents=False),
    ),
    Note.IMPORTED: (Day(), Day(edits=(Edit(EditKind.LOSE_LEDGER, 0),), consents=False), Day()),
    "swap": (
        Day(),
        Day(edits=(Edit(EditKind.DAMAGE_LEDGER, 0),), command=Command.REBUILD),
        Day(command=Command.REBUILD),
    ),
    "image": (Day(edits=(Edit(EditKind.REMOVE, 0),), command=Command.PRUNE),),
}
"""What people have to do so that an event can happen at all."""


KILLED = (Fault(FaultKind.KILL_COMMIT, 2, f"{Event.ACCEPTED}:after-commit"),)
UNSAID = (Fault(FaultKind.KILL_COMMIT, 1, "results:before-write"),)
STOPPED = (Fault(FaultKind.INTERRUPT, 120), Fault(FaultKind.INTERRUPT, 121))
LOSING = Conditions(network=(("reset", 0.5),), latency="fixed:20")
SHARED = tuple(
    Fault(FaultKind.NEIGHBOUR, turn, amount=float(turn % 80 == 10)) for turn in range(10, 400, 40)
)
NARROW = Conditions(latency="uniform:5,120", concurrency=3)
WATCHED = tuple(Fault(FaultKind.ONLOOKER, turn) for turn in range(20, 900, 80))


def _edits(*kinds: EditKind) -> tuple[Edit, ...]:
    return tuple(Edit(kind, 0) for kind in kinds)


STORIES: tuple[tuple[Day, ...], ...] = (
    # A plan is saved, carried out, and carried out once more.
    (
        Day(edits=_edits(EditKind.ADD, EditKind.PROMPT), command=Command.SAVE_PLAN),
        Day(command=Command.RUN_PLAN),
        Day(command=Command.RUN_PLAN),
    ),
    # A plan is saved, and something moves before it is carried out.
    (
        Day(edits=_edits(EditKind.ADD), command=Command.SAVE_PLAN),
        Day(edits=_edits(EditKind.PROMPT, EditKind.TAKES, EditKind.ADD), command=Command.RUN_PLAN),
        Day(),
        Day(edits=_edits(EditKind.UNDO), command=Command.RUN_PLAN),
    ),
    # A saved plan whose run is killed, and that is carried out again.
    (
        Day(edits=_edits(EditKind.ADD, EditKind.TAKES), command=Command.SAVE_PLAN),
        Day(command=Command.RUN_PLAN, faults=KILLED),
        Day(command=Command.RUN_PLAN),
    ),
    # The ledger is damaged; whatever a person tries is refused until it is rebuilt.
    (
        Day(edits=_edits(EditKind.ADD)),
        Day(edits=_edits(EditKind.DAMAGE_LEDGER)),
        Day(command=Command.REBUILD),
        Day(),
    ),
    # The ledger is deleted, and results.json knows everything: a run goes on from it.
    (Day(), Day(edits=_edits(EditKind.LOSE_LEDGER)), Day()),
    # A run dies before it writes its results, and then the ledger gets lost.
    (
        Day(),
        Day(edits=_edits(EditKind.ADD, EditKind.ADD, EditKind.TAKES), faults=UNSAID),
        Day(edits=_edits(EditKind.LOSE_LEDGER), command=Command.REBUILD),
        Day(),
    ),
    # The same in the middle of its work.
    (
        Day(),
        Day(edits=_edits(EditKind.ADD, EditKind.ADD), faults=KILLED),
        Day(edits=_edits(EditKind.DAMAGE_LEDGER), command=Command.REBUILD),
        Day(),
    ),
    # Looks are deleted and renamed at HeyGen, and a person looks what is different.
    (
        Day(),
        Day(edits=_edits(EditKind.DELETE_DONE, EditKind.LOSE_PICTURE), command=Command.REFRESH),
        Day(edits=_edits(EditKind.RENAME_AT_HEYGEN), command=Command.RECORD),
        Day(),
    ),
    # Another campaign starts from looks that the account has.
    (Day(command=Command.ADOPT), Day(command=Command.ADOPT), Day()),
    # Some looks, again and again.
    (Day(edits=_edits(EditKind.ADD), command=Command.SELECT),) * 3,
    # People look on while a run works, and take the results with them.
    (
        Day(edits=_edits(EditKind.ADD), faults=WATCHED),
        Day(command=Command.EXPORT),
    ),
    # A backup of the ledger is put back; what was bought since stands in results.json alone.
    (
        Day(),
        Day(edits=_edits(EditKind.KEEP_COPY, EditKind.ADD, EditKind.TAKES)),
        Day(edits=_edits(EditKind.RESTORE_LEDGER)),
        Day(),
    ),
    # The whole folder is deleted, or was never kept; a person makes a ledger of what is there.
    (
        Day(),
        Day(edits=_edits(EditKind.LOSE_FOLDER)),
        Day(command=Command.REBUILD),
        Day(edits=_edits(EditKind.ADD)),
    ),
    # The same while something is on its way, and somebody does something else first.
    (
        Day(),
        Day(
            edits=_edits(EditKind.KEEP_COPY, EditKind.ADD, EditKind.ADD),
            faults=STOPPED,
            conditions=LOSING,
        ),
        Day(edits=_edits(EditKind.RESTORE_LEDGER), command=Command.FETCH),
        Day(command=Command.RECONCILE),
    ),
    # The manifest is renamed; a run is refused, and a person begins again.
    (
        Day(),
        Day(edits=_edits(EditKind.RENAME_MANIFEST)),
        Day(command=Command.NEW_LEDGER, faults=KILLED),
        Day(edits=_edits(EditKind.ADD), command=Command.NEW_LEDGER),
    ),
    # The ledger is deleted, and a person begins again although there are results.
    (
        Day(),
        Day(edits=_edits(EditKind.LOSE_LEDGER), command=Command.NEW_LEDGER),
        Day(edits=_edits(EditKind.ADD)),
    ),
    # A person asserts a price that HeyGen does not take, under a ceiling.
    (
        Day(edits=_edits(EditKind.ADD), command=Command.PRICED, faults=KILLED),
        Day(edits=_edits(EditKind.ADD, EditKind.TAKES), command=Command.PRICED, conditions=FAILING),
        Day(
            edits=_edits(EditKind.ADD, EditKind.TAKES, EditKind.PROMPT),
            command=Command.PRICED,
            dearer=Decimal("-0.07"),
            max_cost=Decimal(2),
            up_to_budget=True,
        ),
        Day(command=Command.REROLL),
    ),
    # Everything is made anew from another base, the old one's group is deleted, and wanted again.
    (
        Day(),
        Day(edits=_edits(EditKind.BASE)),
        Day(command=Command.CASCADE),
        Day(command=Command.PRUNE_GROUPS),
        Day(edits=_edits(EditKind.UNDO)),
    ),
    # Another machine has the account's places, and its money, while this one works.
    (
        Day(edits=_edits(EditKind.ADD, EditKind.ADD), faults=SHARED, conditions=NARROW),
        Day(edits=_edits(EditKind.PROMPT, EditKind.TAKES), faults=SHARED, conditions=NARROW),
    ),
    # Older results are put back, and say nothing new.
    (
        Day(edits=_edits(EditKind.ADD)),
        Day(edits=_edits(EditKind.KEEP_COPY, EditKind.PROMPT)),
        Day(edits=_edits(EditKind.RESTORE_RESULTS)),
    ),
    # What is no longer wanted is deleted; never more.
    (
        Day(edits=_edits(EditKind.PROMPT, EditKind.TAKES)),
        Day(edits=_edits(EditKind.REMOVE, EditKind.REMOVE), command=Command.PRUNE),
        Day(edits=_edits(EditKind.BASE), command=Command.PRUNE),
        Day(command=Command.PRUNE),
    ),
)
"""What people do one thing after the other. Every second seed ends with one, in a row."""


def _story(rng: Random, seed: int) -> list[Day]:
    if seed % 2 == 0:
        return []
    bad = [rng.random() < 0.5 for _ in range(4)]
    return [
        replace(
            day,
            edits=tuple(_edit(rng, edit.kind) for edit in day.edits),
            conditions=_weather(rng) if bad[place % 4] else day.conditions,
        )
        for place, day in enumerate(STORIES[seed // 2 % len(STORIES)])
    ]


def _lost_together(rng: Random) -> list[Day]:
    """Return days on which the answers of several looks are lost at once, at a confirmed price."""
    edits = tuple(_edit(rng, EditKind.PROMPT) for _ in range(4))
    outage = Conditions(faults=(("gateway-504", 0.5),), latency="fixed:20")
    return [Day(conditions=CALM), Day(edits=edits, conditions=outage)]


def _errands(rng: Random, armed: tuple[str, ...]) -> list[Day]:
    """Return the days on which people do what leads to the armed commit points."""
    kinds = dict.fromkeys(point.partition(":")[0] for point in armed)
    days = [day for kind in kinds for day in ERRANDS.get(kind, ())]
    drawn = [[_edit(rng, edit.kind) for edit in day.edits] for day in days]
    return [replace(day, edits=tuple(edits)) for day, edits in zip(days, drawn, strict=True)]


def _day(rng: Random, number: int, *, poor: bool) -> Day:
    command = Command.RUN
    if number:
        command = rng.choice((*[Command.RUN] * 14, *Command))
    max_cost = Decimal(rng.randint(1, 10)) if rng.random() < 0.1 else None
    return Day(
        command=command,
        wait=rng.choice((1.0, 60.0, 60.0, 900.0, 7200.0, 80_000.0, 90_000.0, 200_000.0)),
        clock=_jump(rng) if rng.random() < 0.08 else 0.0,
        edits=tuple(_edit(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 4)) if number else 0)),
        conditions=_weather(rng),
        faults=_draw_faults(rng),
        concurrency=rng.choice((1, 2, 3, 5, 10, 10)),
        max_cost=max_cost,
        up_to_budget=max_cost is not None or rng.random() < 0.2,
        top_up=Decimal(rng.randint(0, 4)) if poor and number else Decimal(0),
        consents=rng.random() < 0.7,
        dearer=rng.choice((Decimal("0.07"), Decimal("-0.07"))),
    )


def _weather(rng: Random) -> Conditions:
    bad = rng.random()
    kinds = [kind for kind in FAULT_KINDS if rng.random() < 0.25] if bad < 0.85 else []
    net = [kind for kind in NETWORK_KINDS if rng.random() < 0.2] if bad < 0.85 else []
    chances = (0.02, 0.05, 0.1, 0.2) if bad < 0.7 else (0.2, 0.4)
    return Conditions(
        faults=tuple((kind, rng.choice(chances)) for kind in kinds),
        network=tuple((kind, rng.choice(chances)) for kind in net),
        latency=rng.choice(LATENCIES),
        concurrency=rng.choice((1, 2, 3, 10, 10, 10)),
        store_refusals=rng.random() < 0.3,
    )


def _draw_faults(rng: Random) -> tuple[Fault, ...]:
    chosen = []
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 3))):
        kind = rng.choice((*[FaultKind.KILL_COMMIT] * 4, *[FaultKind.KILL_TURN] * 3, *OWN_FAULTS))
        chosen.append(_draw_fault(rng, kind))
        if kind is FaultKind.INTERRUPT and rng.random() < 0.6:
            at = chosen[-1].at + rng.choice((1, 3, 20, 100))
            chosen.append(Fault(kind, at))
    return tuple(chosen)


def _draw_fault(rng: Random, kind: FaultKind) -> Fault:
    turn = int(10 ** rng.uniform(0.5, 3.7))
    if kind is FaultKind.KILL_COMMIT:
        return Fault(kind, rng.choice((1, 1, 1, 2, 3, 5)), rng.choice(POINTS))
    if kind in (FaultKind.KILL_SEND, FaultKind.KILL_ANSWER):
        return Fault(kind, rng.randint(1, 8))
    if kind is FaultKind.DISK_FULL:
        return Fault(
            kind, int(10 ** rng.uniform(0, 2)), rng.choice(("before-commit", "after-commit"))
        )
    if kind is FaultKind.SLOW_DISK:
        return Fault(kind, rng.randint(1, 50), amount=rng.choice((0.05, 1.0, 10.0)))
    if kind is FaultKind.NEIGHBOUR:
        return Fault(kind, turn, amount=float(rng.random() < 0.5))
    if kind is FaultKind.CONSENT:
        return Fault(kind, rng.randint(30, 600))
    if kind is FaultKind.CLOCK:
        return Fault(kind, turn, amount=_jump(rng))
    return Fault(kind, turn)


def _jump(rng: Random) -> float:
    return rng.choice((-1, 1)) * rng.choice((5.0, 120.0, 400.0, 7200.0, 36_000.0, 100_000.0))


def _edit(rng: Random, kind: EditKind | None = None) -> Edit:
    return Edit(kind or rng.choice(list(EditKind)), rng.randrange(10**6))
