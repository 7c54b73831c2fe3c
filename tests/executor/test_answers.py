"""Answers that the API's page does not list, and what a run makes of each; in virtual time."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from runner.ledger.ledger import LedgerFile
from runner.model import LookKind, UrlImage
from runner.policy.budget import Ceilings
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.lifecycle import Event
from runner.replies import Answer, CreatedData, ListPage, LookData, Lost, NotSent, Refusal, Reply
from runner.takes import AccountFacts, Billing, MeasuredPrice, PriceState, TakeState
from tests.executor.harness import CHARGED_AND_LOST, LOST_BEFORE, OK, Harness, campaign, look, photo


def refusal(status: int, code: str, **more: Any) -> Refusal:
    return Refusal(status, code, f"words of {code}", **more)


def gateway(status: int) -> Refusal:
    return Refusal(status, f"http_{status}", "a page", enveloped=False)


def keys(harness: Harness) -> list[str]:
    return [key for key, _body in harness.api.posts]


# --- decisive refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 405, 410, 413, 415, 418, 422, 451])
def test_a_refusal_in_the_apis_envelope_decides_a_first_send(harness: Harness, status: int) -> None:
    harness.run(campaign(photo()))
    harness.later(3600)  # else a 400 or a 404 may be about the base, which is new
    harness.api.script.append(refusal(status, "no"))
    outcome = harness.run(campaign(look("a"), look("b", on="a"), look("c")), concurrency=1)
    take = harness.take("a")
    assert (take.state, take.billing) == (TakeState.FAILED, Billing.NONE)
    assert set(outcome.failed) == {"a", "b"}
    assert exit_code(outcome) is Exit.FAILED
    assert len(harness.api.posts) == 3


@pytest.mark.parametrize("status", [400, 402, 408, 410, 422, 425, 429, 499, 500, 503])
def test_a_page_of_something_in_between_leaves_it_open(harness: Harness, status: int) -> None:
    harness.api.script.extend([gateway(status), OK])
    harness.run(campaign(photo()))
    if status == 402:  # it is sent again when a person has looked into it
        assert harness.take("base").state is TakeState.UNKNOWN
        harness.run(campaign(photo()))
    assert len(set(keys(harness))) == 1
    assert len(harness.api.charges) == 1


def test_a_gateways_402_stops_nobody_else_while_there_is_money(harness: Harness) -> None:
    harness.purse()
    harness.api.script.extend([OK, OK, gateway(402)])
    outcome = harness.run(campaign(look("a"), look("b"), look("c")), concurrency=1)
    states = [harness.take(key).state for key in "abc"]
    assert states == [TakeState.FETCHED, TakeState.UNKNOWN, TakeState.FETCHED]
    assert outcome.account is None


def test_a_gateways_402_for_everybody_stops_sending(harness: Harness) -> None:
    harness.purse()
    harness.run(campaign())
    harness.api.script.extend([gateway(402)] * 40)
    outcome = harness.run(campaign(*(look(f"a{n:02}") for n in range(20))), concurrency=1)
    assert outcome.stopped is not None
    unknown = [n for n in range(20) if harness.takes(f"a{n:02}")]
    assert len(unknown) <= 9


@pytest.mark.parametrize("reply", [refusal(409, "conflict"), refusal(409, "resource_not_ready")])
def test_a_conflict_is_sent_later_under_a_fresh_key(harness: Harness, reply: Refusal) -> None:
    harness.api.script.extend([reply, reply, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(set(keys(harness))) == 3
    assert len(harness.api.charges) == len(harness.takes("base")) == 1


def test_a_conflict_that_stays_is_bounded_and_buys_nothing(harness: Harness) -> None:
    harness.api.script.extend([refusal(409, "conflict")] * 100)
    outcome = harness.run(campaign(photo()))
    assert len(harness.api.posts) == 1 + harness.retry_limits.retries
    assert harness.take("base").billing is Billing.NONE
    assert exit_code(outcome) is Exit.FAILED
    assert "words of conflict" in harness.session.look_report.held["base"][1]  # type: ignore[union-attr]
    assert outcome.stopped is None  # it is this look's own trouble


def test_a_send_that_waits_for_another_try_waits_no_longer_than_the_run_sends(
    harness: Harness,
) -> None:
    harness.api.script.extend([OK, refusal(409, "conflict", retry_after=900.0), refusal(402, "no")])
    begun = harness.clock.now()
    assert exit_code(harness.run(campaign(look("a"), look("b")))) is Exit.ACCOUNT
    assert harness.clock.now() - begun < 300


@pytest.mark.parametrize("status", [404, 405])
def test_a_gateways_page_fails_no_look_and_ends_sending_when_it_stays(
    harness: Harness, status: int
) -> None:
    harness.api.script.extend([gateway(status), OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    harness.api.script.extend([gateway(status)] * 100)
    outcome = harness.run(campaign(photo(), look("a"), look("b")), concurrency=1)
    assert "nothing gets through" in (outcome.stopped or "")
    assert len(harness.api.posts) == 2 + 1 + harness.retry_limits.retries
    assert harness.take("a").state is TakeState.PLANNED
    assert exit_code(outcome) is Exit.FAILED


# --- the account refuses --------------------------------------------------------------------------

REFUSING = [
    (refusal(400, "insufficient_credit"), Exit.ACCOUNT, "money"),
    (refusal(403, "insufficient_credits"), Exit.ACCOUNT, "money"),
    (refusal(429, "insufficient_credit"), Exit.ACCOUNT, "money"),
    (refusal(402, "plan_upgrade_required"), Exit.ACCOUNT, "plan"),
    (refusal(400, "trial_limit_exceeded"), Exit.ACCOUNT, "plan"),
    (refusal(400, "resource_limit_exceeded"), Exit.FAILED, "group"),
    (refusal(403, "resource_limit_reached"), Exit.FAILED, "group"),
    (refusal(429, "quota_exceeded"), Exit.FAILED, "quota"),
]


@pytest.mark.parametrize(("reply", "wanted", "helps"), REFUSING)
def test_an_account_that_refuses_fails_no_look(
    harness: Harness, reply: Refusal, wanted: Exit, helps: str
) -> None:
    harness.api.script.extend([OK, *[reply] * 20])
    looks = [look("a"), look("b", on="a"), *[look(key) for key in "cdef"]]
    outcome = harness.run(campaign(*looks), concurrency=1)
    assert exit_code(outcome) is wanted
    assert not [words for words in harness.heard.words if "blocked" in words]
    words = outcome.account or outcome.stopped or ""
    assert reply.message in words
    assert helps in words
    assert len(harness.api.posts) == 2
    assert {harness.takes(key)[0].state for key in "abcdef" if harness.takes(key)} == {
        TakeState.PLANNED
    }
    harness.api.script.clear()
    assert exit_code(harness.run(campaign(*looks))) is Exit.DONE
    assert len(harness.api.charges) == 7


@pytest.mark.parametrize(("reply", "wanted", "helps"), REFUSING)
def test_an_account_that_refuses_an_upload_fails_no_look(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, reply: Refusal, wanted: Exit, helps: str
) -> None:
    async def refuse(*_request: object) -> Refusal:
        return reply

    monkeypatch.setattr(harness.api, "upload", refuse)
    outcome = harness.run(campaign(photo()))
    # What costs nothing and is forbidden is the key's, whatever the code: a person looks.
    assert exit_code(outcome) is (Exit.ACCOUNT if reply.status == 403 else wanted)
    assert helps in (outcome.account or outcome.stopped or "")
    assert (harness.api.posts, harness.takes("base")) == ([], [])
    monkeypatch.undo()
    assert exit_code(harness.run(campaign(photo(), look("a")))) is Exit.DONE


@pytest.mark.parametrize("status", [200, 500])
def test_an_error_of_money_that_does_not_decide_stops_the_run_and_keeps_the_take_open(
    harness: Harness, status: int
) -> None:
    """Whatever the wallet shows: no answer can be stored under a key that was never sent."""
    harness.purse(100)
    harness.api.script.append(refusal(status, "insufficient_credit"))
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.ACCOUNT
    assert "words of insufficient_credit" in (outcome.account or "")
    assert harness.take("base").state is TakeState.UNKNOWN
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1


# --- 403 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [refusal(403, "forbidden"), gateway(403)])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_403_about_one_look_fails_that_look_and_the_others_go_on(
    harness: Harness, reply: Refusal, place: int
) -> None:
    harness.api.script.extend([OK] * place + [reply])
    every = campaign(look("a"), look("b"), look("c"))
    outcome = harness.run(every, concurrency=1)
    assert len(outcome.failed) == 1
    (key,) = outcome.failed
    take = harness.take(key)
    assert (take.state, take.billing) == (TakeState.FAILED, Billing.NONE)
    assert take.error_message == reply.message
    assert len(harness.api.charges) == 3
    assert exit_code(outcome) is Exit.FAILED
    posts = len(harness.api.posts)
    harness.run(every)
    assert len(harness.api.posts) == posts  # and it stops nobody the next night


def test_a_403_about_the_only_look_that_is_left_fails_it_and_asks_whether_the_key_is_accepted(
    harness: Harness,
) -> None:
    harness.run(campaign(look("a")))
    harness.api.script.append(refusal(403, "forbidden"))
    both = campaign(look("a"), look("b"))
    outcome = harness.run(both)
    assert (outcome.failed, outcome.account) == (("b",), None)
    take = harness.take("b")
    assert (take.state, take.billing) == (TakeState.FAILED, Billing.NONE)
    assert take.error_message == "words of forbidden"
    assert exit_code(outcome) is Exit.FAILED
    posts = len(harness.api.posts)
    assert exit_code(harness.run(both)) is Exit.FAILED
    assert len(harness.api.posts) == posts  # nor is it sent every night
    assert exit_code(harness.run(both, retry=("b",))) is Exit.DONE


def test_a_403_about_a_first_look_fails_it_where_a_neighbour_learned_the_accounts_price(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base that is forbidden ends every night of a first campaign with one line otherwise."""
    price = MeasuredPrice(Decimal(1), PriceState.CONFIRMED, Decimal(1))
    real = harness.open

    def beside_another(ceilings: Ceilings | None = None) -> LedgerFile:
        ledger = real(ceilings)
        ledger.learn(AccountFacts({LookKind.PROMPT: price}))
        return ledger

    monkeypatch.setattr(harness, "open", beside_another)
    harness.api.script.append(refusal(403, "forbidden"))
    outcome = harness.run(campaign(photo()))
    assert (outcome.failed, outcome.account) == (("base",), None)
    assert harness.take("base").error_message == "words of forbidden"


@pytest.mark.parametrize("code", ["forbidden", "ai_vendor_access_restricted"])
def test_a_403_on_an_account_that_never_generated_anything_fails_no_look(
    harness: Harness, code: str
) -> None:
    harness.api.script.append(refusal(403, code))
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.ACCOUNT
    assert harness.take("base").state is TakeState.PLANNED
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE


@pytest.mark.parametrize("answer", [refusal(403, "forbidden"), Lost("ReadTimeout")])
def test_a_403_is_the_accounts_where_the_key_is_not_known_to_be_accepted(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, answer: Reply[Any]
) -> None:
    harness.run(campaign(look("a")))
    real, posts = harness.api.me, len(harness.api.posts)

    async def asked() -> Reply[Any]:
        return answer if len(harness.api.posts) > posts else await real()

    monkeypatch.setattr(harness.api, "me", asked)
    harness.api.script.append(refusal(403, "forbidden"))
    outcome = harness.run(campaign(look("a"), look("b")))
    assert exit_code(outcome) is Exit.ACCOUNT
    assert harness.take("b").state is TakeState.PLANNED


@pytest.mark.parametrize("reply", [gateway(403), refusal(403, "ai_vendor_access_restricted")])
def test_a_firewalls_403_and_a_restriction_of_the_account_fail_no_look(
    harness: Harness, reply: Refusal
) -> None:
    harness.run(campaign(look("a")))
    harness.api.script.append(reply)
    outcome = harness.run(campaign(look("a"), look("b")))
    assert exit_code(outcome) is Exit.ACCOUNT
    assert reply.message in (outcome.account or "")
    assert harness.take("b").state is TakeState.PLANNED


def test_a_restriction_of_the_account_stops_sending_whatever_it_accepted_before(
    harness: Harness,
) -> None:
    harness.api.script.extend([OK, *[refusal(403, "ai_vendor_access_restricted")] * 30])
    looks = [look(f"l{number}") for number in range(9)]
    outcome = harness.run(campaign(*looks), concurrency=1)
    assert exit_code(outcome) is Exit.ACCOUNT
    assert len(harness.api.posts) == 2
    assert not any(harness.takes(f"l{n}") and harness.take(f"l{n}").failed for n in range(9))


def test_a_403_for_everybody_stops_the_run_and_fails_nobody(harness: Harness) -> None:
    harness.run(campaign(photo()))
    harness.api.script.extend([refusal(403, "forbidden")] * 100)
    every = campaign(*[look(f"l{number}") for number in range(30)])
    posts = len(harness.api.posts)
    outcome = harness.run(every, concurrency=1)
    assert exit_code(outcome) is Exit.ACCOUNT
    assert "permission" in (outcome.account or "")
    assert "l7#1" in (outcome.account or "")
    assert len(harness.api.posts) - posts == harness.retry_limits.failures
    harness.api.script.clear()
    assert exit_code(harness.run(every)) is Exit.DONE
    assert len(harness.api.charges) == 31


def forbid(harness: Harness, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Refuse whatever has these words with a 403, whenever it is sent."""
    real = harness.api.create_avatar

    async def create(body: bytes, key: str) -> Reply[CreatedData]:
        if words.encode() not in body:
            return await real(body, key)
        harness.api.posts.append((key, body))
        return refusal(403, "forbidden")

    monkeypatch.setattr(harness.api, "create_avatar", create)


def test_looks_that_are_forbidden_among_others_stop_nothing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(harness, monkeypatch, "at night")
    looks = [look(f"l{n:02}", f"a street {'at night' if n % 2 else 'at noon'}") for n in range(20)]
    outcome = harness.run(campaign(*looks), concurrency=1)
    assert (len(outcome.failed), outcome.stopped) == (10, None)
    assert len(harness.api.charges) == 11


@pytest.mark.parametrize("concurrency", [1, 10])
def test_many_looks_that_are_forbidden_keep_the_others_back_for_one_night_at_most(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    """Twelve of thirty, and the first in the manifest: others go first the next time."""
    harness.run(campaign(photo()))
    forbid(harness, monkeypatch, "at night")
    bad = [look(f"bad{n:02}", "a street at night") for n in range(12)]
    every = campaign(*bad, *[look(f"good{n:02}") for n in range(18)])
    first = harness.run(every, concurrency=concurrency)
    assert exit_code(first) is Exit.ACCOUNT
    second = harness.run(every, concurrency=concurrency)
    assert exit_code(second) is Exit.FAILED
    assert all(harness.take(f"good{n:02}").state is TakeState.FETCHED for n in range(18))
    assert second.account is None
    harness.run(every, concurrency=concurrency)
    failed = {f"bad{n:02}" for n in range(12) if harness.take(f"bad{n:02}").failed}
    assert len(failed) == 12


def test_a_403_that_names_what_it_is_about_fails_the_look_at_once(harness: Harness) -> None:
    harness.api.script.extend([OK, refusal(403, "resource_access_denied")])
    outcome = harness.run(campaign(look("a")))
    assert harness.take("a").state is TakeState.FAILED
    assert exit_code(outcome) is Exit.FAILED


@pytest.mark.parametrize("status", [401, 403])
def test_a_stored_refusal_of_the_key_is_checked_against_the_present(
    harness: Harness, status: int
) -> None:
    stored = refusal(status, "forbidden")
    harness.api.lag = 3600.0
    harness.api.script.extend([OK, CHARGED_AND_LOST, stored])
    outcome = harness.run(campaign(look("a"), look("b")), concurrency=1)
    assert outcome.account is None
    assert harness.take("b").state is TakeState.FETCHED
    assert exit_code(outcome) in (Exit.DONE, Exit.UNDER_WAY)


@pytest.mark.parametrize("reply", [refusal(402, "no"), refusal(403, "insufficient_credits")])
@pytest.mark.parametrize(("dollars", "is_stale"), [(1, False), (2, True)])
def test_a_stored_refusal_about_money_is_checked_against_the_wallet(
    harness: Harness, reply: Refusal, dollars: int, is_stale: bool
) -> None:
    """The lost send took a dollar; what is left pays for another look, or does not."""
    harness.purse(dollars)
    harness.api.lag = 3600.0
    harness.api.script.extend([CHARGED_AND_LOST, reply])
    outcome = harness.run(campaign(photo()))
    assert (outcome.account is None) is is_stale
    assert harness.take("base").state is TakeState.UNKNOWN


@pytest.mark.parametrize("others", [0, 1])
def test_where_no_wallet_shows_it_another_look_tells_whether_a_refusal_about_money_is_old(
    harness: Harness, others: int
) -> None:
    harness.run(campaign())
    harness.api.lag = 3600.0
    harness.api.script.extend([LOST_BEFORE, refusal(402, "insufficient_credit")])
    looks = campaign(look("a"), *(look(f"b{n}") for n in range(others)))
    outcome = harness.run(looks, concurrency=1)
    assert harness.take("a").state is TakeState.UNKNOWN
    assert exit_code(outcome) is (Exit.UNDER_WAY if others else Exit.ACCOUNT)
    assert all(harness.take(f"b{n}").usable for n in range(others))


def test_a_refusal_that_cannot_be_checked_stops_the_run(harness: Harness) -> None:
    real = harness.api.me

    async def silent() -> Reply[Any]:
        return Lost("ReadTimeout") if len(harness.api.posts) > 1 else await real()

    harness.api.me = silent  # type: ignore[method-assign]
    harness.api.lag = 3600.0
    harness.api.script.extend([CHARGED_AND_LOST, refusal(403, "forbidden")])
    assert exit_code(harness.run(campaign(photo()))) is Exit.ACCOUNT


# --- undecided ------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 10])
@pytest.mark.parametrize(
    "reply", [refusal(500, "internal_error"), gateway(502), Lost("ReadTimeout")]
)
def test_sending_stops_after_eight_undecided_sends_in_a_row(
    harness: Harness, reply: Reply[Any], concurrency: int
) -> None:
    harness.run(campaign(photo()))
    posts = len(harness.api.posts)
    harness.api.script.extend([reply] * 10_000)
    every = campaign(*[look(f"l{number:02}") for number in range(30)])
    outcome = harness.run(every, concurrency=concurrency)
    unknown = [n for n in range(30) if harness.takes(f"l{n:02}")]
    assert "in a row got no answer that decides" in (outcome.stopped or "")
    assert len(unknown) <= 16
    assert len(harness.api.posts) - posts <= 40
    assert exit_code(outcome) is Exit.UNDER_WAY
    harness.api.script.clear()
    assert exit_code(harness.run(every)) is Exit.DONE
    assert len(harness.api.charges) == 31


def test_what_is_decided_in_between_starts_the_row_anew(harness: Harness) -> None:
    harness.api.script.extend([OK] + [CHARGED_AND_LOST, OK] * 30)
    outcome = harness.run(campaign(*[look(f"l{number}") for number in range(12)]), concurrency=1)
    assert exit_code(outcome) is Exit.DONE
    assert outcome.stopped is None


def test_a_504_is_replayed_at_most_once_also_in_later_runs(harness: Harness) -> None:
    harness.api.script.extend([OK] + [refusal(504, "gateway_timeout")] * 100)
    url = look("a", images=(UrlImage("https://example.com/slow.png"),))
    outcome = harness.run(campaign(url))
    assert keys(harness)[1] == keys(harness)[2]
    assert len(harness.api.posts) == 3
    assert "image URL" in (harness.take("a").error_message or "")
    assert exit_code(outcome) is Exit.PERSON  # no later run does anything about it by itself
    assert exit_code(harness.run(campaign(url))) is Exit.PERSON
    assert len(harness.api.posts) == 3


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([refusal(504, "gateway_timeout"), refusal(503, "service_unavailable")], 2),
        ([gateway(504), Lost("ReadTimeout")], 2),
        ([refusal(503, "service_unavailable"), gateway(504)], 2),
        ([refusal(429, "rate_limit_exceeded", retry_after=1.0), gateway(504), gateway(502)], 3),
        ([gateway(504), refusal(429, "rate_limit_exceeded", retry_after=1.0), gateway(502)], 3),
        ([gateway(504), NotSent("refused"), NotSent("refused"), gateway(502)], 4),
    ],
)
def test_a_504_is_replayed_once_whatever_that_meets_and_a_replay_that_did_nothing_is_none(
    harness: Harness, answers: list[Reply[Any]], sent: int
) -> None:
    harness.run(campaign())
    harness.api.script.extend([*answers, *[refusal(503, "service_unavailable")] * 100])
    assert exit_code(harness.run(campaign(look("a")))) is Exit.PERSON
    assert exit_code(harness.run(campaign(look("a")))) is Exit.PERSON
    assert len(harness.api.posts) == 1 + sent


def test_a_504_that_was_charged_is_found(harness: Harness) -> None:
    real = harness.api.create_avatar

    async def forged(body: bytes, key: str) -> Reply[Any]:
        reply = await real(body, key)
        return gateway(504) if isinstance(reply, Answer) and b'"prompt"' in body else reply

    harness.api.create_avatar = forged  # type: ignore[method-assign]
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    assert len(harness.api.charges) == 2


# --- what passes by itself ------------------------------------------------------------------------

NOT_THERE_YET = [
    refusal(404, "avatar_not_found", param="avatar_id"),
    refusal(404, "not_found"),
    refusal(400, "invalid_parameter", param="avatar_id"),
    refusal(404, "avatar_group_not_found"),
    refusal(404, "a_code_of_tomorrow", param="body.avatar_id"),
    refusal(400, "not_synced_yet"),
    Refusal(400, "payload_too_large", "look-1 is not there"),
]


@pytest.mark.parametrize("reply", NOT_THERE_YET)
def test_a_reference_that_was_completed_moments_ago_gets_a_minute(
    harness: Harness, reply: Refusal
) -> None:
    harness.api.script.extend([OK, reply, reply, OK])
    assert exit_code(harness.run(campaign(look("a"), look("b", on="a")))) is Exit.DONE
    assert len(set(keys(harness))) == len(keys(harness)) == 5
    assert len(harness.api.charges) == 3


def test_a_refusal_that_may_be_about_the_reference_waits_only_for_one_of_the_last_minute(
    harness: Harness,
) -> None:
    harness.run(campaign(photo()))
    harness.later(120)
    harness.api.script.append(refusal(400, "a_code_of_tomorrow"))
    harness.run(campaign(look("a")))
    assert harness.take("a").state is TakeState.FAILED
    harness.api.script.append(refusal(400, "a_code_of_tomorrow", param="avatar_id"))
    assert exit_code(harness.run(campaign(photo(), look("b")))) is Exit.DONE


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "a_code_of_tomorrow", param="prompt"),
        refusal(400, "content_moderation_failed"),
        refusal(404, "asset_not_found"),
        refusal(400, "download_failed"),
        refusal(422, "a_code_of_tomorrow"),
    ],
)
def test_a_refusal_about_something_else_fails_the_look_however_young_its_reference_is(
    harness: Harness, reply: Refusal
) -> None:
    harness.api.script.extend([OK, reply])
    harness.run(campaign(look("a")))
    assert harness.take("a").state is TakeState.FAILED
    assert len(harness.api.posts) == 2


def test_what_was_refused_within_the_minute_is_tried_for_a_minute_from_then_on(
    harness: Harness,
) -> None:
    harness.run(campaign(photo()))
    harness.later(50)
    harness.api.script.extend([refusal(400, "a_code_of_tomorrow")] * 4)
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE


def test_what_has_no_reference_waits_for_none(harness: Harness) -> None:
    harness.api.script.extend([OK, refusal(400, "a_code_of_tomorrow")])
    harness.run(campaign(photo(), look("a", on=None)), concurrency=1)
    assert harness.take("a").state is TakeState.FAILED
    assert len(harness.api.posts) == 2


@pytest.mark.parametrize("code", ["avatar_not_found", "a_code_of_tomorrow"])
def test_a_reference_that_stays_unknown_fails_what_needs_it_within_two_minutes(
    harness: Harness, code: str
) -> None:
    harness.api.script.extend([OK] + [refusal(404, code)] * 100)
    begun = harness.clock.now()
    outcome = harness.run(campaign(look("a")))
    assert harness.take("a").state is TakeState.FAILED
    assert exit_code(outcome) is Exit.FAILED
    assert harness.clock.now() - begun < 30 + 120
    assert len(harness.api.posts) < 12


def test_a_reference_of_long_ago_or_another_fault_gets_no_second_try(harness: Harness) -> None:
    harness.run(campaign(photo()))
    harness.later(3600)
    harness.api.script.append(refusal(404, "avatar_not_found"))
    harness.run(campaign(look("a")))
    assert harness.take("a").state is TakeState.FAILED
    harness.api.script.extend([OK, refusal(400, "invalid_parameter", param="prompt")])
    harness.run(campaign(look("b"), look("c", on="b")))
    assert harness.take("c").state is TakeState.FAILED


@pytest.mark.parametrize("code", ["asset_not_found", "asset_not_available"])
def test_an_upload_that_is_gone_is_made_again_once(harness: Harness, code: str) -> None:
    harness.api.script.extend([refusal(404, code), OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert harness.api.calls.count("upload") == 2
    assert len(set(keys(harness))) == 2
    other = Harness(harness.folder / "other")
    other.folder.mkdir()
    other.api.script.extend([refusal(404, code)] * 9)
    other.run(campaign(photo()))
    assert other.take("base").state is TakeState.FAILED
    assert len(other.api.posts) == 2


def test_a_look_without_a_group_is_kept_and_learns_it_later(harness: Harness) -> None:
    real = harness.api.create_avatar

    async def nameless(body: bytes, key: str) -> Reply[Any]:
        reply = await real(body, key)
        if isinstance(reply, Answer):
            bare = replace(reply.data.look, group_id=None)
            return replace(reply, data=replace(reply.data, look=bare, group=None))
        return reply

    harness.api.create_avatar = nameless  # type: ignore[method-assign]
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    assert len(harness.api.charges) == 2
    assert harness.take("base").group_id == "group-1"


def test_a_lost_send_and_silence_keep_their_own_words(harness: Harness) -> None:
    harness.api.script.extend([LOST_BEFORE] * 50)
    harness.run(campaign(photo()))
    assert harness.take("base").error_message == "ReadTimeout"


# --- what a look shows ----------------------------------------------------------------------------


def show(harness: Harness, name: str, status: str | None, message: str | None = None) -> None:
    """Show a look of this name with a status of its own."""
    real = harness.api._now

    def shown(look: LookData) -> LookData:
        now = real(look)
        return replace(now, status=status, error_message=message) if now.name == name else now

    harness.api._now = shown  # type: ignore[method-assign]


def test_a_status_that_nobody_knows_is_kept_told_and_ends_as_a_question(harness: Harness) -> None:
    show(harness, "Sarah — a", "quarantined", "under review")
    every = campaign(look("a"), look("b"))
    assert exit_code(harness.run(every)) is Exit.UNDER_WAY
    take = harness.take("a")
    assert (take.state, take.error_code) == (TakeState.PROCESSING, "unknown_status")
    assert take.error_message == "HeyGen shows the status quarantined: under review"
    assert harness.heard.events.count(("a#1", Event.SHOWN)) == 1
    assert harness.take("b").state is TakeState.FETCHED
    assert "the next run goes on waiting" in harness.heard.words[-1]
    harness.later(25 * 3600)
    outcome = harness.run(every)
    assert "`lookbook reconcile` decides it" in harness.heard.words[-1]
    assert exit_code(outcome) is Exit.PERSON
    assert outcome.persons == ("a",)
    del harness.api._now
    assert exit_code(harness.run(every)) is Exit.DONE
    assert harness.take("a").error_message is None
    assert len(harness.api.charges) == 3


def test_a_status_that_nobody_knows_asks_for_no_consent_that_was_given(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "consent"
    assert exit_code(harness.run(campaign(look("a")))) is Exit.PERSON
    show(harness, "Sarah — a", "under_review")
    outcome = harness.run(campaign(look("a")))
    assert (outcome.consents, outcome.under_way) == ((), ("a",))
    assert harness.take("a").consent_url is None
    assert harness.take("a").error_message == "HeyGen shows the status under_review"


def test_a_gateways_404_for_minutes_fails_no_paid_look(harness: Harness) -> None:
    real, until = harness.api.look, harness.clock.now() + 900

    async def away(look_id: str) -> Reply[LookData]:
        found = await real(look_id)
        return gateway(404) if harness.clock.now() < until else found

    harness.api.look = away  # type: ignore[method-assign]
    harness.run(campaign(photo()))
    assert harness.take("base").state is TakeState.FETCHED
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1


def test_a_look_that_was_not_found_once_is_not_waited_for_without_end(harness: Harness) -> None:
    harness.run(campaign())
    answers = iter([refusal(404, "avatar_not_found")])

    async def away(look_id: str) -> Reply[LookData]:
        del look_id
        return next(answers, gateway(502))

    real, harness.api.look = harness.api.look, away  # type: ignore[method-assign]
    lists, harness.api.looks = harness.api.looks, nothing  # type: ignore[method-assign]
    begun = harness.clock.now()
    assert exit_code(harness.run(campaign(look("a")))) is not Exit.DONE
    assert harness.clock.now() - begun < 2 * 3600
    harness.api.look, harness.api.looks = real, lists  # type: ignore[method-assign]
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    assert len(harness.api.charges) == 2


async def nothing(**_options: Any) -> Reply[Any]:
    return gateway(502)


def test_the_consent_of_a_group_is_started_once_for_many_looks(harness: Harness) -> None:
    names = "abcdefgh"
    harness.api.fate.update({f"Sarah — {key}": "consent" for key in names})
    asked: list[str] = []
    real = harness.api.consent

    async def counted(group_id: str, key: str) -> Reply[Any]:
        asked.append(group_id)
        return await real(group_id, key)

    harness.api.consent = counted  # type: ignore[method-assign]
    every = campaign(*[look(key) for key in names])
    assert exit_code(harness.run(every)) is Exit.PERSON
    assert asked == ["group-1"]
    assert {harness.take(key).consent_url for key in names} == {"https://consent/group-1"}
    more = campaign(*[look(key) for key in names], look("z"))
    harness.api.fate["Sarah — z"] = "consent"
    harness.run(more)
    assert asked == ["group-1"]  # an earlier run has its page
    assert harness.take("z").consent_url == "https://consent/group-1"


# --- lists without an end, time without a clock ---------------------------------------------------


def endless(harness: Harness, *, circling: bool) -> None:
    """Serve lists of looks that never end: in circles, or with ever more looks."""

    async def page(*, token: str | None = None, **_asked: Any) -> Reply[Any]:
        number = int(token or 0)
        harness.api.calls.append("looks")
        return Answer(ListPage((), str((number + 1) % 3 + 1 if circling else number + 1)))

    harness.api.looks = page  # type: ignore[method-assign]


@pytest.mark.parametrize(("circling", "words"), [(True, "begins again"), (False, "more than")])
def test_a_list_without_an_end_is_bounded_and_becomes_a_question(
    harness: Harness, circling: bool, words: str
) -> None:
    harness.api.script.extend([OK] + [LOST_BEFORE] * 50)
    harness.run(campaign(look("a")))
    harness.later(25 * 3600)
    endless(harness, circling=circling)
    outcome = harness.run(campaign(look("a")))
    assert exit_code(outcome) is Exit.PERSON
    assert harness.api.calls.count("looks") <= (8 if circling else 500)
    (finding,) = harness.session.look_report.findings.values()  # type: ignore[union-attr]
    assert words in (finding.problem or "")
    assert len(harness.api.charges) == 1


def test_where_no_answer_names_the_time_an_old_key_is_over(harness: Harness) -> None:
    harness.api.dated = False
    harness.api.script.extend([OK, CHARGED_AND_LOST] + [Lost("ReadTimeout")] * 50)
    harness.run(campaign(look("a")))
    posts = len(harness.api.posts)
    harness.api.script.clear()
    harness.api.answers.clear()  # two days later the account has forgotten every key
    harness.clock.ahead = -47 * 3600.0
    harness.later(48 * 3600)
    outcome = harness.run(campaign(look("a")))
    assert len(harness.api.posts) == posts
    assert exit_code(outcome) is Exit.DONE  # it was searched for
    assert len(harness.api.charges) == 2


def test_where_no_answer_names_the_time_this_runs_own_sends_are_replayed(harness: Harness) -> None:
    harness.api.dated = False
    harness.api.script.extend([LOST_BEFORE, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(keys(harness)) == 2
    assert len(set(keys(harness))) == len(harness.api.charges) == 1
    assert harness.api.calls.count("me") == 3  # the wallet before and after, and the time once
    harness.run(campaign(look("a")))  # before the first send, also where nothing is lost
    assert harness.api.calls.count("me") == 6
