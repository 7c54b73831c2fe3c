"""Ways to break the protocol on purpose. Each must be caught: else the judge is blind to it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from runner.cli import (
    comparison,
    doomed_looks,
    questions,
    rebuild,
    results_news,
    run_attempt,
)
from runner.cli import session as session_module
from runner.cli.commands import fetch
from runner.executor import context, face_gate, purchase, session, temporary_refusals
from runner.executor.context import RunContext
from runner.executor.findings import Finding
from runner.executor.intents import IntentBuilder
from runner.executor.look_tracker import LookTracker
from runner.executor.poller import Poller
from runner.executor.ports import Intent
from runner.executor.rate_gate import RateGate
from runner.executor.replay_turns import ReplayTurns
from runner.executor.resolve_unknown import UnknownResolver
from runner.executor.scheduler import Scheduler
from runner.heygen.client import HeyGen
from runner.ledger import ledger as ledger_module
from runner.ledger.ledger import LedgerFile
from runner.ledger.state import Store
from runner.model import LookKind
from runner.plan import decided, options
from runner.plan.pruning import Pruning
from runner.policy import lifecycle
from runner.policy.decisions import Purchase, decide_purchase
from runner.policy.lifecycle import Event
from runner.policy.rate_limit import RateLimiter
from runner.takes import Billing, Take, TakeState
from tests.fault.environment import KEY
from tests.fault.forgetful import forgetful

__all__ = ["MUTATIONS"]

Patch = pytest.MonkeyPatch


def send_before_commit(patch: Patch) -> None:
    """The intent is written down when the answer is there, not before the request leaves."""
    waiting: dict[str, tuple[LedgerFile, Intent]] = {}
    intend, create = LedgerFile.intend, HeyGen.create_avatar

    async def later(self: LedgerFile, intent: Intent) -> Take:
        uid = intent.take or self._entropy.uid()
        waiting[intent.key] = self, replace(intent, take=uid)
        take = Take(uid, intent.look, 1, intent.kind, intent.identity, "", intent.name)
        return replace(take, key=intent.key)

    async def now(self: HeyGen, body: bytes, key: str) -> Any:
        reply = await create(self, body, key)
        if key in waiting:
            ledger, intent = waiting.pop(key)
            await intend(ledger, intent)
        return reply

    patch.setattr(LedgerFile, "intend", later)
    patch.setattr(HeyGen, "create_avatar", now)


def new_key_on_replay(patch: Patch) -> None:
    """A take of unknown outcome is sent again under a fresh key."""
    resend = LedgerFile.resend

    async def fresh(self: LedgerFile, uid: str, **named: Any) -> Take:
        take = await resend(self, uid, **named)
        facts = {"key": self._entropy.key()}

        def operation(store: Store) -> Any:
            return store.emit(Event.RESENT, facts, take.uid)

        return await self._write(operation)

    patch.setattr(LedgerFile, "resend", fresh)


def forget_the_reservation(patch: Patch) -> None:
    """A request leaves without its price being held."""
    patch.setitem(lifecycle.BILLING, Event.INTENDED, Billing.NONE)


def ignore_the_ceilings(patch: Patch) -> None:
    """A reservation is made although no ceiling has room for it."""
    patch.setattr(ledger_module, "check_ceilings", lambda *_args, **_named: None)


def trust_a_replayed_snapshot(patch: Patch) -> None:
    """A replay's answer counts as the look as it is now."""
    until_decided = Poller.until_decided

    async def at_once(self: Poller, take: Take) -> Take:
        if take.attempts > 1 and take.state is TakeState.PROCESSING:
            return await self._context.record(take.uid, Event.COMPLETED, {})
        return await until_decided(self, take)

    patch.setattr(Poller, "until_decided", at_once)


def free_the_slot_early(patch: Patch) -> None:
    """Stop counting what was accepted as in progress."""
    begin = Scheduler.__init__

    def wide(self: Scheduler, *args: Any, concurrency: int) -> None:
        begin(self, *args, concurrency=concurrency * 4)

    patch.setattr(Scheduler, "__init__", wide)
    patch.setattr(RateGate, "began", lambda _self, _uid: None)
    patch.setattr(RateLimiter, "places", 1000)


def swallow_cancellation(patch: Patch) -> None:
    """A request that was cancelled under way counts as never sent."""
    record = RunContext.record

    async def never_sent(
        self: RunContext, uid: str, event: Event, facts: Mapping[str, Any] | None = None
    ) -> Take:
        ended = (facts or {}).get("error_message") == "the run was ended"
        return await record(self, uid, Event.RETURNED if ended else event, facts)

    patch.setattr(RunContext, "record", never_sent)


def believe_a_refused_replay(patch: Patch) -> None:
    """A 429 to a replay counts as a proof that nothing was bought."""
    record, settle = RunContext.record, UnknownResolver.settle

    def credulous(reply: Any, *, replay: bool) -> Purchase:
        decision = decide_purchase(reply, replay=replay)
        paced = decision is Purchase.UNDECIDED_PACED
        return Purchase.UNDECIDED_REFUSED if paced else decision

    async def absolved(self: RunContext, uid: str, event: Event, facts: Any = None) -> Take:
        refused = (facts or {}).get("error_code") == "rate_limit_exceeded"
        if event is Event.LOST and refused and self.ledger.take(uid).state is TakeState.UNKNOWN:
            return await record(self, uid, Event.NOT_BOUGHT, facts)
        return await record(self, uid, event, facts)

    async def unless_absolved(self: UnknownResolver, take: Take) -> Take:
        return take if take.state is TakeState.PLANNED else await settle(self, take)

    patch.setattr(purchase, "decide_purchase", credulous)
    patch.setattr(RunContext, "record", absolved)
    patch.setattr(UnknownResolver, "settle", unless_absolved)


def lost_means_not_sent(patch: Patch) -> None:
    """Treat a lost answer as not sent."""

    def hopeful(reply: Any, *, replay: bool) -> Purchase:
        decision = decide_purchase(reply, replay=replay)
        return Purchase.UNREACHED if decision is Purchase.UNDECIDED and not replay else decision

    patch.setattr(temporary_refusals, "decide_purchase", hopeful)


def keys_live_forever(patch: Patch) -> None:
    """A key is used again however old it is."""
    patch.setattr(context, "key_is_alive", lambda *_args, **_named: True)


def adopt_whatever_fits(patch: Patch) -> None:
    """Adopt the first of several looks that may be the one."""

    def first(self: Finding) -> Any:
        return self.candidates[0] if self.candidates else None

    patch.setattr(Finding, "certain", property(first))


def call_failures_refunded(patch: Patch) -> None:
    """A failed generation counts as free."""

    def free(takes: Any, *_args: Any, **_named: Any) -> list[Take]:
        return [take for take in takes if take.billing is Billing.ASSUMED]

    patch.setattr(session, "find_refunded", free)


def send_before_the_reference(patch: Patch) -> None:
    """Treat an accepted look as one that can be referenced."""

    async def at_once(_self: Poller, take: Take) -> Take:
        return replace(take, state=TakeState.COMPLETED)

    def accepted(context: RunContext, key: str) -> list[Take]:
        return [take for take in context.ledger.snapshot().takes.get(key, ()) if take.avatar_id]

    patch.setattr(Poller, "until_decided", at_once)
    patch.setattr(LookTracker, "is_usable", lambda self, key: bool(accepted(self._context, key)))
    patch.setattr(IntentBuilder, "_pick", lambda self, key: accepted(self._context, key)[-1])


def write_the_key_down(patch: Patch) -> None:
    """The API key gets into the ledger."""
    begin = LedgerFile.begin

    def careless(self: LedgerFile, account: Any, campaign: str, facts: Any) -> str:
        return begin(self, account, campaign, {**facts, "headers": {"X-Api-Key": KEY}})

    patch.setattr(LedgerFile, "begin", careless)


def let_tables_drift(patch: Patch) -> None:
    """An event is appended, and the table that is derived from it is not."""
    patch.setattr(Store, "_put_pick", lambda _self, _look: None)


def rebuild_forgets_takes(patch: Patch) -> None:
    """A rebuild takes all but the last take from results.json."""
    results_for = results_news.load_importable_results

    def most(*args: Any, **named: Any) -> Any:
        return results_for(*args, **named)[:-1]

    patch.setattr(rebuild, "load_importable_results", most)


def rebuild_asks_no_account(patch: Patch) -> None:
    """A rebuild believes that results.json knows everything."""

    async def nothing(*_args: Any) -> list[Any]:
        return []

    patch.setattr(rebuild, "bought_since", nothing)


def start_without_the_results(patch: Patch) -> None:
    """A run with an empty ledger does not look into results.json."""
    patch.setattr(run_attempt, "open_session", forgetful(session_module.open_session))


def write_over_newer_results(patch: Patch) -> None:
    """A command that buys nothing writes results.json anew without having read it."""
    patch.setattr(fetch, "open_session", forgetful(session_module.open_session))


def take_in_looks_alone(patch: Patch) -> None:
    """Leave sends of unknown outcome out of what results.json names."""
    never_known = results_news.find_unknown_takes

    def certain(*args: Any, **named: Any) -> Any:
        return [known for known in never_known(*args, **named) if known[0].avatar_id is not None]

    patch.setattr(results_news, "find_unknown_takes", certain)


def ask_about_no_other_ledger(patch: Patch) -> None:
    """An empty ledger beside one that holds the campaign is used without a word."""
    patch.setattr(questions, "ask_about_other_ledgers", lambda *_args: None)


def forget_what_a_price_was_said_to_be(patch: Patch) -> None:
    """Reserve the list's price, whatever a person asserted."""
    intend = LedgerFile.intend

    async def listed(self: LedgerFile, intent: Intent) -> Take:
        return await intend(self, replace(intent, price=Decimal("1.00")))

    patch.setattr(LedgerFile, "intend", listed)


def carry_out_any_saved_plan(patch: Patch) -> None:
    """Skip the check of a saved plan against what is there now."""
    patch.setattr(run_attempt, "find_changes", lambda *_args: [])


def select_everything(patch: Patch) -> None:
    """Forget what was selected."""
    patch.setattr(options, "select_looks", lambda *_args: None)


def prune_whole_groups(patch: Patch) -> None:
    """The last look of a group is deleted like any other."""
    patch.setattr(doomed_looks, "find_group_deletions", lambda *_args: {})


def prune_what_is_picked(patch: Patch) -> None:
    """Takes are pruned whether they are picked or not."""

    def all_of_them(_campaign: Any, snapshot: Any, *_args: Any, **_named: Any) -> Pruning:
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        return Pruning(tuple(t for t in takes if t.usable and t.kind is not LookKind.EXISTING), ())

    patch.setattr(doomed_looks, "find_prunable", all_of_them)


def record_what_is_not_listed(patch: Patch) -> None:
    """A refresh calls deleted whatever it finds in the account."""

    async def everything(_work: Any, takes: Any, _shown: Any) -> set[str]:
        return {take.avatar_id for take in takes if take.avatar_id}

    patch.setattr(comparison, "_gone", everything)


def build_on_any_face(patch: Patch) -> None:
    """A face that differs holds nothing."""
    for module in (decided, face_gate):
        patch.setattr(module, "explain_hold", lambda *_args: None)


def replay_all_at_once(patch: Patch) -> None:
    """Send bodies again without a look at what the one before has made."""

    @asynccontextmanager
    async def at_once(_self: ReplayTurns, _take: Take) -> AsyncIterator[bool]:
        yield False

    patch.setattr(ReplayTurns, "turn", at_once)


MUTATIONS: dict[Callable[[Patch], None], str] = {
    send_before_commit: "which the ledger does not know",
    new_key_on_replay: "",
    forget_the_reservation: "its billing is none",
    ignore_the_ceilings: "ceiling",
    trust_a_replayed_snapshot: "is completed here, at HeyGen it is",
    free_the_slot_early: "are in progress, limit",
    swallow_cancellation: "charged|is bought again",
    believe_a_refused_replay: "charged",
    lost_means_not_sent: "is bought again",
    keys_live_forever: "was charged 2 times",
    adopt_whatever_fits: "which another send made",
    call_failures_refunded: "HeyGen charged",
    send_before_the_reference: "before its reference",
    write_the_key_down: "the key is in",
    let_tables_drift: "the events know other picks",
    rebuild_forgets_takes: "",
    rebuild_asks_no_account: "would buy it again",
    start_without_the_results: "is bought again",
    write_over_newer_results: "results.json names",
    take_in_looks_alone: "nobody read that|LedgerQuestion",
    ask_about_no_other_ledger: "is bought again",
    forget_what_a_price_was_said_to_be: "another price",
    carry_out_any_saved_plan: "saved plan",
    select_everything: "was not selected",
    prune_whole_groups: "is the last look of its group",
    prune_what_is_picked: "is picked and wanted, and is deleted",
    record_what_is_not_listed: "HeyGen still has it",
    build_on_any_face: "is bought on another face",
    replay_all_at_once: "keys have made a second look",
}
"""Every mutation, and a part of what the judge says of it; ``|`` parts what it may say."""
