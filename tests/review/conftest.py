"""A page in memory: its guard and application over a campaign, without a port."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import httpx
import pytest

from runner.cli.context import Context
from runner.cli.request import load_campaign
from runner.cli.review_desk import ReviewDesk
from runner.ledger.ledger import LedgerFile
from runner.ledger.state_dirs import StateDir
from runner.plan.request import Request
from runner.policy.lifecycle import Event
from runner.review.app import create_review_app
from runner.review.guard import Guard
from runner.review.shell import load_shell, shell_policy
from runner.takes import Account
from tests.ledger.names import Ticking, intent

PORT = 8765
HOME = f"http://127.0.0.1:{PORT}"

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman in a studio, in her 30s, smiling, a navy blazer"}
budget: {campaign_usd: 10}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
  street: {prompt: "Wearing a trench coat, rainy street, dusk"}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A campaign with a base of two takes and one look made from the first; `street` is missing."""
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    anyio.run(fill, path)
    return path


async def fill(manifest: Path) -> None:
    from runner.plan import plan as make_plan
    from runner.takes import Snapshot

    wanted = {a.key: a for a in make_plan(load_campaign(Request(manifest)), Snapshot()).actions}
    ticking = Ticking()
    folder = manifest.with_suffix(".lookbook")
    ledger = LedgerFile(folder / "ledger.sqlite", now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    for number, look in enumerate(("base", "base", "office")):
        action = wanted[look]
        reference = {"reference_look": "base", "reference_id": "id-0"} if look == "office" else {}
        take = await ledger.intend(
            intent(
                look,
                key=ticking.key(),
                identity=action.identity,
                ingredients=action.ingredients,
                name=action.look.name if action.look else None,
                reroll=number == 1,
                **reference,
            )
        )
        await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"id-{number}"})
        await ledger.record(take.uid, Event.COMPLETED, {"completed_at": ticking.now()})
    ledger.end({"exit": 0, "stopped": None})
    ledger.close()


@pytest.fixture
def desk(manifest: Path) -> Iterator[ReviewDesk]:
    state = StateDir(manifest.with_suffix(".lookbook"))
    campaign = load_campaign(Request(manifest))
    serving = ReviewDesk(Context(), Request(manifest), campaign, state)
    yield serving
    serving.close()


@pytest.fixture
def guard(desk: ReviewDesk) -> Guard:
    inner = create_review_app(desk)
    return Guard(inner, port=PORT, shell=load_shell, policy=shell_policy())


@pytest.fixture
async def stranger(guard: Guard) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks, and was never given the address."""
    transport = httpx.ASGITransport(app=guard)
    async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
        yield client


@pytest.fixture
async def page(stranger: httpx.AsyncClient, guard: Guard) -> httpx.AsyncClient:
    """The page itself, after it has exchanged its token."""
    stranger.headers["origin"] = HOME
    done = await stranger.post("/session", json={"token": guard.token})
    assert done.status_code == 200
    return stranger
