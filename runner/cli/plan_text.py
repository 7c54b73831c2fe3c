"""The plan as text for people: a row for each look or matrix, the price, the prompts."""

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal

from runner.cli.format import format_table, name_some
from runner.cli.terminal import escape_text, style
from runner.model import FileImage, Look
from runner.plan.model import Plan, PlannedLook
from runner.plan.steps import Action
from runner.quantities import format_usd, pluralize
from runner.words import ACTION_WORDS

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

SHORT = 6
"""From so many looks on, what is done already is summed up in one line."""

MATRIX_ROW = 4
"""From so many looks of a matrix on, for which the same is to be done, one row stands for them."""


def format_plan(
    plan: Plan,
    *,
    where: str,
    wallet: Decimal | None = None,
    ceiling: Decimal | None = None,
    everything: bool = False,
    time: str = "",
    notes: Sequence[str] = (),
    width: int | None = None,
) -> str:
    """Write the plan: a row for each look that changes, then the count, the price, the time.

    Looks of a matrix are one row, unless ``everything`` is to be listed. ``notes`` are what is to
    be said of the account and of the prices, one line each. ``width`` is the terminal's.
    """
    aside = {a.key for a in plan.actions if not a.selected and a.action is not Action.RESUME}
    kept = {a.key for a in plan.actions if a.action is Action.KEEP and a.repick is None}
    kept -= aside
    fold = len(kept) >= SHORT and not everything
    waiting = {} if everything else _group_blocked(plan)
    folded = {key for keys in waiting.values() for key in keys}
    listed = [
        action
        for action in plan.actions
        if not (fold and action.key in kept)
        and (action.key not in aside or everything)
        and action.key not in folded
    ]
    groups = [[action] for action in listed] if everything else _group_matrices(listed)
    rows = [_row(group) for group in groups]
    lines = [f"{style(plan.campaign, bold=True)} · {where}", ""]
    if rows:
        lines += [format_table(rows, right=(3,), width=width, flow=True), ""]
    if len(groups) < len(listed):
        lines += ["  `lookbook plan --all` lists every look, `--prompts` what each would send", ""]
    for root, keys in waiting.items():
        lines += [f"  x {len(keys)} blocked by {root}: {name_some(keys)}", ""]
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
    price = _price_line(plan, wallet, ceiling, time)
    return "\n".join([*lines, price, *map(escape_text, notes)])


def _group_matrices(actions: Iterable[PlannedLook]) -> list[list[PlannedLook]]:
    """Return the actions in groups: looks of one matrix with which the same is done are one."""
    groups: dict[Hashable, list[PlannedLook]] = {}
    for action in actions:
        alike = (action.action, action.reason, action.takes, action.price)
        matrix = action.look.matrix if action.look is not None else None
        groups.setdefault((matrix, *alike) if matrix else action.key, []).append(action)
    found = []
    for group in groups.values():
        found += [group] if len(group) >= MATRIX_ROW else [[action] for action in group]
    return found


def _row(group: Sequence[PlannedLook]) -> tuple[str, ...]:
    """Return what is to be done with one look, or with those of a matrix, and what it costs."""
    first = group[0]
    mark, colour = MARKS[first.action]
    cost = sum((action.cost for action in group), Decimal(0))
    price = format_usd(cost) if cost else ""
    if first.action is Action.STALE:
        price = f"({format_usd(first.price * len(group))} if asked for)"
    word = style(f"{mark} {ACTION_WORDS[first.action]}", fg=colour)
    takes = f"× {first.takes}" if first.takes > 1 else ""
    if len(group) == 1:
        return f"  {word}", first.key, takes, price, first.reason
    name = _name_axes([action.look for action in group if action.look is not None])
    return f"  {word}", name, f"{len(group)} looks {takes}".rstrip(), price, first.reason


def _name_axes(looks: Sequence[Look]) -> str:
    """Name looks of a matrix by its axes: ``outfit (6) × setting (4)``."""
    values: dict[str, dict[str, None]] = {}
    for look in looks:
        for axis, value in look.axes:
            values.setdefault(axis, {})[value] = None
    return " × ".join(
        f"{axis} ({len(of)})" if len(of) > 1 else f"{axis} {next(iter(of))}"
        for axis, of in values.items()
    )


def format_prompts(plan: Plan, *, everything: bool = False) -> str:
    """Write what each look that would be bought sends, and its price; or what each look is."""
    shown = [a for a in plan.actions if a.look is not None and (everything or a.takes)]
    return "\n\n".join(map(_prompt, shown)) or "Nothing would be sent."


def _prompt(action: PlannedLook) -> str:
    look = action.look
    parts = [style(action.key, bold=True)]
    if action.takes:
        parts.append(format_usd(action.cost))
    if action.takes > 1:
        parts.append(f"{action.takes} takes")
    if action.reference is not None:
        parts.append(f"made from {action.reference}")
    return f"{' · '.join(map(escape_text, parts))}\n  {escape_text(_describe_source(look))}"


def _describe_source(look: Look | None) -> str:
    """Return a look's prompt, or in words what it is made from instead."""
    if look is None:
        return ""
    if look.prompt is not None:
        return look.prompt
    if look.existing is not None:
        return f"(the look {look.existing}, which exists already)"
    photo = look.photo
    return f"(the photo {photo.source})" if isinstance(photo, FileImage) else "(a photo)"


def _group_blocked(plan: Plan) -> dict[str, list[str]]:
    """Return what is blocked by another look, by the look at the root of it."""
    roots: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for action in plan.actions:  # in the order of their references
        if action.action is Action.BLOCKED:
            root = next((roots[key] for key in action.needs if key in roots), action.key)
            roots[action.key] = root
            if root != action.key:
                found.setdefault(root, []).append(action.key)
    return found


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
