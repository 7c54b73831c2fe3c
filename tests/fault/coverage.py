"""How often each bad thing really happened: what never did was not tested."""

from collections import Counter
from collections.abc import Mapping

from runner.policy.lifecycle import TABLE
from tests.fault.departures import ELSEWHERE, FAULT_KINDS, LASTING, LIMITING, PASSING, SWITCHED
from tests.fault.generate import OWN_FAULTS, POINTS
from tests.fault.history import SHARED_FAULTS, Command, EditKind
from tests.fault.network import NETWORK_KINDS

__all__ = ["ENOUGH", "LONG", "MANY", "REQUIRED", "list_unexercised", "table"]

UNREACHABLE = {
    "transition fetched fetched": "a picture that is there is called mislaid before it is fetched",
    "transition pending_consent shown": "ledgers of before have it",
}
"""What the table allows and no command does, with the reason."""

RARE = frozenset(
    {
        "transition completed renamed",
        "transition completed deleted",
        "transition failed recovered",
        "transition deleted recovered",
        "killed shown:before-commit",
        "killed recovered:before-commit",
        "killed recovered:after-commit",
        "a second look, while answers of others were lost",
        "sent by a fenced process",
    }
)
"""What only a long run can be asked for: a picture stays away while its look is changed, a status
that nobody knows, a look that comes back after it counted as gone, several lost answers where
keys are ignored and lists are late, a process that is stopped just before a request leaves."""

SELDOM = frozenset(
    {
        "a doubled charge",
        "a question answered",
        "injected kill-send",
        "a group pruned whole",
        "killed shown:after-commit",
        "transition deleted dropped",
    }
)
"""What only a run of ``MANY`` seeds can be asked for."""

ENOUGH = 160
"""So many seeds in a row reach everything that is not rare; fewer are asked for nothing."""

MANY = 400
"""So many reach what is seldom."""

LONG = 1000
"""From so many seeds on, a run is long."""

DEPARTURES = {one for how in LASTING + PASSING + SWITCHED + LIMITING for one in how}

REQUIRED = (
    *(f"fault {kind}" for kind in FAULT_KINDS),
    *(f"elsewhere {one}" for one in ELSEWHERE),
    "a campaign on another's base",
    *(f"departure {one}" for one in sorted(DEPARTURES)),
    *(f"network {kind}" for kind in NETWORK_KINDS),
    *(f"injected {kind}" for kind in OWN_FAULTS),
    *(f"edit {kind}" for kind in EditKind),
    *(f"command {command}" for command in Command),
    *(f"killed {point}" for point in POINTS),
    *(f"transition {state} {event}" for state, row in TABLE.items() for event in row),
    "ctrl-c twice",
    "consent granted",
    "a saved plan carried out",
    "a saved plan refused",
    "a ledger rebuilt",
    "results.json behind a lost ledger",
    "an older ledger beside newer results",
    "another ledger asked about",
    "a group pruned whole",
    "a neighbour's purchase",
    "a neighbour's look of the same name",
    "a look of somebody else's told",
    "results brought back",
    "a doubled charge",
    "a second look, while answers of others were lost",
    "a question answered",
    "a ledger begun anew",
    "drift found",
    "fault drift",
    "fault odd-status",
    "a wrong face approved",
    "a wrong face bought again",
    "bought on a face that was judged",
    "looks adopted",
)


SHARED = (
    *(f"injected {kind}" for kind in SHARED_FAULTS),
    *(f"database lost {point}" for point in ("statement", "before-commit", "after-commit")),
    "a process fenced",
    "sent by a fenced process",
    "a colleague ends LedgerClaimed",
    "a decision that waits",
    "another campaign done beside",
    "a colleague ends exit 0",
    "ends LedgerClaimed",
    "ends StorageError",
    "edit restore-ledger",
    "edit lose-folder",
)
"""What must happen where ledgers live in a database that machines share."""


def list_unexercised(
    seen: Mapping[str, int], *, seeds: int = LONG, shared: bool = False
) -> list[str]:
    """Return what never happened although it must, in a run of so many seeds.

    Where every ledger is ``shared``, what a file's days exercise besides is theirs to exercise.
    """
    if seeds < ENOUGH:
        return []
    excused = {*UNREACHABLE, *(RARE if seeds < LONG else ()), *(SELDOM if seeds < MANY else ())}
    required = SHARED if shared else REQUIRED
    return [name for name in required if not seen.get(name) and name not in excused]


def table(seen: Counter[str]) -> list[str]:
    """Return every figure, a line each; what is required first, in its order."""
    rest = sorted(seen.keys() - set(REQUIRED))
    return [f"{seen.get(name, 0):8} {name}" for name in (*REQUIRED, *rest)]
