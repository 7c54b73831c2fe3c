"""A ledger opened without asking the account: for what is free and decided here alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from runner.cli import readonly, wiring
from runner.cli.results_import import import_results
from runner.errors import UsageError
from runner.ledger.ledger import LedgerFile, read_ledger
from runner.ledger.lock import lock_ledger
from runner.ledger.state_dirs import StateDir, has_takes
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.suggest import suggest
from runner.takes import Account, Snapshot, Take

__all__ = ["Archive", "archive", "known_state", "named_take"]


@dataclass(frozen=True, slots=True)
class Archive:
    """An open ledger whose looks have the manifest's keys."""

    ledger: LedgerFile
    state: StateDir
    account: Account
    campaign: Campaign

    def snapshot(self) -> Snapshot:
        """Return what it holds now."""
        return self.ledger.snapshot()

    def plan(self) -> Plan:
        """Return the plan as it stands now."""
        return make_plan(self.campaign, self.snapshot())

    def leave_results(self) -> Path:
        """Write results.json and the catalog anew; return the catalog's path."""
        _, wallet = read_ledger(self.state.ledger)
        results = wiring.results_of(self.campaign, self.snapshot(), wallet)
        return wiring.write_results(results, self.state.folder)


def known_state(campaign: Campaign, *, account: str | None, simulate: bool) -> StateDir:
    """Return the folder whose ledger is meant. Raises UsageError where nothing was ever run."""
    state = readonly.find_state(campaign, account=account, simulate=simulate)
    if state is not None and not state.ledger.is_file() and state.results.is_file():
        raise readonly.refuse_results_only(state, campaign)
    if state is None or not has_takes(state.ledger):
        raise UsageError(
            f"There is nothing of {campaign.name} yet: it was never run.",
            hint=f"Rehearse it for nothing: lookbook run {campaign.manifest.name} --simulate",
        )
    return state


@contextmanager
def archive(campaign: Campaign, state: StateDir, command: str) -> Iterator[Archive]:
    """Lock and open a ledger for one command. Raises LedgerLocked, LedgerDamaged, StorageError."""
    clock, entropy = wiring.WallClock(), wiring.Randomness()
    with lock_ledger(state.folder, now=clock.now()):
        ledger = LedgerFile(state.ledger, now=clock.now, entropy=entropy, inline=True)
        try:
            account = ledger.snapshot().account
            if account is None:
                raise UsageError(f"{state.ledger} belongs to no account yet.")
            anyio.run(import_results, ledger, entropy, account, campaign, state)
            ledger.begin(account, campaign.name, {"command": command})
            moves = make_plan(campaign, ledger.snapshot()).moves
            if moves:
                anyio.run(ledger.follow, moves)
            try:
                yield Archive(ledger, state, account, campaign)
            except UsageError as error:
                ledger.end({"exit": error.exit_code, "stopped": error.message})
                raise
            ledger.end({"exit": 0, "stopped": None})
        finally:
            ledger.close()


def named_take(snapshot: Snapshot, name: str) -> Take:
    """Return the take that ``LOOK#N`` names. Raises UsageError with those that there are."""
    look, mark, number = name.partition("#")
    takes = snapshot.takes.get(look, ())
    if not takes:
        close = suggest(look, snapshot.takes, count=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`lookbook status` lists them."
        raise UsageError(f"There is no take of a look {look!r}.", hint=hint)
    for take in takes:
        if mark and str(take.number) == number:
            return take
    there = ", ".join(f"{take.label} ({take.state})" for take in takes)
    raise UsageError(f"{name!r} names no take.", hint=f"There are: {there}.")
