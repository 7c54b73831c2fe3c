"""One campaign read beside whoever writes it: its manifest, its ledger and the plan of both."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.cli.decision_queue import add_queued_picks, list_queued
from runner.cli.liveness import is_alive
from runner.cli.request import load_campaign
from runner.cli.results_import import add_reviews
from runner.errors import LookbookError, ManifestError
from runner.ledger.neighbours import read_account_facts
from runner.ledger.reading import LedgerFollower
from runner.ledger.runs import LastRun
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.pricing import apply_quotes, quote_prices
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.takes import Snapshot


@dataclass(frozen=True, slots=True)
class CurrentCampaign:
    """What was there at one moment; the snapshot has the manifest's keys.

    ``wallet`` is what the last run that bought noted of it.
    """

    campaign: Campaign
    snapshot: Snapshot
    plan: Plan
    wallet: dict[str, Any] | None


class CampaignReader:
    """Reads a campaign again and again. ``problem`` is what is wrong with the manifest as it is."""

    def __init__(self, request: Request, campaign: Campaign, state: StateDir) -> None:
        self.problem: str | None = None
        self._request = request
        self._state = state
        self._campaign = campaign
        self._manifest_seen = look_at_file(request.manifest)
        self._follower: LedgerFollower | None = None

    @property
    def campaign(self) -> Campaign:
        """The last manifest that could be used."""
        return self._campaign

    def read(self) -> CurrentCampaign:
        """Return what there is now."""
        self._reload_manifest()
        follower = self._open_follower()
        if follower is not None:
            follower.follow()
        snapshot = follower.snapshot() if follower is not None else Snapshot()
        if snapshot.account is not None and follower is not None:
            follower.learn(read_account_facts(self._state, snapshot.account))
            snapshot = follower.snapshot()
        snapshot = add_queued_picks(add_reviews(snapshot, self._state), self._state)
        quotes = quote_prices(self._campaign, snapshot)
        campaign = apply_quotes(self._campaign, quotes)
        plan = make_plan(campaign, snapshot)
        snapshot = apply_renames(snapshot, plan.moves)
        wallet = follower.wallet if follower is not None else None
        return CurrentCampaign(campaign, snapshot, plan, wallet)

    def glance(self) -> tuple[bool, object]:
        """Return whether the ledger has moved, and how files and runs look from outside."""
        follower = self._open_follower()
        moved = follower is not None and follower.follow()
        waiting = list_queued(
            self._state, follower.queued_decisions() if follower is not None else ()
        )
        seen = (
            look_at_file(self._request.manifest),
            waiting,
            self.find_run_elsewhere(),
            follower is None,
        )
        return moved, seen

    def last_run(self) -> LastRun | None:
        """Return the newest run of the ledger, whoever started it."""
        return self._follower.last_run() if self._follower is not None else None

    def find_run_elsewhere(self) -> LastRun | None:
        """Return the run that another process has at work; None where none is known to be."""
        last = self.last_run()
        mine = last is not None and (last.host, last.pid) == (socket.gethostname(), os.getpid())
        if last is None or mine or is_alive(last, self._follower) is not True:
            return None
        return last

    def close(self) -> None:
        """Close the ledger."""
        if self._follower is not None:
            self._follower.close()

    def _open_follower(self) -> LedgerFollower | None:
        if self._follower is None and (self._state.shared or self._state.ledger.is_file()):
            with suppress(LookupError):  # nothing was written there yet
                self._follower = LedgerFollower(self._state.location)
        return self._follower

    def _reload_manifest(self) -> None:
        """Read the manifest where it has changed; one that is wrong leaves the last good one."""
        seen = look_at_file(self._request.manifest)
        if seen == self._manifest_seen:
            return
        self._manifest_seen = seen
        try:
            self._campaign = load_campaign(self._request)
            self.problem = None
        except ManifestError as error:
            self.problem = f"{error.message} The page shows what it was before."
        except LookbookError as error:
            self.problem = error.message


def look_at_file(path: Path) -> tuple[int, int, int] | None:
    """Return how a file looks from outside; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
