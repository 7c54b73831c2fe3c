"""Results documents from elsewhere: a clear refusal where they do not say what they must."""

from collections.abc import Callable
from typing import Any

import pytest

from runner.errors import UsageError
from runner.model import BASE
from runner.plan import plan
from runner.results.reader import read_takes
from runner.results.writer import results_document
from runner.takes import Billing, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

SPRING = campaign(look("navy"))


def results() -> Any:
    snapshot = held(take(SPRING, BASE), take(SPRING, "navy", sent_at=1_700_000_000.0))
    return results_document(SPRING, snapshot, plan(SPRING, snapshot), None)


def navy(told: dict[str, Any]) -> Any:
    return told["looks"][1]["takes"]


def test_what_was_told_is_read_back() -> None:
    assert [(take.uid, picked) for take, picked in read_takes(results(), source="r")] == [
        ("base#1", True),
        ("navy#1", True),
    ]


def test_a_time_without_a_zone_is_utc_as_ours_are() -> None:
    told = results()
    navy(told)[0]["sent_at"] = "2023-11-14T22:13:20"
    assert read_takes(told, source="r")[1][0].sent_at == 1_700_000_000.0


def test_a_take_of_unknown_outcome_holds_its_price_whatever_the_document_says() -> None:
    told = results()
    navy(told)[0] |= {"state": "unknown", "billing": "none"}
    read = read_takes(told, source="r")[1][0]
    assert (read.state, read.billing) == (TakeState.UNKNOWN, Billing.UNKNOWN)
    assert read.body_sha256 is None  # so it is never sent again


def test_whole_numbers_of_any_kind_are_whole() -> None:
    told = results()
    navy(told)[0] |= {"take": 1.0, "width": 1024.0, "height": 512.0}
    read = read_takes(told, source="r")[1][0]
    assert repr((read.uid, read.number, read.width, read.height)) == "('navy#1', 1, 1024, 512)"


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a time that is none": (lambda told: navy(told)[0].update(sent_at="tomorrow"), "isoformat"),
    "a time before any ledger": (
        lambda told: navy(told)[0].update(sent_at="0001-01-01T00:00:00+23:59"),
        "no time from 1970",
    ),
    "a time after any calendar": (
        lambda told: navy(told)[0].update(sent_at="9999-12-31T23:59:59-23:59"),
        "no time from 1970",
    ),
    "a key that no look has": (lambda told: told["looks"][1].update(look="Navy Office"), "match"),
    "a key with a line's end": (lambda told: told["looks"][1].update(look="navy\n"), "match"),
    "a price beyond any ledger's": (lambda told: navy(told)[0].update(price_usd=1e12), "maximum"),
    "a number that no file holds": (lambda told: navy(told)[0].update(width=2**70), "maximum"),
    "a look twice": (
        lambda told: navy(told).append(
            navy(told)[0] | {"take": 7, "picked": False, "idempotency_key": "k"}
        ),
        "is two takes'",
    ),
    "a key twice": (
        lambda told: (
            navy(told)[0].update(idempotency_key="k"),
            navy(told).append(navy(told)[0] | {"take": 7, "picked": False, "avatar_id": "another"}),
        ),
        "is two takes'",
    ),
    "a take twice": (lambda told: navy(told).append(navy(told)[0]), "navy has two takes 1"),
    "two picks": (
        lambda told: navy(told).append(navy(told)[0] | {"take": 2}),
        "navy has two picked takes",
    ),
    "no id": (lambda told: navy(told)[0].update(avatar_id=None), "has no avatar_id"),
    "a picture elsewhere": (
        lambda told: navy(told)[0].update(image="images/../../secret.png"),
        "does not match",
    ),
    "a value of any length": (lambda told: told.update(campaign=["x" * 10_000]), "…"),
}


@pytest.mark.parametrize(("spoil", "said"), REFUSED.values(), ids=REFUSED)
def test_a_document_that_cannot_be_taken_in_is_refused_in_words(
    spoil: Callable[[dict[str, Any]], object], said: str
) -> None:
    told = results()
    spoil(told)
    with pytest.raises(UsageError, match=said) as refused:
        read_takes(told, source="results.json")
    assert len(refused.value.message) < 500
