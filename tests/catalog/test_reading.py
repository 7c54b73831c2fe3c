"""What a results document says, as values, before any markup."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.catalog import model, reading
from runner.results.model import LookEntry, Results
from tests.catalog import sample

SCHEMA = Path(__file__).parents[2] / "schemas" / "results.schema.json"


def build(*looks: LookEntry, **rest: Any) -> model.CatalogPage:
    return reading.build_page(sample.document([sample.base(), *looks], **rest))


@pytest.mark.parametrize("results", [sample.campaign(), sample.many(30)], ids=["small", "many"])
def test_the_sample_is_a_results_document_of_the_published_schema(results: Results) -> None:
    jsonschema.validate(results, json.loads(SCHEMA.read_text()))


def test_every_state_of_the_schema_has_words() -> None:
    definitions = json.loads(SCHEMA.read_text())["definitions"]
    states = definitions["look"]["properties"]["state"]["enum"]
    billings = definitions["take"]["properties"]["billing"]["enum"]
    looks = [sample.look(f"look-{state}", "p", state=state) for state in states]
    looks.append(sample.look("money", "p", [sample.take("money", billing=b) for b in billings]))
    page = build(*looks)
    assert [look.state for look in page.looks[1:-1]] == states
    assert all(look.label and look.meaning for look in page.looks)


def test_a_prompt_without_a_reference_does_not_keep_the_face() -> None:
    page = build(
        sample.look("held", "p"),
        sample.look("free", "p", reference=None),
        sample.look("bought", None, kind="existing", reference=None),
    )
    assert {look.key: look.faceless for look in page.looks} == {
        "base": False,
        "held": False,
        "free": True,
        "bought": False,
    }


def test_a_base_born_from_a_prompt_is_the_face_itself() -> None:
    born = sample.look("base", "a woman in her 30s", reference=None)
    assert not reading.build_page(sample.document([born])).looks[0].faceless


def test_a_reference_is_a_look_of_the_catalog_or_a_literal_id() -> None:
    page = build(sample.look("one", "p"), sample.look("two", "p", reference="look_from_last_year"))
    assert page.looks[1].parent == model.Relative("Sarah", 0)
    assert page.looks[2].parent == model.Relative("look_from_last_year", None)
    assert page.looks[0].parent is None


def test_history_names_each_step_and_how_long_it_took() -> None:
    timed = sample.take(
        "one",
        sent_at="2026-03-02T09:00:00Z",
        accepted_at="2026-03-02T09:00:01.500Z",
        completed_at="2026-03-02T10:01:31+01:00",
    )
    history = build(sample.look("one", "p", [timed])).looks[1].takes[0].history
    assert history == (
        model.HistoryEntry("Sent", "2026-03-02 09:00:00 UTC", None),
        model.HistoryEntry("Accepted", "2026-03-02 09:00:01 UTC", "1.5 s"),
        model.HistoryEntry("Completed", "2026-03-02 09:01:31 UTC", "1 min 30 s"),
    )


def test_a_failed_take_fails_in_its_history() -> None:
    failed = sample.take("one", state="failed", completed_at="2026-03-02T09:15:26Z")
    assert build(sample.look("one", "p", [failed])).looks[1].takes[0].history[-1].what == "Failed"


def test_an_error_says_what_it_means_and_what_was_said() -> None:
    error = {"code": "AVATAR_NOT_FOUND", "message": "no avatar lk_1"}
    fault = build(sample.look("one", "p", error=error)).looks[1].fault
    assert fault is not None
    assert "no longer exists" in fault.meaning
    assert (fault.message, fault.code) == ("no avatar lk_1", "AVATAR_NOT_FOUND")


def test_an_error_that_nobody_listed_speaks_through_its_message() -> None:
    fault = build(sample.look("one", "p", error={"code": "new", "message": "m"})).looks[1].fault
    assert fault == model.LookFault("", "m", "new")


def test_a_take_says_what_it_was_made_from_only_where_the_prompt_has_changed() -> None:
    takes = [
        sample.take("one", 1, request={"type": "prompt", "prompt": "before"}),
        sample.take("one", 2, request={"type": "prompt", "prompt": "now"}, picked=False),
    ]
    shown = build(sample.look("one", "now", takes)).looks[1].takes
    assert [take.prompt for take in shown] == ["before", None]


def test_rivals_are_the_reference_the_other_takes_and_the_neighbour() -> None:
    takes = [sample.take("two", 1), sample.take("two", 2, picked=False)]
    page = build(
        sample.look("one", "Wearing a blazer in an office"),
        sample.look("two", "Wearing a blazer in a garden", takes),
    )
    assert [(rival.label, rival.image) for rival in page.looks[2].rivals] == [
        ("Reference: Sarah", "images/base.1.png"),
        ("Take 2", "images/two.2.png"),
        ("One", "images/one.1.png"),
    ]


def test_orphans_come_last_and_are_not_counted_as_wanted() -> None:
    page = build(sample.look("one", "p"), orphans=[sample.look("old", "p")])
    assert [look.key for look in page.wanted] == ["base", "one"]
    assert [look.key for look in page.orphans] == ["old"]
    assert page.ready == 2


def test_a_title_that_was_left_out_reads_like_words() -> None:
    page = build(sample.look("navy-office", "p", title="navy-office"))
    assert page.looks[1].title == "Navy office"


def test_matrix_values_keep_the_order_in_which_looks_use_them() -> None:
    page = build(
        sample.look("b-x", "p", matrix="m", axes={"a": "b", "s": "x"}),
        sample.look("a-y", "p", matrix="m", axes={"a": "a", "s": "y"}),
    )
    assert page.matrices == (model.MatrixAxes("m", (("a", ("b", "a")), ("s", ("x", "y")))),)


def test_declared_matrices_give_the_order_and_the_values_that_no_look_has() -> None:
    page = build(
        sample.look("b-x", "p", matrix="m", axes={"a": "b", "s": "x"}),
        matrices=[{"id": "m", "axes": {"a": ["a", "b", "c"], "s": ["x"]}}],
    )
    assert page.matrices == (model.MatrixAxes("m", (("a", ("a", "b", "c")), ("s", ("x",)))),)


def test_money_that_is_not_simply_charged_is_explained() -> None:
    results = sample.document([sample.base()])
    results["totals"] |= {"assumed_billed_usd": 1.0, "refunded_usd": 2.5}
    notes = reading.build_page(results).money_notes
    assert [note.split()[0] for note in notes] == ["$1.00", "$2.50"]


def test_every_text_is_cleaned_of_controls_that_rearrange_others() -> None:
    bad = "a\u202eb\x00c\ud800d"
    entry = sample.look(
        "one",
        bad,
        title=bad,
        tags=[bad],
        axes={bad: bad},
        matrix=bad,
        reason=bad,
        error={"code": bad, "message": bad},
        avatar_id=bad,
        name=bad,
        takes=[sample.take("one", avatar_id=bad, name=bad, request={"prompt": bad + "x"})],
    )
    page = build(entry, campaign=bad, account=bad, manifest=bad)
    shown = repr(page)
    assert "\\u202e" not in shown
    assert "\\x00" not in shown
    assert "\\ud800" not in shown
    assert page.looks[1].title == "a\ufffdb\ufffdc\ufffdd"
