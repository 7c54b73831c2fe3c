"""Every answer is mapped to a decision, in one place, for first sends and for replays."""

import pytest

from runner.answers import Answer, Lost, NotSent, Refusal
from runner.policy.verdict import Free, Purchase, judge_free, judge_purchase


def refusal(status: int, code: str = "code") -> Refusal:
    return Refusal(status, code, "message")


FIRST = {
    400: Purchase.REFUSED,
    401: Purchase.PERSON,
    402: Purchase.PERSON,
    403: Purchase.PERSON,
    404: Purchase.REFUSED,
    413: Purchase.REFUSED,
    422: Purchase.REFUSED,
    429: Purchase.PACED,
}
REPLAY = {
    400: Purchase.UNDECIDED_REFUSED,
    401: Purchase.UNDECIDED_PERSON,
    402: Purchase.UNDECIDED_PERSON,
    403: Purchase.UNDECIDED_PERSON,
    404: Purchase.UNDECIDED_REFUSED,
    413: Purchase.UNDECIDED_REFUSED,
    422: Purchase.UNDECIDED_REFUSED,
    429: Purchase.UNDECIDED_PACED,
}
DECIDED = {Purchase.BOUGHT, Purchase.REFUSED, Purchase.PACED, Purchase.UNREACHED}
DECIDED |= {Purchase.PERSON, Purchase.ACCOUNT}


@pytest.mark.parametrize(("replay", "table"), [(False, FIRST), (True, REPLAY)])
def test_a_refusal_decides_for_exactly_the_designs_statuses(
    replay: bool, table: dict[int, Purchase]
) -> None:
    judged = {code: judge_purchase(refusal(code), replay=replay) for code in range(300, 600)}
    wrong = {c: v for c, v in judged.items() if v is not table.get(c, Purchase.UNDECIDED)}
    assert not wrong


def test_a_refusal_of_a_replay_never_decides() -> None:
    assert DECIDED.isdisjoint(REPLAY.values())


@pytest.mark.parametrize("replay", [False, True])
def test_a_2xx_always_decides_and_silence_never_does(replay: bool) -> None:
    assert judge_purchase(Answer(object()), replay=replay) is Purchase.BOUGHT
    assert judge_purchase(Lost("reset"), replay=replay) is Purchase.UNDECIDED
    assert judge_purchase(Lost("garbage", 200), replay=replay) is Purchase.UNDECIDED


def test_a_connection_never_made_is_not_sent_only_the_first_time() -> None:
    assert judge_purchase(NotSent("refused"), replay=False) is Purchase.UNREACHED
    assert judge_purchase(NotSent("refused"), replay=True) is Purchase.UNDECIDED


def test_a_full_account_stops_the_run_not_the_look() -> None:
    full = refusal(400, "resource_limit_reached")
    assert judge_purchase(full, replay=False) is Purchase.ACCOUNT


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Answer(object()), Free.DONE),
        (NotSent("x"), Free.AGAIN),
        (NotSent("the file changed", final=True), Free.REFUSED),
        (Lost("x"), Free.AGAIN),
        (refusal(409), Free.AGAIN),
        (refusal(429), Free.AGAIN),
        (refusal(500), Free.AGAIN),
        (refusal(504), Free.AGAIN),
        (refusal(404), Free.GONE),
        (refusal(401), Free.PERSON),
        (refusal(402), Free.PERSON),
        (refusal(403), Free.PERSON),
        (refusal(400), Free.REFUSED),
        (refusal(413), Free.REFUSED),
    ],
)
def test_a_free_request_is_asked_again_only_where_that_can_help(
    reply: Answer[object] | Refusal | NotSent | Lost, verdict: Free
) -> None:
    assert judge_free(reply) is verdict
