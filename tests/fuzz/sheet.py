"""Any bytes as a spreadsheet: named bad cells, or a manifest that says what the cells said."""

from collections.abc import Iterable

import yaml

from runner.manifest import load
from runner.manifest.diagnostics import Findings
from runner.manifest.sheet_manifest import sheet_manifest
from runner.manifest.spreadsheet import Sheet, read_sheet
from runner.manifest.yaml.document import parse_yaml
from runner.manifest.yaml.nodes import Map
from runner.manifest.yaml.source import Source
from tests.fuzz.target import Target, demand, folder, written

WORDS = (
    *("key", "look", "id", "title", "name", "prompt", "prompt_prefix", "prompt_suffix", "existing"),
    *("avatar_id", "avatar_group_id", "takes", "retries", "reference_images", "tags", "null"),
    *("base", "${", "}", "$${", ",", ";", "\t", '"', '""', "'", "\r\n", "\r", "\x0b", "\x0c"),
    *(
        "\x85",
        "\u2028",
        "\u2029",
        "\x1c",
        "\x1e",
        "\xa0",
        "\u200b",
        "\ufeff",
        "\x00",
        "sep=;",
        "\xad",
    ),
    *(": ", " #", "- ", "no", "2026-01-01", "1e3", "0x1"),
    *("=", "<<", "*a", "&a", "!t", "|", ">", "%", "@", "`", "~", "?", "{a}", "[a]", "ß", "İ"),
)
NOT_YAML = (
    "yaml-",
    "duplicate-key",
    "ambiguous-number",
    "key-not-text",
    "needs-quotes",
    "encoding",
)
"""What a manifest that a program wrote must never be told."""


def run(data: bytes) -> None:
    """Read it in every way that ``init --from-csv`` has, and read what that writes."""
    path = folder() / "sheet.csv"
    path.write_bytes(data)
    for extra in ("variables", "tags", "ignore"):
        for prompt in (None, "Wearing ${outfit}"):
            sheet = read_sheet(path, extra=extra, prompt=prompt)
            for problem in sheet.problems:
                demand(problem.line >= 1 and problem.column >= 1, "rows and columns begin at 1")
                written(problem.message + (problem.hint or ""), "a problem")
            if not sheet.problems:
                said(sheet)


def said(sheet: Sheet) -> None:
    """Compare the manifest with the sheet that it was made from."""
    text = sheet_manifest(sheet, "spring", "spring.yaml", name="Sarah", photo=None)
    path = folder() / "sheet.yaml"
    path.write_bytes(written(text, "the manifest"))
    for found in load(path, hints=False).diagnostics:
        wrong = found.code.startswith(NOT_YAML)
        demand(not wrong, f"the manifest is good YAML: {found.code} {found.message}")
    document = parse_yaml(text, Findings(Source(path, text)))
    demand(isinstance(document, Map), "the manifest is a mapping")
    looks = yaml.safe_load(text)["looks"] or {}
    demand(list(looks) == [row.key for row in sheet.rows], "every row is a look, in order")
    for row in sheet.rows:
        demand(looks[row.key].get("variables", {}) == row.variables, "variables are the cells")
        tags = list(dict.fromkeys(row.tags))
        demand(looks[row.key].get("tags", []) == tags, "tags are the cells")


def seeds() -> Iterable[bytes]:
    return [
        b"key,prompt,outfit\nnavy,a blazer,blue\nnight,the same at night,\n",
        b"title;prompt;avatar_id;avatar_group_id;tags\nNavy;x;base;base;a, b\nNight;y;Navy;;c\n",
        b'key\tprompt\ttakes\tretries\nnavy\t"a ""blue"" blazer"\t2\t1.0\n',
        b"key,existing,reference_images\nold,look_1,\nnew,,a.png;https://e.com/a.png\n",
        "Key,Prompt,Main outfit\nno,a: b # c,2026-01-01\n0x1,- x,ß\n".encode(),
        b"key,prompt\nbase,x\nnavy,\nnavy,y,z\n",
        b"",
    ]


WATCHED = ("runner.manifest",)
TARGET = Target("sheet", run, seeds, WORDS, WATCHED, longest=1024)
