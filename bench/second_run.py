"""A second run with nothing to do, beside ``plan``: whole commands on the same ledger, by turns.

The ledger is written by the real writer: each take is intended, accepted, completed and fetched, as
in a run, only without asking anybody. A first run then finds it and leaves results and catalog.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.command import Spent, account_at, lookbook
from bench.manifest import manifest
from bench.report import Row
from bench.simulator import Server
from runner.cli.context import Randomness
from runner.executor.ports import Intent
from runner.ledger.ledger import LedgerFile
from runner.manifest import load
from runner.model import BASE, Campaign, Look, LookRef
from runner.plan import PlannedLook, plan
from runner.policy.lifecycle import Event
from runner.takes import Take

__all__ = ["campaign_at_simulator", "measure"]

ROUNDS = 5
GOAL = 1.2


def measure(*, quick: bool) -> list[Row]:
    """Measure how long ``run`` takes beside ``plan`` when every look is there."""
    looks = 1_000 if quick else 10_000
    with campaign_at_simulator(looks) as (path, env):
        return compare(path, env, looks)


@contextmanager
def campaign_at_simulator(looks: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """Return a manifest of so many looks to buy, and the environment of an account for them."""
    server = Server("ours")
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.yaml"
            text = manifest(looks).replace("avatar_id: look_1", "prompt: A woman in her 40s")
            path.write_text(text, "utf-8")
            yield path, account_at(server.port)
    finally:
        server.stop()


def compare(path: Path, env: dict[str, str], looks: int) -> list[Row]:
    """Buy the base, write everything else down as bought, and time both commands by turns."""
    run = ("run", path, "--yes")
    lookbook(*run, "--select", BASE, env=env)
    campaign = load(path).campaign
    assert campaign is not None
    asyncio.run(fill(campaign, path.with_name("bench.lookbook")))
    first = lookbook(*run, env=env)
    planned: list[Spent] = []
    again: list[Spent] = []
    for _ in range(ROUNDS):
        planned.append(lookbook("plan", path, env=env))
        again.append(lookbook(*run, env=env))
    size = f"{looks:,} looks"
    return [
        Row(
            "a second run with nothing to do, against plan",
            min(one.cpu for one in again) / min(one.cpu for one in planned),
            goal=GOAL,
            detail=f"processor time, {told(again)} against {told(planned)}; {size}",
        ),
        Row(
            "the same by the clock",
            min(one.wall for one in again) / min(one.wall for one in planned),
            detail=f"best of {ROUNDS}; the run that made all results took {first.wall:.1f} s",
        ),
    ]


def told(times: list[Spent]) -> str:
    """Return how long the best of some runs took."""
    return f"{min(one.cpu for one in times):.2f} s"


async def fill(campaign: Campaign, state: Path) -> None:
    """Write every look down as bought and fetched, each with the base's picture as its own."""
    ledger = LedgerFile(state / "ledger.sqlite", now=time.time, entropy=Randomness())
    try:
        snapshot = ledger.snapshot()
        base = snapshot.pick(BASE)
        assert base is not None
        assert base.image is not None
        assert snapshot.account is not None
        picture = (state / base.image).read_bytes()
        ledger.begin(snapshot.account, campaign.name, {"command": "bench"})
        actions = [action for action in plan(campaign, snapshot).actions if action.takes]
        for start in range(0, len(actions), 1_000):
            some = actions[start : start + 1_000]
            await asyncio.gather(*(bought(ledger, action, base) for action in some))
        for action in actions:
            (state / f"images/{action.key}.1.png").write_bytes(picture)
        ledger.end({"exit": 0, "stopped": None})
    finally:
        ledger.close()


async def bought(ledger: LedgerFile, action: PlannedLook, base: Take) -> None:
    """Append the events of one bought take."""
    look = action.look
    assert look is not None
    assert action.identity is not None
    key, reference = f"bench-{look.key}", reference_of(look)
    intent = Intent(
        look=look.key,
        kind=look.kind,
        identity=action.identity,
        ingredients=action.ingredients or "",
        name=look.name or "",
        price=action.price,
        key=key,
        body=json.dumps({"type": "prompt", "name": look.name, "prompt": look.prompt}).encode(),
        reference_look=reference,
        reference_id=base.avatar_id if reference == BASE else f"look_{reference}",
    )
    take = await ledger.intend(intent)
    told = {"avatar_id": f"look_{look.key}", "group_id": base.group_id, "accepted_at": time.time()}
    await ledger.record(take.uid, Event.ACCEPTED, told)
    await ledger.record(take.uid, Event.COMPLETED, {"completed_at": time.time()})
    image = {"image": f"images/{look.key}.1.png", "sha256": base.sha256}
    await ledger.record(
        take.uid, Event.FETCHED, {**image, "width": base.width, "height": base.height}
    )


def reference_of(look: Look) -> str | None:
    """Return the key of the look that conditions this one."""
    return look.reference.look if isinstance(look.reference, LookRef) else None
