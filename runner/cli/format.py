"""Texts for people: the plan, the results, money. Pure: values in, text out."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import click

from runner.cli.terminal import escape_text, style
from runner.plan.model import Action, Plan
from runner.quantities import format_usd
from runner.results.model import Results, Summary, WalletEntry

__all__ = [
    "format_plan",
    "format_results",
    "format_table",
    "format_totals",
    "warnings_text",
]

MARKS = {
    Action.CREATE: ("+", "green"),
    Action.RENAME: ("~", "yellow"),
    Action.RESUME: ("…", "cyan"),
    Action.KEEP: ("=", None),
    Action.STALE: ("!", "yellow"),
    Action.ADOPT: ("<", "cyan"),
    Action.BLOCKED: ("x", "red"),
    Action.ORPHANED: ("-", "magenta"),
}

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

MOST_ROWS = 20_000
"""Of more looks than this, which nobody reads, a run tells the totals alone."""

SHORT = 6
"""From so many looks on, what is done already is summed up in one line."""


def format_table(rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Align rows in columns, each on one line; those in ``right`` are aligned to the right."""
    if not rows:
        return ""
    rows = [[escape_text(cell) for cell in row] for row in rows]
    widths = [max(len(click.unstyle(row[i])) for row in rows) for i in range(len(rows[0]))]
    flush = set(right)
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            padding = " " * (widths[i] - len(click.unstyle(cell)))
            cells.append(padding + cell if i in flush else cell + padding)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def warn(message: str) -> None:
    """Write one line to stderr that a person should read."""
    click.echo(f"{style('Warning:', fg='yellow')} {escape_text(message)}", err=True)


def pluralize(count: int, one: str) -> str:
    """Write a count with its noun: ``1 look``, ``3 looks``."""
    return f"{count} {one}{'' if count == 1 else 's'}"


def warnings_text(warnings: Sequence[str]) -> str:
    """Write what to read before money is spent; empty where there is nothing."""
    if not warnings:
        return ""
    title = style("Before you spend anything:", fg="yellow")
    return "\n".join([title, *(f"  {escape_text(warning)}" for warning in warnings)])


def format_plan(
    plan: Plan,
    *,
    where: str,
    wallet: Decimal | None = None,
    ceiling: Decimal | None = None,
    everything: bool = False,
    time: str = "",
    notes: Sequence[str] = (),
) -> str:
    """Write the plan: a line for each look that changes, then the count, the price, the time.

    ``notes`` are what is to be said of the account and of the prices, one line each.
    """
    aside = {a.key for a in plan.actions if not a.selected and a.action is not Action.RESUME}
    kept = {a.key for a in plan.actions if a.action is Action.KEEP and a.repick is None}
    kept -= aside
    fold = len(kept) >= SHORT and not everything
    rows = []
    for action in plan.actions:
        if (fold and action.key in kept) or (action.key in aside and not everything):
            continue
        mark, colour = MARKS[action.action]
        price = format_usd(action.cost) if action.cost else ""
        if action.action is Action.STALE:
            price = f"({format_usd(action.price)} if asked for)"
        word = style(f"{mark} {action.action}", fg=colour)
        takes = f"× {action.takes}" if action.takes > 1 else ""
        rows.append((f"  {word}", action.key, takes, price, action.reason))
    lines = [f"{style(plan.campaign, bold=True)} · {where}", ""]
    if rows:
        lines += [format_table(rows, right=(3,)), ""]
    if fold:
        lines += [f"  = {pluralize(len(kept), 'look')} done, nothing to do for them", ""]
    if aside and not everything:
        lines += [f"  = {pluralize(len(aside), 'look')} not selected", ""]
    if plan.unwanted_in_flight:
        unwanted_in_flight = pluralize(len(plan.unwanted_in_flight), "take")
        lines.append(
            f"  {unwanted_in_flight} under way that the manifest no longer wants: never sent again,"
        )
        lines += ["  but looked for and kept", ""]
    return "\n".join([*lines, _price_line(plan, wallet, ceiling, time), *map(escape_text, notes)])


def _price_line(plan: Plan, wallet: Decimal | None, ceiling: Decimal | None, time: str) -> str:
    if plan.count == 0 and not plan.at_risk:
        total = "Nothing to buy: $0.00"
    else:
        total = f"{pluralize(plan.count, 'generation')} to buy: {format_usd(plan.cost)}"
    parts = [style(total, bold=True)]
    if plan.worst_case != plan.cost:
        parts.append(
            f"at worst {format_usd(plan.worst_case)} (unknown outcomes and allowed retries)"
        )
    if plan.waiting:
        waits = f"{pluralize(plan.waiting, 'generation')}, {format_usd(plan.waiting_cost)}"
        parts.append(f"waiting for a person: {waits}")
    if ceiling is not None:
        parts.append(f"ceiling {format_usd(ceiling)}")
    if wallet is not None:
        parts.append(f"wallet {format_usd(wallet)}")
    if time:
        parts.append(time)
    line = " · ".join(parts)
    if wallet is not None and wallet < plan.cost:
        line += "\n" + style("The wallet does not hold enough for all of it.", fg="yellow")
    return line


def format_results(
    results: Results,
    *,
    notes: Mapping[str, str] | None = None,
    width: int | None = None,
) -> str:
    """Write the results as a table, one line for each look, with what was spent.

    ``notes`` say more of looks that are not finished. ``width`` is the terminal's, in columns:
    what can be had elsewhere is left out rather than broken over lines.
    """
    rows = [("look", "state", "reference", "cost", "avatar id", "picture, or why not")]
    for look in results["looks"]:
        state = look["state"]
        problem = look.get("error", {}).get("message") or look.get("reason") or ""
        rows.append(
            (
                look["look"],
                style(state, fg=STATE_COLOURS.get(state)),
                look["reference"] or "—",
                format_usd(look["cost_usd"]) if look["cost_usd"] else "—",
                look["avatar_id"] or "—",
                (notes or {}).get(look["look"]) or look["image"] or problem,
            )
        )
    return fit_table(rows, width) + "\n\n" + format_totals(results)


def fit_table(rows: Sequence[Sequence[str]], width: int | None) -> str:
    """Align the table of results: on a narrow terminal without ids, then without references."""
    keep = [0, 1, 2, 3, 4, 5]
    for dropped in (4, 2):
        text = format_table([[row[i] for i in keep] for row in rows], right=(keep.index(3),))
        if width is None or max(len(click.unstyle(line)) for line in text.splitlines()) <= width:
            return text
        keep.remove(dropped)
    lines = format_table(
        [[row[i] for i in keep] for row in rows], right=(keep.index(3),)
    ).splitlines()
    return "\n".join(_cut(line, width or 80) for line in lines)


def _cut(line: str, width: int) -> str:
    """Cut a line to a width, and then without its colours: a code must not be cut in two."""
    text = click.unstyle(line)
    return line if len(text) <= width else f"{text[: width - 1]}…"


def format_totals(results: Summary) -> str:
    """Write the summary: how many looks in each state, and the money by what is known of it."""
    totals = results["totals"]
    states = ", ".join(f"{count} {state}" for state, count in totals["states"].items())
    simulated = " of simulated money" if results["account"] == "simulator" else ""
    parts = [f"spent {format_usd(totals['cost_usd'])}{simulated} so far"]
    for amount, words in (
        (
            totals["assumed_billed_usd"],
            "of which {} assumed billed (failed, or found without an answer)",
        ),
        (totals["unknown_usd"], "of which {} of unknown outcome"),
        (totals["reserved_usd"], "of which {} reserved"),
        (totals.get("doubled_usd"), "and {} for looks that were made twice"),
    ):
        if amount:
            parts.append(words.format(format_usd(amount)))
    if totals["refunded_usd"]:
        parts.append(f"{format_usd(totals['refunded_usd'])} refunded")
    lines = [f"{pluralize(totals['looks'], 'look')}: {states}", "; ".join(parts)]
    wallet = totals["wallet"]
    if wallet is not None and wallet["before"] is not None:
        change = f"wallet {format_usd(wallet['before'])} before the last run that bought"
        if wallet["after"] is not None:
            change += f", {format_usd(wallet['after'])} after it"
        lines.append(change)
        lines += _difference(wallet)
    return "\n".join(lines)


def _difference(wallet: WalletEntry) -> list[str]:
    """Return what left the wallet beside what the ledger knows, and what that may mean."""
    difference = Decimal(str(wallet.get("difference_usd") or 0))
    if not difference:
        return []
    left = Decimal(str(wallet["before"])) - Decimal(str(wallet["after"]))
    known = format_usd(wallet["known_usd"])
    told = f"in that run {format_usd(left)} left the wallet, and the ledger knows of {known}"
    if difference > 0:
        unsure = left - Decimal(str(wallet["known_usd"])) - difference
        if unsure > 0:
            told += f" and of {format_usd(unsure)} that may have been charged"
        means = (
            f"{format_usd(difference)} more. Somebody else may have bought on this account, a "
            "price may "
            "be higher than planned, or earlier work was charged now"
        )
    else:
        means = (
            f"{format_usd(-difference)} less. The wallet may be late or was filled up "
            "meanwhile, a price "
            "may be lower than planned, or a charge was given back"
        )
    return [f"{told}: {means}; HeyGen's billing page tells."]
