"""Every answer is mapped to a decision: by status, code, envelope, first send or replay."""

from collections.abc import Iterator
from itertools import product

import pytest

from runner.policy.decisions import (
    ACCOUNTS_OWN,
    DECIDED,
    GONE_CODES,
    LIMITS,
    LOOKS_OWN,
    MONEY,
    UNDECIDED,
    Free,
    Purchase,
    decide_free,
    decide_purchase,
    what_helps,
)
from runner.replies import Answer, Lost, NotSent, Refusal

STATUSES = [200, 201, *range(300, 600)]
CODES = [
    *sorted(MONEY | LIMITS | ACCOUNTS_OWN | LOOKS_OWN | GONE_CODES),
    "request_in_progress",
    "conflict",
    "forbidden",
    "invalid_parameter",
    "rate_limit_exceeded",
    "asset_not_found",
    "gateway_timeout",
    "a_code_of_tomorrow",
]


def refusal(
    status: int, code: str = "code", *, api: bool = True, param: str | None = None
) -> Refusal:
    return Refusal(status, code, "message", param=param, enveloped=api)


def every() -> Iterator[Refusal]:
    """Return every status with every code in the envelope, and every status without one."""
    for status, code in product(STATUSES, CODES):
        yield refusal(status, code)
    for status in STATUSES:
        yield refusal(status, f"http_{status}", api=False)


def is_decisive_by_table(reply: Refusal) -> bool:
    """Return whether a refusal of a first send decides, as ``docs/money.md`` has it."""
    if not reply.enveloped:
        return reply.status in (401, 403, 404, 405, 413)
    if reply.status == 409:
        return reply.code != "request_in_progress"
    return reply.status in set(range(400, 500)) - {408, 425, 499}


def expected_first(reply: Refusal) -> Purchase:
    """Return what a first send that decides means, as docs/money.md has it.

    The first row that fits.
    """
    rows = [
        (reply.code in MONEY, Purchase.PERSON),
        (reply.code in LIMITS, Purchase.ACCOUNT),
        (reply.status in (401, 402), Purchase.PERSON),
        (reply.status == 403 and reply.code in ACCOUNTS_OWN, Purchase.PERSON),
        (reply.status == 403 and reply.code in LOOKS_OWN, Purchase.REFUSED),
        (reply.status == 403, Purchase.FORBIDDEN),
        (reply.status == 429, Purchase.PACED),
        (reply.status == 409, Purchase.LATER),
        (reply.status in (404, 405) and not reply.enveloped, Purchase.LATER),
        (True, Purchase.REFUSED),
    ]
    return next(verdict for fits, verdict in rows if fits)


def expected_undecided(reply: Refusal) -> Purchase:
    """Return what a refusal means that decides nothing."""
    own_word = is_decisive_by_table(reply) and (reply.enveloped or reply.status == 413)
    rows = [
        (reply.code in MONEY or reply.status in (401, 402, 403), Purchase.UNDECIDED_PERSON),
        (reply.status == 429 and reply.code not in LIMITS, Purchase.UNDECIDED_PACED),
        (reply.status == 504, Purchase.UNDECIDED_SLOW),
        (own_word, Purchase.UNDECIDED_REFUSED),
        (True, Purchase.UNDECIDED),
    ]
    return next(verdict for fits, verdict in rows if fits)


def test_a_first_refusal_decides_exactly_where_the_design_says_so() -> None:
    for reply in every():
        verdict = decide_purchase(reply, replay=False)
        decides = is_decisive_by_table(reply)
        assert (verdict in DECIDED) == decides, reply
        wanted = expected_first(reply) if decides else expected_undecided(reply)
        assert verdict is wanted, reply
        assert verdict is not Purchase.BOUGHT


def test_a_refusal_of_a_replay_never_decides() -> None:
    for reply in every():
        verdict = decide_purchase(reply, replay=True)
        assert verdict in UNDECIDED, reply
        assert verdict is expected_undecided(reply), reply


@pytest.mark.parametrize("replay", [False, True])
def test_a_2xx_always_decides_and_silence_never_does(replay: bool) -> None:
    assert decide_purchase(Answer(object()), replay=replay) is Purchase.BOUGHT
    assert decide_purchase(Lost("reset"), replay=replay) is Purchase.UNDECIDED
    assert decide_purchase(Lost("garbage", 200), replay=replay) is Purchase.UNDECIDED


def test_a_connection_never_made_is_not_sent_only_the_first_time() -> None:
    assert decide_purchase(NotSent("refused"), replay=False) is Purchase.UNREACHED
    assert decide_purchase(NotSent("refused"), replay=True) is Purchase.UNDECIDED


def test_a_403_that_names_a_field_is_about_that_look() -> None:
    named = refusal(403, "forbidden", param="avatar_id")
    assert decide_purchase(named, replay=False) is Purchase.REFUSED
    assert decide_purchase(refusal(403, "forbidden"), replay=False) is Purchase.FORBIDDEN


def test_what_stops_the_whole_run_says_what_helps() -> None:
    stops = (Purchase.PERSON, Purchase.ACCOUNT, Purchase.FORBIDDEN, Purchase.UNDECIDED_PERSON)
    for reply in every():
        if decide_purchase(reply, replay=False) in stops:
            assert what_helps(reply), reply
    full = what_helps(refusal(400, "resource_limit_exceeded")) or ""
    assert "deleting a whole group" in full  # which of the two is full, no code says
    assert "A group holds so many looks: deleting some of it makes room" in full
    assert "money" in (what_helps(refusal(400, "insufficient_credit")) or "").lower()
    assert "not from HeyGen" in (what_helps(refusal(403, "http_403", api=False)) or "")
    assert what_helps(refusal(400, "invalid_parameter")) is None


def expected_free(reply: Refusal) -> Free:
    """Return what a request that costs nothing may conclude: the first row that fits."""
    status, code = reply.status, reply.code
    rows = [
        (reply.enveloped and status == 404 and code in GONE_CODES, Free.GONE),
        (code in MONEY or status == 401, Free.PERSON),
        (status in (408, 409, 425, 429, 499) or not 400 <= status < 500, Free.AGAIN),
        (not reply.enveloped and status != 413, Free.AGAIN),
        (status in (402, 403) and code not in LOOKS_OWN, Free.PERSON),
        (True, Free.REFUSED),
    ]
    return next(verdict for fits, verdict in rows if fits)


def test_a_free_request_is_asked_again_only_where_that_can_help() -> None:
    for reply in every():
        assert decide_free(reply) is expected_free(reply), reply
    assert decide_free(Answer(object())) is Free.DONE
    assert decide_free(NotSent("x")) is Free.AGAIN
    assert decide_free(NotSent("the file changed", final=True)) is Free.REFUSED
    assert decide_free(Lost("x")) is Free.AGAIN


def test_only_the_apis_own_code_says_that_something_is_gone() -> None:
    gone = [reply for reply in every() if decide_free(reply) is Free.GONE]
    assert {reply.status for reply in gone} == {404}
    assert {reply.code for reply in gone} == GONE_CODES
    assert all(reply.enveloped for reply in gone)
