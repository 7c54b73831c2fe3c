"""``lookbook review --take-in``: a client's answers, read within bounds and merged into the ledger.

What does not count beside a later decision is kept as well: the ledger has both, in order.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio

from runner.canonical import parse_json
from runner.cli import readonly
from runner.cli.context import Context
from runner.cli.decision_queue import queue_reviews
from runner.cli.session import open_ledger
from runner.errors import LedgerLocked, UsageError
from runner.files import read_file
from runner.ledger.events import Note
from runner.ledger.reading import read_events
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.quantities import pluralize
from runner.results.answers import (
    ClientAnswers,
    MergedAnswer,
    drop_time,
    merge_answers,
    read_answers,
)
from runner.reviews import Review, ReviewState
from runner.shell import quote_command
from runner.words import REVIEW_WORDS

MAX_ANSWERS_BYTES = 16 * 1024 * 1024
"""What a client's file may weigh: 500 pictures with the longest remarks take a tenth of it."""

_SHOWN = 20
"""Titles of foreign pictures that are named."""


def take_in(
    context: Context,
    campaign: Campaign,
    state: StateDir,
    path: Path,
    *,
    by: str | None,
    command: Sequence[str | Path],
) -> list[str]:
    """Merge a client's answers into the ledger; return in lines who said what.

    ``command`` is how somebody decides otherwise about this ledger; ``by`` is who sent the file,
    whatever it says. While another command holds the ledger, what counts is kept for that command.
    Raises UsageError for a file that cannot be used.
    """
    source = "stdin" if str(path) == "-" else str(path)
    document = _load_document(path, source)
    return merge_document(context, campaign, state, document, source, by=by, command=command)


def merge_document(
    context: Context,
    campaign: Campaign,
    state: StateDir,
    document: Any,
    source: str,
    *,
    by: str | None,
    command: Sequence[str | Path],
) -> list[str]:
    """Merge answers that were read already; ``source`` is what to call them."""
    snapshot, _ = readonly.load_known(campaign, state)
    answers = read_answers(
        document, campaign.name, snapshot, source=source, now=context.clock.now(), by=by
    )
    try:
        with open_ledger(context, campaign, state, "review") as opened:
            merged = merge_answers(answers.known, opened.ledger.snapshot())
            recorded = reviews_to_record(merged, state)
            anyio.run(opened.ledger.record_reviews, recorded)
            opened.write_outputs()
    except LedgerLocked:
        merged = merge_answers(answers.known, snapshot)
        counting = [(one.answer.take, one.counts) for one in merged if one.counts != one.before]
        if counting:
            queue_reviews(context, state, campaign.name, snapshot, counting)
    return report_answers(answers, merged, command)


def _load_document(path: Path, source: str) -> Any:
    try:
        if source == "stdin":
            data = sys.stdin.buffer.read(MAX_ANSWERS_BYTES)  # more is cut, and is no JSON then
        else:
            data = read_file(path, MAX_ANSWERS_BYTES)
        return parse_json(data)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{source} cannot be read: {problem}.",
            hint="A client's copy saves such a file under `Send back`.",
        ) from error


def reviews_to_record(merged: Iterable[MergedAnswer], state: StateDir) -> list[tuple[str, Review]]:
    """Return what the ledger writes down, in order.

    An answer that does not count is followed by the decision that does.
    """
    recorded: list[tuple[str, Review]] = []
    for one in merged:
        uid = one.answer.take.uid
        if one.is_known or (one.counts == one.before and _is_written(one, state)):
            continue
        recorded.append((uid, one.answer.review))
        if one.counts == one.before:
            recorded.append((uid, one.before))
    return recorded


def _is_written(one: MergedAnswer, state: StateDir) -> bool:
    """Return whether the ledger had this answer before, when the same file was taken in."""
    take = one.answer.take
    return any(
        entry.kind == Note.REVIEWED
        and entry.facts["take"] == take.uid
        and drop_time(Review.from_facts(entry.facts)) == drop_time(one.answer.review)
        for entry in read_events(state.location, take.look)
    )


def report_answers(
    answers: ClientAnswers, merged: Sequence[MergedAnswer], command: Sequence[str | Path]
) -> list[str]:
    """Return in lines who said what, where two people differ, and what was not taken in."""
    counts = dict.fromkeys(ReviewState, 0)
    for one in merged:
        counts[one.answer.review.state] += 1
    parts = [f"{counts[ReviewState.APPROVED]} approved", f"{counts[ReviewState.REJECTED]} rejected"]
    if counts[ReviewState.UNDECIDED]:
        parts.append(pluralize(counts[ReviewState.UNDECIDED], "remark"))
    lines = [f"{answers.by or 'Somebody'} answered: {', '.join(parts)}."]
    lines += [
        f"  {one.answer.take.label}: {_say(one.answer.review)}"
        for one in merged
        if one.answer.review.reason and not one.conflict
    ]
    for one in merged:
        if one.conflict:
            lines += _report_conflict(one, command)
    if answers.unknown:
        titles = ", ".join(f"“{title}”" for title in answers.unknown[:_SHOWN])
        more = len(answers.unknown) - _SHOWN
        titles += f" and {more} more" if more > 0 else ""
        lines.append(f"Not taken in, because the picture is not in this ledger: {titles}.")
    return lines


def _report_conflict(one: MergedAnswer, command: Sequence[str | Path]) -> list[str]:
    label, theirs = one.answer.take.label, one.answer.review
    later = theirs if one.counts == theirs else one.before
    option = "--approve" if later.state is ReviewState.REJECTED else "--reject"
    reason = ("--reason", "…") if option == "--reject" else ()
    turn = quote_command(*command, option, label, *reason)
    said = f"{_whose(theirs)}: {_say(theirs)}; {_whose(one.before)}: {_say(one.before)}"
    return [
        f"  {label}: two people differ. {said}. {_whose(later)} was later and counts.",
        f"    To decide otherwise: {turn}",
    ]


def _whose(review: Review) -> str:
    return review.by or "somebody without a name"


def _say(review: Review) -> str:
    """Return what somebody decided, when, and in which words."""
    when = f"{datetime.fromtimestamp(review.at, UTC):%Y-%m-%d %H:%M}"
    decided = review.state is not ReviewState.UNDECIDED
    said = REVIEW_WORDS[review.state].lower() if decided else "remark"
    words = f", “{review.reason}”" if review.reason else ""
    return f"{said} ({when}{words})"
