"""``reconcile --adopt``: a person's word on which look a lost send made, and what refutes it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from runner.cli.session import OpenSession
from runner.errors import UsageError
from runner.executor.context import describe_reply
from runner.replies import Answer, LookData
from runner.takes import Take, find_target_group

Adoptions = Sequence[tuple[str, str]]
"""Labels of takes, each with the id of the look that it became."""


def check_adoptions(adoptions: Adoptions, unknown: Mapping[str, Take]) -> None:
    """Raise UsageError for takes that are not unknown, and for an id or a take given twice."""
    strangers = sorted({label for label, _ in adoptions} - unknown.keys())
    if strangers:
        raise UsageError(
            f"{', '.join(strangers)}: no take of this name is unknown.",
            hint=f"Unknown are: {', '.join(unknown) or 'none'}.",
        )
    for what, given in (("take", [t for t, _ in adoptions]), ("look", [i for _, i in adoptions])):
        twice = sorted(one for one, times in Counter(given).items() if times > 1)
        if twice:
            raise UsageError(
                f"--adopt names the {what} {', '.join(twice)} twice.",
                hint="Each take became one look, and each look is one take's.",
            )


async def read_adoptable(work: OpenSession, take: Take, look_id: str) -> LookData:
    """Return a look that a person says a take became.

    Raises UsageError where another take has it, or this send cannot have made it.
    """
    every = work.ledger.snapshot().all_takes
    for known in every:
        if known.avatar_id == look_id:
            raise UsageError(f"The look {look_id} is {known.label} already.")
    if look_id in work.context.neighbours().made:
        raise UsageError(
            f"The look {look_id} is another campaign's: a ledger or results file in the folder "
            "knows it.",
            hint="To use it here, name it in the manifest with `existing:`.",
        )
    look = await ask_for_look(work, look_id)
    # Of a send that was imported only two machines' clocks tell: a person knows better.
    imported = work.ledger.is_imported(take.uid)
    before = frozenset[str]() if imported else work.ledger.listed_before(take.uid)
    why_not = _objection_to(take, look, every, before)
    if why_not is not None:
        raise UsageError(
            f"{take.label} cannot have become the look {look_id}: {why_not}.",
            hint="`lookbook reconcile` without options shows what fits. To use another look here, "
            "name it in the manifest with `existing:`.",
        )
    return look


async def ask_for_look(work: OpenSession, look_id: str) -> LookData:
    """Return a look as the account has it. Raises UsageError where it cannot be read."""
    reply = await work.context.ask(lambda: work.api.look(look_id), what="asking for the look")
    if not isinstance(reply, Answer):
        raise UsageError(f"The look {look_id} cannot be read: {describe_reply(reply)}")
    look: LookData = reply.data
    return look


def _objection_to(
    take: Take, look: LookData, every: Sequence[Take], before: frozenset[str]
) -> str | None:
    """Return why a send cannot have made a look; None where it can. Another name is no reason.

    ``before`` are ids of looks and groups that were listed before it was sent. Of a take without a
    key nobody has the body any more: a rebuild took its group from one of the looks that fit.
    """
    if look.id in before:
        return "the account had it before that was sent"
    if take.key is None:
        return None
    home = find_target_group(take, every)
    if home is None and take.reference_id is None and look.group_id in before:
        return f"it is in the group {look.group_id}, which was there before that was sent"
    if home is not None and look.group_id is not None and look.group_id != home:
        return f"it is in the group {look.group_id}, and that was sent to {home}"
    return None
