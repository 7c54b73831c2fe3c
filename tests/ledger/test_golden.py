"""The results document byte for byte: other programs, and older versions of this one, rely on it.

``golden/results.json`` tells of looks in every state that a document has; ``first_version`` was
left by the command of the first version. Where one of them changes, so does a published form.
"""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from runner.ledger.reading import read_ledger
from runner.manifest import load
from runner.model import BASE, LookKind, Matrix
from runner.plan import plan
from runner.resources import schema
from runner.results import model
from runner.results.reader import read_takes
from runner.results.writer import results_document, serialize_results
from runner.takes import Billing, Doubled, MeasuredPrice, PriceState, Snapshot, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

GOLDEN = Path(__file__).parent / "golden"
FIRST_VERSION = Path(__file__).parents[1] / "plan" / "first_version"
CREATED = 1_772_442_845.25

SPRING = replace(
    campaign(
        look("navy")._replace(title="Navy “Blazer”", tags=("hero", "print")),
        look("night", on="navy")._replace(matrix="m", axes=(("light", "night"),)),
        look("broken"),
        look("behind", on="broken"),
        look("lost"),
        look("asked"),
        look("going"),
        look("fresh"),
        look("edited", prompt="a new prompt"),
    ),
    matrices=(Matrix("m", (("light", ("day", "night")),)),),
)
EDITED = replace(SPRING, looks=(*SPRING.looks[:-1], SPRING.looks[-1]._replace(prompt="old")))
GONE = campaign(look("gone"))


def ledger() -> Snapshot:
    """Return a ledger that knows takes in every state, and an account that broke its promises."""
    sent: dict[str, Any] = {"sent_at": CREATED, "accepted_at": CREATED + 1, "request_id": "req-1"}
    done = {**sent, "completed_at": CREATED + 60, "image": "images/navy.1.png", "sha256": "ab" * 32}
    pending: dict[str, Any] = {"avatar_id": None, "group_id": None, "group_wanted": "g-1"}
    return replace(
        held(
            take(SPRING, BASE, **sent, image=None),
            take(SPRING, "navy", **done, width=768, height=960),
            take(SPRING, "navy", 2, state=TakeState.COMPLETED, billing=Billing.REFUNDED),
            take(SPRING, "night", reference_id="an older take"),
            take(
                SPRING,
                "broken",
                state=TakeState.FAILED,
                billing=Billing.ASSUMED,
                error_code="moderation",
                error_message="the prompt was refused",
            ),
            take(
                SPRING,
                "lost",
                state=TakeState.UNKNOWN,
                billing=Billing.UNKNOWN,
                sent_at=CREATED,
                error_message="the connection broke",
                **pending,
            ),
            take(
                SPRING,
                "asked",
                state=TakeState.PENDING_CONSENT,
                consent_url="https://example.com/consent",
            ),
            take(SPRING, "going", state=TakeState.PROCESSING, billing=Billing.RESERVED),
            take(EDITED, "edited"),
            take(GONE, "gone"),
        ),
        prices={
            LookKind.PROMPT: MeasuredPrice(
                Decimal("1.25"), PriceState.CONTRADICTED, Decimal(1), sends=2
            )
        },
        doubled=(Doubled("lk-2", "Navy", "navy-1", Decimal("1.5"), "run-1"),),
    )


WALLET = {
    "currency": "usd",
    "before": 20.0,
    "after": 11.5,
    "known": 6.25,
    "difference": 2.25,
    "at": CREATED,
}


def test_a_document_of_looks_in_every_state_is_written_as_it_was() -> None:
    document = results_document(SPRING, ledger(), plan(SPRING, ledger()), WALLET)
    states = {entry["state"] for entry in document["looks"]}
    assert states == {
        *("fetched", "failed", "blocked", "stale", "unknown", "pending_consent"),
        *("processing", "planned", "changed"),
    }
    document["prices"]["listed_on"] = "2026-11-22"
    written = "".join(serialize_results(document))
    assert written == (GOLDEN / "results.json").read_text("utf-8")


def test_a_ledger_of_the_first_version_is_told_as_it_was(tmp_path: Path) -> None:
    wanted = load(FIRST_VERSION / "spring.yaml").campaign
    assert wanted is not None
    snapshot, wallet = read_ledger(Path(copy(FIRST_VERSION / "ledger.sqlite", tmp_path)))
    document = results_document(wanted, snapshot, plan(wanted, snapshot), wallet)
    document["prices"]["listed_on"] = "2026-11-22"  # the price list's own day, which moves on
    written = "".join(serialize_results(document))
    assert written == (GOLDEN / "first_version.json").read_text("utf-8")


def test_results_of_the_first_version_are_read_whole_and_written_as_they_were() -> None:
    text = (FIRST_VERSION / "results.json").read_text("utf-8")
    document = json.loads(text)
    assert len(read_takes(document, source="results.json")) == document["totals"]["takes"]
    assert "".join(serialize_results(document)) == text


SCHEMA = schema("results")
LOOK, TAKE = SCHEMA["definitions"]["look"], SCHEMA["definitions"]["take"]
TOTALS = SCHEMA["properties"]["totals"]


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        (model.Results, SCHEMA),
        (model.PricesEntry, SCHEMA["properties"]["prices"]),
        (model.MeasuredEntry, SCHEMA["definitions"]["measured_price"]),
        (model.LookEntry, LOOK),
        (model.TakeEntry, TAKE),
        (model.ErrorEntry, TAKE["properties"]["error"]),
        (model.ErrorEntry, LOOK["properties"]["error"]),
        (model.ChargeEntry, TAKE["properties"]["charge"]),
        (model.CreditsEntry, {**SCHEMA["properties"]["credits"], "required": []}),
        (model.MatrixEntry, SCHEMA["properties"]["matrices"]["items"]),
        (model.DoubledEntry, SCHEMA["properties"]["doubled"]["items"]),
        (model.Totals, TOTALS),
        (model.WalletEntry, TOTALS["properties"]["wallet"]),
    ],
)
def test_the_types_have_the_fields_of_the_published_schema(typed: Any, form: Any) -> None:
    assert typed.__required_keys__ == set(form["required"])
    assert typed.__required_keys__ | typed.__optional_keys__ == set(form["properties"])
