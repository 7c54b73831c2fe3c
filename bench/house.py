"""How large the house is and how far one run goes in it: ``python -m bench.house [FOLDER]``.

FOLDER holds a package ``runner`` (by default this repository), so that two commits can be compared:
unpack the other with ``git archive``. A small campaign is run against the embedded simulator, and a
module of ``runner`` counts as reached when one of its functions is called, an import aside.
``docs/contributing.md`` has the figures. Nothing here is timed.
"""

import ast
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]

MANIFEST = """\
version: 1
campaign: house
base: {name: Sarah, prompt: "Woman of 30, smiling, in a blazer, in an office, in daylight"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, daylight"}
  night: {prompt: "The same office at night, city lights", avatar_id: {look: office}}
"""

TRACER = """\
import sys
from pathlib import Path
root = Path(sys.argv[1]).resolve() / "runner"
sys.path.insert(0, str(root.parent))
seen, before = set(), []
def importing(frame):
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename != "<string>":
            return True
        frame = frame.f_back
    return False
def trace(frame, event, arg):
    name = frame.f_code.co_filename
    if name.startswith(str(root)) and name not in seen and not importing(frame):
        if name.endswith(("executor/run.py", "executor/scheduler.py")) and not before:
            before.append(sum("/cli/" in other for other in seen))
        seen.add(name)
import threading
threading.setprofile(trace)
sys.setprofile(trace)
from runner.cli import invoke
code = invoke(["run", sys.argv[2], "--simulate", "--yes"])
sys.setprofile(None)
shown = [name for name in seen if "/simulator/" not in name]
print(f"exit {code} reached {len(shown)} before {before[0]}", file=sys.stderr)
"""


def functions(trees: dict[Path, ast.Module]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of the package."""
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def count_shared_names(trees: dict[Path, ast.Module]) -> int:
    """Return how many public names of classes, functions and types several modules define."""
    homes = defaultdict(set)
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                homes[node.name].add(path)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if name[0].isupper() and not name.isupper():  # an alias of a type
                    homes[name].add(path)
    deliberate = {"command", "main", "load", "plan"}
    return sum(
        len(places) > 1 and not name.startswith("_") and name not in deliberate
        for name, places in homes.items()
    )


def trace_run(root: Path) -> str:
    """Run a campaign of three looks; return what it reached, the simulator left out."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "house.yaml"
        manifest.write_text(MANIFEST, "utf-8")
        done = subprocess.run(
            [sys.executable, "-c", TRACER, str(root), str(manifest)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=folder,
        )
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit {done.returncode}"


def main(root: Path) -> None:
    """Print the figures of one tree."""
    paths = sorted((root / "runner").rglob("*.py"))
    texts = {path: path.read_text("utf-8") for path in paths}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    lengths = [(node.end_lineno or node.lineno) - node.lineno + 1 for node in functions(trees)]
    docstrings = [ast.get_docstring(node) for node in functions(trees)]
    firsts = Counter(text.split()[0].rstrip(",;:.") for text in docstrings if text)
    print(f"lines of Python: {sum(text.count(chr(10)) for text in texts.values()):,}")
    print(f"modules: {len(paths)}; in cli/ {sum('cli' in path.parts for path in paths)}")
    print(f"functions: {len(lengths)}, median {median(lengths):.0f}, longest {max(lengths)} lines")
    print(f"names with two meanings: {count_shared_names(trees)}")
    print("docstrings begin with:", ", ".join(f"{word} {n}" for word, n in firsts.most_common(12)))
    vague = {word: firsts[word] for word in ("Give", "Say", "Hear", "Let", "Tell", "Whether")}
    print("of them vague:", ", ".join(f"{word} {n}" for word, n in vague.items()))
    print("a run:", trace_run(root))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
