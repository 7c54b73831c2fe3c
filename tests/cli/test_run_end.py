"""How a run ends: one line of truth, failures by cause with what helps, a page for a job."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.cli.failures import describe_failures, group_failures
from runner.cli.run_report import last_balance
from runner.cli.run_summary import (
    RunReport,
    RunSummary,
    find_changed,
    format_error_summary,
    format_job_summary,
    summarize_run,
)
from runner.errors import describe_error
from runner.plan import plan
from runner.plan.renames import KeyRenames
from runner.policy.cures import CURES, Cure, find_cure
from runner.policy.exit_codes import Exit, Outcome
from runner.replies import UserData
from runner.results.model import LookEntry, Results
from runner.results.writer import results_document
from runner.takes import Billing, Snapshot, TakeState
from runner.words import ERROR_WORDS
from tests.executor.harness import campaign, look
from tests.plan.made import done, held, take

MANY = campaign(*[look(f"look-{n:02}") for n in range(24)])
SPRING = campaign(look("a"), look("b"), look("c"), look("d"))


def results_of(made: Any, snapshot: Snapshot) -> Results:
    return results_document(made, snapshot, plan(made, snapshot), None)


def failed(made: Any, key: str, code: str, message: str = "words") -> Any:
    return take(
        made,
        key,
        state=TakeState.FAILED,
        billing=Billing.ASSUMED,
        error_code=code,
        error_message=message,
        avatar_id=None,
    )


def test_a_failed_base_is_one_cause_however_many_looks_wait_for_it() -> None:
    ledger = held(failed(MANY, "base", "moderation"))
    (group,) = group_failures(results_of(MANY, ledger)["looks"])
    assert (group.looks, len(group.blocked), group.cure) == (("base",), 24, Cure.EDIT_PROMPT)
    lines = describe_failures([group], "spring.yaml")
    assert lines == [
        "1 failed: HeyGen's moderation refused the prompt or a picture. [moderation]",
        "  base",
        "  24 blocked, waiting for these: look-00, look-01, look-02, look-03, look-04 and 19 more",
        "  It would be refused again: change the prompt or the picture; `run` buys the edit.",
    ]


def test_each_cause_has_its_own_cure_and_names_its_looks() -> None:
    ledger = held(
        take(SPRING, "base"),
        failed(SPRING, "a", "moderation"),
        failed(SPRING, "b", "generation_failed", "chance"),
        failed(SPRING, "c", "generation_failed", "chance"),
        failed(SPRING, "d", "avatar_not_found"),
    )
    text = "\n".join(
        describe_failures(group_failures(results_of(SPRING, ledger)["looks"]), "spring.yaml")
    )
    assert "2 failed: chance [generation_failed]\n  b, c\n" in text
    assert "`lookbook retry spring.yaml --select 'b c'` shows its price and asks." in text
    assert "`lookbook reconcile spring.yaml --record` finds out" in text
    assert text.count("retry") == 1


def test_another_take_that_failed_beside_a_usable_one_is_told_only_in_its_run() -> None:
    second = replace(failed(SPRING, "a", "moderation"), uid="a-2", number=2, reroll=True)
    looks = results_of(SPRING, held(take(SPRING, "base"), take(SPRING, "a"), second))["looks"]
    assert not group_failures(looks)
    assert [group.looks for group in group_failures(looks, ["a"])] == [("a",)]


def test_every_code_with_a_cure_of_its_own_is_one_that_is_known() -> None:
    facts = (Path(__file__).parents[2] / "docs" / "api-facts.md").read_text("utf-8")
    ours = {"unknown_status", "moderation"}
    assert not [code for code in CURES if f"`{code}`" not in facts and code not in ours]
    assert find_cure("CONTENT_MODERATION_FAILED") is Cure.EDIT_PROMPT
    assert find_cure("Moderation") is Cure.EDIT_PROMPT
    assert find_cure("generation_failed") is Cure.RETRY
    assert "uploads files again" in find_cure("asset_not_found")
    assert CURES.keys() & ERROR_WORDS.keys()


def summed(outcome: Outcome, after: Snapshot, **more: Any) -> RunSummary:
    totals = results_of(SPRING, after)["totals"]
    facts: dict[str, Any] = {"run": "r", "spent": Decimal(1), "unchanged": 3, "aside": 0}
    facts |= {"before": Snapshot(), "seconds": 41.2} | more
    return summarize_run(outcome, totals, after=after, wallet=Decimal(36), **facts)


def test_the_last_line_counts_what_this_run_did() -> None:
    bought = take(SPRING, "d", run="r")
    whole = held(*[take(SPRING, key, run="earlier") for key in ("base", "a", "b", "c")], bought)
    line = summed(Outcome(), whole).line()
    assert line == "Done: 1 bought ($1.00), 0 failed, 3 unchanged · wallet $36.00 · 41 s"
    assert summed(Outcome(), whole, run=None).bought == 0
    part = held(
        take(SPRING, "base"),
        take(SPRING, "a", state=TakeState.PROCESSING, run="r"),
        failed(SPRING, "b", "moderation"),
    )
    outcome = Outcome(under_way=("a",), failed=("b",), over_budget=("c",))
    assert summed(outcome, part).line() == (
        "Not finished: 1 bought ($1.00), 1 failed, 1 waiting, 1 left out, 1 not sent, "
        "3 unchanged · wallet $36.00 · 41 s"
    )


def test_looks_that_nobody_selected_are_not_called_unsent() -> None:
    line = summed(Outcome(), held(take(SPRING, "base", run="r")), aside=3, unchanged=0).line()
    assert line.startswith("Done: 1 bought ($1.00), 0 failed, 1 not sent, 3 not selected, 0 unch")


def test_what_an_earlier_run_bought_and_this_one_completed_is_counted_as_that() -> None:
    going = take(SPRING, "a", state=TakeState.PROCESSING, run="earlier")
    lost = take(SPRING, "b", state=TakeState.UNKNOWN, run="earlier")
    stays = take(SPRING, "c", state=TakeState.PROCESSING, run="earlier")
    before = held(take(SPRING, "base", run="earlier"), going, lost, stays)
    found, sent_again = take(SPRING, "a", run="earlier"), take(SPRING, "b", run="r")
    after = held(take(SPRING, "base", run="earlier"), found, sent_again, stays)
    line = summed(Outcome(under_way=("c",)), after, before=before, unchanged=1).line()
    assert line.startswith("Not finished: 1 bought ($1.00), 1 completed, 0 failed, 1 waiting, ")


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5, 6])
def test_every_end_has_its_word(code: int) -> None:
    outcome = {
        Exit.DONE: Outcome(),
        Exit.FAILED: Outcome(failed=("a",)),
        Exit.ACCOUNT: Outcome(account="HTTP 402"),
        Exit.UNDER_WAY: Outcome(under_way=("a",)),
        Exit.BUDGET: Outcome(over_budget=("a",)),
        Exit.PERSON: Outcome(consents=("a",)),
    }[Exit(code)]
    verdict = summed(outcome, done(SPRING)).verdict
    assert (verdict == "Done") is (code == 0)


def test_a_look_has_changed_where_its_takes_or_its_pick_have() -> None:
    before = done(SPRING)
    more = {**before.takes, "a": (*before.takes["a"], take(SPRING, "a", 2))}
    after = replace(before, takes=more, picks={**before.picks, "b": "another"})
    assert find_changed(before, after, KeyRenames()) == {"a", "b"}
    assert find_changed(before, before, KeyRenames()) == frozenset()


def test_the_page_of_a_job_shows_texts_as_they_are() -> None:
    results = results_of(SPRING, done(SPRING))
    looks: list[LookEntry] = [{**entry, "image": "images/<b>|x.jpg"} for entry in results["looks"]]
    totals = results["totals"]
    summary = summed(Outcome(), done(SPRING))
    report = RunReport(summary, looks, ["1 failed: *no*"], ["run `it`"], totals, None)
    text = format_job_summary("spring", report)
    assert text.startswith("### spring\n\n**Done: ")
    assert "| a | Ready | $1.00 | images/\\<b\\>\\|x.jpg |" in text
    assert "1 failed: \\*no\\*" in text
    error = describe_error("budget", "too [dear]", "raise it", 5)
    assert format_error_summary(error) == ("\n**Error (exit 5):** too \\[dear\\]\n\nraise it\n")


def test_a_wallet_that_was_not_read_after_a_purchase_is_not_told() -> None:
    def balance(spent: int, after: float | None) -> Decimal | None:
        ledger = SimpleNamespace(spent_in_run=Decimal(spent), wallet={"after": after})
        user = UserData("anna", currency="usd", balance=Decimal(40))
        return last_balance(SimpleNamespace(ledger=ledger, user=user))  # type: ignore[arg-type]

    assert balance(0, None) == 40
    assert balance(7, 33.0) == 33
    assert balance(7, None) is None
