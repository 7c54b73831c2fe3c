"""Many bad days in virtual time: no promise is broken, and every kind of trouble happened."""

import hashlib
import os
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.fault.coverage import ENOUGH, MANY, list_unexercised
from tests.fault.generate import generate
from tests.fault.play import play

OFTEN = 8
"""So many days are played each time; ``.ci/run`` plays others besides, and asks what happened."""

MENDED = (
    *(241, 400018, 400103, 400238, 400411, 400597, 400607, 400801, 400903, 400958, 400969),
    *(401069, 500053, 500066, 770011, 770045, 770097, 770107, 800151, 800286, 800627),
    *(1220219, 1230379, 1240109, 1250196, 1260290, 1300180, 1302069, 1302553, 1303283),
    *(1311275, 1311955, 1312205, 1312370, 1313507, 1313559, 1314341),
    *(1320011, 1320357, 1321020, 1323633, 1324141, 1324221, 1333065),
    *(1341641, 1350257, 1352217),
)
"""Seeds that broke something: what it was is told in ``docs/fault-simulation.md``."""

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.mark.parametrize("first", range(0, OFTEN, 4))
def test_no_promise_is_broken_on_any_day(first: int) -> None:
    played(range(first, first + 4))


@pytest.mark.long
def test_every_kind_of_trouble_happens_and_no_promise_is_broken() -> None:
    seen = played(range(ENOUGH))
    for seed in range(ENOUGH, MANY):  # which of them is rare changes with every change of the code
        if not list_unexercised(seen, seeds=ENOUGH):
            break
        seen += played([seed])
    assert list_unexercised(seen, seeds=ENOUGH) == []


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, len(MENDED), 4))
def test_days_on_which_a_promise_was_once_broken_break_none(first: int) -> None:
    played(MENDED[first : first + 4])


def played(seeds: Iterable[int]) -> Counter[str]:
    """Play these days, which must break no promise; return what happened in them."""
    seen: Counter[str] = Counter()
    broken = {}
    for seed in seeds:
        report = play(generate(seed))
        seen.update(report.seen)
        if report.broken is not None:
            broken[seed] = f"{report.broken} (again: make fault SEED={seed} SEEDS=1)"
    assert not broken
    return seen


def test_a_history_is_the_same_in_another_process(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    env = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "4242", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SAY_DIGEST],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.strip() == digest(5), done.stderr


SAY_DIGEST = "from tests.fault.test_bad_days import digest; print(digest(5))"


def digest(seed: int) -> str:
    """Hash everything that happened and was said, what HeyGen charged, what the ledger holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = play(generate(seed))
    return hashlib.sha256(
        "\n".join([*report.log, *report.books, str(sorted(report.seen.items()))]).encode()
    ).hexdigest()
