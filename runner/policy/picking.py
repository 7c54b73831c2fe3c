"""Which take of a look is the picked one (``docs/iterating.md#takes``)."""

from runner.takes import Take


def becomes_pick(take: Take, pick: Take | None) -> bool:
    """Return whether a take that was just completed becomes its look's pick.

    The first completed take is picked; a reroll changes no pick; a take that was bought after an
    edit, or to replace the pick, is picked. An older take that completes late replaces nothing.
    """
    if pick is None:
        return True
    if take.reroll or take.number < pick.number:
        return False
    return take.identity != pick.identity or take.replaces == pick.uid
