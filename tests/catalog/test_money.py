"""Money and lineage on the page: the rows of ``lookbook money``, and what hangs on a look."""

from pathlib import Path
from typing import Any, cast

from runner import catalog
from runner.catalog import money, reading
from runner.catalog.money import MAX_ROWS, MoneyView, build_money
from runner.results.model import LookEntry, Results
from tests.catalog import sample


def bought(
    look: str, number: int, month: str, cause: str, usd: float = 1.0, **axes: str
) -> LookEntry:
    charge = {"cause": cause, "reason": f"{cause}, in words"}
    one = sample.take(look, number, price_usd=usd, sent_at=f"{month}-07T10:00:00Z", charge=charge)
    return sample.look(look, "A prompt", [one], axes=axes)


def view(results: Results, *axes: str) -> MoneyView:
    found = build_money(results, axes)
    assert found is not None
    return found


def test_charges_are_summed_by_month_axis_and_reason() -> None:
    results = sample.document(
        [
            bought("a", 1, "2026-03", "new", outfit="linen"),
            bought("b", 1, "2026-03", "new", outfit="knit"),
            bought("c", 2, "2026-11", "renewed", 1.1, outfit="linen"),
            bought("d", 1, "2025-12", "new"),
        ],
        orphans=[bought("gone", 1, "2026-03", "new")],
    )
    doubled = {"avatar_id": "lk", "name": "a", "take": "a#1", "usd": 1.0}
    shown = view({**results, "doubled": [cast("Any", doubled)]}, "outfit", "setting")
    assert (shown.total, shown.count) == ("$6.10", 6)
    sums = {
        kind: [(one.label, one.count, one.amount) for one in found] for kind, found in shown.sums
    }
    assert sums == {
        "Month": [
            ("unknown", 1, "$1.00"), ("2026-11", 1, "$1.10"), ("2026-03", 3, "$3.00"),
            ("2025-12", 1, "$1.00"),
        ],
        "outfit": [("Linen", 2, "$2.10"), ("Knit", 1, "$1.00")],
        "Reason": [("new", 4, "$4.00"), ("renewed", 1, "$1.10"), ("made twice", 1, "$1.00")],
    }  # fmt: skip
    assert [row.label for row in shown.rows] == ["a#1", "c#2", "a#1", "b#1", "gone#1", "d#1"]
    assert shown.rows[1].reason == "renewed, in words"
    assert max(one.share for one in dict(shown.sums)["outfit"]) == 1.0


def test_of_very_many_charges_the_newest_are_listed() -> None:
    results = sample.document([bought(f"l{n}", 1, "2026-03", "new") for n in range(MAX_ROWS + 7)])
    shown = view(results)
    assert (len(shown.rows), shown.count) == (MAX_ROWS, MAX_ROWS + 7)


def test_where_nothing_was_charged_there_is_no_money_view(tmp_path: Path) -> None:
    results = sample.document([sample.look("one", "p", [])])
    assert money.build_money(results, ()) is None
    assert 'data-view="money"' not in catalog.write_catalog(results, tmp_path).read_text("utf-8")


def test_what_hangs_on_a_look_is_counted_with_what_renewing_it_costs() -> None:
    page = reading.build_page(sample.campaign())
    by_key = {look.key: look for look in page.looks}
    night = by_key["blazer-office"].followers
    assert night is not None
    assert [page.looks[index].key for index in night.direct] == ["blazer-office-night"]
    assert (night.count, night.renewal) == (2, "$2.00")
    ski = by_key["ski-lodge"].followers
    assert ski is not None
    assert (ski.count, ski.renewal) == (1, "$0.00")  # there is nothing of it yet
    assert by_key["red-dress"].followers is None
    base = by_key["base"].followers
    assert base is not None
    assert base.count == sum(look.parent is not None and look.parent.index is not None
                             for look in page.wanted)  # fmt: skip


def test_looks_that_hang_on_each_other_in_a_circle_end_somewhere() -> None:
    looks = [
        sample.look(key, "p", reference=on) for key, on in (("a", "b"), ("b", "a"), ("c", "c"))
    ]
    page = reading.build_page(sample.document(looks))
    assert [bool(look.followers) for look in page.looks] == [True, True, False]


def test_the_page_has_every_charge_and_why_it_was_made(tmp_path: Path) -> None:
    results = sample.campaign()
    sample.draw(tmp_path, results, (8, 10))
    html = catalog.write_catalog(results, tmp_path).read_text("utf-8")
    charges = [take for look in (*results["looks"], *results["orphans"]) for take in look["takes"]]
    charged = sum("charge" in take for take in charges)
    assert html.count('<tr data-look="') == charged
    assert f"<caption>{charged} charges" in html
    assert '<dt>Bought as</dt><dd dir="auto">another take</dd>' in html
    assert "renewing all of them costs $2.00" in html
