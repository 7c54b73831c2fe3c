"""``lookbook run`` on a shared ledger, as a process that tests may end at any moment.

Usage: shared_run.py ADDRESS MANIFEST CONCURRENCY. Waits until the campaign is free, then runs it.
"""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from runner.cli import session
from runner.cli.campaign import load_campaign
from runner.cli.commands.run import start
from runner.cli.context import Context
from runner.errors import LedgerLocked, LookbookError
from runner.ledger.postgres.shared import SharedLedger
from runner.plan.request import Request
from runner.takes import Account

PATIENCE = 60.0


def main() -> int:
    address, manifest, concurrency = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    campaign = load_campaign(Request(manifest))
    account = Account("api.example", "studio")

    opened: list[SharedLedger] = []

    def open_shared(context: Context, _location: Any, ceilings: Any, _count: int) -> SharedLedger:
        settings = {"now": context.clock.now, "entropy": context.entropy, "ceilings": ceilings}
        opening = partial(SharedLedger, address, account, campaign.name, concurrency=concurrency)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                opened.append(opening(**settings))
                return opened[-1]
            except LedgerLocked:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    setattr(session, "_open", open_shared)  # noqa: B010
    try:
        return start(Context(), campaign, Request(yes=True, concurrency=concurrency))
    except LookbookError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
