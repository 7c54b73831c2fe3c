"""The house: imports point one way, nobody knows more than they should, and there is no circle.

The arrows are read from the code, also those inside functions. ``docs/architecture.md`` tells why.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNER = ROOT / "runner"

VALUES = {"runner", "canonical", "errors", "extras", "files", "folding", "model", "prices"}
VALUES |= {"answers", "face_measures", "image_files", "quantities", "replies", "resources", "shell"}
VALUES |= {"reviews", "suggest", "takes", "text_width", "video_facts", "word_diff", "words"}
"""Modules at the top of the package: frozen values, and tools that know no part of it."""

ARROWS: dict[str, set[str]] = {
    "manifest": VALUES,
    "policy": VALUES,
    "plan": VALUES | {"policy"},
    "executor": VALUES | {"policy", "plan"},
    "results": VALUES | {"policy", "plan"},
    "ledger": VALUES | {"policy", "plan", "results", "executor.ports"},
    "queue": VALUES
    | {"plan.request", "plan.saved_plan", "policy.exit_codes"}
    | {"ledger.postgres.address", "ledger.postgres.connection", "ledger.postgres.schema"}
    | {"ledger.postgres.ceilings", "ledger.postgres.owner", "ledger.state_dirs"},
    "heygen": VALUES | {"executor.ports"},
    "images": VALUES | {"executor.ports", "heygen"},
    "faces": VALUES,
    "store": VALUES | {"images.folder"},
    "catalog": VALUES | {"results.model"},
    "review": VALUES | {"catalog.pictures", "catalog.html"},
    "simulator": set(),
    "cli": VALUES
    | {"manifest", "policy", "plan", "executor", "results", "ledger", "heygen", "images", "faces"}
    | {"catalog", "review", "queue", "store"}
    | {"simulator"},
    "api": VALUES | {"policy", "plan", "results", "ledger", "cli"},
}
"""What each part may import, beside itself. A dotted name allows that one module only."""

FORBIDDEN: dict[str, set[str]] = {
    "executor": {"httpx", "sqlite3", "starlette", "PIL", "click", "dlib"},
    "faces": {"httpx", "sqlite3", "click"},
    "policy": {
        "logging",
        "httpx",
        "sqlite3",
        "time",
        "random",
        "secrets",
        "os",
        "pathlib",
        "anyio",
    },
    "plan": {"logging", "httpx", "sqlite3", "time", "random", "secrets", "os", "anyio"},
    "manifest": {"logging", "httpx", "sqlite3", "time", "random", "secrets", "anyio"},
    "heygen": {"sqlite3", "click"},
    "results": {"httpx", "sqlite3", "click", "PIL", "time", "random", "secrets", "os", "anyio"},
    "ledger": {"httpx", "click", "PIL"},
    "queue": {"httpx", "sqlite3", "click", "PIL", "anyio"},
    "catalog": {"httpx", "sqlite3", "click"},
    "review": {"httpx", "sqlite3", "click"},
    "simulator": {"sqlite3", "click"},
}
"""Libraries that a part must not know, because the effect they stand for is not its own."""


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted(RUNNER.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Return all statements of a module, and what holds some: a tenth of what ``ast.walk`` visits.

    Imports and definitions are statements, and no expression holds one.
    """
    found: list[ast.AST] = [*tree.body]
    for node in found:
        yield node
        for block in ("body", "handlers", "orelse", "finalbody", "cases"):
            inner = getattr(node, block, None)
            found += inner if isinstance(inner, list) else ()


@cache
def imports_of(name: str) -> frozenset[str]:
    """Return the modules that a module imports; of others only the first word."""
    found: set[str] = set()
    for node in statements(parse(modules()[name])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in modules() else node.module)
    return frozenset(
        name if name.startswith("runner") else name.split(".", maxsplit=1)[0] for name in found
    )


def part_of(module: str) -> str:
    """Return the part of the house that a module belongs to: the word after ``runner``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "runner"


def allowed(part: str, target: str) -> bool:
    inside = target.removeprefix("runner.")
    return any(
        inside == name or inside.startswith(f"{name}.") or (name == "runner" and target == "runner")
        for name in {part, *ARROWS[part]}
    )


def test_every_import_follows_an_arrow() -> None:
    wrong = [
        f"{name} must not import {target}"
        for name in modules()
        if part_of(name) in ARROWS
        for target in sorted(imports_of(name))
        if target.split(".")[0] == "runner" and not allowed(part_of(name), target)
    ]
    assert not wrong


def test_no_part_knows_an_effect_that_is_not_its_own() -> None:
    wrong = [
        f"{name} must not import {effect}"
        for name in modules()
        for effect in sorted(imports_of(name) & FORBIDDEN.get(part_of(name), set()))
    ]
    assert not wrong


DRIVER = ("address", "connection", "schema")
"""The modules that know psycopg: what it parses, what it says, and what runs in its transaction."""


def test_few_modules_know_each_library_of_many_machines() -> None:
    knowing = {name for name in modules() if "psycopg" in imports_of(name)}
    assert knowing == {f"runner.ledger.postgres.{name}" for name in DRIVER}
    engines = {name for name in modules() if imports_of(name) & {"dbos", "sqlalchemy"}}
    assert engines == {"runner.queue.postgres.engine"}
    telling = {name for name in modules() if "prometheus_client" in str(imports_of(name))}
    assert telling == {"runner.queue.metrics"}
    keeping = {name for name in modules() if "obstore" in imports_of(name)}
    assert keeping == {"runner.store.objects"}
    using = {
        name
        for name in modules()
        if any(target.startswith("runner.ledger.postgres") for target in imports_of(name))
    }
    assert {part_of(name) for name in using} <= {"ledger", "cli", "queue"}


def test_every_part_has_its_arrows() -> None:
    parts = {part_of(name) for name in modules()} - VALUES - {"__main__"}
    assert parts == set(ARROWS)


def test_the_values_at_the_top_know_no_part() -> None:
    for name in modules():
        if part_of(name) in VALUES and name != "runner":
            wrong = [t for t in imports_of(name) if part_of(t) in ARROWS and t.startswith("runner")]
            assert not wrong, f"{name} must not import {wrong}"


def test_there_is_no_circle() -> None:
    graph = {
        name: {target for target in imports_of(name) if target in modules() and target != name}
        for name in modules()
    }
    # A package's face hands names on; what it imports may name the package for its other modules.
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {error.args[1]}")


def test_a_wrong_arrow_would_be_noticed() -> None:
    assert not allowed("simulator", "runner.model")
    assert not allowed("plan", "runner.ledger.ledger")
    assert not allowed("heygen", "runner.executor.context")
    assert allowed("heygen", "runner.executor.ports")
    assert allowed("cli", "runner.simulator.server")


VAGUE = {"Give", "Say", "Hear", "Let", "Tell", "Whether", "Blot"}
"""First words of docstrings that tell neither what is returned nor what is done."""


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def prose_mistakes(tree: ast.Module) -> list[str]:
    """Return what is wrong with the docstrings of a module's functions."""
    wrong = []
    for node in functions(tree):
        first = (ast.get_docstring(node) or "-").split()[0].rstrip(",;:.")
        nothing = isinstance(node.returns, ast.Constant) and node.returns.value is None
        if first in VAGUE:
            wrong.append(f"{node.name} begins with {first}")
        elif first == "Return" and nothing:
            wrong.append(f"{node.name} returns nothing")
    return wrong


def test_docstrings_begin_with_what_a_function_does() -> None:
    wrong = {
        str(path.relative_to(ROOT)): mistakes
        for folder in (RUNNER, ROOT / "tests", ROOT / "bench")
        for path in sorted(folder.rglob("*.py"))
        if (mistakes := prose_mistakes(parse(path)))
    }
    assert not wrong


def test_vague_prose_would_be_noticed() -> None:
    def mistakes(text: str) -> list[str]:
        return prose_mistakes(ast.parse(text))

    assert mistakes('def f() -> int:\n    """Give one."""') == ["f begins with Give"]
    assert mistakes('def f() -> None:\n    """Return it."""') == ["f returns nothing"]
    assert not mistakes('def f() -> int:\n    """Return one."""')


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in statements(tree) if isinstance(node, ast.ClassDef))


def methods(one: ast.ClassDef) -> dict[str, str | None]:
    """Return the docstring of each method of a class, by its name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: ast.get_docstring(node) for node in one.body if isinstance(node, kinds)}


CITED = re.compile(r"``([a-z_.]+\.[A-Z]\w+)``")
"""How a class cites the protocol whose methods it has: as a dotted name."""


def undescribed(trees: dict[str, ast.Module]) -> list[str]:
    """Return public methods that neither their class describes nor a protocol that it cites."""
    homes = {f"{module}.{one.name}": one for module, tree in trees.items() for one in classes(tree)}
    found = []
    for name, one in homes.items():
        cited = [
            methods(homes[p]) for p in CITED.findall(ast.get_docstring(one) or "") if p in homes
        ]
        found += [
            f"{name}.{method}"
            for method, text in methods(one).items()
            if not text and not method.startswith("_") and not one.name.startswith("_")
            if not any(described.get(method) for described in cited)
        ]
    return found


def test_a_method_is_described_by_its_class_or_by_the_protocol_that_the_class_cites() -> None:
    assert not undescribed({name: parse(path) for name, path in modules().items()})


def test_a_method_that_nobody_describes_would_be_noticed() -> None:
    port = ast.parse("class Port:\n  def ask(self):\n    'Return it.'")
    code = "class Home:\n  'A home (``a.Port``).'\n  def ask(self): ...\n  def tell(self): ..."
    assert undescribed({"a": port, "b": ast.parse(code)}) == ["b.Home.tell"]
    assert undescribed({"b": ast.parse(code)}) == ["b.Home.ask", "b.Home.tell"]


SHARED_NAMES = {"command", "main", "load", "plan"}
"""Names that many modules have on purpose: the entry of each command, and of each script.

``load`` and ``plan`` are the Python interface's as well, and mean the same there."""


TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
"""How a type is written; constants and type variables are not."""

CONSTANT = re.compile(r"[A-Z][A-Z0-9_]+")
"""How a constant is written; a type variable is a single letter."""


def named_in(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the functions, classes and type aliases that statements at a module's top define."""
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if TYPE_NAME.fullmatch(name):
                    yield name
            case ast.If():
                yield from named_in([*node.body, *node.orelse])


def repeated_names(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Return each public class, function or type alias that several modules define, with them."""
    homes: dict[str, list[str]] = {}
    for module, tree in trees.items():
        for name in dict.fromkeys(named_in(tree.body)):
            homes.setdefault(name, []).append(module)
    return {
        name: places
        for name, places in homes.items()
        if len(places) > 1 and not name.startswith("_") and name not in SHARED_NAMES
    }


def repeated_constants(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Return each constant that several modules define and another one imports, with them.

    A constant that only its own module knows may be called as its neighbour's is.
    """
    homes: dict[str, list[str]] = {}
    imported: set[str] = set()
    for module, tree in trees.items():
        for node in tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ) if CONSTANT.fullmatch(name):
                    homes.setdefault(name, []).append(module)
        for inner in statements(tree):
            if isinstance(inner, ast.ImportFrom):
                imported |= {alias.name for alias in inner.names}
    return {name: homes[name] for name in homes.keys() & imported if len(homes[name]) > 1}


def test_no_name_means_two_things() -> None:
    trees = {name: parse(path) for name, path in modules().items()}
    assert not repeated_names(trees)
    assert not repeated_constants(trees)


def test_a_repeated_constant_would_be_noticed() -> None:
    trees = {"a": ast.parse("LIMIT = 1"), "b": ast.parse("LIMIT = 2")}
    assert not repeated_constants(trees)
    trees["c"] = ast.parse("from a import LIMIT")
    assert repeated_constants(trees) == {"LIMIT": ["a", "b"]}


@pytest.mark.parametrize(
    "other",
    [
        "def State(): ...",
        "State = dict[str, int]",
        "State: TypeAlias = int",
        "if TYPE_CHECKING:\n    State = int",
    ],
)
def test_a_repeated_name_would_be_noticed(other: str) -> None:
    trees = {"a": ast.parse("class State: ..."), "b": ast.parse(other)}
    assert repeated_names(trees) == {"State": ["a", "b"]}


QUESTION = re.compile(r"_?(is|has|may|can|needs|knows|goes)_\w+")
"""How a question is called; what says that it returns whether something is so is one as well."""

MUTATORS = {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem"}
MUTATORS |= {"popleft", "remove", "setdefault", "update"}
"""Methods of Python's own containers, and of events, that change them."""


def root_of(node: ast.expr) -> str | None:
    """Return the name that a chain of attributes and subscripts begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def list_changes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return what a function changes beside its own variables, as it is written there."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    own = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    found = []
    for node in nodes:
        match node:
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                changed: ast.expr = node
            case ast.Call(func=ast.Attribute(value=changed, attr=name)) if name in MUTATORS:
                pass
            case _:
                continue
        if root_of(changed) not in {*own, None}:
            found.append(ast.unparse(changed))
    return found


def meddling_questions(tree: ast.Module) -> list[str]:
    """Return the functions of a module that ask something and change something."""
    return [
        f"{node.name} changes {changes[0]}"
        for node in functions(tree)
        if QUESTION.fullmatch(node.name)
        or (ast.get_docstring(node) or "").startswith("Return whether")
        if (changes := list_changes(node))
    ]


def test_a_question_changes_nothing() -> None:
    found = {name: meddling_questions(parse(path)) for name, path in modules().items()}
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("def is_there(self): self.asked = True", ["is_there changes self.asked"]),
        ("def _may_go(self): del self.by[1]", ["_may_go changes self.by[1]"]),
        ("def goes(a):\n    'Return whether.'\n    a.x.add(1)", ["goes changes a.x"]),
        ("def is_there(a):\n    b = []\n    b.append(a)\n    return b", []),
        ("def note(self): self.asked = True", []),
    ],
)
def test_a_question_that_changes_something_would_be_noticed(code: str, wrong: list[str]) -> None:
    assert meddling_questions(ast.parse(code)) == wrong


MONEY_BY_HAND = re.compile(r"\$\{[^}]*:[^}]*f\}")


def test_money_is_written_in_one_place() -> None:
    assert MONEY_BY_HAND.search('f"costs ${price:.2f}"')
    texts = {name: path.read_text("utf-8") for name, path in modules().items()}
    wrong = {name for name, text in texts.items() if MONEY_BY_HAND.search(text)}
    assert not wrong


PAST_THE_GUARD = ("click.style(", "click.secho(", "sys.__std", ".buffer.write", "os.write(")


def test_nothing_is_printed_past_the_guard_of_the_streams() -> None:
    """``cli/terminal.py`` signs what styles are ours, and sees what is written as text alone."""
    wrong = [
        f"{name}: {way}"
        for name, path in modules().items()
        if name.startswith("runner.cli") and name != "runner.cli.terminal"
        for way in PAST_THE_GUARD
        if way in path.read_text("utf-8")
    ]
    assert not wrong
