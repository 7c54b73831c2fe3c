"""Any bytes as a results document: takes that a ledger can hold, or one clear refusal."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from runner.cli.results_import import read_results
from runner.cli.terminal import escape_text
from runner.errors import UsageError
from runner.ledger.ledger import LedgerFile
from runner.model import BASE
from runner.plan import plan
from runner.policy.budget import reserved_amount as reserved
from runner.results.reader import EXISTING, read_takes
from runner.results.writer import results_document
from runner.takes import Billing, Snapshot, Take, TakeState
from tests.executor.harness import campaign, look
from tests.fuzz.target import Target, demand, folder, written
from tests.ledger.names import Ticking
from tests.plan.made import ACCOUNT, held, take

SPRING = campaign(look("navy"), look("night", on="navy"))

WORDS = (
    *('"version"', '"campaign"', '"account"', '"manifest"', '"prices"', '"looks"', '"orphans"'),
    *('"totals"', '"takes"', '"look"', '"kind"', '"title"', '"name"', '"prompt"', '"state"'),
    *('"avatar_id"', '"avatar_group_id"', '"reference"', '"identity"', '"cost_usd"', '"image"'),
    *('"sha256"', '"width"', '"height"', '"tags"', '"matrix"', '"axes"', '"error"', '"take"'),
    *('"picked"', '"billing"', '"price_usd"', '"request"', '"reference_look"', '"reference_id"'),
    *('"sent_at"', '"accepted_at"', '"completed_at"', '"idempotency_key"', '"request_id"'),
    *('"fetched"', '"unknown"', '"submitting"', '"failed"', '"billed"', '"assumed"', '"none"'),
    *("NaN", "Infinity", "1e999", "1.0", "null", "true", "0", "1e40", "99999999999999999999"),
    *('"2026-01-01T00:00:00Z"', '"0001-01-01T00:00:00"', '"tomorrow"', "../", "\\ud800", "[[[["),
)


def run(data: bytes) -> None:
    """Read it, take it into a ledger, and tell of that ledger again."""
    path = folder() / "results.json"
    path.write_bytes(data)
    try:
        takes = read_takes(read_results(path), source=str(path))
    except UsageError as error:
        for line in [*error.message.splitlines(), *(error.hint or "").splitlines()]:
            written(escape_text(line), "the refusal")
        return
    for found, _ in takes:
        possible(found)
    adopted(takes)


def possible(found: Take) -> None:
    demand(found.state is not TakeState.SUBMITTING, "nothing is on its way from another ledger")
    demand(found.price.is_finite() and found.price >= 0, "a price is an amount")
    demand(reserved(found) >= 0, "what is held is an amount")
    if found.state in EXISTING:
        demand(found.avatar_id, "what exists has an id")
    if found.state is TakeState.UNKNOWN:
        demand(found.body_sha256 is None, "a key without its body is never sent again")
        demand(found.billing is not Billing.NONE, "what may have been bought is not called free")
    if found.image is not None:
        inside = Path("/folder") / found.image
        demand(inside.resolve().is_relative_to("/folder"), "a picture lies beside its results")


def adopted(takes: list[tuple[Take, bool]]) -> None:
    """All of them in a ledger of their own, and out again as results."""
    path = folder() / "ledger.sqlite"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    ticking = Ticking()
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    try:
        ledger.begin(ACCOUNT, "spring", {})
        asyncio.run(ledger.import_takes(takes))
        snapshot = ledger.snapshot()
    finally:
        ledger.close()
    demand(sum(map(len, snapshot.takes.values())) == len(takes), "no take is lost")
    told = results_document(SPRING, snapshot, plan(SPRING, snapshot), None)
    written(json.dumps(told, ensure_ascii=False, allow_nan=False), "the results")


def results_of(snapshot: Snapshot) -> bytes:
    told = results_document(SPRING, snapshot, plan(SPRING, snapshot), None)
    return json.dumps(told).encode()


def seeds() -> list[bytes]:
    base, navy = take(SPRING, BASE), take(SPRING, "navy", sent_at=1_700_000_000.0)
    on_its_way = take(SPRING, "night", state=TakeState.SUBMITTING, billing=Billing.RESERVED)
    failed = replace(
        on_its_way,
        state=TakeState.FAILED,
        billing=Billing.ASSUMED,
        error_code="moderation",
        error_message="no",
    )
    return [
        results_of(Snapshot()),
        results_of(held(base)),
        results_of(held(base, navy, on_its_way)),
        results_of(held(base, take(SPRING, "navy", 2), failed)),
        b"[]",
        b"{",
    ]


WATCHED = ("runner.ledger", "runner.cli.results_import", "runner.cli.results_news", "runner.plan")
TARGET = Target("results", run, seeds, WORDS, WATCHED, json=True)
