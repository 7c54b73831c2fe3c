"""The lifecycle of a take: which event moves which state to which. One table, and it is total.

::

                    ┌──────────── RETURNED (nothing was bought, may be sent again) ───────────┐
                    ▼                                                                         │
    PLANNED ── INTENDED ──▶ SUBMITTING ── ACCEPTED ──▶ PROCESSING ── COMPLETED ──▶ COMPLETED ──┤
       │                      │  │  │                   ▲  │  ▲  │                 │   ▲      │
       │                      │  │  └─ REFUSED ─▶ FAILED│  │  │  └─ FAILED ─▶ FAILED FETCHED │
       │                      │  │                      │  │  │                     │   │      │
       │                      │ LOST ──▶ UNKNOWN ───────┘  │  └── CONSENTED ──┐     ▼   │      │
       │                      └────────▶  │ ▲  ACCEPTED,   │                  │  FETCHED┘      │
       │                                  │ │  FOUND       └─ CONSENT ─▶ PENDING_CONSENT       │
       │                                  └─┘ RESENT, LOST                                     │
       └── ADOPTED ──▶ COMPLETED          └─── NOT_BOUGHT (a person says so) ──────────────────┘

    COMPLETED, FETCHED ── DELETED ──▶ DELETED      FETCHED, DELETED ── IMAGE_REMOVED ──▶ the same
    FAILED ── DELETED, REFUNDED ──▶ FAILED         COMPLETED, FETCHED ── RENAMED ──▶ the same
    FAILED, DELETED ── RECOVERED ──▶ COMPLETED     PROCESSING, PENDING_CONSENT ── SHOWN ──▶ the same
    FETCHED ── IMAGE_MISSING ──▶ COMPLETED

From UNKNOWN only a 2xx (ACCEPTED), a settled search (FOUND) or a person (FOUND, NOT_BOUGHT) lead
away (``docs/money.md``). ``docs/lifecycle.md`` draws the same table for readers.
"""

from enum import StrEnum

from runner.takes import Billing, TakeState


class Event(StrEnum):
    """What can happen to a take; each is one row of the append-only ledger."""

    INTENDED = "intended"
    """Key, body and reservation are committed; the request is about to leave."""
    ACCEPTED = "accepted"
    """A 2xx: bought."""
    REFUSED = "refused"
    """A decisive refusal of a first send that is this look's own fault: nothing was bought."""
    RETURNED = "deferred"
    """A decisive refusal of a first send that is not the look's fault, or no connection."""
    LOST = "lost"
    """What the server did is not known."""
    RESENT = "resent"
    """The stored body leaves again under its own key."""
    FOUND = "found"
    """A search of the account, or a person, says which look it became."""
    NOT_BOUGHT = "absolved"
    """A person says that nothing was bought."""
    CONSENT = "consent"
    """The account waits for a real person's consent."""
    SHOWN = "shown"
    """HeyGen shows a status that its page does not list; its word is kept until it changes."""
    CONSENTED = "consented"
    """The consent was given."""
    COMPLETED = "completed"
    """The look can be used as a reference."""
    FAILED = "failed"
    """The generation failed."""
    FETCHED = "fetched"
    """The picture is on disk, verified."""
    IMAGE_MISSING = "mislaid"
    """The picture on disk is gone or was changed; it can be fetched again for nothing."""
    RENAMED = "renamed"
    """The look's name at HeyGen was changed."""
    REFUNDED = "refunded"
    """The wallet shows that a failed generation was not billed."""
    ADOPTED = "adopted"
    """A look that exists was taken into the ledger, paid by nobody here."""
    DELETED = "deleted"
    """The look is gone at HeyGen: pruned here, or deleted there. What it cost stays."""
    RECOVERED = "recovered"
    """HeyGen shows a look usable that counted as failed or deleted; it was paid for."""
    IMAGE_REMOVED = "dropped"
    """The picture was removed from disk on purpose; no run fetches it again by itself."""


_S, _E = TakeState, Event

TABLE: dict[TakeState, dict[Event, TakeState]] = {
    _S.PLANNED: {
        _E.INTENDED: _S.SUBMITTING,
        _E.ADOPTED: _S.COMPLETED,
        # A 403 that turned out to be about this look, at the end of the run.
        _E.REFUSED: _S.FAILED,
    },
    _S.SUBMITTING: {
        _E.ACCEPTED: _S.PROCESSING,
        _E.REFUSED: _S.FAILED,
        _E.RETURNED: _S.PLANNED,
        _E.LOST: _S.UNKNOWN,
    },
    _S.UNKNOWN: {
        _E.RESENT: _S.UNKNOWN,
        _E.LOST: _S.UNKNOWN,
        _E.ACCEPTED: _S.PROCESSING,
        _E.FOUND: _S.PROCESSING,
        _E.NOT_BOUGHT: _S.PLANNED,
    },
    _S.PROCESSING: {
        _E.CONSENT: _S.PENDING_CONSENT,
        _E.SHOWN: _S.PROCESSING,
        _E.COMPLETED: _S.COMPLETED,
        _E.FAILED: _S.FAILED,
    },
    _S.PENDING_CONSENT: {
        _E.CONSENT: _S.PENDING_CONSENT,
        _E.SHOWN: _S.PENDING_CONSENT,
        _E.CONSENTED: _S.PROCESSING,
        _E.FAILED: _S.FAILED,
    },
    _S.COMPLETED: {
        _E.FETCHED: _S.FETCHED,
        _E.RENAMED: _S.COMPLETED,
        _E.DELETED: _S.DELETED,
    },
    _S.FETCHED: {
        _E.FETCHED: _S.FETCHED,
        _E.IMAGE_MISSING: _S.COMPLETED,
        _E.RENAMED: _S.FETCHED,
        _E.DELETED: _S.DELETED,
        _E.IMAGE_REMOVED: _S.FETCHED,
    },
    # A failure that was deleted stays one: it must not be bought again without being asked for.
    _S.FAILED: {
        _E.REFUNDED: _S.FAILED,
        _E.DELETED: _S.FAILED,
        _E.RECOVERED: _S.COMPLETED,
    },
    _S.DELETED: {_E.IMAGE_REMOVED: _S.DELETED, _E.RECOVERED: _S.COMPLETED},
}
"""Every state with the events that it can meet; what is not listed cannot happen."""

BILLING: dict[Event, Billing] = {
    _E.INTENDED: Billing.RESERVED,
    _E.ACCEPTED: Billing.BILLED,
    _E.REFUSED: Billing.NONE,
    _E.RETURNED: Billing.NONE,
    _E.LOST: Billing.UNKNOWN,
    _E.RESENT: Billing.UNKNOWN,
    _E.FOUND: Billing.BILLED,
    _E.NOT_BOUGHT: Billing.NONE,
    _E.FAILED: Billing.ASSUMED,
    _E.REFUNDED: Billing.REFUNDED,
    _E.RECOVERED: Billing.BILLED,
    _E.ADOPTED: Billing.NONE,
}
"""What an event says of the money; an event that is not listed says nothing of it."""


class ImpossibleEvent(Exception):
    """An event met a state in which it cannot happen: a fault of the program, never of a user."""


def next_state(state: TakeState, event: Event) -> TakeState:
    """Return the state that follows. Raises ImpossibleEvent where the table has no such pair."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise ImpossibleEvent(f"a take that is {state} cannot meet the event {event}") from None
