"""The rooms of the package know each other in one direction only, and the two ship-sets can travel alone.

Everything is read from the syntax trees of the files; nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "valetts_hf"

# room -> the rooms it may import, besides itself and `version`. "__init__" are the names of the package itself, which
# load their rooms on first use.
LOWEST = {"version"}
ALLOWED: dict[str, set[str]] = {
    "version": set(),
    "modeling": set(),
    "processing": set(),
    "kernels": {"modeling"},
    "voices": {"modeling", "processing"},
    "direction": {"modeling", "processing", "voices"},
    "training": {"modeling", "processing", "voices", "direction", "kernels"},
    "inference": {"modeling", "processing", "voices", "direction", "kernels", "registration", "__init__"},
    "mass_synthesis": {"modeling", "processing", "voices", "direction", "kernels", "inference"},
    "registration": {"modeling", "processing", "kernels", "voices"},
    "export": {
        "modeling",
        "processing",
        "kernels",
        "voices",
        "direction",
        "training",
        "inference",
        "registration",
        "__init__",
    },
    "serving": {
        "modeling",
        "processing",
        "kernels",
        "voices",
        "direction",
        "training",
        "inference",
        "registration",
        "__init__",
    },
    "__init__": {
        "modeling",
        "processing",
        "voices",
        "direction",
        "kernels",
        "inference",
        "mass_synthesis",
        "registration",
    },
    "commands": {
        "modeling",
        "processing",
        "kernels",
        "voices",
        "direction",
        "training",
        "inference",
        "mass_synthesis",
        "export",
        "serving",
        "registration",
        "__init__",
    },
    "cli": {
        "modeling",
        "processing",
        "kernels",
        "voices",
        "direction",
        "training",
        "inference",
        "mass_synthesis",
        "export",
        "serving",
        "registration",
        "commands",
        "__init__",
    },
    "__main__": {"cli"},
}
# And what it may import inside functions only: `tts.adapt` trains, speaking does not load the training room.
# Mass synthesis borrows the process pool of one room and the count of cores of another; neither loads a library more.
ALLOWED_IN_FUNCTIONS: dict[str, set[str]] = {"inference": {"training"}, "mass_synthesis": {"training", "serving"}}
SHIP_SETS = ("modeling", "processing")
# What a ship-set may import at its top level: always there where a checkpoint is loaded.
SHIP_SET_LIBRARIES = {"torch", "numpy", "transformers", "safetensors", "huggingface_hub"} | set(
    sys.stdlib_module_names
)
MAX_LINES = 600


@dataclass(frozen=True)
class Import:
    """One import: `module` as written with its leading dots, `names` after `from`; guarded = in a function or a try."""

    path: Path
    line: int
    module: str
    level: int
    names: tuple[str, ...]
    guarded: bool
    typing_only: bool

    @property
    def where(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def imports_of(path: Path) -> list[Import]:
    found: list[Import] = []

    def visit(node: ast.AST, guarded: bool, typing_only: bool) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append(Import(path, node.lineno, alias.name, 0, (), guarded, typing_only))
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.append(Import(path, node.lineno, node.module or "", node.level, names, guarded, typing_only))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.body:
                visit(child, True, True)
            for child in node.orelse:
                visit(child, guarded, typing_only)
        else:
            inside = guarded or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Try))
            for child in ast.iter_child_nodes(node):
                visit(child, inside, typing_only)

    visit(ast.parse(path.read_text(encoding="utf-8"), str(path)), False, False)
    return found


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def rooms_imported(statement: Import) -> list[str]:
    """The rooms of our package that an absolute import reaches into."""
    parts = statement.module.split(".")
    if statement.level or parts[0] != "valetts_hf":
        return []
    if len(parts) > 1:
        return [parts[1]]
    # `import valetts_hf` or `from valetts_hf import name`: a room by name, else the package itself.
    rooms = [name for name in statement.names if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()]
    return rooms or ["__init__"]


ALL_FILES = python_files(PACKAGE)
SHIP_FILES = [path for room in SHIP_SETS for path in python_files(PACKAGE / room)]


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_is_something_to_look_at():
    assert len(ALL_FILES) > 20 and all(len(python_files(PACKAGE / room)) > 5 for room in SHIP_SETS)


def test_every_room_is_known():
    unknown = {room_of(path) for path in ALL_FILES} - set(ALLOWED)
    assert not unknown, f"say in ALLOWED what {sorted(unknown)} may import"


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_imports_point_one_way(path: Path):
    room = room_of(path)
    allowed = ALLOWED.get(room, set()) | LOWEST | {room}
    wrong = [
        f"{statement.where}: {room} imports {other}"
        for statement in imports_of(path)
        for other in rooms_imported(statement)
        if other not in allowed | (ALLOWED_IN_FUNCTIONS.get(room, set()) if statement.guarded else set())
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [path for path in ALL_FILES if path not in SHIP_FILES], ids=name_of)
def test_outside_the_ship_sets_imports_are_absolute(path: Path):
    relative = [statement.where for statement in imports_of(path) if statement.level]
    assert not relative, relative


@pytest.mark.parametrize("room", SHIP_SETS)
def test_ship_sets_are_flat(room: str):
    nested = [name_of(path) for path in python_files(PACKAGE / room) if path.parent != PACKAGE / room]
    assert not nested, nested


@pytest.mark.parametrize("path", SHIP_FILES, ids=name_of)
def test_ship_sets_import_siblings_only(path: Path):
    """Also inside functions: transformers follows these lines with regular expressions, wherever they stand."""
    problems = []
    for statement in imports_of(path):
        if statement.level == 0:
            if statement.module.split(".")[0] == "valetts_hf":
                problems.append(
                    f"{statement.where}: absolute import of the package; write `from .sibling import Name`"
                )
        elif statement.level > 1 or not statement.module or "." in statement.module:
            problems.append(f"{statement.where}: only `from .sibling import Name` can travel")
        elif not (path.parent / f"{statement.module}.py").is_file():
            problems.append(f"{statement.where}: there is no {statement.module}.py beside it")
        elif "*" in statement.names:
            problems.append(f"{statement.where}: name what is imported")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("path", SHIP_FILES, ids=name_of)
def test_ship_sets_guard_third_party_imports(path: Path):
    wrong = [
        f"{statement.where}: {statement.module} must be imported inside a function or a try block"
        for statement in imports_of(path)
        if statement.level == 0 and not statement.guarded
        if statement.module.split(".")[0] not in SHIP_SET_LIBRARIES
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", sorted({room_of(path) for path in ALL_FILES if path.parent != PACKAGE}))
def test_no_cycles(room: str):
    """Of the imports that run when a module is loaded; those in functions may look back."""
    graph = {path.stem: top_level_siblings(path) for path in python_files(PACKAGE / room)}
    cycle = find_cycle(graph)
    assert cycle is None, " -> ".join(cycle)


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_files_are_short(path: Path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{name_of(path)} has {lines} lines: split it by concept (hard stop {MAX_LINES})"


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_files_say_what_they_are(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name_of(path)} has no docstring"


def top_level_siblings(path: Path) -> set[str]:
    siblings = set()
    for statement in imports_of(path):
        if statement.guarded:
            continue
        if statement.level == 1:
            siblings.add(statement.module)
        elif statement.module.startswith(f"valetts_hf.{room_of(path)}."):
            siblings.add(statement.module.rsplit(".", 1)[1])
        elif statement.module == f"valetts_hf.{room_of(path)}":
            siblings |= {name for name in statement.names if (path.parent / f"{name}.py").is_file()} or {"__init__"}
    return siblings


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def walk(node: str, trail: list[str]) -> list[str] | None:
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done or node not in graph:
            return None
        for following in sorted(graph[node]):
            if cycle := walk(following, [*trail, node]):
                return cycle
        done.add(node)
        return None

    for start in sorted(graph):
        if cycle := walk(start, []):
            return cycle
    return None


# The checks themselves are checked: each must see what it is there for.


def test_find_cycle_finds_one():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


def test_imports_of_sees_guards(tmp_path: Path):
    path = tmp_path / "module.py"
    path.write_text(
        "import os\ntry:\n    import phonemizer\nexcept ImportError:\n    phonemizer = None\n"
        "def f():\n    from .sibling import Name\nif TYPE_CHECKING:\n    from valetts_hf.cli import main\n"
    )
    seen = [(statement.module, statement.level, statement.guarded) for statement in imports_of(path)]
    assert seen == [("os", 0, False), ("phonemizer", 0, True), ("sibling", 1, True), ("valetts_hf.cli", 0, True)]


def test_rooms_imported_resolves_names():
    def rooms(source: str) -> list[str]:
        (node,) = ast.parse(source).body
        names = tuple(alias.name for alias in node.names)
        module = node.module if isinstance(node, ast.ImportFrom) else names[0]
        return rooms_imported(Import(PACKAGE / "cli.py", 1, module, 0, names, False, False))

    assert rooms("from valetts_hf import training") == ["training"]
    assert rooms("from valetts_hf import ValeTTS") == ["__init__"]
    assert rooms("import valetts_hf.modeling.flow") == ["modeling"]
    assert rooms("import torch") == []
