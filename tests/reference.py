"""The reference of the documentation, made of the program when the site is built."""

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import click

from runner import errors
from runner.cli import GROUPS, cli
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event
from runner.resources import schema, schema_names
from runner.takes import Billing, LookState, TakeState
from runner.words import BILLING_WORDS, state_word

WIDTH = 92


def make_pages() -> dict[str, str]:
    """Return every page of the reference by its file name."""
    pages = {
        "commands.md": ["# Commands", *_commands()],
        "exit-codes.md": ["# Exit codes and errors", *_exit_codes()],
        "states.md": ["# States", *_states()],
        "forms.md": ["# JSON forms", *_forms()],
    }
    return {name: "\n\n".join(parts) + "\n" for name, parts in pages.items()}


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    text = command.get_help(context)
    return f"```text\n{text.rstrip()}\n```"


def _help_all(command: click.Command, name: str) -> Iterator[str]:
    yield _help(command, name)
    for word, below in getattr(command, "commands", {}).items():
        yield from _help_all(below, f"{name} {word}")


def _commands() -> Iterator[str]:
    yield "What `lookbook COMMAND --help` prints. Results go to stdout, all else to stderr."
    yield _help(cli, "lookbook")
    for names in GROUPS.values():
        for name in names:
            command = cli.get_command(click.Context(cli), name)
            assert command is not None
            yield f"## {name}"
            yield from _help_all(command, f"lookbook {name}")


def _table(title: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [title, ("---",) * len(title), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines
    )


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].replace("``", "`").split())


def _exit_codes() -> Iterator[str]:
    told = inspect.cleandoc(cli.help or "").split("Exit codes:")[1]
    found = re.findall(r"^\s+(\d+)\s+(.*(?:\n\s{6,}\D.*)*)", told, re.MULTILINE)
    meanings = {int(code): " ".join(text.split()) for code, text in found}
    first = "Where several hold, the first of 3, 6, 4, 5, 1 is given."
    yield f"{first} [What a job does about each](../nightly.md)."
    rows = ((str(int(code)), f"`{code.name}`", meanings[int(code)]) for code in Exit)
    yield _table(("code", "in Python", "meaning"), rows)
    yield "## Errors"
    yield "`error.code` in JSON, and the exception in Python (`runner.api`)."
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    classes = [kind for kind in kinds if issubclass(kind, errors.LookbookError)]
    kinds_of = (
        (f"`{k.code}`", f"`{k.__name__}`", str(k.exit_code), _sentence(k.__doc__)) for k in classes
    )
    yield _table(("code", "exception", "exit", "meaning"), kinds_of)


def _members(kind: type[Enum]) -> dict[str, str]:
    """Return what the source says below each member of an enum."""
    source = inspect.getsource(kind)
    return dict(re.findall(r'^    (\w+) = .*\n    """((?:.|\n)*?)"""', source, re.MULTILINE))


def _states() -> Iterator[str]:
    words = "JSON has the first word, people read the second."
    yield f"{words} [How one follows from another](../lifecycle.md)."
    yield "## Of a look"
    rows = ((f"`{one}`", state_word(one)) for one in LookState)
    yield _table(("state", "people read"), rows)
    yield "## Of a take"
    told = _members(TakeState)
    names = {str(one): state_word(one) for one in LookState}
    takes = (
        (f"`{s}`", names.get(s, s.capitalize()), _sentence(told.get(s.name))) for s in TakeState
    )
    yield _table(("state", "people read", "meaning"), takes)
    yield "## Of its money"
    rows2 = ((f"`{one}`", *BILLING_WORDS[one]) for one in Billing)
    yield _table(("billing", "people read", "meaning"), rows2)
    yield "## Events of a take"
    told_events = _members(Event)
    rows3 = ((f"`{one}`", _sentence(told_events.get(one.name))) for one in Event)
    yield _table(("event", "meaning"), rows3)


def _forms() -> Iterator[str]:
    yield "Each has a version and a JSON Schema: `lookbook schema NAME` prints it."
    for name in schema_names():
        form = schema(name)
        yield f"## {name}"
        yield _sentence(form.get("description") or form.get("title"))
        yield from _fields(form)
        for part, definition in form.get("definitions", form.get("$defs", {})).items():
            if definition.get("properties"):
                yield f"### {name}: {part}"
                yield from _fields(definition)


def _fields(form: Mapping[str, Any]) -> Iterator[str]:
    required = form.get("required", ())
    rows = [
        (
            f"`{key}`",
            _type(field),
            "yes" if key in required else "",
            _sentence(field.get("description")),
        )
        for key, field in form.get("properties", {}).items()
        if isinstance(field, dict)
    ]
    if rows:
        yield _table(("field", "type", "always", "meaning"), iter(rows))


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{'null' if value is None else value}`" for value in field["enum"])
    found = field.get("type")
    kinds = found if isinstance(found, list) else [found] if found else []
    return " or ".join(kinds) or "one of several"


def write_pages(folder: Path) -> None:
    """Write every page into a folder."""
    folder.mkdir(exist_ok=True)
    for name, text in make_pages().items():
        (folder / name).write_text(text, "utf-8")
