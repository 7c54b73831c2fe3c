"""What people read while a run is at work, or after it: nothing of it may change anything."""

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from runner.catalog import tables
from runner.cli import readonly
from runner.cli.outputs import make_results
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan.options import select_looks
from runner.plan.request import Request
from runner.results.model import Results
from tests.fault.environment import Violation

if TYPE_CHECKING:
    from tests.fault.environment import Environment

__all__ = ["find_state", "look_on", "read_everything"]


def find_state(environment: "Environment") -> StateDir:
    """Return the folder where the person works, and where its ledger lives."""
    ledger = environment.judge.ledger
    return StateDir(environment.state, None if isinstance(ledger, Path) else ledger)


def look_on(environment: "Environment", campaign: Campaign) -> bool:
    """Read as ``status``, ``plan`` and ``export`` do, without a lock; False where nothing is."""
    if not environment.judge.exists() or environment.judge.lost:
        return False
    read_everything(environment, campaign)
    return True


def read_everything(
    environment: "Environment", campaign: Campaign, request: Request | None = None
) -> Results:
    """Return the results as ``export`` does, in every form, checked against the ledger."""
    state = find_state(environment)
    before = environment.judge.events()
    snapshot, wallet = readonly.load_known(campaign, state)
    only = select_looks(campaign, snapshot, request) if request is not None else None
    results = make_results(campaign, snapshot, wallet, only)
    rows = [json.loads(line) for line in tables.to_jsonl(results)]
    lines = len([*tables.to_csv(results)]) - 2  # the byte order mark and the header
    if not len(rows) == lines == len(results["looks"]):
        raise Violation(
            f"the export has {len(rows)} rows and {lines} lines for {len(results['looks'])} looks"
        )
    said = sum(
        (Decimal(str(results["totals"].get(name, 0))) for name in ("cost_usd", "doubled_usd")),
        Decimal(0),
    )
    if only is None and said != snapshot.spent:
        raise Violation(f"the export says {said}, the ledger {snapshot.spent}")
    if environment.judge.events() != before:
        raise Violation("somebody read, and the ledger changed")
    return results
