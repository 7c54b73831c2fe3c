"""Texts for people: tables, the results, money. Values in, text out."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from runner.cli.terminal import escape_text, style
from runner.quantities import format_usd
from runner.results.model import LookEntry, Results
from runner.results.totals_text import format_totals
from runner.text_width import cut_text, split_text, text_width
from runner.words import state_word

STATE_COLOURS = {
    "fetched": "green",
    "completed": "green",
    "failed": "red",
    "blocked": "red",
    "unknown": "red",
    "stale": "yellow",
    "changed": "yellow",
    "pending_consent": "yellow",
    "processing": "cyan",
    "submitting": "cyan",
}

MIN_FLOW = 24
"""A column whose text goes on below is made this narrow before any other is made narrower."""

MOST_ROWS = 20_000
"""Of more looks than this, which nobody reads, a run tells the totals alone."""

MAX_KEYS = 5
"""So many looks are named where more have the same cause."""

MIN_COLUMN = 6
"""A column of a table is never made narrower than this."""


def format_table(
    rows: Sequence[Sequence[str]],
    *,
    right: Iterable[int] = (),
    width: int | None = None,
    drop: Iterable[int] = (),
    flow: bool = False,
    whole: Iterable[int] = (),
) -> str:
    """Align rows in columns, each on one line; those in ``right`` are aligned to the right.

    ``width`` is the terminal's, in columns: where the table is wider, the columns in ``drop`` are
    left out in that order, then the longest texts are cut, but none in ``whole``. With ``flow`` the
    last column is made narrow first, and its text goes on below instead of being cut. The first row
    is the title.
    """
    if not rows:
        return ""
    rows = [[escape_text(cell) for cell in row] for row in rows]
    kept = list(range(len(rows[0])))
    widths = [max(_width(row[i]) for row in rows) for i in kept]
    for dropped in drop:
        if width is None or _total(widths, kept) <= width:
            break
        kept.remove(dropped)
    last = kept[-1]
    if width is not None:
        if flow:
            least = min(widths[last], MIN_FLOW)
            widths[last] = max(least, widths[last] + min(0, width - _total(widths, kept)))
        _shrink(widths, kept, width, frozenset(whole))
    flush = set(right)
    indent = " " * (_total(widths, kept) - widths[last])
    lines = []
    for row in rows:
        text, *more = _flow(row[last], widths[last]) if flow else [row[last]]
        cells = [*row[:last], text]
        lines.append("  ".join(_cell(cells[i], widths[i], right=i in flush) for i in kept).rstrip())
        lines += [indent + line for line in more]
    return "\n".join(lines)


def _flow(text: str, width: int) -> list[str]:
    """Break a text between words into lines of a width; a longer word stays, to be cut."""
    if _width(text) <= width:
        return [text]
    lines = [""]
    for word in click.unstyle(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(longer) <= width:
            lines[-1] = longer
            continue
        parts = [cut_text(word, width)] if word.isascii() else split_text(word, width)
        lines = [*(line for line in lines if line), *parts]
    return lines


def _width(cell: str) -> int:
    return text_width(click.unstyle(cell))


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[i] for i in kept) + 2 * (len(kept) - 1)


def _shrink(
    widths: list[int], kept: Sequence[int], width: int, whole: frozenset[int] = frozenset()
) -> None:
    """Make the widest columns as narrow as it takes to fit, and none narrower than MIN_COLUMN."""
    soft = [i for i in kept if i not in whole]
    while soft and (excess := _total(widths, kept) - width) > 0:
        widest = max(soft, key=lambda i: widths[i])
        if widths[widest] <= MIN_COLUMN:
            return
        next_one = max((widths[i] for i in soft if i != widest), default=MIN_COLUMN)
        narrower = max(MIN_COLUMN, widths[widest] - excess, min(next_one, widths[widest] - 1))
        widths[widest] = narrower


def _cell(cell: str, width: int, *, right: bool) -> str:
    """Fill a cell up, or cut it without its colours: a code must not be cut in two."""
    if _width(cell) > width:
        cell = cut_text(click.unstyle(cell), width)
    padding = " " * (width - _width(cell))
    return padding + cell if right else cell + padding


def warn(message: str) -> None:
    """Write one line to stderr that a person should read."""
    click.echo(f"{style('Warning:', fg='yellow')} {escape_text(message)}", err=True)


def format_link(path: Path) -> str:
    """Write a file as a link that terminals open."""
    return path.absolute().as_uri()


def warnings_text(warnings: Sequence[str]) -> str:
    """Write what to read before money is spent; empty where there is nothing."""
    if not warnings:
        return ""
    title = style("Before you spend anything:", fg="yellow")
    return "\n".join([title, *(f"  {escape_text(warning)}" for warning in warnings)])


def name_some(keys: Sequence[str]) -> str:
    """Name looks, the first of them where there are many."""
    shown, rest = ", ".join(keys[:MAX_KEYS]), len(keys) - MAX_KEYS
    return f"{shown} and {rest} more" if rest > 0 else shown


def format_results(
    results: Results, *, notes: Mapping[str, str] | None = None, width: int | None = None
) -> str:
    """Write the results as a table, one line for each look, with what was spent.

    ``notes`` say more of looks that are not finished. ``width`` is the terminal's, in columns:
    what can be had elsewhere is left out rather than broken over lines.
    """
    table = format_looks(results["looks"], notes=notes, width=width)
    return f"{table}\n\n{format_totals(results)}"


def format_looks(
    looks: Iterable[LookEntry], *, notes: Mapping[str, str] | None = None, width: int | None = None
) -> str:
    """Write looks as a table: on a narrow terminal without ids, then without references.

    Where every picture has its place and the keys need the room, the places are left out as well.
    """
    rows = [("look", "state", "reference", "cost", "avatar id", "picture, or why not")]
    for look in looks:
        state = look["state"]
        problem = look.get("error", {}).get("message") or look.get("reason") or ""
        rows.append(
            (
                look["look"],
                style(state_word(state), fg=STATE_COLOURS.get(state)),
                look["reference"] or "—",
                format_usd(look["cost_usd"]) if look["cost_usd"] else "—",
                look["avatar_id"] or "—",
                (notes or {}).get(look["look"]) or look["image"] or problem,
            )
        )
    only_places = all(not row[5] or row[5].startswith("images/") for row in rows[1:])
    drop = (4, 2, 5) if only_places else (4, 2)
    return format_table(rows, right=(3,), width=width, drop=drop, flow=True)
