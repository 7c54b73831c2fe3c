"""A look beside its takes: what a decision about it is made from, and the reasons in words."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from runner.model import Look
from runner.plan.change_text import describe_change
from runner.policy.cures import Cure, find_cure
from runner.takes import Take, TakeState

ZERO_USD = Decimal(0)


class TakeGroups(NamedTuple):
    """A look beside its takes: all that were sent, and those that have its identity.

    Of the latter, ``good`` are usable, ``live`` under way, ``bad`` failed, and ``gone`` deleted at
    HeyGen. ``wrong`` are those of ``good`` whose face counts as a failure.
    """

    look: Look
    identity: str
    takes: Sequence[Take] = ()
    good: Sequence[Take] = ()
    live: Sequence[Take] = ()
    bad: Sequence[Take] = ()
    gone: Sequence[Take] = ()
    pick: Take | None = None
    wrong: Sequence[Take] = ()

    @property
    def missing(self) -> int:
        """How many takes there are too few, as the manifest has it."""
        return self.look.takes - (len(self.good) - len(self.wrong)) - len(self.live)

    @property
    def current(self) -> Take:
        """The take that is, or for nothing becomes, the pick. Only where ``good`` is not empty."""
        if self.pick is not None and self.picked_as_wanted:
            return self.pick
        return self.good[0]

    @property
    def repick(self) -> Take | None:
        """A take of this identity that becomes the pick again, because an edit was taken back.

        Also where there is no pick: a take that nobody wanted when it was completed is none.
        """
        if not self.good or self.live:
            return None
        return self.current if self.pick is None or self.current.uid != self.pick.uid else None

    @property
    def picked_as_wanted(self) -> bool:
        """Return whether the pick is usable and what the manifest wants."""
        return self.pick is not None and self.pick.usable and self.pick.identity == self.identity

    @property
    def being_replaced(self) -> bool:
        """Return whether a take that is under way was bought to replace the pick."""
        pick = self.pick
        return pick is not None and any(
            take.replaces == pick.uid and not take.reroll for take in self.live
        )

    @property
    def wanted_live(self) -> list[Take]:
        """What is under way and wanted: of undecided sends only as many as takes are missing.

        What was accepted is paid for; a reroll or a regeneration was asked for beyond ``takes``.
        """
        asked = [t for t in self.live if t.avatar_id or t.reroll or self._regenerates(t)]
        rest = [take for take in self.live if take not in asked]
        room = max(0, self.look.takes - len(self.good) - len(asked))
        return asked + rest[:room]

    def _regenerates(self, take: Take) -> bool:
        return self.picked_as_wanted and self.pick is not None and take.replaces == self.pick.uid

    @property
    def at_risk(self) -> Decimal:
        """What the sends of unknown outcome may cost this run, in USD.

        One whose key tells nothing more is held once already, and no run sends it again.
        """
        if not self.live:
            return ZERO_USD
        again = [t for t in self.wanted_live if t.unresolved and not t.is_key_spent]
        return sum((take.price for take in again), ZERO_USD)


def group_takes(look: Look, identity: str, takes: Sequence[Take], pick: Take | None) -> TakeGroups:
    """Sort a look's takes."""
    mine = [take for take in takes if take.identity == identity]
    return TakeGroups(
        look=look,
        identity=identity,
        takes=[take for take in takes if take.state is not TakeState.PLANNED],
        good=[take for take in mine if take.usable],
        live=[take for take in mine if take.in_flight],
        bad=[take for take in mine if take.failed],
        gone=[take for take in mine if take.state is TakeState.DELETED],
        pick=pick,
    )


def explain_create(s: TakeGroups, ingredients: str) -> str:
    """Return why takes of a look are bought."""
    if s.wrong:
        return f"the face of {s.wrong[-1].label} counts as a failure; bought again"
    if s.bad:
        return f"{len(s.bad)} of its takes failed; bought again"
    if s.good or s.live:
        return f"{len(s.good) + len(s.live)} of {s.look.takes} takes are there"
    if s.gone:
        return f"{s.gone[-1].label} was deleted at HeyGen"
    if s.takes:
        return describe_change((s.pick or s.takes[-1]).ingredients, ingredients)
    return "new"


def explain_resume(live: Sequence[Take]) -> str:
    """Return what there is to finish."""
    unresolved = [take for take in live if take.unresolved]
    if unresolved and all(take.is_key_spent for take in unresolved):
        return "it was sent and the outcome is unknown: no run sends it again, it is searched for"
    if unresolved:
        return (
            "it was sent and the outcome is unknown: sent again under its own key, or searched for"
        )
    if any(take.state is TakeState.PENDING_CONSENT for take in live):
        return "it waits for a person's consent"
    return "it is under way"


def explain_failed(bad: Sequence[Take]) -> str:
    """Return why nothing is bought of a look that failed."""
    if not bad:
        return "it cannot be generated"
    last = bad[-1]
    said = last.error_message or last.error_code or "no reason given"
    cure = find_cure(last.error_code or "")
    if cure is Cure.EDIT_PROMPT:
        helps = "change its prompt or picture"
    elif cure is Cure.EDIT:
        helps = "change it in the manifest"
    else:
        helps = "`lookbook retry` buys it again"
    return f"{last.label} failed: {said.rstrip('.')}; {helps}"
