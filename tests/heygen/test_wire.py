from decimal import Decimal
from typing import Any

import pytest

from runner.heygen import wire
from runner.replies import (
    AssetData,
    AutoReload,
    GroupData,
    LookData,
    Subscription,
    UsageBased,
    UserData,
)
from runner.video_facts import VideoFacts

LOOK: dict[str, Any] = {
    "id": "look_1",
    "name": "Sarah — Navy",
    "avatar_type": "photo_avatar",
    "group_id": "group_1",
    "status": "completed",
    "error": None,
    "preview_image_url": "https://cdn.example/1.png?signature=a%2Fb",
    "preview_video_url": None,
    "image_width": 1024,
    "image_height": 1536,
    "preferred_orientation": "portrait",
    "gender": None,
    "default_voice_id": None,
    "supported_api_engines": None,
    "tags": None,
}
GROUP: dict[str, Any] = {
    "id": "group_1",
    "name": "Sarah",
    "created_at": 1_700_000_000,
    "looks_count": 3,
    "consent_status": "granted",
}


def test_a_look_is_read_whole() -> None:
    assert wire.read_look(LOOK) == LookData(
        id="look_1",
        name="Sarah — Navy",
        avatar_type="photo_avatar",
        group_id="group_1",
        status="completed",
        preview_image_url="https://cdn.example/1.png?signature=a%2Fb",
        video=VideoFacts(orientation="portrait", width=1024, height=1536),
    )


def test_what_a_look_says_of_videos_is_read_where_it_can_be() -> None:
    told: dict[str, object] = {
        "supported_api_engines": ["avatar_iv", None, {}, "x" * 300],
        "default_voice_id": "v1",
    }
    assert wire.read_look({"id": "look_1"} | told).video == VideoFacts(("avatar_iv",), "v1")
    empty = {"supported_api_engines": "avatar_iv", "default_voice_id": "v" * 300}
    assert wire.read_look({"id": "look_1"} | empty).video is None


def test_only_the_id_of_a_look_is_needed() -> None:
    assert wire.read_look({"id": "look_1"}) == LookData("look_1", name="", avatar_type="")


def test_why_a_look_failed_is_kept() -> None:
    look = wire.read_look(LOOK | {"status": "failed", "error": {"code": "MOD", "message": "no"}})
    assert (look.status, look.error_code, look.error_message) == ("failed", "MOD", "no")
    assert wire.read_look(LOOK | {"error": "no"}).error_message == "no"


@pytest.mark.parametrize(
    ("status", "kept", "usable"),
    [
        (None, None, True),
        ("completed", "completed", True),
        ("processing", "processing", False),
        ("pending_consent", "pending_consent", False),
        ("failed", "failed", False),
        ("archived", "archived", False),
        ("COMPLETED", "completed", True),
        ("Pending_Consent ", "pending_consent", False),
        ("", "", False),
        (7, "unreadable", False),
        ({}, "unreadable", False),
        (False, "unreadable", False),
    ],
)
def test_only_a_status_that_means_ready_is_ready(
    status: object, kept: str | None, usable: bool
) -> None:
    look = wire.read_look(LOOK | {"status": status})
    assert look.status == kept
    assert look.usable is usable


@pytest.mark.parametrize(
    "url", [None, "", "  ", 5, "https://x/\n", "https://x/\ud800", "https://x/" + "y" * 9_000]
)
def test_a_look_without_a_usable_link_is_not_usable(url: object) -> None:
    look = wire.read_look(LOOK | {"preview_image_url": url})
    assert look.preview_image_url is None
    assert not look.usable


@pytest.mark.parametrize(
    "bad", [None, "", "  ", 5, True, [], {}, "a\nb", "a\0", "\ud800", "x" * 257, "x" * 200_000]
)
def test_an_id_that_cannot_be_kept_is_not_understood(bad: object) -> None:
    with pytest.raises(wire.WrongShape, match="look's id"):
        wire.read_look(LOOK | {"id": bad})
    with pytest.raises(wire.WrongShape, match="group's id"):
        wire.read_group(GROUP | {"id": bad})
    with pytest.raises(wire.WrongShape, match="asset_id"):
        wire.read_asset({"asset_id": bad})
    with pytest.raises(wire.WrongShape, match="username"):
        wire.read_user({"username": bad})


@pytest.mark.parametrize("size", [0, -1, None, "1024", True, [], float("nan"), float("inf"), 1e300])
def test_a_size_that_is_none_is_left_out(size: object) -> None:
    video = wire.read_look(LOOK | {"image_width": size}).video
    assert video is not None
    assert video.width is None


def test_names_come_back_exactly_as_they_are_compared() -> None:
    for name in (
        "Sarah — Été",
        "no\N{NO-BREAK SPACE}break",
        "👩‍🚀",
        "二\N{IDEOGRAPHIC SPACE}人",
        " two  ",
    ):
        assert wire.read_look(LOOK | {"name": name}).name == name


def test_texts_can_always_be_written_and_shown() -> None:
    look = wire.read_look(LOOK | {"name": "a\ud800b", "error": {"message": "\x1b[31mred\r"}})
    assert look.name == "a\N{REPLACEMENT CHARACTER}b"
    assert look.error_message == "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"
    assert len(wire.strip_unsafe("x" * 1_000_000)) < 10_000


def test_a_group_is_read_whole() -> None:
    assert wire.read_group(GROUP) == GroupData("group_1", "Sarah", 1_700_000_000.0, "granted")


@pytest.mark.parametrize("when", [None, "yesterday", True, -1, float("nan"), float("inf")])
def test_a_group_of_unknown_age_is_as_old_as_can_be(when: object) -> None:
    assert wire.read_group(GROUP | {"created_at": when}).created_at == 0.0


def test_what_was_bought_is_known_by_look_and_group() -> None:
    created = wire.read_created({"avatar_item": LOOK, "avatar_group": GROUP})
    assert created.group is not None
    assert (created.look.id, created.group.id) == ("look_1", "group_1")


def test_a_look_that_names_its_group_is_enough_of_a_purchase() -> None:
    created = wire.read_created({"avatar_item": LOOK, "avatar_group": None})
    assert created.group is not None
    assert (created.look.id, created.group.id) == ("look_1", "group_1")


@pytest.mark.parametrize("group", [None, {"name": "no id"}, "group_1", 7])
@pytest.mark.parametrize("of_look", [None, "", 7])
def test_a_look_of_no_group_is_kept_because_it_was_paid_for(group: object, of_look: object) -> None:
    item = {"id": "look_1", "name": "Sarah", "group_id": of_look}
    created = wire.read_created({"avatar_item": item, "avatar_group": group})
    assert (created.look.id, created.group) == ("look_1", None)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"avatar_group": GROUP},
        {"avatar_item": None, "avatar_group": GROUP},
        {"avatar_item": LOOK | {"id": ""}, "avatar_group": GROUP},
        {"avatar_item": "look_1", "avatar_group": GROUP},
    ],
)
def test_a_purchase_without_its_ids_is_not_understood(data: object) -> None:
    with pytest.raises(wire.WrongShape):
        wire.read_created(data)


def test_an_asset_needs_only_its_id() -> None:
    assert wire.read_asset(
        {"asset_id": "a", "mime_type": "image/png", "size_bytes": 9}
    ) == AssetData("a")
    assert wire.read_asset({"asset_id": "a"}) == AssetData("a")


@pytest.mark.parametrize(
    ("balance", "money"),
    [
        (12.5, Decimal("12.5")),
        (0, Decimal(0)),
        (0.1, Decimal("0.1")),
        ("7.25", Decimal("7.25")),
        (-1, Decimal(-1)),
        (None, None),
        (True, None),
        ("plenty", None),
        ("NaN", None),
        (float("inf"), None),
        ("1e999999999", None),
        (-1e300, None),
        ([], None),
    ],
)
def test_the_wallet_is_exact_money_or_unknown(balance: object, money: Decimal | None) -> None:
    wallet = {"currency": "usd", "remaining_balance": balance}
    user = wire.read_user({"username": "sarah", "billing_type": "wallet", "wallet": wallet})
    assert user == UserData("sarah", "usd", money)


def test_an_account_says_how_it_pays() -> None:
    reload = {"enabled": True, "amount_usd": 75, "threshold_usd": 5.0}
    wallet = {"currency": "usd", "remaining_balance": 9, "auto_reload": reload}
    user = wire.read_user({"username": "sarah", "wallet": wallet})
    assert user.auto_reload == AutoReload(Decimal(75), Decimal("5.0"))
    off = wallet | {"auto_reload": reload | {"enabled": False}}
    assert wire.read_user({"username": "sarah", "wallet": off}).auto_reload is None
    left = {"premium_credits": {"remaining": 7, "resets_at": "2026-12-01"}, "add_on_credits": None}
    plan = {"plan": "creator", "credits": left}
    user = wire.read_user({"username": "sarah", "subscription": plan, "usage_based": None})
    assert user.subscription == Subscription("creator", Decimal(7), None, "2026-12-01")
    usage = {"spending_cap_usd": 100, "spending_current_usd": 12.5, "remaining_credits": "x"}
    user = wire.read_user({"username": "sarah", "usage_based": usage})
    assert user.usage == UsageBased(Decimal(100), Decimal("12.5"), None, None)


def test_an_account_may_have_no_wallet() -> None:
    assert wire.read_user({"username": "sarah", "wallet": None}) == UserData("sarah")


@pytest.mark.parametrize("url", ["https://heygen.example/consent/1", "http://127.0.0.1:1/c"])
def test_a_consent_is_a_web_page(url: str) -> None:
    assert wire.read_consent({"url": url, "avatar_group": GROUP}).url == url


@pytest.mark.parametrize(
    "url", [None, "", 5, "javascript:alert(1)", "/relative", "https://x\x1b[2J"]
)
def test_nothing_else_is_offered_as_a_consent_page(url: object) -> None:
    with pytest.raises(wire.WrongShape):
        wire.read_consent({"url": url})


@pytest.mark.parametrize(
    ("rest", "token"),
    [
        ({"has_more": True, "next_token": "t2"}, "t2"),
        ({"next_token": "t2"}, "t2"),
        ({"has_more": False, "next_token": None}, None),
        ({"has_more": False, "next_token": "left over"}, None),
        ({"has_more": False}, None),
        ({}, None),
        ({"next_token": ""}, None),
    ],
)
def test_a_page_says_where_it_goes_on(rest: dict[str, object], token: str | None) -> None:
    page = wire.read_page({"data": [LOOK], **rest}, wire.read_look)
    assert [look.id for look in page.items] == ["look_1"]
    assert page.next_token == token


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": [None]},
        {"data": [LOOK, {"name": "no id"}]},
        {"data": [], "has_more": True},
        {"data": [], "has_more": True, "next_token": None},
        {"data": [], "has_more": True, "next_token": 5},
        {"data": [], "next_token": 5},
        {"data": [], "next_token": "x" * (wire.MAX_LINK_CHARS + 1)},
        {"data": [LOOK] * (wire.MAX_PAGE_ITEMS + 1)},
    ],
)
def test_a_page_that_hides_something_is_not_understood(envelope: dict[str, object]) -> None:
    with pytest.raises(wire.WrongShape):
        wire.read_page(envelope, wire.read_look)
