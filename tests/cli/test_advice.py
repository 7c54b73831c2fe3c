"""What a run says at its end: the account's words and what helps come last."""

from runner.cli.aftermath import advice
from runner.executor.standing import Hold, Standing
from runner.plan.model import Plan
from runner.plan.moves import Moves
from runner.policy.outcome import Outcome

WORDS = "HTTP 400 resource_limit_exceeded: 3 photo avatars. Deleting a whole group frees a slot."


def standing_of(**held: tuple[Hold, str]) -> Standing:
    made = Standing(Plan("spring", None, (), (), Moves()), {}, {"a#1": "HTTP 503"})
    made.held.update(held)
    return made


def test_what_the_account_refused_is_the_last_line() -> None:
    for outcome in (Outcome(account=WORDS, failed=("a",)), Outcome(stopped=WORDS, failed=("a",))):
        lines = advice(outcome, standing_of(a=(Hold.UNSENT, "base is not usable")), "spring.yaml")
        assert WORDS.rstrip(".") in lines[-1]
        assert not any("a was not sent" in line for line in lines)


def test_a_look_that_could_not_be_sent_says_why_and_is_no_case_for_retry() -> None:
    held = standing_of(a=(Hold.UNSENT, "words of conflict"))
    held.pictures = {}
    lines = advice(Outcome(failed=("a",)), held, "spring.yaml")
    assert "a was not sent: words of conflict" in lines
    assert "run the same command again" in lines[-1]
    held.broken.add("a")
    assert "lookbook retry" in advice(Outcome(failed=("a",)), held, "spring.yaml")[-1]
