"""Words on a terminal: hostile texts are shown, not obeyed; money and tables read well."""

import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import click

from runner.cli.format import format_table
from runner.cli.plan_text import format_plan, format_prompts
from runner.cli.progress import Progress
from runner.cli.spending import billing_notes
from runner.cli.terminal import escape_text, style
from runner.model import Campaign, LookKind
from runner.plan import plan
from runner.plan.saved_plan import plan_document
from runner.policy.lifecycle import Event
from runner.quantities import pluralize
from runner.replies import AutoReload, Subscription, UsageBased, UserData
from runner.takes import Snapshot, Take, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take


def test_control_characters_are_shown_and_not_obeyed() -> None:
    assert escape_text("a\x1b[2Jb\u202ec\r") == "a\\u001b[2Jb\\u202ec\\u000d"
    assert escape_text("Säräh — ok 图") == "Säräh — ok 图"


def test_a_table_is_aligned_also_where_it_is_coloured() -> None:
    text = format_table([("a", style("red", fg="red"), "1"), ("bbb", "x", "10")], right=(2,))
    assert click.unstyle(text) == "a    red   1\nbbb  x    10"


def test_a_plan_says_count_price_and_worst_case() -> None:
    made = plan(campaign(look("a", retries=1), look("b")), Snapshot())
    text = click.unstyle(
        format_plan(made, where="account x", wallet=Decimal(2), ceiling=Decimal(9))
    )
    assert "3 generations to buy: $3.00 · at worst $4.00" in text
    assert "ceiling $9.00 · wallet $2.00" in text
    assert "does not hold enough" in text


def test_what_waits_for_a_failed_look_is_one_line_of_the_plan() -> None:
    many = campaign(*[look(f"look-{n}") for n in range(7)], look("night", on="look-0"))
    failed = take(
        many, "base", state=TakeState.FAILED, error_code="moderation_failed", error_message="No."
    )
    made = plan(many, held(failed))
    text = click.unstyle(format_plan(made, where="x", width=80))
    assert "  x blocked  base      base#1 failed: No; change its prompt or picture" in text
    assert "  x 8 blocked by base: look-0, look-1, look-2, look-3, look-4 and 3 more" in text
    assert text.count("is not usable") == 0
    everything = click.unstyle(format_plan(made, where="x", everything=True))
    assert everything.count("is not usable") >= 8


def test_what_an_account_pays_with_stands_beside_the_plan() -> None:
    def said(**more: Any) -> str:
        return "\n".join(billing_notes(UserData("me", **more), Decimal(20)))

    assert said(currency="usd", balance=Decimal(9)) == ""
    reload = AutoReload(Decimal(75), Decimal(5))
    text = said(currency="usd", balance=Decimal(9), auto_reload=reload)
    assert "charges the card $75.00 whenever the wallet falls below $5.00" in text
    assert "No ceiling here protects the card" in text
    assert said(currency="credits", balance=Decimal(300)) == "wallet: 300 credits"
    plan = Subscription("creator\x1b", Decimal(70), Decimal(5), "2026-12-01")
    wanted = "70 premium credits left, 5 add-on credits left, renewed 2026-12-01"
    assert said(subscription=plan) == f"subscription creator\\u001b, {wanted}"
    usage = UsageBased(Decimal(100), Decimal(85), Decimal(50), Decimal(3))
    assert said(usage=usage).splitlines() == [
        "billed by usage, $85.00 spent of a spending cap of $100.00, 3 of 50 included credits left",
        "The spending cap leaves $15.00: not enough for all of it.",
    ]


def test_progress_is_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    progress = Progress(ceiling=Decimal(5), stream=stream)
    progress.begin(1)
    failed = Take("u", "a", 1, LookKind.PROMPT, "i", "{}", "name", state=TakeState.FAILED)
    progress.take_changed(failed, Event.ACCEPTED)
    progress.take_changed(failed, Event.FAILED)
    progress.said("evil\x1b]0;title\x07")
    progress.close()
    lines = stream.getvalue().splitlines()
    assert lines == ["[1/1] a#1 failed: None", "[1/1] evil\\u001b]0;title\\u0007"]
    assert "\x1b" not in stream.getvalue()


def test_a_count_has_its_noun() -> None:
    assert (pluralize(1, "look"), pluralize(2, "look")) == ("1 look", "2 looks")


def matrix_campaign(*, outfits: int) -> Campaign:
    axes = [(f"outfit-{n}", place) for n in range(outfits) for place in ("office", "street")]
    made = campaign(*(look(f"{outfit}-{place}") for outfit, place in axes))
    cells = [
        cell._replace(matrix="m", axes=(("outfit", outfit), ("place", place)), takes=2)
        for cell, (outfit, place) in zip(made.looks[1:], axes, strict=True)
    ]
    return replace(made, looks=(made.looks[0], *cells))


def test_a_matrix_is_one_row_of_the_plan_unless_every_look_is_asked_for() -> None:
    made = plan(matrix_campaign(outfits=3), Snapshot())
    text = click.unstyle(format_plan(made, where="x", width=80))
    assert "outfit (3) × place (2)  6 looks × 2  $12.00  new" in text
    assert "outfit-0-office" not in text
    assert "`lookbook plan --all` lists every look" in text
    everything = format_plan(made, where="x", everything=True)
    assert everything.count("outfit-") == 6
    few = plan(matrix_campaign(outfits=1), Snapshot())
    assert "outfit-0-street" in format_plan(few, where="x")


def test_the_prompts_of_a_plan_are_what_would_be_sent_with_their_price() -> None:
    made = plan(matrix_campaign(outfits=1), Snapshot())
    text = click.unstyle(format_prompts(made))
    prompt = made.actions[1].look and made.actions[1].look.prompt
    assert f"outfit-0-office · $2.00 · 2 takes · made from base\n  {prompt}" in text
    assert plan_document(made, prompts=True)["actions"][1]["prompt"] == prompt
