"""``lookbook run``, ended by SIGKILL at a named commit point. Started as a process by tests.

Usage: dying_run.py MANIFEST POINT OCCURRENCE
"""

import os
import signal
import sys
from pathlib import Path

from runner.cli.commands.run import start
from runner.cli.context import Context
from runner.cli.request import load_campaign
from runner.plan.request import Request


def main() -> int:
    manifest, point, occurrence = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    met = 0

    def failpoint(passed: str) -> None:
        nonlocal met
        met += passed == point
        if met == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    context = Context(failpoint=failpoint)
    return start(context, load_campaign(Request(manifest)), Request(yes=True, concurrency=4))


if __name__ == "__main__":
    sys.exit(main())
