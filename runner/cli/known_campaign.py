"""What is known of a campaign here, for commands that ask nobody, and the plan that follows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from runner.cli import readonly
from runner.cli.outputs import make_results
from runner.cli.request import load_campaign
from runner.cli.shared_options import name_database
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign, LookKind
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.options import apply_options, resolve_options
from runner.plan.pricing import Quote, apply_quotes, quote_prices
from runner.plan.request import Request
from runner.results.model import Results
from runner.takes import Snapshot


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A campaign as a run would find it: what its ledger holds, and what the wallet showed last."""

    request: Request
    campaign: Campaign
    state: StateDir | None
    snapshot: Snapshot
    wallet: Mapping[str, Any] | None

    @property
    def is_rehearsal(self) -> bool:
        """Return whether the simulator's account is meant."""
        account = self.snapshot.account
        return self.request.simulate or (account is not None and account.simulated)

    def describe_account(self) -> str:
        """Return which account is meant, in words."""
        if self.snapshot.account is not None:
            return f"account {self.snapshot.account.label}"
        whose = "the simulator" if self.request.simulate else "your HeyGen account"
        return f"{whose}, not used yet"

    def mention_other_ledgers(self) -> None:
        """Mention on stderr what an empty ledger may hide, where nobody named the ledger."""
        if not name_ledger(self.request):
            readonly.mention_other_ledgers(self.campaign, self.state, self.snapshot)

    def make_results(self, only: Collection[str] | None = None) -> Results:
        """Return the results document, of all looks or of some."""
        return make_results(self.campaign, self.snapshot, self.wallet, only)


class OfflinePlan(NamedTuple):
    """A plan, with what it was made of and the prices that it counts."""

    known: KnownCampaign
    quotes: Mapping[LookKind, Quote]
    plan: Plan


def read_campaign(request: Request) -> KnownCampaign:
    """Load the manifest and return what is known of its looks; warnings go to stderr."""
    return read_known(load_campaign(request), request)


def read_known(campaign: Campaign, request: Request) -> KnownCampaign:
    """Return what is known of a campaign; what a person should know of it goes to stderr."""
    state = readonly.find_state(campaign, request)
    return KnownCampaign(request, campaign, state, *readonly.load_known(campaign, state))


def plan_offline(campaign: Campaign, request: Request) -> OfflinePlan:
    """Return what a run would do, by what is known here, at the prices that count."""
    known = read_known(apply_options(campaign, request), request)
    quotes = quote_prices(known.campaign, known.snapshot, request.prices)
    known = replace(known, campaign=apply_quotes(known.campaign, quotes))
    asked = resolve_options(known.campaign, known.snapshot, request)
    return OfflinePlan(known, quotes, make_plan(known.campaign, known.snapshot, asked))


def name_ledger(request: Request) -> tuple[str, ...]:
    """Return the options that mean the same ledger in another offline command."""
    account = ("--account", request.account) if request.account and not request.simulate else ()
    return (*name_database(request), *account)
