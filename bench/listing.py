"""What it costs to know what the account holds before money moves: requests, and time of our own.

The real listing in virtual time, before a look is added to a campaign, and before a first run on
an account that holds as many: its groups once, and its looks once, because a base may have been
renamed since a lost ledger made it.
"""

from pathlib import Path
from time import perf_counter
from typing import Any, cast

import anyio
from trio.testing import MockClock

from bench.report import Row
from bench.scripted import Deaf, Numbered, Pictures, VirtualTime
from runner.executor.account_listing import list_account
from runner.executor.context import RunContext
from runner.executor.ports import Api
from runner.ledger.ledger import LedgerFile
from runner.model import BASE, Campaign, Look, LookKind, LookRef
from runner.plan import plan as make_plan
from runner.policy.rate_limit import RateLimiter
from runner.policy.retry import RetryLimits
from runner.replies import Answer, GroupData, ListPage, LookData, Reply
from runner.takes import Account, Billing, Take, TakeState

GROUP = "group-1"


class _Lists:
    """An account with so many looks in one group."""

    def __init__(self, looks: int) -> None:
        self.shown = [LookData(f"id-{n}", f"name {n}", "photo_avatar", GROUP) for n in range(looks)]
        self.requests = 0

    async def looks(self, *, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        self.requests += 1
        begin, end = int(token or 0), int(token or 0) + 50
        more = str(end) if end < len(self.shown) else None
        return Answer(ListPage(tuple(self.shown[begin:end]), more))

    async def groups(self, **_: Any) -> Reply[ListPage[GroupData]]:
        self.requests += 1
        return Answer(ListPage((GroupData(GROUP, "somebody", 0.0),)))


def measure(*, quick: bool) -> list[Row]:
    """One look added to many, and the first run of as many."""
    looks = 1_000 if quick else 10_000
    rows = []
    for what, bought, goal in (
        ("one look added to", looks, looks / 50),
        ("a first run of", 0, 1 + looks / 50),
    ):
        requests, seconds = _list(looks, bought)
        rows.append(
            Row(
                f"requests before {what} {looks:,} looks",
                requests,
                goal=goal,
                unit="",
                detail=f"{seconds:.2f} s of our own",
            )
        )
    return rows


def _list(looks: int, bought: int) -> tuple[int, float]:
    """Return how many requests the listing makes, and how long it takes beside them."""
    clock, entropy, api = VirtualTime(), Numbered(), _Lists(looks)
    wanted = [
        Look(BASE, LookKind.PROMPT, BASE, "name 0", prompt="p"),
        *(
            Look(
                f"l{n}",
                LookKind.PROMPT,
                f"l{n}",
                f"name {n}",
                prompt=f"p {n}",
                reference=LookRef(BASE),
            )
            for n in range(1, looks + 1)
        ),
    ]
    campaign = Campaign("bench", Path("/nowhere/bench.yaml"), tuple(wanted))

    async def go() -> float:
        ledger = LedgerFile(Path(":memory:"), now=clock.now, entropy=entropy, inline=True)
        ledger.begin(Account("api.example", "me"), "bench", {})
        actions = make_plan(campaign, ledger.snapshot()).actions[:bought]
        takes = [
            Take(
                f"u{n}",
                action.key,
                1,
                LookKind.PROMPT,
                action.identity or "",
                action.ingredients or "",
                f"name {n}",
                TakeState.FETCHED,
                Billing.BILLED,
                avatar_id=f"id-{n}",
                group_id=GROUP,
                reference_id="id-0" if n else None,
            )
            for n, action in enumerate(actions)
        ]
        await ledger.import_takes([(take, True) for take in takes])
        plan = make_plan(campaign, ledger.snapshot())
        context = RunContext(
            api=cast("Api", api),
            ledger=ledger,
            images=Pictures(),
            clock=clock,
            entropy=entropy,
            observer=Deaf(),
            retry_limits=RetryLimits(),
            rate_limiter=RateLimiter(10),
        )
        begun = perf_counter()
        listing = await list_account(context, plan, {})
        assert listing is not None
        assert not listing.problems, listing.problems
        ledger.close()
        return perf_counter() - begun

    options = {"clock": MockClock(autojump_threshold=0)}
    seconds = anyio.run(go, backend="trio", backend_options=options)
    return api.requests, seconds
