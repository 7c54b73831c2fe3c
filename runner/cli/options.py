"""Options that recur, each defined once."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli.command import Command
from runner.cli.invocation import note_form, note_manifest, note_report_form, note_summary
from runner.cli.output_file import OutputFile
from runner.errors import UsageError
from runner.files import is_inherited, open_file

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_MANIFEST_BEGINNING = 65_536
_YAML = (".yaml", ".yml")
MOST_USD = 1_000_000_000

F = TypeVar("F", bound=Callable[..., Any])


class Usd(click.ParamType[Decimal]):
    """An amount of US dollars: ``12``, ``12.50`` or ``$12.50``."""

    name = "usd"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:
        """Read an amount, or fail with what one looks like."""
        if isinstance(value, Decimal):
            return value
        try:
            amount = Decimal(str(value).strip().removeprefix("$"))
        except InvalidOperation:
            self.fail(f"{value!r} is not an amount in USD, such as 12.50", param, ctx)
        if not amount.is_finite() or not 0 <= amount <= MOST_USD:
            self.fail(f"{value!r} is not an amount in USD, such as 12.50", param, ctx)
        return amount


class KeyValue(click.ParamType[tuple[str, str]]):
    """``KEY=VALUE``."""

    name = "key=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Read a pair, or fail."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not equals or not key:
            self.fail(f"{value!r} is not KEY=VALUE", param, ctx)
        return key, text


class ManifestPath(click.Path):
    """A manifest that exists; where none of that name does, the error names the likely one."""

    def __init__(self) -> None:
        super().__init__(
            exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path
        )

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read a path, or fail with what may be meant."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            from runner.suggest import suggest

            path = Path(value)
            names = [] if path.exists() else [found.name for found in find_manifests(path.parent)]
            meant = suggest(path.name, names) or (names if len(names) == 1 else [])
            if not meant:
                raise
            told = f"{error.message} Did you mean {path.with_name(meant[0])}?"
            raise click.BadParameter(told, ctx=ctx, param=param) from None

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Return the manifests in the folder that is typed, and the looks of the only one here."""
        from click.shell_completion import CompletionItem

        from runner.cli.complete import is_plain, keys_of

        found = find_manifests(Path(incomplete).parent if incomplete else Path())
        names = [str(path) for path in found if str(path).startswith(incomplete)]
        if not all(map(is_plain, names)):
            names = []  # the shell knows how to quote files
        if isinstance(ctx.command, LooksCommand) and len(found) == 1:
            names += [key for key in keys_of(found[0]) if key.startswith(incomplete)]
        if not names:
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(name) for name in names]


def find_manifests(folder: Path) -> list[Path]:
    """Return the manifests in a folder: YAML files that name a campaign."""
    found = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            with open_file(path) as file:
                beginning = file.read(_MANIFEST_BEGINNING)
        except OSError:
            continue
        if re.search(rb"(?m)^campaign\s*:", beginning):
            found.append(path)
    return found


def resolve_manifest(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path:
    """Return the manifest: the one that was named, or the only one in this folder."""
    if value is None:
        found = find_manifests(Path())
        if len(found) != 1:
            if found:
                names = ", ".join(path.name for path in found)
                ctx.fail(f"Missing argument 'MANIFEST'. There are several here: {names}.")
            raise click.MissingParameter(ctx=ctx, param=param, param_hint="'MANIFEST'")
        (value,) = found
    return note_manifest(ctx, param, value)


def _is_look(word: object) -> bool:
    """Return whether the first word after a command names a look, not a manifest."""
    return (
        isinstance(word, str)
        and word != "-"
        and not word.endswith(_YAML)
        and not Path(word).exists()
    )


class LooksCommand(Command):
    """A command that takes looks after its manifest, which may be left out before them too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; looks alone are those of the only manifest in this folder."""
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        first = given.get("manifest")
        if _is_look(first):
            found = find_manifests(Path())
            if len(found) == 1:
                args = [str(found[0]), *args]
        return super().parse_args(ctx, args)


def _refuse_streams(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path:
    """Return the manifest, as ``resolve_manifest`` does. Raises UsageError for a pipe."""
    if value is not None and is_inherited(value):
        raise UsageError(
            f"`{ctx.info_name}` needs a manifest in a file: its ledger, pictures and catalog lie "
            "beside it. `validate`, `plan` and `graph` also read one from a pipe.",
            hint="Write it to a file first. Nothing was sent.",
        )
    return resolve_manifest(ctx, param, value)


manifest_argument = click.argument(
    "manifest", metavar="[MANIFEST]", required=False, type=ManifestPath(), callback=_refuse_streams
)

readable_manifest_argument = click.argument(
    "manifest", metavar="[MANIFEST]", required=False, type=ManifestPath(), callback=resolve_manifest
)
"""For commands that change nothing: `-` and `<(...)` will do."""

var_option = click.option(
    "--var",
    "variables",
    type=KeyValue(),
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a variable of the manifest; repeatable.",
)

yes_option = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask; needed without a terminal."
)

simulate_option = click.option(
    "--simulate",
    is_flag=True,
    is_eager=True,  # whether --on counts depends on it
    help="Use the embedded simulator and its own ledger: free, without a key.",
)

_SIM: dict[str, Any] = {
    "type": KeyValue(),
    "multiple": True,
    "metavar": "KEY=VALUE",
    "help": "Set something of the embedded simulator, repeatable: latency=uniform:2,6 (how long a "
    "generation takes), concurrency=10, balance=20 (USD), seed=7, pictures=off, "
    "fault=moderation:0.1, behave=ignore-keys (see `lookbook simulator --help`).",
}
sim_option = click.option("--sim", "sim_settings", **_SIM)
hidden_sim_option = click.option("--sim", "sim_settings", hidden=True, **_SIM)
"""The same for commands that generate nothing."""

summary_option = click.option(
    "--summary",
    type=OutputFile(),
    metavar="FILE",
    callback=note_summary,
    help="Also write what happened to this file, as Markdown for the page of a job.",
)


def _use_env_file(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    """Take the key out of the file that was named, for this command (a callback)."""
    if value is None:
        return
    from runner.cli.context import Context
    from runner.cli.format import warn
    from runner.cli.redact import add_secret
    from runner.cli.version_control import is_tracked
    from runner.heygen.credentials import read_env_file

    credentials, warnings = read_env_file(value)
    add_secret(credentials.key)
    if is_tracked(value):
        warn(
            f"git keeps {value}: everybody with the repository has this key. Take it out "
            "(`git rm --cached`), and make a new key."
        )
    for warning in warnings:
        warn(warning)
    context: Context = ctx.ensure_object(Context)
    ctx.obj = context._replace(
        environment={**context.environment, "HEYGEN_API_KEY": credentials.key}
    )


env_file_option = click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_use_env_file,
    help="Take HEYGEN_API_KEY, and nothing else, from this file. No such file is ever looked for.",
)

account_option = click.option(
    "--account",
    metavar="HOST/USER",
    help="Read the ledger of this account; the default is the HeyGen account that was used last, "
    "never the simulator's.",
)


report_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    expose_value=False,
    callback=note_report_form,
    help="The form of what is printed on stdout; json: the results, with what was found out.",
)


def format_option(*forms: str) -> Callable[[F], F]:
    """Return the ``--format`` option with these forms; the first is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        callback=note_form,
        help="The form of what is printed on stdout.",
    )
