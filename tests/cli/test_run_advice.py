"""What a run says at its end: the account's words and what helps come last."""

from dataclasses import replace

from runner.cli.run_advice import advise_after_run
from runner.executor.findings import Finding
from runner.executor.look_report import Hold, LookReport
from runner.plan import ResolvedOptions, plan
from runner.plan.model import Plan
from runner.plan.renames import KeyRenames
from runner.policy.exit_codes import Outcome
from runner.takes import Snapshot, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import take

WORDS = "HTTP 400 resource_limit_exceeded: 3 photo avatars. Deleting a whole group frees a slot."


def standing_of(**held: tuple[Hold, str]) -> LookReport:
    made = LookReport(Plan("spring", None, (), (), KeyRenames()), {}, {"a#1": "HTTP 503"})
    made.held.update(held)
    return made


def test_what_the_account_refused_is_the_last_line() -> None:
    for outcome in (Outcome(account=WORDS, failed=("a",)), Outcome(stopped=WORDS, failed=("a",))):
        lines = advise_after_run(
            outcome, standing_of(a=(Hold.UNSENT, "base is not usable")), "spring.yaml"
        )
        assert WORDS.rstrip(".") in lines[-1]
        assert not any("a was not sent" in line for line in lines)
        assert lines[-1].endswith("run the same command again to resume.")


def test_what_is_not_listed_yet_is_told_with_the_age_of_its_send() -> None:
    sent = 1_800_000_000.0
    made = standing_of()
    made.pictures = {}
    lost = replace(take(campaign(look("a")), "a"), state=TakeState.UNKNOWN, sent_at=sent)
    made.findings = {lost.uid: Finding(lost)}

    def told(later: float) -> str:
        outcome = Outcome(persons=("a",))
        return advise_after_run(outcome, made, "spring.yaml", now=sent + later)[0]

    assert "no look fits (it was sent 42 seconds ago, and HeyGen's lists may lag" in told(42.0)
    assert "says something from 2027-01-15 08:15 UTC on)" in told(42.0)
    assert told(901.0).endswith("its outcome is unknown; no look fits.")


def test_a_look_that_could_not_be_sent_says_why_and_is_no_case_for_retry() -> None:
    held = standing_of(a=(Hold.UNSENT, "words of conflict"))
    held.pictures = {}
    lines = advise_after_run(Outcome(failed=("a",)), held, "spring.yaml")
    assert "a was not sent: words of conflict" in lines
    assert "run the same command again" in lines[-1]
    held.broken.add("a")
    assert "lookbook retry" in advise_after_run(Outcome(failed=("a",)), held, "spring.yaml")[-1]


def test_a_take_whose_face_cannot_be_measured_is_approved_by_a_command_to_copy() -> None:
    why = "waits for approval of a#1: the face of base#1 could not be measured"
    held = standing_of(b=(Hold.APPROVAL, why), c=(Hold.APPROVAL, why))
    held.unmeasured = {"a#1"}
    here, elsewhere = (
        advise_after_run(
            *(Outcome(approvals=("b", "c")), held, "spring.yaml"),
            awaited=["a#1"],
            is_elsewhere=is_elsewhere,
        )
        for is_elsewhere in (False, True)
    )
    assert "2 looks (b, c) wait for approval of a#1: the face of base#1" in " ".join(elsewhere)
    assert "`lookbook review spring.yaml --approve a#1` approves" in " ".join(elsewhere)
    (more,) = [line for line in here if line not in elsewhere]
    assert "lookbook run spring.yaml --fetch-only" in more


def test_what_the_plan_blocked_and_never_failed_is_no_case_for_retry() -> None:
    """The account could not be listed: nothing was bought, and a retry has nothing to buy."""
    spring = campaign(look("a"))
    why = {"base": "nothing new is bought", "a": "nothing new is bought"}
    blocked = plan(spring, Snapshot(), ResolvedOptions(refused=why))
    failed = replace(take(spring, "a"), state=TakeState.FAILED, avatar_id=None)

    def told(snapshot: Snapshot) -> list[str]:
        made = LookReport(blocked, {}, {})
        ended = made.outcome(
            snapshot,
            account=None,
            stopped=None,
            price=None,
            interrupted=False,
            is_replayable=lambda _take: False,
            now=0.0,
        )
        assert ended.failed
        return advise_after_run(ended, made, "spring.yaml")

    assert not any("lookbook retry" in line for line in told(Snapshot()))
    assert "lookbook retry" in told(Snapshot(takes={"a": (failed,)}))[-1]
