"""Run tests against the wheel, installed where no source lies: ``make test-wheel``.

Wheel, environment and a tree of tests without ``runner/`` are made in a folder of their own.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREE = ("tests", "bench", "docs", "schemas", "manifests", "pyproject.toml", "README.md")
TESTS = ("api", "heygen", "iterate", "ledger", "manifest_commands", "plan", "policy", "simulator")
"""Folders of tests: what a user of the package reaches, without processes of its own."""

OF_THE_SOURCE = "tests/simulator/test_boundary.py"
"""Reads the source's files, which are not there."""

WITHOUT = "not long and not process and not browser"


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True)


def main(folder: Path) -> None:
    """Build, install and test. Raises CalledProcessError where one of them fails."""
    shutil.rmtree(folder, ignore_errors=True)
    dist, home, tree = folder / "dist", folder / "env", folder / "tree"
    build = ("-m", "hatchling", "build", "--target", "wheel", "--directory", dist)
    run(sys.executable, *build, cwd=ROOT)
    (wheel,) = dist.glob("*.whl")
    venv.create(home)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    (site,) = home.rglob("site-packages")
    pip = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    run(sys.executable, *pip, wheel, cwd=folder)
    # What it needs is there already. A path that a .pth adds is not read for others of its kind, so
    # the source that an editable installation names stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    tree.mkdir()
    for name in TREE:
        source = ROOT / name
        ignored = shutil.ignore_patterns("*.lookbook", "__pycache__", "node_modules")
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignored)
        else:
            shutil.copy(source, tree / name)
    where = "import runner, sys; sys.exit(not runner.__file__.startswith(sys.prefix))"
    run(python, "-c", where, cwd=tree)
    run(python, "-m", "mypy", "--config-file=", "--strict", "tests/api/script.py", cwd=tree)
    tests = [f"tests/{name}" for name in TESTS]
    options = (
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "auto",
        "-m",
        WITHOUT,
        "--ignore",
        OF_THE_SOURCE,
    )
    run(python, "-m", "pytest", *options, *tests, cwd=tree)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
