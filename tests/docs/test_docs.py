"""What the documentation says is checked against the program."""

import re
from pathlib import Path

import pytest

from bench import __main__ as benchmarks
from runner import __version__
from runner.cli import COMMANDS, FORMER, cli
from runner.policy.exit_codes import Exit
from runner.takes import Billing, LookState
from runner.words import BILLING_WORDS, state_word
from tests.fuzz.__main__ import MISSING
from tests.fuzz.target import NAMES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
NIGHTLY = (ROOT / "docs" / "nightly.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_command_is_in_the_readme_and_every_command_there_exists() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \|", README, re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted([*COMMANDS, *FORMER]))
def test_the_help_of_every_command_is_worth_reading(name: str) -> None:
    command = cli.get_command(None, name)  # type: ignore[arg-type]  # the context is not used
    assert command is not None
    assert command.help
    assert len(command.help.split()) >= 12
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{name} {parameter.opts} has no help"


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_code_is_in_the_readme_and_in_the_help(code: Exit) -> None:
    assert re.search(rf"^\| {int(code)} \| ", README, re.MULTILINE)
    assert re.search(rf"^\s+{int(code)}\s", cli.help or "", re.MULTILINE)


@pytest.mark.parametrize("code", [code for code in Exit if code < Exit.CHANGES])
def test_a_job_is_told_what_each_exit_code_asks_for(code: Exit) -> None:
    assert re.search(rf"^\| {int(code)} \| ", NIGHTLY, re.MULTILINE)


@pytest.mark.parametrize("state", list(LookState))
def test_every_state_that_people_read_is_in_the_glossary(state: LookState) -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert re.search(rf"^\| {state_word(state)} \| .* \| `{state}` \|$", glossary, re.MULTILINE)


@pytest.mark.parametrize("billing", list(Billing))
def test_every_kind_of_billing_is_in_the_glossary(billing: Billing) -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    label = re.escape(BILLING_WORDS[billing][0])
    assert re.search(rf"^\| {label} \| .*`{billing}`", glossary, re.MULTILINE)


@pytest.mark.parametrize("billing", list(Billing))
def test_every_kind_of_billing_is_explained(billing: Billing) -> None:
    assert f"`{billing}`" in (ROOT / "docs" / "money.md").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_row_of_a_table_stands_below_its_head(document: Path) -> None:
    """A row that an empty line parts from its table is shown as it is written."""
    text = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert re.match(r".*\n\|[ :|-]+\|\n", table), table[:80]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_environment_variable_that_is_read_is_documented() -> None:
    read: set[str] = set()
    for path in (ROOT / "runner").rglob("*.py"):
        read |= set(re.findall(r'"((?:HEYGEN_[A-Z_]+)|NO_COLOR)"', path.read_text("utf-8")))
    assert read
    for name in read:
        assert name in README
        assert name in (cli.help or "")


def test_every_fuzz_target_is_explained_and_every_one_there_exists() -> None:
    text = (ROOT / "docs" / "fault-simulation.md").read_text("utf-8")
    section = text.partition("## Fuzzing beside it")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE)) == NAMES
    assert f"python -m tests.fuzz {NAMES[1]} FILE" in section
    assert "CPython 3.11 to 3.13 on Linux, x86-64" in section
    assert "CPython 3.11 to 3.13 on Linux, x86-64" in MISSING


def test_every_module_of_the_bad_days_that_is_explained_exists() -> None:
    text = (ROOT / "docs" / "fault-simulation.md").read_text("utf-8")
    section = text.partition("## How it works")[2].partition("\n## ")[0]
    told = {
        name
        for row in re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert len(told) > 15
    assert told <= {path.stem for path in (ROOT / "tests" / "fault").glob("*.py")}


@pytest.mark.parametrize("name", benchmarks.NAMES)
def test_every_benchmark_says_what_it_measures(name: str) -> None:
    assert re.search(rf"`bench/{name}\b", (ROOT / "docs" / "performance.md").read_text("utf-8"))


SOURCES = [
    path
    for folder in ("runner", "tests", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path != Path(__file__)
]


def anchors(document: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def broken_citations(text: str) -> list[str]:
    """Return what a text cites that is no page of ``docs``, no section, or not in here at all."""
    broken = re.findall(r"\(design\b|the design's", text)
    for name, section in re.findall(r"docs/([\w-]+\.md)(?:#([\w-]+))?", text):
        page = ROOT / "docs" / name
        if not page.exists() or (section and section not in anchors(page)):
            broken.append(f"{name}#{section}" if section else name)
    return broken


def test_every_citation_in_the_code_leads_to_a_page() -> None:
    wrong = {
        str(path.relative_to(ROOT)): broken
        for path in SOURCES
        if (broken := broken_citations(path.read_text("utf-8")))
    }
    assert not wrong


def test_a_broken_citation_would_be_noticed() -> None:
    assert broken_citations("docs/money.md#what-an-answer-decides and docs/glossary.md") == []
    assert broken_citations("docs/nowhere.md") == ["nowhere.md"]
    assert broken_citations("docs/money.md#nowhere") == ["money.md#nowhere"]
    assert broken_citations('(design, "What a run promises", 1)') == ["(design"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_sections_that_exist(document: Path) -> None:
    for target, section in re.findall(
        r"\]\(([\w/.-]*\.md)#([\w-]+)\)", document.read_text("utf-8")
    ):
        assert section in anchors(document.parent / target), f"{document.name}: {target}#{section}"


def code_paths(text: str) -> set[str]:
    """Return the modules that a page names with their folder, from the root or from ``runner``."""
    return set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|sql))`", text))


def find_module(path: str) -> Path | None:
    """Return the file that a page means; None where there is none."""
    homes = (ROOT, ROOT / "runner", ROOT / "runner" / "simulator" / "portrait")
    return next((home / path for home in homes if (home / path).exists()), None)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_module_that_a_page_names_exists(document: Path) -> None:
    paths = code_paths(document.read_text("utf-8"))
    assert not [path for path in sorted(paths) if find_module(path) is None]


def test_every_step_of_a_look_through_the_house_exists() -> None:
    text = (ROOT / "docs" / "contributing.md").read_text("utf-8")
    steps = re.findall(r"^\|[^|]+\| `([\w/]+\.py)` \| `(\w+)` \|", text, re.MULTILINE)
    assert len(steps) > 20
    for module, name in steps:
        path = find_module(module)
        assert path is not None, module
        defined = rf"^\s*(?:async def|def|class) {name}\b"
        assert re.search(defined, path.read_text("utf-8"), re.MULTILINE), f"{module}: {name}"


def test_no_package_of_npms_runs_a_script_where_the_project_fetches_one() -> None:
    places = [ROOT / "Makefile", *(ROOT / ".ci").iterdir(), *(ROOT / ".github").rglob("*.yml")]
    places += [*(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").glob("*.md")]
    fetch = re.compile(r"npm\S* [^\n|]*\b(?:install|ci|add)\b|\"npm\", \"pack\"")
    found = [
        (path.name, line)
        for path in places
        for line in path.read_text("utf-8").splitlines()
        if fetch.search(line) and path != Path(__file__)
    ]
    assert {name for name, _ in found} >= {"run", "__main__.py"}
    assert not [line for _, line in found if "--ignore-scripts" not in line]


def read_version(text: str) -> tuple[int, ...]:
    """Return a version's numbers, without zeros at the end, which mean nothing."""
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def test_no_bound_is_below_what_mended_an_advisory() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    text = (ROOT / "docs" / "contributing.md").read_text("utf-8")
    floors = re.findall(r"^\| `([\w-]+)` \| ([\d.]+) \| CVE-", text, re.MULTILINE)
    assert floors
    for name, floor in floors:
        bounds = re.findall(rf'"{name}>=([\d.]+)', project)
        assert bounds, name
        assert all(read_version(bound) >= read_version(floor) for bound in bounds), name


def test_the_changelog_begins_with_this_version_and_its_date_or_with_what_is_not_released() -> None:
    sections = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    released = [section for section in sections if section != "Unreleased"]
    assert sections[0] == "Unreleased" or sections[0].startswith(f"{__version__} (")
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", one) for one in released)
