"""The plan: what would bring the account to what the manifest says, each action with its reason.

Pure: campaign and ledger snapshot in, plan out; no clock, no randomness, no files, no network.
"""

from runner.plan.diff import plan
from runner.plan.model import Action, Asked, Plan, PlannedLook
from runner.plan.trim import trim

__all__ = ["Action", "Asked", "Plan", "PlannedLook", "plan", "trim"]
