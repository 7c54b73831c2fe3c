"""``lookbook run --on`` as a process that tests may end at any moment.

Usage: shared_run.py ADDRESS MANIFEST CONCURRENCY. Waits until the campaign is free, then runs it.
"""

import signal
import sys
import time
from pathlib import Path

from runner.cli.commands.run import start
from runner.cli.context import Context
from runner.cli.request import load_campaign
from runner.errors import LedgerClaimed, LookbookError
from runner.ledger.shared import SharedLedgers, open_database
from runner.plan.request import Request
from tests.distributed.hanging import hang

PATIENCE = 60.0


def main() -> int:
    signal.signal(signal.SIGUSR1, hang)
    address, manifest, concurrency = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    on = SharedLedgers(open_database(address).database)
    request = Request(manifest, yes=True, concurrency=concurrency, on=on)
    campaign = load_campaign(request)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return start(Context(), campaign, request)
        except LedgerClaimed as error:
            if time.monotonic() > deadline:
                sys.stderr.write(f"{error.message}\n")
                return error.exit_code
            time.sleep(0.2)
        except LookbookError as error:
            sys.stderr.write(f"{error.message}\n")
            return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
