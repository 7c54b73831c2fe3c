"""Every command that a page shows in a block is typed, in the order of its page, and works.

Each page has a folder and a simulated account of its own. Where a page does not begin with ``init``
its campaign is there, and bought. Whoever is asked says yes. What needs more than that is in
``ELSEWHERE`` and in ``NEEDS``, with what plays it instead.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import click
import pytest
from PIL import Image

from runner.answers import compute_ref
from runner.cli import cli, invoke
from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings
from tests.docs.test_pages import PAGES, shown_blocks
from tests.launcher import WAITS

ELSEWHERE = {
    "simulator": "serves until it is ended: tests/simulator/test_server.py",
    "worker": "needs PostgreSQL: tests/distributed/test_workers.py",
    "cluster": "needs PostgreSQL: tests/distributed/test_operations.py",
    "faces": "needs dlib and its models: tests/faces/test_detector.py",
}
"""Commands that are not typed here."""

NEEDS = {
    r"--on|LOOKBOOK_ON": "PostgreSQL: tests/distributed/test_commands.py",
    r"--store s3:": "an S3: tests/distributed/test_store.py",
    r"review \S+( --simulate)?$": "a page that is served until it is closed: tests/review",
}
"""What is not typed here, by a part of its line."""

if find_spec("obstore") is None:
    NEEDS["--store"] = "the extra `distributed`, which is not installed here"

ANOTHER_TOLD = "--take-in"
"""What is shown below it is of another campaign; tests/cli/test_take_in.py has its words."""

PLAIN_LINE = re.compile(r"(?:\$ )?(lookbook .*)")

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, photo: me.jpg}
looks:
  navy-office:
    prompt: Wearing a navy blazer, modern office, morning light
    takes: 2
    tags: [hero]
  night: {prompt: "The same blazer at night, city lights", avatar_id: {look: navy-office}}
matrix:
  - id: "${outfit}-${setting}"
    prompt: Wearing ${outfit.text}, ${setting.text}, soft light
    axes:
      outfit: {knit: a green knitted sweater}
      setting: {park: a park in autumn, cafe: a small café}
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command line as a page shows it, and the lines below it that it is said to print."""

    line: str
    prints: tuple[str, ...]


def list_shown(text: str) -> Iterator[Shown]:
    """Return what the blocks of a page show of ``lookbook``, in their order."""
    for block in shown_blocks(text):
        line, prints = "", list[str]()
        for row in [*block.splitlines(), "$"]:
            found = PLAIN_LINE.match(row)
            if not found and not row.startswith("$"):
                prints.append(row)
                continue
            if line:
                told = "$ " in block and ANOTHER_TOLD not in line
                yield Shown(line, tuple(prints) if told else ())
            line, prints = re.split(r"\s+#|\s{3,}", found[1])[0] if found else "", []


def is_typed(line: str) -> bool:
    """Return whether a command is typed here."""
    return line.split()[1] not in ELSEWHERE and not any(re.search(part, line) for part in NEEDS)


def is_printed(expected: str, printed: str) -> bool:
    """Return whether a line was printed; … in it stands for anything."""
    pattern = ".*".join(map(re.escape, expected.split("…")))
    return re.search(f"^{pattern}$", printed, re.MULTILINE) is not None


ALL = {page: [*list_shown(page.read_text("utf-8"))] for page in PAGES}
TYPED = {
    page: typed for page in PAGES if (typed := [one for one in ALL[page] if is_typed(one.line)])
}


class Desk:
    """A folder in which the commands of a page are typed, and an account."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environment = monkeypatch
        self.named = {"/mnt/studio": "mounted"}
        """What pages name, and what it is here."""
        Path("mounted").mkdir()
        monkeypatch.setenv("HEYGEN_API_BASE", url)
        for place, seconds in WAITS.items():
            module, name = place.split(":")
            monkeypatch.setattr(import_module(module), name, seconds)
        Image.new("RGB", (512, 512), (200, 150, 120)).save("me.jpg")
        Path("assets").mkdir()
        Image.new("RGB", (512, 512), (20, 150, 120)).save("assets/sarah.png")
        Path("looks.csv").write_text("outfit,setting\na navy blazer,a bright office\n")

    def buy_the_campaign(self) -> None:
        """Buy what pages speak of, and have a client answer."""
        Path("spring.yaml").write_text(MANIFEST)
        assert self.type("lookbook run spring.yaml") == 0
        looks = json.loads(Path("spring.lookbook/results.json").read_text())["looks"]
        park = next(one for one in looks if one["look"] == "knit-park")
        self.named["group_1a2b"] = park["avatar_group_id"]
        sha256 = park["sha256"]
        answer = {"ref": compute_ref("spring", "knit-park", 1, sha256), "sha256": sha256}
        answer |= {"title": "Park", "state": "rejected", "remark": "too dark"}
        answer |= {"at": "2026-11-26T10:14:00.000Z"}
        document = {"version": 1, "campaign": "spring", "by": "Jo, client", "answers": [answer]}
        Path("answers.json").write_text(json.dumps(document))

    def type(self, line: str) -> int:
        """Carry out a command line, saying yes; return its exit code.

        The key is there for whatever asks the account, and only for that.
        """
        words = [self.named.get(word, word) for word in shlex.split(line)[1:]]
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None
        options = {name for parameter in command.params for name in parameter.opts}
        if "--yes" in options and "--yes" not in words:
            words.append("--yes")
        if words[0] == "run" and "--simulate" in words:
            words += ["--sim", "latency=fixed:0.05", "--sim", "pictures=off"]
        free = words[0] in FREE or "--simulate" in words
        self.environment.setenv("HEYGEN_API_KEY", "" if free else "sk-typed-0123456789")
        return invoke(words)


FREE = frozenset({"init", "validate", "plan", "catalog", "export", "money", "explain", "review"})
"""Commands that need no key, whatever they are asked."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    settings = SimulatorSettings(latency=Latency("fixed", 0.05), pictures=False)
    with Embedded(settings) as account:
        yield Desk(account.url, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_works(
    page: Path, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    if not TYPED[page][0].line.startswith("lookbook init"):
        desk.buy_the_campaign()
    for shown in TYPED[page]:
        capsys.readouterr()
        code = desk.type(shown.line)
        printed = "".join(capsys.readouterr())
        assert code == 0, f"{shown.line}\n{printed}"
        assert not [line for line in shown.prints if not is_printed(line, printed)], printed


def test_what_is_not_typed_is_shown_somewhere() -> None:
    lines = [shown.line for shown in chain(*ALL.values())]
    assert len([line for line in lines if is_typed(line)]) > 30
    for name in ELSEWHERE:
        assert any(line.split()[1] == name for line in lines), name
    for part in NEEDS:
        assert any(re.search(part, line) for line in lines), part


def test_a_block_is_read_as_commands_and_what_they_print() -> None:
    text = "```console\n$ lookbook plan a.yaml   # why\nsaid …\n$ make x\nno\n```\n"
    assert list(list_shown(text)) == [Shown("lookbook plan a.yaml", ("said …",))]
    assert is_printed("said …", "first\nsaid this\n")
    assert not is_printed("said …", "it was said this\n")
