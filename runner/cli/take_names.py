"""What ``LOOK#N`` on a command line names."""

from runner.errors import UsageError
from runner.suggest import suggest
from runner.takes import Snapshot, Take
from runner.words import state_word


def find_named_take(snapshot: Snapshot, name: str) -> Take:
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
    there = ", ".join(f"{take.label} ({state_word(take.state).lower()})" for take in takes)
    raise UsageError(f"{name!r} names no take.", hint=f"There are: {there}.")
