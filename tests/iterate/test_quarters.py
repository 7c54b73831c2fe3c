"""Any sequence of edits, picks, rerolls and runs: what is shown is what is paid, and it settles."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.model import BASE, Campaign, LookRef
from runner.plan import Action, ResolvedOptions, plan
from runner.policy.exit_codes import Exit, exit_code
from runner.takes import Snapshot
from tests.executor.harness import Harness, campaign, look, run_virtual

KEYS = ("a", "b", "c", "d")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.sampled_from(KEYS), st.integers(0, 2)),
        st.tuples(st.just("pick"), st.sampled_from((BASE, *KEYS)), st.integers(0, 5)),
        st.tuples(st.just("reroll"), st.sampled_from((BASE, *KEYS)), st.integers(1, 2)),
        st.tuples(st.just("run"), st.just("all"), st.just(0)),
        st.tuples(st.just("cascade"), st.sampled_from(("all", *KEYS)), st.just(0)),
        st.tuples(st.just("only"), st.sampled_from(KEYS), st.just(0)),
    ),
    max_size=8,
)
parents = st.tuples(*(st.sampled_from((BASE, *KEYS[:i])) for i in range(len(KEYS))))


class Quarters:
    """A campaign that changes, on an account that counts every charge."""

    def __init__(self, folder: Path, on: tuple[str, ...]) -> None:
        self.harness = Harness(folder)
        self.campaign: Campaign = campaign(
            *(look(key, f"{key} 0", on=parent) for key, parent in zip(KEYS, on, strict=True))
        )

    def snapshot(self) -> Snapshot:
        ledger = self.harness.open()
        try:
            return ledger.snapshot()
        finally:
            ledger.close()

    def run(self, asked: ResolvedOptions) -> None:
        """Run, and hold what was charged against what the plan had said."""
        shown = plan(self.campaign, self.snapshot(), asked)
        before = len(self.harness.api.charges)
        outcome = self.harness.run(self.campaign, asked=asked)
        assert len(self.harness.api.charges) - before == shown.count
        blocked = any(a.selected and a.action is Action.BLOCKED for a in shown.actions)
        assert exit_code(outcome) is (Exit.FAILED if blocked else Exit.DONE)

    def edit(self, key: str, number: int) -> None:
        self.campaign = replace(
            self.campaign,
            looks=tuple(
                one._replace(prompt=f"{key} {number}") if one.key == key else one
                for one in self.campaign.looks
            ),
        )

    def identities(self) -> dict[str, str | None]:
        return {action.key: action.identity for action in plan(self.campaign, Snapshot()).actions}

    def pick(self, key: str, number: int) -> None:
        """Pick a take of what the manifest says now, as the command allows."""
        wanted = self.identities()[key]
        takes = self.snapshot().takes.get(key, ())
        mine = [take for take in takes if take.usable and take.identity == wanted]
        if not mine:
            return

        async def go() -> None:
            ledger = self.harness.open()
            try:
                await ledger.pick(key, mine[number % len(mine)].uid)
            finally:
                ledger.close()

        run_virtual(go)

    def reroll(self, key: str, count: int) -> None:
        """Buy candidates where the command allows it; the pick stays."""
        pick = self.snapshot().pick(key)
        if pick is not None and pick.identity == self.identities()[key]:
            self.run(ResolvedOptions(selected=frozenset({key}), reroll={key: count}))
            assert self.snapshot().picks[key] == pick.uid

    def do(self, step: str, key: str, number: int) -> None:
        every = frozenset((BASE, *KEYS))
        if step == "edit":
            self.edit(key, number)
        elif step == "pick":
            self.pick(key, number)
        elif step == "reroll":
            self.reroll(key, number)
        elif step == "run":
            self.run(ResolvedOptions())
        elif step == "only":
            self.run(ResolvedOptions(selected=frozenset({key})))
        else:
            self.run(ResolvedOptions(cascade=every if key == "all" else frozenset({key})))

    def assert_up_to_date(self) -> None:
        """Check every pick against the manifest and against its reference's pick."""
        snapshot = self.snapshot()
        for action in plan(self.campaign, snapshot).actions:
            assert action.action is Action.KEEP, (action.key, action.reason)
            pick = snapshot.pick(action.key)
            assert pick is not None
            assert pick.identity == action.identity
            if action.look is not None and isinstance(action.look.reference, LookRef):
                reference = snapshot.pick(action.look.reference.look)
                assert reference is not None
                assert pick.reference_id == reference.avatar_id


@settings(
    max_examples=settings().max_examples // 3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(("base", "base", "base", "b"), [("run", "all", 0), ("edit", "b", 1), ("reroll", "d", 1)])
@given(parents, steps)
def test_whatever_is_done_is_paid_as_shown_and_a_cascade_settles_it(
    on: tuple[str, ...], done: list[tuple[str, str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        quarters = Quarters(Path(folder), on)
        for step in [*done, ("cascade", "all", 0)]:
            quarters.do(*step)
        quarters.assert_up_to_date()
        paid = len(quarters.harness.api.charges)
        quarters.do("cascade", "all", 0)
        assert len(quarters.harness.api.charges) == paid
