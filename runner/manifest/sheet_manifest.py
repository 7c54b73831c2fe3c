"""A sheet that was read → a manifest, and in words what was understood of it."""

import re
from collections.abc import Iterator

from runner.manifest.spreadsheet import KNOWN_COLUMNS, REQUEST_FIELDS, Sheet, in_brackets
from runner.manifest.starter import base_lines, manifest_head, scalar
from runner.manifest.template import names_in
from runner.manifest.text_hints import placeholder_in
from runner.suggest import suggest


def prompt_slip(sheet: Sheet, prompt: str) -> tuple[str, str] | None:
    """Return what is wrong with a prompt for many rows, and the cure; None where it names columns.

    A shell empties ``${outfit}`` in double quotes, and all rows would be sent the same text.
    """
    sharing = [row for row in sheet.rows if row.shares_prompt]
    names = [*sheet.variables, "title", "key"]
    known = {name.lower(): name for name in names}
    wrong = placeholder_in(prompt, lambda name: known.get(name.lower()))
    if wrong is not None:
        message = f"`{wrong[0]}` in --prompt is sent as it stands; nothing is put in for it."
        return message, f"Write ${{{wrong[1]}}}, in single quotes: a shell reads it else."
    usable = {*names, "campaign", "id", "name", "base"}
    unknown = [name for name in names_in(prompt) if name.partition(".")[0] not in usable]
    if unknown and sharing:
        meant = suggest(unknown[0], names)
        hint = f"Did you mean `${{{meant[0]}}}`? " if meant else ""
        columns = ", ".join(f"${{{name}}}" for name in names)
        return f"--prompt names `${{{unknown[0]}}}`, and no column is called so.", (
            f"{hint}There are {columns}."
        )
    if not sharing or names_in(prompt):
        return None
    apart = {
        tuple(pair for pair in row.fields.items() if pair[0] in REQUEST_FIELDS) for row in sharing
    }
    if not sheet.variables and len(apart) == len(sharing):
        return None
    columns = ", ".join(f"${{{name}}}" for name in names)
    example = f"${{{names[0]}}}"
    count = f"{len(sharing):,} look{'' if len(sharing) == 1 else 's'}"
    message = f"--prompt names no column: {count} would be sent the text `{prompt}`."
    hint = (
        f"Put it in single quotes, --prompt 'Wearing {example}': in double quotes a shell takes"
        f" `{example}` out (only in Windows' cmd they are right). There are {columns}. If this text"
        " is meant, leave the other columns out with --extra ignore, or write it into a column"
        " `prompt`."
    )
    return message, hint


def sheet_manifest(sheet: Sheet, campaign: str, file: str, *, name: str, photo: str | None) -> str:
    """Write a sheet without problems as a manifest."""
    lines = [*manifest_head(campaign, file), *base_lines(name, photo), ""]
    if sheet.axes:
        return "\n".join([*lines, *_matrix_lines(sheet)]) + "\n"
    lines.append("looks:")
    for row in sheet.rows:
        lines.append(f"  {scalar(row.key)}:")
        lines += [f"    {name}: {text}" for name, text in row.fields.items()]
        if row.variables:
            lines.append("    variables:")
            lines += [f"      {name}: {scalar(text)}" for name, text in row.variables.items()]
        if row.tags:
            tags = ", ".join(in_brackets(scalar(tag)) for tag in dict.fromkeys(row.tags))
            lines.append(f"    tags: [{tags}]")
    return "\n".join(lines) + "\n"


def _matrix_lines(sheet: Sheet) -> Iterator[str]:
    """Yield a matrix of a sheet's axes; a column that never varies is a variable of it."""

    def by_text(text: str) -> str:
        """Return a text that means a column's words, as in a row, where it names an axis."""
        for name in sheet.axes:
            text = re.sub(rf"(?<!\$)\$\{{{name}\}}", f"${{{name}.text}}", text)
        return scalar(text)

    yield "matrix:                   # every combination of the axes is a look"
    yield f"  - id: {scalar('-'.join(f'${{{name}}}' for name in sheet.axes))}"
    yield f"    prompt: {by_text(sheet.prompt or '')}"
    same = [pair for pair in sheet.rows[0].variables.items() if pair[0] not in sheet.axes]
    if same:
        yield "    variables:"
        yield from (f"      {name}: {by_text(text)}" for name, text in same)
    yield "    axes:"
    for name, values in sheet.axes.items():
        yield f"      {name}:"
        yield from (f"        {scalar(key)}: {by_text(text)}" for key, text in values.items())


def describe_sheet(sheet: Sheet) -> list[str]:
    """Return what was understood of a sheet, one line each."""
    count = len(sheet.rows)
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    looks = f"{count:,} look{'' if count == 1 else 's'}"
    axes = " × ".join(f"{name} ({len(values)})" for name, values in sheet.axes.items())
    lines = [f"{rows} → {looks}" + (f", as {axes}" if axes else "")]
    fields = [name for name in sheet.columns if name in KNOWN_COLUMNS]
    if fields:
        lines.append(f"fields of a look: {', '.join(fields)}")
    if sheet.variables:
        names = ", ".join(f"${{{name}}}" for name in sheet.variables)
        lines.append(f"columns to use in texts: {names}")
    if sheet.prompt is not None:
        lines.append(f"prompt: {sheet.prompt}")
    if sheet.note:
        lines.append(sheet.note)
    return lines
