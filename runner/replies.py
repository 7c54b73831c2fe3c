"""What the API can say, as frozen values: answers, refusals, and silence.

The client turns HTTP into these; ``runner.policy.decisions`` turns these into decisions. The
difference between *not sent*, *refused* and *lost* is the difference between free and paid, so the
client must never blur it (``docs/money.md``).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from runner.video_facts import VideoFacts

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """A 2xx whose body was read whole and understood.

    ``server_time`` is the answer's ``Date`` header in Unix seconds, where it had one.
    """

    data: T_co
    request_id: str | None = None
    server_time: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that says no: a status of 400 and above, or a 2xx whose body is an error.

    ``enveloped`` tells whether it came in the API's own envelope (an ``error`` with a code that is
    a word): without it something in between may have answered, such as a gateway or a firewall.
    ``code`` is lower-cased (the API compares codes without regard to case) and
    ``http_STATUS`` where the envelope was unreadable. ``retry_after`` is in seconds from now, a
    date having been turned into seconds; None where the header was absent or unreadable.
    """

    status: int
    code: str
    message: str
    param: str | None = None
    retry_after: float | None = None
    request_id: str | None = None
    server_time: float | None = None
    enveloped: bool = True


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was made (refused, unresolvable, TLS or proxy failure): no byte of it left.

    ``final`` marks a request that we did not even try, and that would not be sent next time either.
    """

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The request may have arrived, and what it did is not known.

    Time-outs after connecting, resets, truncated or undecodable bodies, also a 2xx that cannot be
    understood. ``status`` is the HTTP status if one was seen.
    """

    reason: str
    status: int | None = None


Reply = Answer[T_co] | Refusal | NotSent | Lost


@dataclass(frozen=True, slots=True)
class LookData:
    """A look, as the API shows it (docs/api-facts.md).

    ``status`` is lower-cased, and None where the API leaves it out, which means ready. ``video`` is
    what it says of its use in a video, None where that is nothing.
    """

    id: str
    name: str
    avatar_type: str
    group_id: str | None = None
    status: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    preview_image_url: str | None = None
    video: VideoFacts | None = None

    @property
    def usable(self) -> bool:
        """Return whether it can be an ``avatar_id``.

        Completed (or no status) and with a picture.
        """
        return self.status in (None, "completed") and bool(self.preview_image_url)


@dataclass(frozen=True, slots=True)
class GroupData:
    """A group, as the API shows it; ``created_at`` in Unix seconds."""

    id: str
    name: str
    created_at: float
    consent_status: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedData:
    """The answer to ``POST /v3/avatars``: the look as it was at creation, and its group.

    ``group`` is None where the answer names none; the look says later where it was saved.
    """

    look: LookData
    group: GroupData | None = None


@dataclass(frozen=True, slots=True)
class AssetData:
    """An uploaded file: its id, which a request can name."""

    asset_id: str


@dataclass(frozen=True, slots=True)
class ConsentData:
    """Where a person grants the consent: a page to open in a browser."""

    url: str


@dataclass(frozen=True, slots=True)
class AutoReload:
    """A wallet that fills itself from a card: ``amount`` whenever it is below ``threshold``; USD.

    Only made where it is switched on; an amount that the answer left out is None.
    """

    amount: Decimal | None = None
    threshold: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A plan with credits. ``resets_at`` is the API's own text, for people."""

    plan: str | None = None
    premium_credits: Decimal | None = None
    add_on_credits: Decimal | None = None
    resets_at: str | None = None


@dataclass(frozen=True, slots=True)
class UsageBased:
    """Usage that is billed afterwards: what was spent of which cap (USD), and included credits."""

    cap: Decimal | None = None
    spent: Decimal | None = None
    included_credits: Decimal | None = None
    remaining_credits: Decimal | None = None


@dataclass(frozen=True, slots=True)
class UserData:
    """The account: its user name, and how it pays.

    It has one of a wallet (``currency`` usd or credits, ``balance``, ``auto_reload``), a
    ``subscription`` and ``usage``; an answer may leave out all of them.
    """

    username: str
    currency: str | None = None
    balance: Decimal | None = None
    auto_reload: AutoReload | None = None
    subscription: Subscription | None = None
    usage: UsageBased | None = None


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T_co]):
    """One page of a list; ``next_token`` is None on the last."""

    items: tuple[T_co, ...]
    next_token: str | None = None
