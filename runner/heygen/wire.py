"""The API's JSON, read into ``runner.replies``: tolerant of what is missing, strict about ids.

Ids decide what money bought, so an answer without a usable id is not understood (WrongShape);
everything that only describes is taken where it fits and left out where it does not. The shapes
are those of docs/api-facts.md.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from runner.replies import (
    AssetData,
    AutoReload,
    ConsentData,
    CreatedData,
    GroupData,
    ListPage,
    LookData,
    Subscription,
    UsageBased,
    UserData,
)
from runner.video_facts import VideoFacts

T = TypeVar("T")

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MAX_TEXT_CHARS = 4_000
_MAX_COUNT = 2**53
_MAX_ENGINES = 20

MAX_ID_CHARS = 256
"""What an id, or a user's name, may have; HeyGen's have 32, and ledgers keep them for good."""

MAX_LINK_CHARS = 8_192
"""What a link, or the token of a list's next page, may have; signed links have about 1,000."""

MAX_PAGE_ITEMS = 1_000
"""Items that one page of a list may have; 50 are asked for, and some servers ignore that."""


class WrongShape(Exception):
    """An answer that is JSON but not what the API documents; the message says what is wrong."""


# --- the API's objects ----------------------------------------------------------------------------


def read_look(value: object) -> LookData:
    """Read a LOOK. A status that the page does not know is kept: it means "not ready"."""
    look = read_mapping(value, "the look")
    error = look.get("error")
    details: dict[Any, Any] = error if isinstance(error, dict) else {"message": error}
    return LookData(
        id=_identifier(look.get("id"), "the look's id"),
        name=read_text(look.get("name")) or "",
        avatar_type=read_text(look.get("avatar_type")) or "",
        group_id=_optional_identifier(look.get("group_id"), "the look's group_id"),
        status=_status(look.get("status")),
        error_code=read_text(details.get("code")),
        error_message=read_text(details.get("message")),
        preview_image_url=_link(look.get("preview_image_url")),
        video=_video_facts(look),
    )


def _video_facts(look: Mapping[Any, Any]) -> VideoFacts | None:
    """Return what a LOOK says of its use in a video; None where that is nothing."""
    engines = look.get("supported_api_engines")
    named = [read_text(one) for one in engines[:_MAX_ENGINES]] if isinstance(engines, list) else []
    facts = VideoFacts(
        tuple(name for name in named if name is not None and len(name) <= MAX_ID_CHARS),
        _described(look.get("default_voice_id")),
        _described(look.get("preferred_orientation")),
        _count(look.get("image_width")) or None,
        _count(look.get("image_height")) or None,
    )
    return facts if facts != VideoFacts() else None


def _described(value: object) -> str | None:
    text = read_text(value)
    return text if text is not None and len(text) <= MAX_ID_CHARS else None


def read_group(value: object) -> GroupData:
    """Read a GROUP. Without a usable ``created_at`` it is as old as can be: no search adopts it."""
    group = read_mapping(value, "the group")
    return GroupData(
        id=_identifier(group.get("id"), "the group's id"),
        name=read_text(group.get("name")) or "",
        created_at=_seconds(group.get("created_at")),
        consent_status=read_text(group.get("consent_status")),
    )


def read_created(value: object) -> CreatedData:
    """Read the answer to ``POST /v3/avatars``: the look's id is what was paid for.

    Look and group each say which group it is. Where neither does, or the group cannot be read, the
    look is kept all the same: it shows later where it was saved.
    """
    data = read_mapping(value, "data")
    item = read_mapping(data.get("avatar_item"), "the look")
    try:
        look = read_look(item)
    except WrongShape:
        look = read_look({**item, "group_id": None})
    try:
        return CreatedData(look, read_group(data.get("avatar_group")))
    except WrongShape:
        if look.group_id is None:
            return CreatedData(look)
    return CreatedData(look, GroupData(look.group_id, name="", created_at=0.0))


def read_asset(value: object) -> AssetData:
    """Read the answer to ``POST /v3/assets``."""
    return AssetData(_identifier(read_mapping(value, "data").get("asset_id"), "asset_id"))


def read_consent(value: object) -> ConsentData:
    """Read where a consent is granted; a person opens it, so nothing but a web page will do."""
    url = _link(read_mapping(value, "data").get("url"))
    if url is None or not url.startswith(("https://", "http://")):
        raise WrongShape("the consent's url is missing or no web address")
    return ConsentData(url)


def read_deleted(value: object) -> str:
    """Read the answer to a DELETE: the id of what is gone."""
    return _identifier(read_mapping(value, "data").get("id"), "the deleted look's id")


def read_user(value: object) -> UserData:
    """Read ``GET /v3/users/me``; only ``username`` is always there, and a ledger hangs on it."""
    user = read_mapping(value, "data")
    wallet = _part(user, "wallet")
    return UserData(
        username=_identifier(user.get("username"), "username"),
        currency=read_text(wallet.get("currency")),
        balance=_money(wallet.get("remaining_balance")),
        auto_reload=_read_auto_reload(_part(wallet, "auto_reload")),
        subscription=_read_subscription(_part(user, "subscription")),
        usage=_read_usage(_part(user, "usage_based")),
    )


def _read_auto_reload(reload: dict[Any, Any]) -> AutoReload | None:
    if reload.get("enabled") is not True:
        return None
    return AutoReload(_money(reload.get("amount_usd")), _money(reload.get("threshold_usd")))


def _read_subscription(subscription: dict[Any, Any]) -> Subscription | None:
    if not subscription:
        return None
    left = _part(subscription, "credits")
    premium, add_on = _part(left, "premium_credits"), _part(left, "add_on_credits")
    return Subscription(
        plan=read_text(subscription.get("plan")),
        premium_credits=_money(premium.get("remaining")),
        add_on_credits=_money(add_on.get("remaining")),
        resets_at=read_text(premium.get("resets_at")),
    )


def _read_usage(usage: dict[Any, Any]) -> UsageBased | None:
    if not usage:
        return None
    return UsageBased(
        cap=_money(usage.get("spending_cap_usd")),
        spent=_money(usage.get("spending_current_usd")),
        included_credits=_money(usage.get("included_credits")),
        remaining_credits=_money(usage.get("remaining_credits")),
    )


def read_page_of(read: Callable[[object], T]) -> Callable[[dict[Any, Any]], ListPage[T]]:
    """Return the reader of a page whose items ``read`` reads."""
    return lambda envelope: read_page(envelope, read)


def read_page(envelope: dict[Any, Any], read: Callable[[object], T]) -> ListPage[T]:
    """Read a list's whole envelope. A page that hides where it goes on is not understood.

    A search for a paid look must see every page: a list that just stopped would look like proof
    that nothing was bought.
    """
    items = envelope.get("data")
    if not isinstance(items, list):
        raise WrongShape("data is not a list")
    if len(items) > MAX_PAGE_ITEMS:
        raise WrongShape(f"one page has {len(items)} items, more than {MAX_PAGE_ITEMS}")
    token = envelope.get("next_token")
    more = envelope.get("has_more")
    if more is False or (more is None and token in (None, "")):
        return ListPage(tuple(read(item) for item in items))
    if not isinstance(token, str) or not token:
        raise WrongShape("has_more without a next_token")
    if len(token) > MAX_LINK_CHARS:
        raise WrongShape(f"next_token has {len(token)} characters, more than {MAX_LINK_CHARS}")
    return ListPage(tuple(read(item) for item in items), token)


# --- their parts ----------------------------------------------------------------------------------


def read_mapping(value: object, what: str) -> dict[Any, Any]:
    """Return the value if it is a JSON object. Raises WrongShape."""
    if not isinstance(value, dict):
        raise WrongShape(f"{what} is not an object")
    return value


def _part(mapping: dict[Any, Any], name: str) -> dict[Any, Any]:
    """Return an object inside an object; empty where it is absent, null or something else."""
    value = mapping.get(name)
    return value if isinstance(value, dict) else {}


def strip_unsafe(text: str) -> str:
    """Make a stranger's text safe to store and print: no control characters, no half surrogates.

    A lone surrogate cannot be written as UTF-8, so one in an answer would break the ledger after
    the money moved; a control character could take over a terminal.
    """
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text[:_MAX_TEXT_CHARS])


def read_text(value: object) -> str | None:
    """Return a text that describes, or None; a number (some codes are) becomes its digits."""
    if isinstance(value, str):
        return strip_unsafe(value) or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_COUNT:
        return str(value)
    return None


def _status(value: object) -> str | None:
    """Return the status in lower case: absent means ready, what is no text nothing we know."""
    if value is None:
        return None
    return strip_unsafe(value).strip().lower() if isinstance(value, str) else "unreadable"


def _identifier(value: object, what: str) -> str:
    """Return an id exactly as it came: not empty, and only characters that can be written down."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise WrongShape(f"{what} is missing or not a usable text")
    if len(value) > MAX_ID_CHARS:
        raise WrongShape(f"{what} has {len(value)} characters, more than {MAX_ID_CHARS}")
    return value


def _optional_identifier(value: object, what: str) -> str | None:
    return None if value is None or value == "" else _identifier(value, what)


def _link(value: object) -> str | None:
    """Return a URL untouched (cleaning breaks signatures), or None where it is unusable."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        return None
    return value if len(value) <= MAX_LINK_CHARS else None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _MAX_COUNT else None  # NaN fails both


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value <= _MAX_COUNT else 0.0  # NaN fails both


def _money(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    # 1e999999999 is finite, and a gigabyte when it is printed.
    return amount if amount.is_finite() and -_MAX_COUNT <= amount <= _MAX_COUNT else None
