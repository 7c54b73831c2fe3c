"""Any bytes as a saved plan: exactly the plan that would be carried out, or one clear refusal."""

import json
from decimal import Decimal

from runner.cli.request import load_saved_plan
from runner.cli.terminal import escape_text
from runner.errors import UsageError
from runner.model import BASE, Campaign
from runner.plan import plan
from runner.plan.options import apply_options, resolve_options
from runner.plan.request import Request
from runner.plan.saved_plan import Change, find_changes, plan_document, serialize_plan
from runner.takes import Snapshot
from tests.executor.harness import campaign, look
from tests.fuzz.target import Target, demand, folder, written
from tests.plan.made import ACCOUNT, held, take

SPRING = campaign(look("navy"), look("night", on="navy"))
HELD = held(take(SPRING, BASE))

WORDS = (
    *('"saved"', '"actions"', '"count"', '"cost_usd"', '"worst_case_usd"', '"version"', '"look"'),
    *('"action"', '"reason"', '"takes"', '"reference"', '"manifest"', '"simulate"', '"variables"'),
    *('"select"', '"exclude"', '"cascade"', '"price"', '"photo"', '"prompt"', '"looks"', '"files"'),
    *('"prices"', '"ledger"', '"account"', '"campaign"', '"navy"', '"night"', '"base"', "+", "*"),
    *("NaN", "Infinity", "-Infinity", "1e999", "1E400", "1.0", "null", "true", "false", "[]", "{}"),
    *("\\ud800", "\\u0000", "state:", "tag:", "axis:", "action:create", "[[[[", "99999999999999"),
)


def run(data: bytes) -> None:
    """Read it, and see whether it would be carried out."""
    path = folder() / "plan.json"
    path.write_bytes(data)
    try:
        saved = load_saved_plan(path)
        changes = held_against(saved)
    except UsageError as error:
        refused(error.message, error.hint)
        return
    refused("\n".join(map(str, changes)), None)


def held_against(saved: Request) -> list[Change]:
    """Do as ``run --plan`` does, with what is known here. Raises UsageError."""
    document = saved.saved or {}
    now, snapshot = apply_options(SPRING, saved), HELD
    made = plan(now, snapshot, resolve_options(now, snapshot, saved))
    printed = json.dumps(plan_document(made), ensure_ascii=False, allow_nan=False)
    written(printed, "the plan")
    changes = find_changes(document, made, now, snapshot, ACCOUNT)
    if not changes:
        kept = {name: document[name] for name in plan_document(made)}
        unsaid = {"account": made.account}  # None where it was made before the first run
        same = kept | unsaid == plan_document(made)
        demand(same, "what is carried out is the plan that was saved, to the cent")
    return changes


def refused(message: str, hint: str | None) -> None:
    """Write it as the command line does."""
    words = [escape_text(line) for line in [*message.splitlines(), *(hint or "").splitlines()]]
    written("\n".join(words), "the refusal")


def saved_for(made_for: Campaign, snapshot: Snapshot, request: Request) -> bytes:
    now = apply_options(made_for, request)
    made = plan(now, snapshot, resolve_options(now, snapshot, request))
    return json.dumps(serialize_plan(made, now, snapshot, request)).encode()


def seeds() -> list[bytes]:
    soft = (("light", "soft"),)
    wished = Request(variables=soft, select=("+navy",), exclude=("night",), cascade=True, takes=2)
    priced = Request(simulate=True, prices=(("prompt", Decimal("1.25")), ("photo", Decimal(2))))
    return [
        saved_for(SPRING, HELD, Request()),
        saved_for(SPRING, Snapshot(), Request()),
        saved_for(SPRING, HELD, wished),
        saved_for(SPRING, HELD, priced),
        json.dumps(plan_document(plan(SPRING, HELD))).encode(),
        b"[]",
        b"{",
    ]


WATCHED = ("runner.plan", "runner.cli.request")
TARGET = Target("plan", run, seeds, WORDS, WATCHED, json=True)
