"""A spreadsheet of looks → a manifest; every bad cell is named by its row and column.

One row a look. Columns that are named as the manifest's fields fill them; the others become
variables (for ``${...}`` in prompts) or tags.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runner.folding import fold_text
from runner.manifest.codes import Severity
from runner.manifest.diagnostics import Diagnostic
from runner.manifest.sheet_axes import (
    MAX_PARTS,
    choose_columns,
    find_axes,
    key_part,
    match_names,
    name_cells,
    prompt_from_columns,
)
from runner.manifest.sheet_file import read_sheet_source
from runner.manifest.starter import scalar, slug
from runner.manifest.yaml.source import Source, Unreadable

_KEY_COLUMNS = ("key", "look", "id")
_TEXT = ("title", "name", "prompt", "prompt_prefix", "prompt_suffix", "existing")
_REFERENCES = ("avatar_id", "avatar_group_id")
REQUEST_FIELDS = frozenset(
    {"prompt_prefix", "prompt_suffix", "avatar_id", "avatar_group_id", "reference_images"}
)
"""Beside the prompt, what makes a request another one."""
_NUMBERS = ("takes", "retries")
_LISTS = ("reference_images", "tags")
_FIELDS = frozenset({*_TEXT, *_REFERENCES, *_NUMBERS, *_LISTS})
KNOWN_COLUMNS = _FIELDS.union(_KEY_COLUMNS)
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]|\r\n?")
"""Line breaks within a cell, as Word, Docs and web forms leave them: they end no row of CSV."""
_ATTACHMENT = re.compile(r"\S \((https://[^\s()]+)\)(?=,|\s*\Z)")
"""What Airtable writes of an attachment: its name and, in parentheses, its link."""
_FAILED = re.compile(
    r"#[¡¿]?(?:[^\Wa-zß-öø-ÿа-я]|/)+[!?]|#(?:N/[ABD]|Н/Д|NV|GETTING_DATA)"
    r"|Err:[0-9]{3}|Loading(?:\.\.\.|…)"
)
"""What spreadsheets export where a formula failed or waits; Excel says it in its language."""
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f]")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n')
"""What Excel writes, and reads, as a first line of its own."""


@dataclass(slots=True)
class SheetRow:
    """One look of a sheet: its fields as YAML, its variables and tags."""

    key: str
    fields: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    shares_prompt: bool = False
    cells: dict[str, str] = field(default_factory=dict)
    """What stands in the columns that are no fields, whatever becomes of them."""


@dataclass(slots=True)
class Sheet:
    """What a spreadsheet says; ``problems`` are findings whose line and column are row and column.

    Nothing may be made of the rows while there are problems. ``variables`` are the names that the
    columns have in texts. ``prompt`` is the prompt of rows that give none, also where the columns'
    names asked for one; ``axes`` are those of a sheet that is every combination of its columns.
    ``note`` says what had to be assumed in reading it.
    """

    path: Path
    columns: list[str]
    rows: list[SheetRow]
    problems: list[Diagnostic]
    variables: list[str] = field(default_factory=list)
    prompt: str | None = None
    axes: dict[str, dict[str, str]] = field(default_factory=dict)
    note: str = ""


def read_sheet(path: Path, *, extra: str = "variables", prompt: str | None = None) -> Sheet:
    """Read a CSV file (comma, semicolon or tab between cells), or a workbook's first sheet.

    ``extra`` says what becomes of columns that are no fields, ``prompt`` is the prompt of rows
    that give none. Bad rows are among the sheet's problems; nothing is raised.
    """
    try:
        source, note = read_sheet_source(path)
    except Unreadable as error:
        return Sheet(path, [], [], [_problem(error.source, 1, 1, error.message, error.hint)])
    sheet = _Reader(source, extra, prompt).sheet()
    sheet.note = note
    return sheet


class _Reader:
    def __init__(self, source: Source, extra: str, prompt: str | None) -> None:
        self.source = source
        self.extra = extra
        self.prompt = prompt
        self.problems: list[Diagnostic] = []
        self.rows: dict[str, tuple[int, SheetRow]] = {}
        self.keys: set[str] = set()
        self.names: dict[str, str] = {}
        self.parts: dict[int, dict[str, str]] = {}
        said = _SEPARATOR_LINE.match(source.text)
        self.separator = said[0] if said else ""

    def sheet(self) -> Sheet:
        lines = [_trim(cells) for cells in self.records()]
        first = 1 + (len(self.separator) > 1)
        columns = [_column_name(cell) for cell in lines[0]] if lines else []
        others = [name for name in columns if name not in KNOWN_COLUMNS]
        self.names = {_fold_name(name): _variable(name) for name in others}
        if self.prompt is None and not {"prompt", "existing"} & set(columns):
            self.prompt = prompt_from_columns(list(self.names.values()))
        elif self.prompt is not None:
            self.prompt = match_names(self.prompt, self.names)
        self.check_columns(columns)
        written = [(number, cells) for number, cells in enumerate(lines[1:], first + 1) if cells]
        if not self.problems:
            self.name_rows(columns, [cells for _, cells in written])
        if not self.problems:
            self.keys = {self.key_of(columns, cells)[0] for _, cells in written}
            for number, cells in written:
                self.read_row(number, columns, cells)
        rows = [row for _, row in self.rows.values()]
        problems = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        variables = [_variable(name) for name in others]
        sheet = Sheet(self.source.path, columns, rows, problems, variables, self.prompt)
        if self.extra != "variables":
            sheet.variables = []
        elif not set(columns) & KNOWN_COLUMNS and all(row.shares_prompt for row in rows):
            sheet.axes = find_axes([row.variables for row in rows])
        return sheet

    def records(self) -> Iterator[list[str]]:
        text = self.source.text.removeprefix(self.separator)
        first = text.partition("\n")[0]
        delimiter = self.separator.strip('"')[4:5] or max(",;\t", key=first.count)
        try:
            # Lines as CSV has them: those of str.splitlines would make two rows of one.
            yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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
        elif set(columns) <= KNOWN_COLUMNS and not any(
            name in columns for name in (*_KEY_COLUMNS, "title")
        ):
            hint = "Look keys name looks and pictures; they can be made from titles, too."
            self.problem(1, 1, "there is no column `key`, and no `title` to make keys from", hint)
        elif self.prompt is None and not {"prompt", "existing"} & set(columns):
            others = [name for name in columns if name not in KNOWN_COLUMNS]
            said = ", ".join(f"${{{name}}}" for name in others[:2]) or "${outfit}, ${setting}"
            hint = f"Call the column of texts `prompt`, or say it once: --prompt 'Wearing {said}'."
            self.problem(1, 1, "there is no column `prompt`", hint)

    def name_rows(self, columns: list[str], rows: list[list[str]]) -> None:
        """Name the cells of the columns that tell rows apart, for keys of rows that give none."""
        if any(name in columns for name in (*_KEY_COLUMNS, "title")):
            return
        telling = [position for position, name in enumerate(columns) if name not in KNOWN_COLUMNS]
        said = [[fold_text(cells[i]) if i < len(cells) else "" for i in telling] for cells in rows]
        count = choose_columns(said)
        if count is None:
            message = (
                f"no {MAX_PARTS} columns from the left tell the rows apart, and there is no `key`"
            )
            self.problem(1, 1, message, "Give the sheet a column `key`, or `title`.")
            return
        for position, i in enumerate(telling[:count]):
            self.parts[i] = name_cells([texts[position] for texts in said], count)

    def key_of(self, columns: list[str], cells: list[str]) -> tuple[str, int]:
        """Return a row's key and the column it comes from, counted from 1."""
        for name in (*_KEY_COLUMNS, "title"):
            if name in columns:
                position = columns.index(name)
                cell = cells[position].strip() if position < len(cells) else ""
                if cell:
                    return (cell if _KEY.match(cell) else slug(cell) or key_part(cell, 1)), (
                        position + 1
                    )
        if any(name in columns for name in (*_KEY_COLUMNS, "title")):
            return "", 1
        texts = [fold_text(cells[i]) if i < len(cells) else "" for i in self.parts]
        parts = [part[text] for part, text in zip(self.parts.values(), texts, strict=True) if text]
        return "-".join(parts), next(iter(self.parts)) + 1

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
        row = SheetRow(key)
        self.rows[key] = (number, row)
        for position, (name, cell) in enumerate(zip(columns, cells, strict=False), 1):
            if _FAILED.fullmatch(cell.strip()):
                message = f"`{name}` is {cell.strip()}: a formula failed in the sheet"
                self.problem(number, position, message, "Correct it there, and export it again.")
            elif cell.strip() and name not in _KEY_COLUMNS:
                self.read_cell(row, name, cell.strip(), number, position)
        if "existing" not in row.fields and "prompt" not in row.fields:
            if self.prompt is None:
                where = columns.index("prompt") + 1 if "prompt" in columns else 1
                self.problem(number, where, "this look has no prompt", "Say what it shows.")
            else:
                row.fields["prompt"] = scalar(self.prompt)
                row.shares_prompt = True
        if "avatar_group_id" in row.fields and "avatar_id" not in row.fields:
            hint = "Write `base`, another look's key, an id, or `null` for no reference."
            where = columns.index("avatar_group_id") + 1
            message = "`avatar_group_id` is given, and `avatar_id` is empty"
            self.problem(number, where, message, hint)

    def read_cell(self, row: SheetRow, name: str, cell: str, number: int, column: int) -> None:
        cell = _BREAKS.sub("\n", cell).strip()
        odd = _CONTROL.search(cell)
        if odd is not None:
            message = f"`{name}` holds the control character U+{ord(odd[0]):04X}"
            self.problem(number, column, message, "Take it out; the API refuses it.")
            cell = _CONTROL.sub("", cell)
        if name in ("title", "name"):
            cell = re.sub(r"[ \t\n]+", " ", cell)
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
            cell = ";".join(_ATTACHMENT.findall(cell)) or cell
            images = [scalar(image.strip()) for image in re.split(r"[;|\n]", cell) if image.strip()]
            row.fields[name] = f"[{', '.join(map(in_brackets, images))}]"
        elif name in _FIELDS:
            row.fields[name] = scalar(match_names(cell, self.names))
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


def in_brackets(written: str) -> str:
    """Quote plain text that a comma or colon would end inside ``[...]``."""
    return f'"{written}"' if written[:1] != '"' and re.search(r"[,:#]", written) else written


def _trim(cells: list[str]) -> list[str]:
    """Drop empty cells at a row's end, which spreadsheets like to leave behind."""
    used = max((position for position, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:used]


def _column_name(cell: str) -> str:
    name = fold_text(cell)
    field_name = re.sub(r"[\s-]+", "_", name.lower())
    return field_name if field_name in KNOWN_COLUMNS else name


def _variable(name: str) -> str:
    """Make a variable's name from a column's: ``Main outfit`` → main_outfit."""
    name = name.lower()
    made = slug(name).replace("-", "_") if not re.fullmatch(r"[a-z_][a-z0-9_-]*", name) else name
    return made if re.match(r"[A-Za-z_]", made) else f"column_{made}"


def _fold_name(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.casefold())


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
