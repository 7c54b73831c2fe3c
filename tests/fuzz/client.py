"""Any bytes as a client's answers: decisions about pictures that exist, or one clear refusal."""

import json
from dataclasses import replace

from runner.answers import compute_ref
from runner.canonical import parse_json
from runner.cli.take_in import report_answers
from runner.cli.terminal import escape_text
from runner.errors import UsageError
from runner.model import BASE
from runner.results.answers import merge_answers, read_answers
from runner.reviews import MAX_REASON, Review, ReviewState
from tests.executor.harness import campaign, look
from tests.fuzz.target import Target, demand, written
from tests.plan.made import held, take

SPRING = campaign(look("navy"))
NOW = 1_800_000_000.0
TAKES = [take(SPRING, BASE), take(SPRING, "navy")]
REFS = [compute_ref("spring", one.look, one.number, one.sha256) for one in TAKES]
LEDGER = held(*TAKES)
ADA = Review(ReviewState.APPROVED, None, "Ada", 1_767_225_600.0)
DECIDED = replace(LEDGER, reviews={one.uid: ADA for one in TAKES})
WORDS = (
    *('"version"', '"campaign"', '"spring"', '"by"', '"answers"', '"ref"', '"sha256"', '"title"'),
    *(
        '"state"',
        '"approved"',
        '"rejected"',
        '"undecided"',
        '"remark"',
        '"at"',
        "\\ud800",
        "\\u202e",
    ),
    *('"2026-01-01T00:00:00Z"', '"0001-01-01T00:00:00+23:00"', '"9999-12-31T23:59:59-23:00"'),
    *("NaN", "1e999", "null", "[[[[", "\\u001b[31m", *(f'"{ref}"' for ref in REFS)),
)


def run(data: bytes) -> None:
    """Read it, merge it twice, and say who said what."""
    try:
        answers = read_answers(parse_json(data), "spring", LEDGER, source="answers.json", now=NOW)
    except ValueError:
        return
    except UsageError as error:
        written(escape_text(error.message + (error.hint or "")), "the refusal")
        return
    demand({one.take.uid for one in answers.known} <= {one.uid for one in TAKES}, "a take is ours")
    for known in (LEDGER, DECIDED):
        merged = merge_answers(answers.known, known)
        for one in merged:
            demand(one.counts in (one.before, one.answer.review), "somebody said it")
            demand(0 < one.answer.review.at <= NOW, "nobody decides in the future")
            demand(len(one.answer.review.reason or "") <= MAX_REASON, "words are bounded")
            overturned = one.counts != one.before and one.before.at
            demand(not overturned or one.answer.decides, "a remark overturns nothing")
        for line in report_answers(answers, merged, ["lookbook", "review"]):
            written(escape_text(line), "the report")


def seeds() -> list[bytes]:
    said = [
        {"ref": ref, "title": "A picture", "state": state, "at": "2026-01-01T10:00:00.000Z"}
        for ref, state in zip(REFS, ("approved", "rejected"), strict=True)
    ]
    said[1] |= {"remark": "too dark", "sha256": TAKES[1].sha256 or ""}
    document = {"version": 1, "campaign": "spring", "by": "Jo", "answers": said}
    remark = {**said[0], "state": "undecided", "remark": "nice"}
    found = [document, {**document, "answers": [remark]}, {**document, "answers": [said[0]] * 2}]
    return [json.dumps(one).encode() for one in found] + [b"{}", b"["]


WATCHED = ("runner.results", "runner.cli.take_in", "runner.reviews", "runner.canonical")
TARGET = Target("client", run, seeds, WORDS, WATCHED, json=True)
