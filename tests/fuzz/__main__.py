"""``python -m tests.fuzz TARGET``: search with atheris for bytes that break a promise."""

import argparse
import hashlib
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.growth import COUNTED, search
from tests.fuzz.target import CORPUS, NAMES, Target, kept, load, memory
from tests.fuzz.tidy import smallest

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".fuzz"
"""What a search leaves for the next one, and what it found; not part of the repository."""

SLOWEST = 10
"""Seconds that one input may take: more is a finding."""

MEMORY = 2048
"""MiB that the process may have: more is a finding."""

MISSING = (
    "atheris is not installed: make fuzz installs it, or pip install -e '.[fuzz]'."
    " It has wheels for CPython 3.11 to 3.13 on Linux, x86-64."
)


def main(arguments: list[str]) -> int:
    """Search, repeat or tidy; return 0 where every promise held, 1 for a finding, 2 for usage."""
    options = _options(arguments)
    targets = NAMES if options.target == "all" else [options.target]
    if options.inputs:
        return max(_repeat(load(name), options.inputs) for name in targets)
    if options.tidy:
        for name in targets:
            _tidy(load(name))
        return 0
    if find_spec("atheris") is None:
        _print(MISSING)
        return 2
    return max([_search(name, options) | _grow(name, options) for name in targets])


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    add = parser.add_argument
    add("target", choices=[*NAMES, "all"], help="what is fuzzed; all: one after the other")
    add("inputs", nargs="*", type=Path, help="only repeat these files, without atheris")
    add("--seconds", type=int, default=60, help="how long each (default 60)")
    add("--runs", type=int, help="how many inputs each, instead")
    add("--seed", type=int, default=0, help="of the search's chance (default: another each time)")
    add("--tidy", action="store_true", help="take what was learned into the corpus, made small")
    return parser.parse_args(arguments)


def _search(name: str, options: argparse.Namespace) -> int:
    """Search in a process of its own, from the seeds, the corpus, and what was learned before."""
    target = load(name)
    learned, found = WORK / name / "learned", WORK / name / "found"
    for made in (learned, found, WORK / name / "seeds"):
        made.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        (WORK / name / "seeds" / _digest(data)).write_bytes(data)
    words = WORK / name / "words.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    bound = [f"-max_total_time={options.seconds}"] if options.runs is None else []
    command = [
        *(sys.executable, "-m", "tests.fuzz.engine", name, str(learned)),
        *(str(WORK / name / "seeds"), str(CORPUS / name)),
        *(f"-dict={words}", f"-max_len={target.longest}", f"-timeout={SLOWEST}"),
        *(f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={found}/", "-print_final_stats=1"),
        *(f"-seed={options.seed}", f"-runs={-1 if options.runs is None else options.runs}"),
        *bound,
    ]
    before = set(found.iterdir())
    (CORPUS / name).mkdir(exist_ok=True)
    log = WORK / name / "log.txt"
    # The engine ends without a word to Python: what it leaves behind is removed here.
    with log.open("wb") as file, TemporaryDirectory(prefix="lookbook-fuzz-", dir=memory()) as home:
        env = {**os.environ, "TMPDIR": home}
        ended = subprocess.run(command, cwd=ROOT, env=env, stdout=file, stderr=file, check=False)
    text = log.read_text("utf-8", "replace")
    _print(_summary(name, text))
    new = sorted(set(found.iterdir()) - before)
    for path in new:
        _print(f"  found: {path.relative_to(ROOT)}", *_complaint(text))
        _print(f"  again: python -m tests.fuzz {name} {path.relative_to(ROOT)}")
    if ended.returncode and not new:
        _print(*text.splitlines()[-20:])
    return 1 if ended.returncode else 0


def _grow(name: str, options: argparse.Namespace) -> int:
    """Search a quarter as long for inputs that cost more than their size (``growth``)."""
    if name not in COUNTED:
        return 0
    target = load(name)
    learned = sorted((WORK / name / "learned").glob("*"))
    known = [*target.seeds(), *(path.read_bytes() for path in [*kept(name), *learned])]
    seconds = options.seconds / 4
    tried, found = search(
        target, [data for data in known if data], seconds=seconds, seed=options.seed
    )
    _print(f"{name}: {tried:,} slices grown; {len(found)} cost more than their size", *found)
    return 1 if found else 0


def _summary(name: str, text: str) -> str:
    """Summarize libFuzzer's log of a search in one line."""
    covered = [int(number) for number in re.findall(r" cov: (\d+)", text)] or [0]
    executed = re.search(r"number_of_executed_units: *(\d+)", text)
    started = re.search(r"INITED cov: (\d+)", text)
    peak = re.search(r"peak_rss_mb: *(\d+)", text)
    return (
        f"{name}: {int(executed[1]) if executed else 0:,} inputs;"
        f" branches {started[1] if started else covered[0]} → {covered[-1]};"
        f" at most {peak[1] if peak else '?'} MiB"
    )


def _complaint(text: str) -> list[str]:
    """Return the exception, or what libFuzzer said, from its log."""
    _, caught, told = text.partition("=== Uncaught Python exception: ===\n")
    if caught:
        return [f"    {line}" for line in told.partition("\n\n==")[0].splitlines()]
    return [f"    {line}" for line in text.splitlines() if "ERROR: libFuzzer" in line]


def _repeat(target: Target, inputs: list[Path]) -> int:
    """Run some files as the replay test does; the first that breaks a promise shows its trace."""
    for path in inputs:
        target.run(path.read_bytes())
        _print(f"{path}: every promise held")
    return 0


def _tidy(target: Target) -> None:
    """Choose the corpus anew from what is kept and what was learned. Named files stay."""
    home = CORPUS / target.name
    home.mkdir(exist_ok=True)
    named = [path for path in kept(target.name) if not re.fullmatch(r"[0-9a-f]{16}", path.name)]
    learned = sorted((WORK / target.name / "learned").glob("*"))
    given = [*target.seeds(), *(path.read_bytes() for path in named)]
    others = [path for path in kept(target.name) if path not in named]
    chosen, begun, ended = smallest(
        target, given, [path.read_bytes() for path in [*others, *learned]]
    )
    for path in others:
        path.unlink()
    for data in chosen:
        (home / _digest(data)).write_bytes(data)
    size = sum(map(len, chosen)) // 1024
    _print(
        f"{target.name}: {len(named)} named and {len(chosen)} others kept, {size} KiB;"
        f" steps {begun:,} → {ended:,}"
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _escaped(word: str) -> str:
    """Write a word as libFuzzer's dictionaries do."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02X}"
        for byte in word.encode()
    )


def _print(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
