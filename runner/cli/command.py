"""A subcommand whose help shows what people need first, and what they seldom need below it."""

import click

SELDOM = frozenset(
    {
        "absolved",
        "account",
        "adoptions",
        "all_takes",
        "backup",
        "base_id",
        "concurrency",
        "cancelling",
        "detach",
        "detailed_exitcode",
        "env_file",
        "extra",
        "following",
        "log",
        "new_ledger",
        "on",
        "prices",
        "rebuilding",
        "sim_settings",
        "template",
        "trusting",
        "up_to_budget",
        "wait",
    }
)
"""Parameters that stand in a section of their own."""


def format_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write a command's options, the seldom needed ones apart."""
    sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Seldom needed": []}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None and isinstance(param, click.Option):  # the text tells of the rest
            sections["Seldom needed" if param.name in SELDOM else "Options"].append(record)
    for title, records in sections.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


class Command(click.Command):
    """A subcommand with its options in two sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        format_options(self, ctx, formatter)


class CommandGroup(click.Group):
    """A subcommand that does something by itself, and has subcommands of its own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in two sections, then the subcommands."""
        format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)
