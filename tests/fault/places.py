"""Where people work: folders with a manifest and a ledger of their own, all on one account."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from runner.ledger.reading import read_snapshot
from runner.model import BASE, Campaign, Look, LookKind
from runner.takes import Take
from tests.fault.campaigns import grown
from tests.fault.environment import Environment
from tests.fault.history import Elsewhere
from tests.fault.judge import Judge
from tests.fault.manual_actions import ManualActions, copy_results

__all__ = ["Place", "begun", "first"]


@dataclass(slots=True)
class Place:
    """A manifest, the ledger beside it, and whoever works there. ``kind`` is None for the first."""

    kind: Elsewhere | None
    state: Path
    campaign: Campaign
    judge: Judge
    hands: ManualActions
    former: list[Campaign] = field(default_factory=list)

    def entered(self, environment: Environment, other: "Place") -> None:
        """Work here from now on; a checkout takes what the first folder has pushed."""
        environment.judge, environment.state = self.judge, self.state
        environment.lost_pictures |= self.judge.entered(self.state)
        if self.kind in (Elsewhere.CHECKOUT, Elsewhere.BARE):
            self.campaign = replace(other.campaign, manifest=self.campaign.manifest)
        if self.kind is Elsewhere.CHECKOUT:
            environment.lost_pictures |= copy_results(other.state, self.state)

    def bring_results(self, environment: Environment, other: "Place") -> None:
        """Put the results of another folder in the place of these."""
        environment.lost_pictures |= copy_results(other.state, self.state)

    def left(self, environment: Environment, other: "Place") -> None:
        """Push manifest and results, which the first folder takes at once."""
        if self.kind in (Elsewhere.CHECKOUT, Elsewhere.BARE):
            other.campaign = replace(self.campaign, manifest=other.campaign.manifest)
        if self.kind is Elsewhere.CHECKOUT:
            environment.lost_pictures |= copy_results(self.state, other.state)


def first(environment: Environment) -> Place:
    """Return the first folder's campaign."""
    history = environment.history
    campaign = grown(
        history.shape,
        environment.stock,
        price=history.price,
        budget=history.campaign_usd,
        faces=history.faces,
    )
    return _placed(None, environment, campaign)


def begun(kind: Elsewhere, environment: Environment, other: Place) -> Place:
    """Return the place where somebody else begins to work now."""
    folder = environment.folder
    environment.seen[f"elsewhere {kind}"] += 1
    if kind in (Elsewhere.CHECKOUT, Elsewhere.BARE):
        manifest = folder / "checkout" / other.campaign.manifest.name
        manifest.parent.mkdir()
        campaign = replace(other.campaign, manifest=manifest)
        if environment.history.shared:  # the ledger is the same one
            state = manifest.with_suffix(".lookbook")
            return Place(kind, state, campaign, other.judge, ManualActions(environment))
        return _placed(kind, environment, campaign)
    shape = replace(environment.history.shape, draw=environment.history.shape.draw + 1)
    campaign = grown(shape, environment.stock, price=environment.history.price, budget=None)
    campaign = replace(campaign, name="summer", manifest=folder / "summer.yaml")
    base = _base_of(other) if kind is Elsewhere.ON_SPRING else None
    if base is not None and base.avatar_id is not None:
        known = Look(BASE, LookKind.EXISTING, "Sarah", None, existing=base.avatar_id)
        campaign = replace(campaign, looks=(known, *campaign.looks[1:]))
        environment.seen["a campaign on another's base"] += 1
    return _placed(kind, environment, campaign)


def _placed(kind: Elsewhere | None, environment: Environment, campaign: Campaign) -> Place:
    state = campaign.manifest.with_suffix(".lookbook")
    judge = Judge(environment, state, campaign.name)
    environment.judges.append(judge)
    environment.judge = environment.judge or judge
    return Place(kind, state, campaign, judge, ManualActions(environment))


def _base_of(other: Place) -> Take | None:
    """Return a usable take of another campaign's base, if its ledger has one."""
    if not other.judge.exists() or other.judge.lost:
        return None
    takes = read_snapshot(other.judge.ledger).takes.get(BASE, ())
    return next((take for take in takes if take.usable), None)
