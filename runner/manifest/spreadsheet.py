"""A spreadsheet of looks → a manifest; every bad cell is named by its row and column.

One row a look. Columns that are named as the manifest's fields fill them; the others become
variables (for ``${...}`` in prompts) or tags.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runner.manifest.codes import Severity
from runner.manifest.diagnostics import Diagnostic
from runner.manifest.source import Source, Unreadable, read
from runner.manifest.starter import base_lines, head, scalar, slug

__all__ = ["EXTRAS", "Sheet", "manifest_text", "read_sheet"]

EXTRAS = ("variables", "tags", "ignore")
"""What may become of a column that is no field."""

_KEY_COLUMNS = ("key", "look", "id")
_TEXT = ("title", "name", "prompt", "prompt_prefix", "prompt_suffix", "existing")
_REFERENCES = ("avatar_id", "avatar_group_id")
_NUMBERS = ("takes", "retries")
_LISTS = ("reference_images", "tags")
_FIELDS = frozenset({*_TEXT, *_REFERENCES, *_NUMBERS, *_LISTS})
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


@dataclass(slots=True)
class Row:
    """One look of a sheet: its fields as YAML, its variables and tags."""

    key: str
    fields: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sheet:
    """What a spreadsheet says; ``problems`` are findings whose line and column are row and column.

    Nothing may be made of the rows while there are problems.
    """

    path: Path
    columns: list[str]
    rows: list[Row]
    problems: list[Diagnostic]


def read_sheet(path: Path, *, extra: str = "variables", prompt: str | None = None) -> Sheet:
    """Read a CSV file (comma, semicolon or tab between cells, UTF-8).

    ``extra`` says what becomes of columns that are no fields, ``prompt`` is the prompt of rows
    that give none. Bad rows are among the sheet's problems; nothing is raised.
    """
    try:
        source = read(path)
    except Unreadable as error:
        return Sheet(path, [], [], [_problem(error.source, 1, 1, error.message, error.hint)])
    return _Reader(source, extra, prompt).sheet()


class _Reader:
    def __init__(self, source: Source, extra: str, prompt: str | None) -> None:
        self.source = source
        self.extra = extra
        self.prompt = prompt
        self.problems: list[Diagnostic] = []
        self.rows: dict[str, tuple[int, Row]] = {}
        self.keys: set[str] = set()

    def sheet(self) -> Sheet:
        lines = [_trimmed(cells) for cells in self.records()]
        columns = [_column_name(cell) for cell in lines[0]] if lines else []
        self.check_columns(columns)
        if not self.problems:
            written = [(number, cells) for number, cells in enumerate(lines[1:], 2) if cells]
            self.keys = {self.key_of(columns, cells)[0] for _, cells in written}
            for number, cells in written:
                self.read_row(number, columns, cells)
        rows = [row for _, row in self.rows.values()]
        problems = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        return Sheet(self.source.path, columns, rows, problems)

    def records(self) -> Iterator[list[str]]:
        text = self.source.text
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        try:
            yield from csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
        except csv.Error as error:
            self.problem(1, 1, f"this is no CSV: {error}", "Export the sheet as CSV (UTF-8).")

    def check_columns(self, columns: list[str]) -> None:
        for number, name in enumerate(columns, 1):
            if not name:
                self.problem(1, number, "this column has no name", "Name it, or delete it.")
            elif name in columns[: number - 1]:
                self.problem(1, number, f"there is a column `{name}` already", "Rename one.")
        if not columns:
            self.problem(1, 1, "the sheet is empty", "Its first row names the columns.")
        elif not any(name in columns for name in (*_KEY_COLUMNS, "title")):
            hint = "Look keys name looks and pictures; they can be made from titles, too."
            self.problem(1, 1, "there is no column `key`, and no `title` to make keys from", hint)
        elif self.prompt is None and not {"prompt", "existing"} & set(columns):
            hint = "Add one, or say it once for all rows: --prompt 'Wearing ${outfit}, ${setting}'."
            self.problem(1, 1, "there is no column `prompt`", hint)

    def key_of(self, columns: list[str], cells: list[str]) -> tuple[str, int]:
        """Give a row's key and the column it comes from, counted from 1."""
        for name in (*_KEY_COLUMNS, "title"):
            if name in columns:
                position = columns.index(name)
                cell = cells[position].strip() if position < len(cells) else ""
                if cell:
                    return (cell if _KEY.match(cell) else slug(cell)), position + 1
        return "", 1

    def read_row(self, number: int, columns: list[str], cells: list[str]) -> None:
        key, column = self.key_of(columns, cells)
        if not key or key == "base":
            said = "`base` is the base's own key" if key else "this row has no key"
            self.problem(number, column, said, "Give it a short name, such as navy-office.")
            return
        if key in self.rows:
            first = self.rows[key][0]
            message = f"the key `{key}` is taken by row {first}"
            self.problem(number, column, message, "Rename one of them.")
            return
        if len(cells) > len(columns):
            message = f"{len(cells)} cells, and {len(columns)} columns have names"
            hint = "Put quotes around cells that contain the separator."
            self.problem(number, len(columns) + 1, message, hint)
        row = Row(key)
        self.rows[key] = (number, row)
        for position, (name, cell) in enumerate(zip(columns, cells, strict=False), 1):
            if cell.strip() and name not in _KEY_COLUMNS:
                self.read_cell(row, name, cell.strip(), number, position)
        if "existing" not in row.fields and "prompt" not in row.fields:
            if self.prompt is None:
                where = columns.index("prompt") + 1 if "prompt" in columns else 1
                self.problem(number, where, "this look has no prompt", "Say what it shows.")
            else:
                row.fields["prompt"] = scalar(self.prompt)
        if "avatar_group_id" in row.fields and "avatar_id" not in row.fields:
            hint = "Write `base`, another look's key, an id, or `null` for no reference."
            where = columns.index("avatar_group_id") + 1
            message = "`avatar_group_id` is given, and `avatar_id` is empty"
            self.problem(number, where, message, hint)

    def read_cell(self, row: Row, name: str, cell: str, number: int, column: int) -> None:
        if name in _NUMBERS:
            if re.fullmatch(r"[0-9]+(\.0+)?", cell):
                row.fields[name] = cell.partition(".")[0].lstrip("0") or "0"  # 007 is octal to YAML
            else:
                message = f"`{cell}` is not a whole number"
                self.problem(number, column, f"`{name}`: {message}", "Write digits only.")
        elif name in _REFERENCES:
            row.fields[name] = self.reference(cell)
        elif name == "tags":
            row.tags += [tag.strip() for tag in re.split(r"[,;\n]", cell) if tag.strip()]
        elif name == "reference_images":
            images = [scalar(image.strip()) for image in re.split(r"[;|\n]", cell) if image.strip()]
            row.fields[name] = f"[{', '.join(map(_in_brackets, images))}]"
        elif name in _FIELDS:
            row.fields[name] = scalar(cell)
        elif self.extra == "tags":
            row.tags.append(cell)
        elif self.extra == "variables":
            row.variables[_variable(name)] = cell

    def reference(self, cell: str) -> str:
        """Write a reference: ``null``, the key of another row or of the base, or a literal id."""
        if cell.lower() in ("null", "none", "-"):
            return "null"
        key = slug(cell) if slug(cell) in self.keys else cell
        return f"{{look: {scalar(key)}}}" if key == "base" or key in self.keys else scalar(cell)

    def problem(self, row: int, column: int, message: str, hint: str) -> None:
        self.problems.append(_problem(self.source, row, column, message, hint))


def manifest_text(sheet: Sheet, campaign: str, file: str, *, name: str, photo: str | None) -> str:
    """Write a sheet without problems as a manifest."""
    lines = [*head(campaign, file), *base_lines(name, photo), "", "looks:"]
    for row in sheet.rows:
        lines.append(f"  {scalar(row.key)}:")
        lines += [f"    {name}: {text}" for name, text in row.fields.items()]
        if row.variables:
            lines.append("    variables:")
            lines += [f"      {name}: {scalar(text)}" for name, text in row.variables.items()]
        if row.tags:
            tags = ", ".join(_in_brackets(scalar(tag)) for tag in dict.fromkeys(row.tags))
            lines.append(f"    tags: [{tags}]")
    return "\n".join(lines) + "\n"


def _in_brackets(written: str) -> str:
    """Put quotes around plain text that a comma or colon would end inside ``[...]``."""
    return f'"{written}"' if written[:1] != '"' and re.search(r"[,:#]", written) else written


def _trimmed(cells: list[str]) -> list[str]:
    """Drop empty cells at a row's end, which spreadsheets like to leave behind."""
    used = max((position for position, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:used]


def _column_name(cell: str) -> str:
    name = cell.strip()
    field_name = re.sub(r"[\s-]+", "_", name.lower())
    return field_name if field_name in {*_FIELDS, *_KEY_COLUMNS} else name


def _variable(name: str) -> str:
    """Make a variable's name from a column's: ``Main outfit`` → main_outfit."""
    made = slug(name).replace("-", "_") if not re.fullmatch(r"[A-Za-z_][\w-]*", name) else name
    return made if re.match(r"[A-Za-z_]", made) else f"column_{made}"


def _problem(source: Source, row: int, column: int, message: str, hint: str) -> Diagnostic:
    place = f"row {row}, column {_letters(column)}"
    return Diagnostic(
        Severity.ERROR, "bad-csv", f"{place}: {message}", source.name, row, column, hint=hint
    )


def _letters(column: int) -> str:
    """Name a column as spreadsheets do: 1 → A, 27 → AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
