"""What fuzzing taught, without a fuzzer: every input that was kept, and every seed, once more."""

import json
import random
import re
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz.mutate import changed
from tests.fuzz.target import CORPUS, NAMES, Broken, Target, demand, kept, load
from tests.fuzz.tidy import smallest, steps

MOST_FILES = 400
LARGEST_FILE = 8192


@pytest.fixture(scope="module", params=NAMES)
def target(request: pytest.FixtureRequest) -> Target:
    return load(request.param)


def test_every_seed_keeps_every_promise(target: Target) -> None:
    for data in target.seeds():
        target.run(data)


def test_what_was_kept_keeps_every_promise(target: Target) -> None:
    broken = []
    for path in kept(target.name):
        try:
            target.run(path.read_bytes())
        except Exception as error:  # noqa: BLE001  # whatever it is, the others are run as well
            broken.append((path.name, repr(error)))
    assert not broken


def test_the_corpus_is_small_and_belongs_to_targets() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(NAMES)
    for name in NAMES:
        files = kept(name)
        assert 0 < len(files) <= MOST_FILES
        assert max(path.stat().st_size for path in files) <= LARGEST_FILE


def test_the_corpus_holds_no_secret_and_no_path_of_a_machine() -> None:
    for name in NAMES:
        for path in kept(name):
            assert not re.search(rb"/home/|/Users/|/root/|/tmp/\w", path.read_bytes()), path


def test_a_smaller_input_that_goes_as_far_is_preferred() -> None:
    sheet = load("sheet")
    short, long = b"key,prompt\na,b\n", b"key,prompt\naaaa,bbbb\n"
    chosen, begun, ended = smallest(sheet, [], [long, short])
    assert chosen == [short]
    assert begun == 0
    assert ended == len(steps(sheet, short))
    assert smallest(sheet, [short], [long])[0] == []


def test_changes_to_json_leave_json_and_what_stands_before_it() -> None:
    data = b'200\n\n{"looks": [{"look": "navy", "takes": []}], "count": 1}'
    made = {changed(data, random.Random(seed)) for seed in range(500)}
    assert len(made) > 100
    for one in made:
        assert one is not None
        assert one.startswith(b"200\n\n")
        json.loads(one.removeprefix(b"200\n\n").decode("utf-8", "surrogatepass"))
    assert changed(b"no json here", random.Random(0)) is None
    assert changed(b'{"cut', random.Random(0)) is None


def test_a_broken_promise_is_raised() -> None:
    with pytest.raises(Broken, match="two is one"):
        demand(False, "two is one")


def test_where_there_is_no_atheris_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.main(["sheet"]) == 2
    assert "wheels for CPython 3.11 to 3.13" in capsys.readouterr().out


def test_one_input_is_repeated_without_atheris(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    (tmp_path / "input").write_bytes(b"key,prompt\na,b\n")
    assert command.main(["sheet", str(tmp_path / "input")]) == 0
