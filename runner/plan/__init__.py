"""The plan: what would bring the account to what the manifest says, each action with its reason.

Pure: campaign and ledger snapshot in, plan out; no clock, no randomness, no files, no network.
"""

from runner.plan.differ import plan
from runner.plan.fit_budget import fit_budget
from runner.plan.model import Plan, PlannedLook, ResolvedOptions
from runner.plan.steps import Action

__all__ = ["Action", "Plan", "PlannedLook", "ResolvedOptions", "fit_budget", "plan"]
