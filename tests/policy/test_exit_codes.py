"""Exit codes: where several hold, the first of 3, 6, 4, 5, 1."""

from itertools import product

from runner.policy.exit_codes import Exit, Outcome, exit_code


def test_the_first_of_3_6_4_5_1_is_given() -> None:
    wrong = []
    for account, person, consent, under_way, budget, failed in product([False, True], repeat=6):
        outcome = Outcome(
            account="402" if account else None,
            persons=("a",) if person else (),
            consents=("e",) if consent else (),
            under_way=("b",) if under_way else (),
            over_budget=("c",) if budget else (),
            failed=("d",) if failed else (),
        )
        order = [(account, 3), (person, 6), (consent, 6), (under_way, 4), (budget, 5), (failed, 1)]
        if exit_code(outcome) != next((code for holds, code in order if holds), 0):
            wrong.append((outcome, exit_code(outcome)))
    assert not wrong


def test_a_run_that_was_stopped_with_nothing_left_open_failed() -> None:
    assert exit_code(Outcome(stopped="8 looks in a row failed")) is Exit.FAILED
