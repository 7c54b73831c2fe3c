"""The options that say which looks are meant and what is to be done with them, defined once."""

from decimal import Decimal
from typing import Any

import click

from runner.cli.complete import complete_looks
from runner.cli.options import KeyValue, Usd
from runner.ledger.facts import MAX_PRICE
from runner.model import LookKind


class _Price(click.ParamType[tuple[str, Decimal]]):
    """``photo=1.20`` or ``prompt=0.80``."""

    name = "type=usd"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Decimal]:
        """Read a type and its price, or fail."""
        if isinstance(value, tuple):
            return value
        kind, amount = KeyValue().convert(value, param, ctx)
        if kind not in (LookKind.PHOTO, LookKind.PROMPT):
            self.fail(f"{kind!r} is not photo or prompt", param, ctx)
        usd = Usd().convert(amount, param, ctx)
        if usd > MAX_PRICE:
            self.fail(f"{amount} is no price of one generation: at most {MAX_PRICE}", param, ctx)
        return kind, usd


_select = click.option(
    "--select",
    "-s",
    multiple=True,
    shell_complete=complete_looks,
    metavar="LOOKS",
    help="Only these looks: keys or globs, tag:NAME, axis:AXIS=VALUE, state:STATE, action:ACTION; "
    "+x adds what x needs, x+ what needs x; a space means or, a comma means and. Repeatable.",
)
_exclude = click.option(
    "--exclude",
    multiple=True,
    shell_complete=complete_looks,
    metavar="LOOKS",
    help="Not these looks; said as for --select.",
)
_cascade = click.option(
    "--cascade",
    is_flag=True,
    help="Regenerate what is out of date, and what becomes so by that, along the chain.",
)
_takes = click.option(
    "--takes",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Have so many takes of each look, whatever the manifest says (not of the base).",
)
price_option = click.option(
    "--price",
    "prices",
    type=_Price(),
    multiple=True,
    metavar="TYPE=USD",
    help="What one generation costs, photo=1.20 or prompt=0.80, where the contract says so.",
)


_record = click.option(
    "--record",
    is_flag=True,
    help="Write down what differs. A deleted look is then one that the next run would buy again, "
    "after showing its price.",
)
_differences = click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 10 when there are differences and nothing else, 0 when there are none.",
)


def comparison_options(function: Any) -> Any:
    """Add what is asked of a comparison with the account: to record it, and an exit code."""
    return _record(_differences(function))


def select_options(function: Any) -> Any:
    """Add ``--select`` and ``--exclude``."""
    return _select(_exclude(function))


def plan_options(function: Any) -> Any:
    """Add all that shapes a plan: the selection, ``--cascade``, ``--takes``, ``--price``."""
    return select_options(_cascade(_takes(price_option(function))))
