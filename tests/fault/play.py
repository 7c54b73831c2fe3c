"""Playing a history: day after day of trouble, then calm days until everything is done."""

import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from runner.errors import BudgetRefused, LedgerClaimed, LedgerQuestion
from runner.ledger.reading import has_sent, has_takes, read_snapshot
from runner.model import Prices, UrlImage
from runner.plan import Action
from runner.plan import plan as make_plan
from runner.plan.graph import list_needs
from runner.plan.model import PlannedLook
from runner.policy.exit_codes import Exit
from runner.takes import Snapshot
from tests.fault.campaigns import HOPELESS, edited
from tests.fault.commands import COMMANDS, decide_beside
from tests.fault.environment import Environment, Violation
from tests.fault.harness import install_harness
from tests.fault.history import BUYING, CALM, Command, Day, Elsewhere, History
from tests.fault.judge import Judge
from tests.fault.manual_actions import ManualActions
from tests.fault.places import Place, begun, first
from tests.fault.process import Ended, Process
from tests.fault.virtual import Deadlock, fixed_order

__all__ = ["Report", "play"]


OUTSIDE = "where it would be saved"
"""A part of the reason why a look is blocked whose reference is in another group."""

LATEST = 400.0
"""Seconds after which nothing is on the wires any more: a person who looks earlier guesses."""

CAREFUL = frozenset({Command.RECONCILE, Command.REBUILD, Command.PRUNE, Command.PRUNE_GROUPS})
"""Before these a person waits until nothing is on the wires."""

ANEW = BUYING | {Command.REBUILD, Command.ADOPT, Command.SAVE_PLAN}
"""What can be done without a ledger."""

ANSWERED = (BudgetRefused, LedgerQuestion)
"""What a person answers on a calm day: with a price, or that everything is to be bought again."""

ROUNDS = 80
"""So many calm commands must be enough to finish any campaign."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a history. ``broken`` is the promise that was broken, None where none was.

    ``books`` are HeyGen's figures and the ledger's events, as they were at the end.
    """

    history: History
    broken: str | None
    log: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    strikes: list[str] = field(default_factory=list)
    commands: int = 0
    books: list[str] = field(default_factory=list)


def play(history: History) -> Report:
    """Play a history from its first day to its end."""
    with fixed_order(), _shortcuts(), _folder() as folder:
        environment = Environment(history, folder)
        broken, books = None, list[str]()
        director = _Director(environment)
        try:
            with (
                environment.database.installed()
                if environment.database is not None
                else nullcontext()
            ):
                director.everything()
                books = [line for judge in environment.judges for line in judge.books()]
        except (Violation, Deadlock) as violation:
            broken = f"{type(violation).__name__}: {violation}"
        except Exception as error:  # noqa: BLE001 - whatever the product lets out is a finding
            where = "".join(traceback.format_exception(error)[-12:])
            broken = f"{type(error).__name__}: {error}"
            environment.say(where.replace(str(folder), "…"))
        finally:
            for judge in environment.judges:
                judge.close()
            environment.simulator.close()
        seen, strikes = environment.seen, environment.strikes
        return Report(history, broken, environment.log, seen, strikes, director.commands, books)


@contextmanager
def _shortcuts() -> Iterator[None]:
    """Look for no cookies: nothing here sets any, and looking takes long."""
    extract = httpx.Cookies.extract_cookies
    cookies: Any = httpx.Cookies
    cookies.extract_cookies = lambda _self, _response: None
    try:
        yield
    finally:
        cookies.extract_cookies = extract


@contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    folder = Path(
        tempfile.mkdtemp(prefix="lookbook-fault-", dir=memory if memory.is_dir() else None)
    )
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Director:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.commands = 0
        self.place = self.first = first(environment)
        self.other: Place | None = None
        environment.colleague = self._work_meanwhile
        environment.beside = self._work_beside

    def everything(self) -> None:
        history = self.environment.history
        for number, day in enumerate(history.days):
            self._go(day.place)
            self._edit(day)
            self._command(day, f"day {number}")
        places = [self.first] if self.other is None else [self.other, self.first]
        for place in places:
            self._enter(place)
            self._heal()
        for place in places:
            self._enter(place)
            self._finish()
        for place in places:
            self._enter(place)
            self._settle()

    # --- where --------------------------------------------------------------------------------

    @property
    def judge(self) -> Judge:
        """The judge of the place where the person works."""
        return self.place.judge

    @property
    def hands(self) -> ManualActions:
        """The hands of whoever works there."""
        return self.place.hands

    def _go(self, number: int) -> None:
        """Go where the next day is: to a place that is begun when somebody is there first."""
        elsewhere = self.environment.history.elsewhere
        if number == 0 or elsewhere is None:
            return self._enter(self.first)
        if self.other is None:
            self.other = begun(elsewhere, self.environment, self.first)
        return self._enter(self.other)

    def _enter(self, place: Place) -> None:
        self.place = place
        place.entered(self.environment, self.first)

    # --- a day --------------------------------------------------------------------------------

    def _edit(self, day: Day) -> None:
        for edit in day.edits:
            place = self.place
            before = place.campaign
            self.hands.carry_out(edit)
            place.campaign = edited(before, edit, place.former, self.environment.stock)
            if place.campaign != before:
                place.former.append(before)
                self.environment.seen[f"edit {edit.kind}"] += 1
                self.environment.say(f"person: edit {edit}")

    def _command(self, day: Day, name: str) -> Ended:
        environment = self.environment
        careful = day.command in CAREFUL or self.judge.lost
        environment.let_pass(max(day.wait, LATEST if careful else 0.0))
        environment.skew += day.clock
        environment.set_weather(day.conditions)
        environment.top_up(day.top_up)
        if day.consents:
            environment.grant_consents()
        day = self._mindful(day)
        environment.say(f"=== {name}: {day.command}")
        process = Process(environment, self.commands, day, self.place.campaign)
        self.commands += 1
        command = COMMANDS[day.command]
        if day.command not in ANEW and not self.judge.exists():
            return Ended(code=2)
        environment.seen[f"command {day.command}"] += 1
        posts = self.judge.posts
        self.judge.freshen()
        ledger = _inode(self.judge.ledger_path)
        damaged, aside = self.hands.damaged, self.hands.aside is not None
        with install_harness(process):
            ended = process.run(lambda alive: command(self.place.campaign, alive))
        self.judge.freshen()
        self.judge.process_ended()
        if damaged and self.judge.posts != posts:
            raise Violation("a paid request was sent from a ledger that cannot be read")
        if aside and day.command is not Command.NEW_LEDGER and self.judge.posts != posts:
            raise Violation("a paid request was sent beside a ledger that holds the campaign")
        environment.seen["another ledger asked about"] += isinstance(ended.error, LedgerQuestion)
        if isinstance(ended.error, LedgerQuestion) or ended.code == Exit.PERSON:
            self._bring_results_back()
        self.hands.find_ledger()
        why = f", {ended.error}" if ended.error is not None else ""
        environment.say(f"=== {name} ends: {_said(ended)}{why}")
        environment.seen[f"ends {_said(ended)}"] += 1
        replaced = _inode(self.judge.ledger_path) != ledger
        self.judge.rebuilt = day.command is Command.REBUILD and replaced
        self.judge.audit(self.place.campaign)
        if (
            self.other is not None
            and self.other is not self.place
            and environment.database is not None
        ):
            self.other.judge.audit(self.other.campaign)
        self.place.left(environment, self.first)
        return ended

    def _work_meanwhile(self) -> None:
        """Run the same campaign from another checkout, while a process is stopped."""
        environment, here = self.environment, self.place
        again = self.judge.put_aside()
        manifest = environment.folder / "colleague" / here.campaign.manifest.name
        manifest.parent.mkdir(exist_ok=True)
        there = replace(
            here,
            kind=Elsewhere.BARE,
            state=manifest.with_suffix(".lookbook"),
            campaign=replace(here.campaign, manifest=manifest),
        )
        there.entered(environment, here)
        process = Process(environment, self.commands, Day(conditions=CALM), there.campaign)
        self.commands += 1
        environment.say("=== a colleague runs it")
        with install_harness(process):
            ended = process.run(lambda alive: COMMANDS[Command.RUN](there.campaign, alive))
        environment.say(f"=== the colleague ends: {_said(ended)} {ended.error or ''}".rstrip())
        environment.seen[f"a colleague ends {_said(ended)}"] += 1
        if isinstance(ended.error, LedgerClaimed):
            self._decide_meanwhile(there)
        environment.lost_pictures |= self.judge.entered(here.state)
        if not process.has_claimed:
            again()

    def _work_beside(self) -> None:
        """Run the account's other campaign at the same time, as another machine does."""
        environment, elsewhere = self.environment, self.environment.history.elsewhere
        if elsewhere not in (Elsewhere.SUMMER, Elsewhere.ON_SPRING) or self.place is not self.first:
            return
        if self.other is None:
            self.other = begun(elsewhere, environment, self.first)
        there, day = (
            self.other,
            Day(conditions=CALM, concurrency=environment.process.day.concurrency),
        )
        process = Process(environment, self.commands, day, there.campaign)
        process.state, process.judge = there.state, there.judge
        self.commands += 1
        environment.say("=== another machine runs the other campaign beside it")
        environment.run_beside(process, lambda: COMMANDS[Command.RUN](there.campaign, process))

    def _decide_meanwhile(self, there: Place) -> None:
        """Pick a take from another checkout: it waits for whoever writes the ledger."""
        process = Process(self.environment, self.commands, Day(conditions=CALM), there.campaign)
        self.commands += 1
        with install_harness(process):
            process.run(lambda alive: decide_beside(there.campaign, alive))

    def _bring_results_back(self) -> None:
        """Bring what the other checkout knows, where nobody does that all the time."""
        there = self.other if self.place is self.first else self.first
        if self.environment.history.elsewhere is Elsewhere.BARE and there is not None:
            self.environment.say("person: brings back results.json")
            self.environment.seen["results brought back"] += 1
            self.place.bring_results(self.environment, there)

    def _mindful(self, day: Day) -> Day:
        """A person who lost the ledger, and whose results.json is behind, rebuilds first."""
        gone = self.judge.lost and not self.hands.damaged
        buying = day.command in BUYING - {Command.NEW_LEDGER}
        if gone and self.hands.stale and buying:
            return replace(day, command=Command.REBUILD)
        return day

    # --- the end ------------------------------------------------------------------------------

    def _heal(self) -> None:
        """Put the ledgers back first: a campaign buys nothing beside one that cannot be read."""
        self.hands.rename_folder()
        if self.judge.lost:
            day = Day(wait=600.0, conditions=CALM)
            self._until_it_lives(replace(day, command=Command.REBUILD), "calm rebuild")

    def _finish(self) -> None:
        """Finish, whatever happened.

        On calm days, with a person who helps, everything gets done.
        """
        campaign = self.place.campaign
        self.place.campaign = replace(
            campaign,
            budget=campaign.budget._replace(campaign_usd=None),
            prices=Prices(*self.environment.prices),
        )
        self.environment.skew = max(0.0, self.environment.skew)
        self.environment.month_usd = None
        if self.environment.database is not None:
            self.environment.database.set_ceiling(None)
        wealth = Decimal(1000) if self.environment.history.balance is not None else Decimal(0)
        day = Day(wait=600.0, conditions=CALM, dearer=Decimal(0))
        if self.environment.deleted:
            record = replace(day, command=Command.RECORD)
            ended = self._until_it_lives(record, "calm record")
            if isinstance(ended.error, LedgerQuestion):  # whether it is the same campaign
                self._until_it_lives(replace(record, answers=True), "calm record, answered")
        today = replace(day, top_up=wealth)
        ended = self._command(today, "calm 0")
        rebuilt = False
        for number in range(1, ROUNDS):
            if ended.error is not None and not isinstance(ended.error, ANSWERED):
                raise Violation(f"a calm day ends with {_said(ended)}")
            if self._done():
                break
            command, answers, retry = Command.RUN, False, False
            if isinstance(ended.error, LedgerQuestion):
                answers = self.environment.database is not None or has_takes(self.judge.ledger)
                command = Command.RUN if answers else Command.NEW_LEDGER
                if answers and today.command in (Command.RETRY, Command.PRICED):
                    command, retry = today.command, today.retry  # what asked is what is answered
                lost = self.environment.database is None and self.judge.loss.ever
                if lost and not rebuilt and not has_sent(self.judge.ledger):
                    command, rebuilt = Command.REBUILD, True  # as the question advises
            elif ended.error is not None:  # the wallet showed what others bought as well
                command = Command.PRICED
                retry = today.command is Command.RETRY  # what was refused is what is priced
            elif ended.code == Exit.PERSON:
                by_turns = (Command.RECONCILE, Command.APPROVE, Command.FETCH)
                command = (
                    by_turns[number % 3] if self.environment.history.faces else Command.RECONCILE
                )
            elif ended.code == Exit.FAILED and number % 2:
                command = Command.RETRY
            # A refusal may be stored under a key for as long as that lives.
            wait = 10_800.0 if ended.code in (Exit.UNDER_WAY, Exit.ACCOUNT) else 60.0
            today = replace(day, command=command, wait=wait, answers=answers, retry=retry)
            ended = self._command(today, f"calm {number}")
            if command is Command.RECONCILE and ended.code == Exit.PERSON:
                self._decide_elsewhere(day)
        else:
            raise Violation(f"not done after {ROUNDS} calm commands; the last: {_said(ended)}")
        self.environment.armed.clear()
        self._command(replace(day, command=Command.FETCH), "fetch")

    def _decide_elsewhere(self, day: Day) -> None:
        """Decide in the other folder first what may be its own."""
        here = self.place
        there = self.other if here is self.first else self.first
        if there is None or not there.judge.exists():
            return
        self._enter(there)
        decide = replace(day, command=Command.RECONCILE)
        ended = self._command(decide, "decided elsewhere")
        if isinstance(ended.error, LedgerQuestion):  # whether it is the same campaign
            self._command(replace(decide, answers=True), "decided elsewhere, answered")
        self._enter(here)

    def _settle(self) -> None:
        """Assert that nothing is left to do and that HeyGen's books and the ledger agree."""
        day = Day(wait=600.0, conditions=CALM)
        posts = self.judge.posts
        self._command(day, "again")
        if self.judge.posts != posts:
            raise Violation("everything was done, and a run sent another paid request")
        if self.environment.database is not None and self.environment.database.count_decisions():
            raise Violation("a decision still waits for whoever writes the ledger")
        snapshot = self.judge.audit(self.place.campaign)
        if snapshot is not None:
            self.judge.settled(snapshot)

    def _until_it_lives(self, day: Day, name: str) -> Ended:
        """Run a command again for as long as it is killed: armed commit points kill even now."""
        ended = self._command(day, name)
        for _ in range(ROUNDS):
            if not ended.killed:
                break
            ended = self._command(day, name)
        return ended

    def _done(self) -> bool:
        snapshot = read_snapshot(self.judge.ledger)
        excused, gone = self._hopeless(snapshot), self._without_base()
        plan = make_plan(self.place.campaign, snapshot)
        idle = (Action.KEEP, Action.STALE, Action.ORPHANED)
        if plan.unwanted_in_flight:
            return False
        return all(
            action.action in idle
            or (action.action is Action.BLOCKED and action.key in excused)
            or action.key in gone
            or (action.action is Action.RENAME and self._is_somebody_elses_name(action, snapshot))
            for action in plan.actions
        )

    def _is_somebody_elses_name(self, action: PlannedLook, snapshot: Snapshot) -> bool:
        """Return whether a look keeps the name that a person gave it at HeyGen.

        Of a look that only a results file tells of: a run says so, and what helps, and goes on.
        """
        pick = snapshot.pick(action.key)
        shown = self.environment.simulator.account.looks.get(pick.avatar_id or "") if pick else None
        if pick is None or shown is None or action.look is None:
            return False
        query = "SELECT 1 FROM events WHERE kind = 'imported' AND take = ?"
        imported = bool(self.judge.rows(query, pick.uid))
        return imported and shown.name not in (pick.name, action.look.name)

    def _without_base(self) -> set[str]:
        """Return what names an existing look that was deleted at HeyGen, and what needs that."""
        there, gone = self.environment.simulator.account.looks, set[str]()
        for look in self.place.campaign.looks:
            missing = look.existing is not None and look.existing not in there
            if missing or any(key in gone for key in list_needs(look)):
                gone.add(look.key)
        return gone

    def _hopeless(self, snapshot: Snapshot) -> set[str]:
        """Return the looks that can never be had: a picture that is gone, or another group."""
        hopeless: set[str] = set()
        for action in make_plan(self.place.campaign, snapshot).actions:
            look = action.look
            if look is None:
                continue
            pointless = UrlImage(HOPELESS) in look.images
            elsewhere = action.action is Action.BLOCKED and OUTSIDE in action.reason
            if pointless or elsewhere or any(key in hopeless for key in list_needs(look)):
                hopeless.add(look.key)
        return hopeless


def _said(ended: Ended) -> str:
    if ended.killed:
        return "killed"
    if ended.error is not None:
        return f"{type(ended.error).__name__}"
    return f"exit {ended.code}"


def _inode(path: Path) -> int | None:
    """Return which file lies at a path, None where none does."""
    return path.stat().st_ino if path.exists() else None
