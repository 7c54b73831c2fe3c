"""``lookbook init``: manifests that are valid as they are, and spreadsheets that become one."""

import csv
import io
import re
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from runner.cli import invoke
from runner.manifest import Reading, load
from runner.manifest.sheet_manifest import sheet_manifest
from runner.manifest.spreadsheet import read_sheet
from runner.manifest.starter import scalar, slug
from runner.model import FileImage, LookRef
from runner.resources import schema_text

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sheet(text: str, *options: str, code: int = 0) -> Reading:
    Path("looks.csv").write_text(text, "utf-8")
    assert invoke(["init", "spring.yaml", "--from-csv", "looks.csv", *options]) == code
    return load(Path("spring.yaml"), hints=False)


def test_the_starter_is_valid_without_a_single_warning_or_hint(capsys: Captured) -> None:
    assert invoke(["init"]) == 0
    assert load(Path("campaign.yaml")).diagnostics == ()
    said = capsys.readouterr()
    assert said.out.startswith("campaign.yaml is written: 6 looks and the base")
    assert "lookbook run campaign.yaml --simulate" in said.err


def test_the_starters_comments_are_true_when_they_are_uncommented() -> None:
    assert invoke(["init", "spring.yaml"]) == 0
    path = Path("spring.yaml")
    text = path.read_text("utf-8")
    for line in ("# takes: 2", "# tags:", "# max_looks:", "# budget:", "# prices:", "# exclude:"):
        assert line in text
        text = text.replace(line, line.removeprefix("# "))
    text = text.replace("  # someone-new:\n  #   prompt:", "  someone-new:\n    prompt:").replace(
        "  #   avatar_id: null", "    avatar_id: null"
    )
    path.write_text(text, "utf-8")
    reading = load(path, hints=False)
    assert reading.diagnostics == ()
    assert reading.campaign is not None
    assert "someone-new" in {look.key for look in reading.campaign.looks}


def test_a_photo_is_named_relative_to_the_manifest() -> None:
    Path("pictures").mkdir()
    Image.new("RGB", (600, 600)).save("pictures/me.jpg")
    assert (
        invoke(["init", "campaigns/spring.yaml", "--photo", "pictures/me.jpg", "--name", "Zoë"])
        == 0
    )
    reading = load(Path("campaigns/spring.yaml"))
    assert reading.campaign is not None
    base = reading.campaign.looks[0]
    assert isinstance(base.photo, FileImage)
    assert (base.name, base.photo.source) == ("Zoë", "../pictures/me.jpg")


def test_a_photo_that_cannot_be_used_is_told(capsys: Captured) -> None:
    Image.new("RGB", (100, 100)).save("me.png")
    assert invoke(["init", "--photo", "me.png"]) == 2
    assert not Path("campaign.yaml").exists()
    assert "photo-too-small" in capsys.readouterr().err


def test_nothing_is_replaced_unless_it_is_said(capsys: Captured) -> None:
    Path("spring.yaml").write_text("mine", "utf-8")
    assert invoke(["init", "spring.yaml"]) == 2
    assert Path("spring.yaml").read_text("utf-8") == "mine"
    assert "--force" in capsys.readouterr().err
    assert invoke(["init", "spring.yaml", "--force"]) == 0


def test_what_a_manifest_is_made_from_is_never_written_over(capsys: Captured) -> None:
    Path("same.csv").write_text("outfit,setting\na suit,office\n", "utf-8")
    Image.new("RGB", (600, 600)).save("me.jpg")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    assert invoke(["init", "same.csv", "--from-csv", "same.csv", "--force"]) == 2
    assert invoke(["init", "./me.jpg", "--photo", "me.jpg", "--force"]) == 2
    assert "to be made from" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("target", ["real.yaml", "gone.yaml"])
def test_a_link_is_not_replaced_by_a_manifest(target: str, force: list[str]) -> None:
    Path("real.yaml").write_text("mine", "utf-8")
    Path("link.yaml").symlink_to(target)
    assert invoke(["init", "link.yaml", *force]) == 2
    assert Path("link.yaml").is_symlink()
    assert Path("real.yaml").read_text("utf-8") == "mine"


def test_a_manifest_that_is_replaced_keeps_its_permissions() -> None:
    Path("spring.yaml").touch(0o600)
    assert invoke(["init", "spring.yaml", "--force"]) == 0
    assert Path("spring.yaml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "target", ["file/new.yaml", "file/folder/new.yaml", f"{'a' * 300}.yaml", f"{'a' * 300}/n.yaml"]
)
def test_a_path_where_nothing_can_be_written_is_told_in_words(
    target: str, capsys: Captured
) -> None:
    Path("file").touch()
    assert invoke(["init", target, "--campaign", "spring"]) in (1, 2)
    assert re.search(r"cannot be made|Name it more shortly", capsys.readouterr().err)
    assert [*Path().iterdir()] == [Path("file")]


@pytest.mark.parametrize(
    "failed",
    [
        *("#REF!", "#N/A", "#DIV/0!", "#NAME?", "#GETTING_DATA", "#NV", "#¡VALOR!", "#ЗНАЧ!"),
        *("Err:502", "Loading..."),
    ],
)
@pytest.mark.parametrize("column", ["key", "outfit", "tags"])
def test_what_a_formula_left_that_failed_is_no_text(
    failed: str, column: str, capsys: Captured
) -> None:
    row = {"key": "navy", "outfit": "a suit", "setting": "office", "tags": "hero"} | {
        column: failed
    }
    Path("looks.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n", "utf-8")
    assert invoke(["init", "spring.yaml", "--from-csv", "looks.csv"]) == 2
    assert f"`{column}` is {failed}: a formula failed" in capsys.readouterr().err
    assert not Path("spring.yaml").exists()


def test_a_cell_that_names_a_column_means_its_words_in_a_grid_as_in_rows() -> None:
    rows = [
        f"{outfit},{setting},{light}"
        for outfit in ('"a suit, matching ${setting}"', "a coat")
        for setting, light in (("a big office", "as in ${setting}"), ("a park", "as in ${setting}"))
    ]
    sent = []
    for some in (rows, rows[:2]):
        campaign = sheet("outfit,setting,light\n" + "\n".join(some) + "\n", "--force").campaign
        assert campaign is not None
        sent.append([look.prompt for look in campaign.looks[1:]])
    assert sent[0][:2] == sent[1]
    assert sent[1][0] == "Wearing a suit, matching a big office, a big office, as in a big office"


@pytest.mark.parametrize("columns", [8, 12, 40])
def test_keys_of_a_sheet_with_many_columns_are_made_from_those_that_tell_rows_apart(
    columns: int,
) -> None:
    names = ["outfit", "setting", *(f"detail {n}" for n in range(columns - 2))]
    rows = [
        ["a navy suit", setting, *(f"something long of {n} {setting}" for n in names[2:])]
        for setting in ("a big office", "a park bench", "a beach at noon")
    ]
    reading = sheet("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    assert reading.campaign is not None
    keys = [look.key for look in reading.campaign.looks[1:]]
    assert keys == ["navy-suit-big-office", "navy-suit-park-bench", "navy-suit-beach"]


def test_a_cell_that_is_empty_in_a_sheet_with_many_columns_leaves_no_row_without_a_key() -> None:
    names = ["outfit", "setting", *(f"d{n}" for n in range(8))]
    firsts = [("a suit", "", "x"), ("", "a suit", "y"), ("", "a park", "z")]
    rows = [[*first, *"1234567"] for first in firsts]
    reading = sheet(
        "\n".join(",".join(row) for row in [names, *rows]) + "\n", "--prompt", "Now ${d0}"
    )
    assert reading.campaign is not None
    assert [look.key for look in reading.campaign.looks[1:]] == ["suit-x", "suit-y", "park-z"]


def test_a_hash_or_a_mark_makes_no_failed_formula_of_a_text() -> None:
    texts = ["#1 jersey", "#bold!", "Wow!", "a #N/A badge", "loading dock"]
    reading = sheet("key,outfit\n" + "".join(f"k{n},{text}\n" for n, text in enumerate(texts)))
    assert reading.campaign is not None
    assert len(reading.campaign.looks) == len(texts) + 1


def test_rows_that_many_columns_do_not_tell_apart_want_a_key(capsys: Captured) -> None:
    names = ["outfit", "setting", *(f"d{n}" for n in range(8))]
    rows = [["a suit", "office", *"1234567", last] for last in "ab"]
    sheet("\n".join(",".join(row) for row in [names, *rows]) + "\n", code=2)
    assert "Give the sheet a column `key`, or `title`." in capsys.readouterr().err


def test_a_sheet_of_outfits_and_settings_becomes_looks() -> None:
    reading = sheet(
        "Title,outfit,Main setting,tags,avatar_id,takes\n"
        'Navy Office,a navy blazer,"an office, early","office; spring",,\n'
        "Navy Night,the same blazer,the office at night,,Navy Office,2\n"
        "Nobody,a suit,a street,,null,\n",
        "--prompt",
        "Wearing ${outfit}, ${main_setting}",
    )
    assert reading.campaign is not None
    _, office, night, nobody = reading.campaign.looks
    assert (office.key, office.title, office.tags) == (
        "navy-office", "Navy Office", ("office", "spring"),
    )  # fmt: skip
    assert office.prompt == "Wearing a navy blazer, an office, early"
    assert (night.reference, night.takes) == (LookRef("navy-office"), 2)
    assert nobody.reference is None


def test_columns_named_as_fields_fill_them() -> None:
    reading = sheet(
        "key;prompt;name;prompt_suffix;avatar_id;avatar_group_id;reference images;retries;"
        "existing\n"
        "a;A coat;Coat;, lit;base;base;https://e.com/1.png | https://e.com/2.png;1;\n"
        "b;;;;;;;;look_9\n"
        "c;A hat;;;look_9;group_9;;;\n"
    )
    assert reading.campaign is not None
    _, a, b, c = reading.campaign.looks
    assert (a.prompt, a.name, a.retries, len(a.images)) == ("A coat, lit", "Coat", 1, 2)
    assert (a.reference, a.group) == (LookRef("base"), LookRef("base"))
    assert b.existing == "look_9"
    assert str(c.reference) == "LiteralRef(id='look_9')"


def test_other_columns_may_become_tags_or_nothing() -> None:
    text = "key,prompt,season\na,A coat,spring\n"
    reading = sheet(text, "--extra", "tags")
    assert reading.campaign is not None
    assert reading.campaign.looks[1].tags == ("spring",)
    ignored = sheet(text, "--extra", "ignore", "--force")
    assert ignored.campaign is not None
    assert ignored.campaign.looks[1].tags == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["row 1, column A"]),
        ("colour\nred\n", ["row 1, column A"]),
        ("key,colour\na,b\n", ["row 1, column A: there is no column `prompt`"]),
        ("key,prompt,key\n", ["row 1, column C"]),
        ("key,,prompt\na,b,c\n", ["row 1, column B: this column has no name"]),
        ("key,prompt\na,A coat\n\na,A hat\n", ["row 4, column A: the key `a` is taken by row 2"]),
        ("key,prompt\nbase,A coat\n,A hat\n", ["row 2, column A", "row 3, column A"]),
        ("key,prompt,takes\na,A coat,two\nb,,1\n", ["row 2, column C", "row 3, column B"]),
        ("key,prompt\na,A coat,more\n", ["row 2, column C: 3 cells"]),
        ("key,prompt,avatar_group_id\na,A coat,g\n", ["row 2, column C: `avatar_group_id`"]),
        ('key,prompt\na,"A coat\n', ["this is no CSV"]),
    ],
)
def test_bad_cells_are_told_by_row_and_column_and_nothing_is_written(
    text: str, told: list[str], capsys: Captured
) -> None:
    sheet(text, code=2)
    said = capsys.readouterr().err
    assert all(words in said for words in told), said
    assert said.count("bad-csv") == len(told)
    assert not Path("spring.yaml").exists()


def test_what_the_manifest_refuses_is_told_and_nothing_is_written(capsys: Captured) -> None:
    sheet("key,prompt,takes\na,A coat,1000\n", code=2)
    assert "the most is 100" in capsys.readouterr().err
    assert not Path("spring.yaml").exists()


def test_numbers_that_spreadsheets_pad_are_numbers() -> None:
    reading = sheet("key,prompt,takes,retries\na,A coat,002,00\n")
    assert reading.campaign is not None
    assert [(look.takes, look.retries) for look in reading.campaign.looks[1:]] == [(2, 0)]


def test_a_sheet_saved_by_a_spreadsheet_program_is_read() -> None:
    Path("looks.csv").write_bytes("\ufeffkey,prompt,,\r\ncafé,A coat,,\r\n,,,\r\n".encode())
    assert invoke(["init", "spring.yaml", "--from-csv", "looks.csv"]) == 0
    reading = load(Path("spring.yaml"), hints=False)
    assert reading.campaign is not None
    assert [look.key for look in reading.campaign.looks] == ["base", "cafe"]


@pytest.mark.parametrize(
    "text",
    ["plain words", "no", "12", "2026-01-01", "a: b", "# a", "- a", "a\nb", '"', "é", "", " a ",
     "010", "1e3", "{a}", "a,b", "*a", "null", "\u2028", "\x07", "${a}", "a #b", "👩🏽‍💼", "y"],
)  # fmt: skip
def test_any_text_survives_being_written(text: str) -> None:
    assert yaml.safe_load(f"a: {scalar(text)}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "made"),
    [("Navy Blazer (Office)", "navy-blazer-office"), ("Élan!", "elan"), ("服装", ""), ("-a-", "a")],
)
def test_keys_are_made_of_what_people_write(text: str, made: str) -> None:
    assert slug(text) == made


@given(
    st.lists(st.lists(st.text(max_size=8), max_size=4), max_size=4),
    st.sampled_from(["variables", "tags", "ignore"]),
)
@settings(deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_any_sheet_is_told_about_or_becomes_yaml(rows: list[list[str]], extra: str) -> None:
    path = Path("any.csv")
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file).writerows([["key", "prompt", "tags", "my note"], *rows])
    made = read_sheet(path, extra=extra)
    if not made.problems:
        text = sheet_manifest(made, "any", "any.yaml", name="Sarah", photo=None)
        assert set(yaml.safe_load(text)["looks"] or ()) == {row.key for row in made.rows}


BREAKS = ("\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x1d", "\x1e", "\n", "\r\n", "\r")


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_a_line_break_within_a_cell_makes_no_second_look(line_break: str) -> None:
    text = f'key,prompt,title,mood\nnavy,"A navy{line_break}blazer","Navy{line_break}blue",x\n'
    reading = sheet(f"{text}red,A red coat,Red,y\n")
    assert reading.campaign is not None
    looks = reading.campaign.looks[1:]
    assert [(look.key, look.title, look.prompt) for look in looks] == [
        ("navy", "Navy blue", "A navy blazer"),
        ("red", "Red", "A red coat"),
    ]


def test_a_control_character_in_a_cell_is_told_by_its_place(capsys: Captured) -> None:
    sheet("key,prompt\nnavy,A navy\x07 blazer\n", code=2)
    assert "row 2, column B: `prompt` holds the control character U+0007" in capsys.readouterr().err


def test_columns_are_known_also_behind_odd_spaces_and_marks() -> None:
    text = "sep=;\nkey;\u200bprompt\u00a0;Main\u00a0outfit\na;'A ${main_outfit}';blazer, blue\n"
    reading = sheet(text)
    assert reading.campaign is not None
    assert reading.campaign.looks[1].prompt == "'A blazer, blue'"


OUTFITS = "key,outfit,setting\na,a navy blazer,a cafe\nb,a red coat,a bar\n"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Wearing ", "--prompt names no column: 2 looks would be sent the text `Wearing `"),
        ("", "2 looks would be sent the text ``"),
        ("Wearing %outfit%", "`%outfit%` in --prompt is sent as it stands"),
        ("Wearing $outfit", "`$outfit` in --prompt is sent as it stands"),
        ("Wearing {outfit}", "`{outfit}` in --prompt is sent as it stands"),
    ],
)
def test_a_prompt_that_a_shell_emptied_is_refused_with_the_cure(
    prompt: str, said: str, capsys: Captured
) -> None:
    sheet_of = ["init", "spring.yaml", "--from-csv", "looks.csv", "--prompt", prompt]
    Path("looks.csv").write_text(OUTFITS, "utf-8")
    assert invoke(sheet_of) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert "single quotes" in told
    assert "${outfit}" in told
    assert not Path("spring.yaml").exists()


def test_a_prompt_without_names_is_taken_where_requests_differ_or_it_is_meant() -> None:
    reading = sheet("key,avatar_id\na,look_1\nb,look_2\n", "--prompt", "Wearing a coat")
    assert reading.campaign is not None
    ignored = ("--prompt", "Wearing ${title}", "--extra", "ignore", "--force")
    assert sheet("title,outfit\nA,navy\nB,red\n", *ignored).campaign is not None
    one = sheet("key\nonly\n", "--prompt", "Wearing a coat", "--force")
    assert one.campaign is not None


# --- the natural sheet ----------------------------------------------------------------------------

PRODUCT = (
    "Outfit;Setting \r\na navy blazer;a café\r\na navy blazer;the street\r\n"
    "a red coat;a café\r\na red coat;the street\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_outfits_and_settings_are_enough_and_every_combination_is_a_matrix(
    encoding: str, first: str, capsys: Captured
) -> None:
    Path("looks.csv").write_bytes(f"{first}{PRODUCT}".encode(encoding))
    assert invoke(["init", "spring.yaml", "--from-csv", "looks.csv"]) == 0
    told = capsys.readouterr().out
    assert "4 rows → 4 looks, as outfit (2) × setting (2)" in told
    assert "first prompt: Wearing a navy blazer, a café" in told
    assert ("Windows-1252" in told) == (encoding == "cp1252")
    assert "axes" in yaml.safe_load(Path("spring.yaml").read_text("utf-8"))["matrix"][0]
    reading = load(Path("spring.yaml"), hints=False)
    assert reading.campaign is not None
    assert [look.key for look in reading.campaign.looks[1:]] == [
        "navy-blazer-cafe", "navy-blazer-street", "red-coat-cafe", "red-coat-street",
    ]  # fmt: skip


def test_a_sheet_that_is_no_full_product_becomes_looks_with_the_same_keys() -> None:
    reading = sheet(PRODUCT.replace("a red coat;the street\r\n", ""))
    assert reading.campaign is not None
    keys = [look.key for look in reading.campaign.looks[1:]]
    assert keys == ["navy-blazer-cafe", "navy-blazer-street", "red-coat-cafe"]


def test_a_column_that_never_varies_is_a_variable_of_the_matrix() -> None:
    text = "Outfit,SETTING,Light\na suit,a bar,warm\na suit,a park,warm\na coat,a bar,warm\n"
    reading = sheet(f"{text}a coat,a park,warm\n", "--prompt", "In ${OUTFIT}, ${setting}, ${Light}")
    assert reading.campaign is not None
    first = reading.campaign.looks[1]
    assert (first.key, first.prompt) == ("suit-bar", "In a suit, a bar, warm")


def test_texts_without_latin_letters_have_keys_of_their_own() -> None:
    reading = sheet("title,outfit\n服装,a suit\n帽子,a hat\n")
    assert reading.campaign is not None
    keys = {look.key for look in reading.campaign.looks[1:]}
    assert len(keys) == 2
    assert all(key.startswith("look-") for key in keys)


def test_long_cells_that_begin_alike_have_different_keys() -> None:
    long = "a navy blazer with golden buttons and a very long description of its"
    reading = sheet(f"outfit,setting\n{long} collar,x\n{long} sleeves,y\n")
    assert reading.campaign is not None
    assert len({look.key for look in reading.campaign.looks}) == 3


def test_attachments_of_airtable_are_links() -> None:
    cell = '"one.png (https://e.com/a.png),two, b.jpg (https://e.com/b.jpg)"'
    reading = sheet(f"key,prompt,reference_images\na,A coat,{cell}\n")
    assert reading.campaign is not None
    urls = [str(image) for image in reading.campaign.looks[1].images]
    assert [url in text for url, text in zip(("a.png", "b.jpg"), urls, strict=True)] == [True, True]


def test_a_mistake_in_the_prompt_is_one_message(capsys: Captured) -> None:
    sheet(PRODUCT, "--prompt", "Wearing ${outfti}, ${setting}", code=2)
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("outfti") == 1
    assert "Did you mean `${outfit}`?" in told
    assert not Path("spring.yaml").exists()


def test_a_sheet_comes_from_stdin_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PRODUCT.encode())))
    assert invoke(["init", "--from-csv", "-"]) == 0
    assert load(Path("campaign.yaml"), hints=False).campaign is not None


def test_a_workbook_is_read_where_the_library_is_installed() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(PRODUCT), delimiter=";"):
        book.active.append(row)
    book.save("looks.xlsx")
    assert invoke(["init", "spring.yaml", "--from-sheet", "looks.xlsx"]) == 0
    assert load(Path("spring.yaml"), hints=False).campaign is not None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04", "lookbook-runner[xlsx]"),
        (b"\xd0\xcf\x11\xe0", "CSV UTF-8 (Comma delimited)"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_told_how_to_save(
    data: bytes, said: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    Path("looks.xlsx").write_bytes(data)
    assert invoke(["init", "--from-csv", "looks.xlsx"]) == 2
    assert said in capsys.readouterr().err


def test_a_workbook_that_unfolds_without_end_is_refused_before_it_does(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.manifest.sheet_file._MAX_UNFOLDED", 1_000_000)
    monkeypatch.setitem(sys.modules, "openpyxl", SimpleNamespace(load_workbook=pytest.fail))
    with zipfile.ZipFile("looks.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", bytes(1_000_001))
    assert Path("looks.xlsx").stat().st_size < 2_000
    assert invoke(["init", "--from-csv", "looks.xlsx"]) == 2
    assert "unfolds to more than 1,000,000 bytes" in capsys.readouterr().err


def test_the_schema_lies_beside_the_manifest_and_nothing_else_is_replaced(
    tmp_path: Path, capsys: Captured
) -> None:
    schema_file = tmp_path / "lookbook.schema.json"
    assert invoke(["init", "spring.yaml"]) == 0
    first, *_ = (tmp_path / "spring.yaml").read_text("utf-8").splitlines()
    assert first == f"# yaml-language-server: $schema={schema_file.name}"
    assert schema_file.read_text("utf-8") == schema_text("manifest")
    schema_file.write_text('{"$id": "https://lookbook.invalid/schemas/manifest.schema.json"}')
    assert invoke(["init", "summer.yaml"]) == 0
    assert schema_file.read_text("utf-8") == schema_text("manifest")
    for foreign in ('{"$id": "https://example.com/other.json"}', "[1]", "no JSON"):
        schema_file.write_text(foreign)
        capsys.readouterr()
        assert invoke(["init", "autumn.yaml", "--force"]) == 0
        assert schema_file.read_text("utf-8") == foreign
        assert "is not ours and stays" in capsys.readouterr().err


def test_keys_of_axes_are_what_stands_before_a_comma_where_that_tells_them_apart() -> None:
    rows = [
        f"{outfit};{place}"
        for outfit in ("a navy blazer, open", "a knit, grey")
        for place in ("modern office, dawn", "modern office, dusk")
    ]
    campaign = sheet("outfit;setting\n" + "\n".join(rows) + "\n").campaign
    assert campaign is not None
    assert [look.key for look in campaign.looks[1:3]] == [
        "navy-blazer-modern-office-dawn",
        "navy-blazer-modern-office-dusk",
    ]


def test_keys_leave_details_out_where_the_rest_tells_the_cells_of_a_column_apart() -> None:
    rows = (
        "a cream linen suit;a quiet beach at golden hour",
        "jeans with a white shirt;an art gallery with cool skylight",
        "jeans with a grey shirt;at night",
        "a sofa cover;the sea view",
    )
    campaign = sheet("outfit;setting\n" + "\n".join(rows) + "\n").campaign
    assert campaign is not None
    assert [look.key for look in campaign.looks[1:]] == [
        "cream-linen-suit-quiet-beach",
        "jeans-with-white-shirt-art-gallery",
        "jeans-with-grey-shirt-at-night",
        "sofa-cover-sea-view",
    ]
