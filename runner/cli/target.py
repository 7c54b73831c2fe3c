"""Which campaign and which of its ledgers an offline command is about, and what is known of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

from runner.cli import readonly
from runner.cli.campaign import load_campaign
from runner.cli.options import account_option, manifest_argument, simulate_option, var_option
from runner.cli.outputs import make_results
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign, LookKind
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.options import PlanOptions, apply_options, resolve_options
from runner.plan.pricing import Quote, apply_quotes, quote_prices
from runner.results.model import Results
from runner.takes import Snapshot


@dataclass(frozen=True, slots=True)
class Target:
    """The manifest, and the account whose ledger is meant: None is the one that was used last."""

    manifest: Path
    variables: tuple[tuple[str, str], ...] = ()
    simulate: bool = False
    account: str | None = None

    def load_campaign(self) -> Campaign:
        """Read and check the manifest. Raises ManifestError."""
        return load_campaign(self.manifest, self.variables)

    def find_state(self, campaign: Campaign) -> StateDir | None:
        """Return the state folder that is meant; None before the first run. Raises UsageError."""
        return readonly.find_state(campaign, account=self.account, simulate=self.simulate)

    def require_state(self, campaign: Campaign) -> StateDir:
        """Return the folder whose ledger is meant. Raises UsageError where nothing was ever run."""
        return readonly.known_state(campaign, account=self.account, simulate=self.simulate)

    def read(self, campaign: Campaign) -> "KnownCampaign":
        """Return what is known of the campaign; what a person should know of it goes to stderr."""
        state = self.find_state(campaign)
        return KnownCampaign(self, campaign, state, *readonly.load_known(campaign, state))

    def plan(self, campaign: Campaign, plan_options: PlanOptions) -> "OfflinePlan":
        """Return what a run would do, by what is known here, at the prices that count."""
        known = self.read(apply_options(campaign, plan_options))
        quotes = quote_prices(known.campaign, plan_options, known.snapshot)
        known = replace(known, campaign=apply_quotes(known.campaign, quotes))
        asked = resolve_options(known.campaign, known.snapshot, plan_options)
        return OfflinePlan(known, quotes, make_plan(known.campaign, known.snapshot, asked))

    def name_ledger(self) -> tuple[str, ...]:
        """Return the options that mean the same ledger in another command."""
        if self.simulate:
            return ("--simulate",)
        return ("--account", self.account) if self.account else ()


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A campaign as a run would find it: what its ledger holds, and what the wallet showed last."""

    target: Target
    campaign: Campaign
    state: StateDir | None
    snapshot: Snapshot
    wallet: Mapping[str, Any] | None

    @property
    def is_rehearsal(self) -> bool:
        """Return whether the simulator's account is meant."""
        account = self.snapshot.account
        return self.target.simulate or (account is not None and account.simulated)

    def describe_account(self) -> str:
        """Return which account is meant, in words."""
        return readonly.describe_target(self.snapshot, simulate=self.target.simulate)

    def mention_other_ledgers(self) -> None:
        """Mention on stderr what an empty ledger may hide, where nobody named the ledger."""
        if not self.target.name_ledger():
            readonly.mention_other_ledgers(self.campaign, self.state, self.snapshot)

    def make_results(self, only: Collection[str] | None = None) -> Results:
        """Return the results document, of all looks or of some."""
        return make_results(self.campaign, self.snapshot, self.wallet, only)


class OfflinePlan(NamedTuple):
    """A plan, with what it was made of and the prices that it counts."""

    known: KnownCampaign
    quotes: Mapping[LookKind, Quote]
    plan: Plan


def target_options(function: Callable[..., Any], manifest: Any = manifest_argument) -> Any:
    """Add what names a campaign and its ledger, and hand it to a command as one ``Target``."""

    @wraps(function)
    def command(
        *args: Any,
        manifest: Path,
        variables: tuple[tuple[str, str], ...],
        simulate: bool,
        account: str | None,
        **options: Any,
    ) -> Any:
        return function(*args, Target(manifest, variables, simulate, account), **options)

    return manifest(simulate_option(account_option(var_option(command))))
