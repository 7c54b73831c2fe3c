"""What fuzzing taught, without a fuzzer: every input that was kept, and every seed, once more."""

import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("path", [path for name in NAMES for path in kept(name)], ids=str)
def test_what_was_kept_keeps_every_promise(path: Path) -> None:
    load(path.parent.name).run(path.read_bytes())


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


def test_a_broken_promise_is_raised() -> None:
    with pytest.raises(Broken, match="two is one"):
        demand(False, "two is one")
