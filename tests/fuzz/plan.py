"""Any bytes as a saved plan: exactly the plan that would be carried out, or one clear refusal."""

import json
from decimal import Decimal
from typing import Any

from runner.cli.show import plain
from runner.cli.wanted import read_saved
from runner.errors import UsageError
from runner.model import BASE, Campaign
from runner.plan import plan
from runner.plan.saved import Saved, document, moved, save
from runner.plan.wishes import Wishes, adjusted, asked_for
from runner.takes import Snapshot
from tests.executor.world import campaign, look
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
        saved = read_saved(path)
        changes = held_against(saved)
    except UsageError as error:
        refused(error.message, error.hint)
        return
    refused("\n".join(changes), None)


def held_against(saved: Saved) -> list[str]:
    """Do as ``run --plan`` does, with what is known here. Raises UsageError."""
    now, snapshot = adjusted(SPRING, saved.wishes), HELD
    made = plan(now, snapshot, asked_for(now, snapshot, saved.wishes))
    printed = json.dumps(document(made), ensure_ascii=False, allow_nan=False)
    written(printed, "the plan")
    changes = moved(saved, made, now, snapshot, ACCOUNT)
    if not changes:
        kept = {name: saved.document[name] for name in document(made)}
        unsaid = {"account": made.account}  # None where it was made before the first run
        same = kept | unsaid == document(made)
        demand(same, "what is carried out is the plan that was saved, to the cent")
    return changes


def refused(message: str, hint: str | None) -> None:
    """Say it as the command line does."""
    words = [plain(line) for line in [*message.splitlines(), *(hint or "").splitlines()]]
    written("\n".join(words), "the refusal")


def saved_for(made_for: Campaign, snapshot: Snapshot, wishes: Wishes, **more: Any) -> bytes:
    now = adjusted(made_for, wishes)
    made = plan(now, snapshot, asked_for(now, snapshot, wishes))
    options = {"variables": [], "simulate": False, **more}
    return json.dumps(save(made, now, snapshot, wishes, **options)).encode()


def seeds() -> list[bytes]:
    wished = Wishes(select=("+navy",), exclude=("night",), cascade=True, takes=2)
    priced = Wishes(prices=(("prompt", Decimal("1.25")), ("photo", Decimal(2))))
    return [
        saved_for(SPRING, HELD, Wishes()),
        saved_for(SPRING, Snapshot(), Wishes()),
        saved_for(SPRING, HELD, wished, variables=[("light", "soft")]),
        saved_for(SPRING, HELD, priced, simulate=True),
        json.dumps(document(plan(SPRING, HELD))).encode(),
        b"[]",
        b"{",
    ]


WATCHED = ("runner.plan", "runner.cli.wanted")
TARGET = Target("plan", run, seeds, WORDS, WATCHED, json=True)
