"""``lookbook completion``: what a shell reads to complete commands, options, files and looks."""

import click
from click.shell_completion import get_completion_class

from runner.cli.command import Command
from runner.cli.terminal import write_utf8


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print what SHELL reads to complete commands, options, manifests and the keys of looks.

    \b
    bash, in ~/.bashrc:   eval "$(lookbook completion bash)"
    zsh, in ~/.zshrc:     eval "$(lookbook completion zsh)"
    fish, in config.fish: lookbook completion fish | source
    """
    kind = get_completion_class(shell)
    if kind is None:  # click knows all three
        raise click.UsageError(f"No completion for {shell}.")
    write_utf8()
    click.echo(kind(ctx.find_root().command, {}, "lookbook", "_LOOKBOOK_COMPLETE").source())
    return 0
