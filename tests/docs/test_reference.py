"""The reference tells of all that the program has, and the site's checks notice a fault."""

import re
import tomllib
from pathlib import Path

from runner.cli import COMMANDS
from runner.policy.exit_codes import Exit
from runner.resources import schema_names
from runner.takes import Billing, LookState, TakeState
from tests.reference import make_pages
from tests.site import BESIDE, ROOT, find_faults, stage


def test_the_reference_has_every_command_exit_code_state_and_form() -> None:
    pages = make_pages()
    headings = re.findall(r"^## (\S+)$", pages["commands.md"], re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)
    rows = re.findall(r"^\| (\d+) \| `\w+` \| \S", pages["exit-codes.md"], re.MULTILINE)
    assert rows == [str(int(code)) for code in Exit]
    for one in (*LookState, *TakeState, *Billing):
        assert f"| `{one}` | " in pages["states.md"]
    forms = re.findall(r"^## (\S+)$", pages["forms.md"], re.MULTILINE)
    assert forms == schema_names()


def test_the_navigation_has_every_page_and_none_that_is_not_there() -> None:
    text = (ROOT / "zensical.toml").read_text("utf-8")
    tomllib.loads(text)
    named = set(re.findall(r'= "([\w/-]+\.md)"', text))
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    apart = {name for name in pages if re.match(r"decisions/\d", name)}
    made = {f"reference/{name}" for name in make_pages()}
    assert pages - apart == named - set(BESIDE) - made
    assert made < named


def test_what_the_pages_link_to_is_staged_with_them(tmp_path: Path) -> None:
    stage(tmp_path / "docs")
    pages = sorted((tmp_path / "docs").rglob("*.md"))
    links = {
        (page.name, target): page.parent / target
        for page in pages
        for target in re.findall(r"\]\(([\w/.-]+?)(?:#[\w-]+)?\)", page.read_text("utf-8"))
    }
    assert len(links) > 100
    inside = (tmp_path / "docs").resolve()
    assert not [
        link
        for link, aim in links.items()
        if not aim.exists() or not aim.resolve().is_relative_to(inside)
    ]


def test_a_fault_of_the_site_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#gone">b</a><a href="c.html">')
    (tmp_path / "b.html").write_text('<script src="https://example.com/x.js"></script>')
    assert find_faults(tmp_path) == [
        "a.html: no section b.html#gone",
        "a.html links to c.html, which is not there",
        "b.html loads https://example.com/x.js",
    ]
