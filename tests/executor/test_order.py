"""Order, references, groups and pictures: what is sent when, and what it carries."""

import base64
import json
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from runner.executor.ports import FetchFailed
from runner.model import BASE, FileImage, InlineImage, LookRef, UrlImage
from runner.plan import fit_budget
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import Answer, GroupData, ListPage, Refusal
from runner.takes import Billing, TakeState
from tests.executor.harness import Harness, campaign, existing, literal, look, photo
from tests.ledger.history import replay_events


def bodies(harness: Harness) -> dict[str, dict[str, Any]]:
    """Return what was sent, by name."""
    return {json.loads(body)["name"]: json.loads(body) for _, body in harness.api.posts}


def test_no_look_is_sent_before_its_reference_is_usable(harness: Harness) -> None:
    real = harness.api.create_avatar

    async def checked(body: bytes, key: str) -> Any:
        reference = json.loads(body).get("avatar_id")
        if reference is not None:
            assert harness.api._now(harness.api.looks_by_id[reference]).usable
        return await real(body, key)

    harness.api.create_avatar = checked  # type: ignore[method-assign]
    looks = [look("a"), look("b", on="a"), look("c", on="b"), look("d")]
    assert exit_code(harness.run(campaign(*looks))) is Exit.DONE


def test_the_four_rows_of_the_table_are_sent_as_they_are_written(harness: Harness) -> None:
    harness.run(
        campaign(
            look("reference", on="base"),
            look("both", on="base", group="base"),
            look("neither", on=None),
            look("group-only", on=None, group="base"),
        )
    )
    base = harness.take("base")
    sent = bodies(harness)
    ids = ("avatar_id", "avatar_group_id")
    assert {
        key: tuple(sent[f"Sarah — {key}"].get(name) for name in ids)
        for key in ("reference", "both", "neither", "group-only")
    } == {
        "reference": (base.avatar_id, None),
        "both": (base.avatar_id, base.group_id),
        "neither": (None, None),
        "group-only": (None, base.group_id),
    }


def test_never_more_in_progress_than_asked_for(harness: Harness) -> None:
    harness.run(campaign(*(look(f"l{n}") for n in range(12))), concurrency=3)
    assert harness.api.in_progress_peak == 3


def test_a_picture_is_uploaded_once_for_all_looks_and_all_runs(harness: Harness) -> None:
    style = FileImage(Path("/x/s.png"), "s.png", "cd" * 32, "image/png", 9, 64, 64)
    plan = campaign(look("a", images=(style,)), look("b", images=(style,)))
    harness.run(plan)
    assert harness.api.calls.count("upload") == 2  # the photo and the style
    moved = style._replace(path=Path("/elsewhere/t.png"), source="t.png")
    harness.run(campaign(look("a", images=(moved,)), look("c", images=(moved,))))
    assert harness.api.calls.count("upload") == 2
    assert bodies(harness)["Sarah — a"]["reference_images"] == [
        {"type": "asset_id", "asset_id": "asset-cdcd"}
    ]
    assert len(harness.api.charges) == 4


@pytest.mark.parametrize(
    ("reply", "fate", "uploads"),
    [
        (Refusal(400, "invalid_parameter", "an asset, perhaps", "file"), "", 2),
        (Refusal(402, "no", "no money"), "", 1),
        ("ok", "failed", 1),
    ],
)
def test_only_a_look_that_was_refused_for_its_own_fault_has_its_picture_uploaded_anew(
    harness: Harness, reply: Any, fate: str, uploads: int
) -> None:
    harness.api.fate["Sarah"] = fate
    harness.api.script.append(reply)
    harness.run(campaign(photo()))
    assert len(harness.api.posts) == 1
    harness.api.fate.clear()
    assert exit_code(harness.run(campaign(photo()), retry=(BASE,))) is Exit.DONE
    assert harness.api.calls.count("upload") == uploads


def test_every_form_of_an_image_is_sent_as_the_api_page_has_it(harness: Harness) -> None:
    data = base64.b64encode(b"picture").decode()
    inline = InlineImage("image/png", data, sha256(b"picture").hexdigest())
    harness.run(campaign(look("a", images=(UrlImage("https://x.example/i.jpg"), inline))))
    assert bodies(harness)["Sarah — a"]["reference_images"] == [
        {"type": "url", "url": "https://x.example/i.jpg"},
        {"type": "base64", "media_type": "image/png", "data": data},
    ]


def test_an_upload_that_is_refused_fails_its_look_and_buys_nothing(harness: Harness) -> None:
    wallet = Answer(harness.api.user)
    nothing: ListPage[GroupData] = ListPage(())
    harness.api.free_replies.extend(
        [Answer(nothing), wallet, Refusal(413, "payload_too_large", "too large")]
    )
    outcome = harness.run(campaign(look("a")))
    assert exit_code(outcome) is Exit.FAILED
    assert harness.api.charges == []
    assert harness.session is not None
    assert harness.session.look_report is not None
    assert "could not be uploaded" in harness.session.look_report.explain(BASE)


def test_a_look_that_exists_is_adopted_for_nothing_and_can_be_referenced(harness: Harness) -> None:
    hand = harness.api.add_by_hand("Anybody", "group-9")
    plan = campaign(existing("hired", hand.id), look("a", on="hired"))
    assert exit_code(harness.run(plan)) is Exit.DONE
    assert harness.take("a").reference_id == hand.id
    hired = harness.take("hired")
    assert (hired.billing, hired.price, hired.state) == (
        Billing.NONE,
        Decimal(0),
        TakeState.FETCHED,
    )
    assert harness.api.looks_by_id[hand.id].name == "Anybody"
    assert len(harness.api.charges) == 2


def test_a_literal_id_that_the_account_does_not_have_blocks_its_look(harness: Harness) -> None:
    outcome = harness.run(campaign(look("a", on=literal("look_of_nobody")), look("b")))
    assert outcome.failed == ("a",)
    assert harness.take("b").state is TakeState.FETCHED
    assert "Sarah — a" not in bodies(harness)


def test_a_reference_outside_the_group_is_never_sent(harness: Harness) -> None:
    hand = harness.api.add_by_hand("Anybody", "group-9")
    outcome = harness.run(campaign(look("a", on=literal(hand.id), group="base")))
    assert outcome.failed == ("a",)
    assert "Sarah — a" not in bodies(harness)


def test_a_regenerated_base_lives_in_a_new_group_and_what_names_both_is_blocked(
    harness: Harness,
) -> None:
    harness.run(campaign(look("a"), look("b", on="a", group="base")))
    other = photo()._replace(photo=UrlImage("https://x.example/new.jpg"))
    edited = look("b", "another prompt", on="a", group="base")
    outcome = harness.run(campaign(other, look("a"), edited))
    assert "b" in outcome.failed
    assert len(harness.takes("b")) == 1


def test_an_edit_taken_back_is_picked_again_for_nothing(harness: Harness) -> None:
    harness.run(campaign(look("a", "navy")))
    harness.run(campaign(look("a", "red")))
    charges = len(harness.api.charges)
    harness.run(campaign(look("a", "navy")))
    assert len(harness.api.charges) == charges
    ledger = harness.open()
    pick = ledger.picked("a")
    ledger.close()
    assert pick is not None
    assert pick.number == 1


def test_a_renamed_key_is_followed_and_costs_a_free_rename(harness: Harness) -> None:
    harness.run(campaign(look("a"), look("b", on="a")))
    renamed = look("z", "a prompt for a", name="Sarah — z")
    outcome = harness.run(campaign(renamed, look("b", on="z")))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 3
    assert harness.take("z").name == "Sarah — z"
    assert harness.take("b").reference_look == "z"


def test_a_plan_trimmed_to_a_budget_sends_what_most_depend_on(harness: Harness) -> None:
    looks = [look("alone"), look("a"), look("b", on="a"), look("c", on="b")]
    outcome = harness.run(campaign(*looks), trimmed=lambda plan: fit_budget(plan, Decimal(3)))
    assert exit_code(outcome) is Exit.BUDGET
    assert set(bodies(harness)) == {"Sarah", "Sarah — a", "Sarah — b"}
    assert set(outcome.over_budget) == {"alone", "c"}


def test_a_picture_that_cannot_be_had_is_no_reason_to_buy_again(harness: Harness) -> None:
    harness.images.failing["a"] = FetchFailed("gone", expired=True)
    outcome = harness.run(campaign(look("a"), look("b", on="a")))
    assert exit_code(outcome) is Exit.FAILED
    assert harness.take("a").state is TakeState.COMPLETED
    assert harness.take("b").state is TakeState.FETCHED
    harness.images.failing.clear()
    assert exit_code(harness.run(campaign(look("a"), look("b", on="a")))) is Exit.DONE
    assert len(harness.api.charges) == 3


def test_a_base_that_exists_is_never_renamed(harness: Harness) -> None:
    hand = harness.api.add_by_hand("Her own name", "group-9")
    base = existing("base", hand.id)
    assert exit_code(harness.run(campaign(base, look("a")))) is Exit.DONE
    assert harness.api.looks_by_id[hand.id].name == "Her own name"
    assert "rename" not in harness.api.calls
    assert harness.take("a").reference_look == "base"
    assert LookRef("base").look == harness.take("base").look


def test_keys_that_were_swapped_or_shifted_cost_nothing(harness: Harness) -> None:
    harness.run(campaign(look("a"), look("b"), look("c")))
    swapped = [
        look("a", "a prompt for b", name="Sarah — a"),
        look("b", "a prompt for a", name="Sarah — b"),
        look("d", "a prompt for c", name="Sarah — d"),
    ]
    outcome = harness.run(campaign(*swapped))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 4
    assert json.loads(harness.take("a").ingredients)["prompt"] == "a prompt for b"
    assert exit_code(harness.run(campaign(*swapped))) is Exit.DONE
    ledger = harness.open()
    assert {key: ledger.picked(key) is not None for key in ("a", "b", "d")} == {
        "a": True,
        "b": True,
        "d": True,
    }
    rebuilt = replay_events(ledger.store.history.events())
    assert rebuilt.picks == ledger.store.state.picks
    ledger.close()


def test_swapped_keys_cost_nothing_and_what_names_them_is_stale(harness: Harness) -> None:
    harness.run(campaign(look("a"), look("b"), look("c", on="a"), look("d", on="c")))
    swapped = campaign(
        look("a", "a prompt for b", name="Sarah — a"),
        look("b", "a prompt for a", name="Sarah — b"),
        look("c", on="a"),
        look("d", on="c"),
    )
    for _ in range(2):
        assert exit_code(harness.run(swapped)) is Exit.DONE
        assert len(harness.api.charges) == 5
        assert [len(harness.takes(key)) for key in "abcd"] == [1, 1, 1, 1]
    assert (harness.take("c").reference_look, harness.take("d").reference_look) == ("a", "c")
    assert harness.take("c").reference_id == harness.take("b").avatar_id


def test_a_row_deleted_from_a_numbered_list_costs_nothing(harness: Harness) -> None:
    harness.run(campaign(*(look(f"look-{number}", f"prompt {number}") for number in range(1, 5))))
    bought = {number: harness.take(f"look-{number}").avatar_id for number in range(1, 5)}
    shorter = campaign(
        *(look(f"look-{number}", f"prompt {number + 1}") for number in range(1, 4)),
    )
    for _ in range(2):
        assert exit_code(harness.run(shorter)) is Exit.DONE
        assert len(harness.api.charges) == 5
    ledger = harness.open()
    picks = {number: ledger.picked(f"look-{number}") for number in range(1, 4)}
    numbers = [take.number for take in harness.takes("look-1")]
    rebuilt = replay_events(ledger.store.history.events())
    assert rebuilt.picks == ledger.store.state.picks
    ledger.close()
    assert {n: pick.avatar_id for n, pick in picks.items() if pick} == {
        number: bought[number + 1] for number in range(1, 4)
    }
    assert len(numbers) == len(set(numbers)) == 2


def test_a_look_that_lives_on_under_another_key_is_bought_once(harness: Harness) -> None:
    harness.run(campaign(look("a"), look("b", on="a")))
    edited = campaign(look("a", "another prompt"), look("c", "a prompt for a"), look("b", on="a"))
    harness.run(edited)
    assert len(harness.takes("b")) == 1  # stale, not bought again
    assert len(harness.takes("c")) == len(harness.takes("a")) == 1
    assert len(harness.api.charges) == 4
