"""The house rules that no library checks, as pure functions of the repository's texts.

Each rule takes a tree {path: text} and returns what breaks it as "path:line: what" lines, so that
a test can hold it against the repository and against a planted violation alike.
"""

import ast
import itertools
import os
import re
import statistics
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

LINE_COLUMNS_MAX = 100
FILE_LINES_MAX = 500
FOUND_BY_NAME = re.compile(
    r"\.site\.((records\.)?settings$|actions\.|(records|portal|desk|agents|notices)\.(apps|models|migrations|templatetags)\b"
    r"|portal\.(context|forms|middleware|refusals|urls)$)"
)
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MEDIAN_MAX = 12
PACKAGE_FUNCTIONS_MIN = 5

# Where floats are at home: part of src/headgate/core -> why.
FLOATS_ALLOWED = {
    "evaluation/": "resampling is numpy's; what decides leaves as integers and fractions",
    "awards/solve.py": "HiGHS takes and gives doubles; the result is rounded and checked exactly",
}

# Written backwards, so that this file does not break its own rule.
INTERNAL_NAMES = tuple(name[::-1] for name in ("/krow/", "/toor/", "mraf", "yrarbil."))
MARKERS = tuple(name[::-1] for name in ("ODOT", "EMXIF", "KCAH", "PIW"))

DECISION_SECTIONS = ("Context", "Decision", "Non-goals", "Alternatives", "How we will know")

# Architecture, section 3: one word, one meaning.
GLOSSARY_WORDS = re.findall(
    r"\w+",
    "programme policy support supply envelope call application assistant alliance gate criterion "
    "panel award standby order quota usage term round standing decision advance cut tie wildcard "
    "stop transfer entry checkpoint duty indicator model record",
)


def read_tree(root: Path) -> dict[str, str]:
    """Every text file a commit could hold, by its path; bytes that are not UTF-8 stay visible."""
    tree = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not _is_ignored(name)]
        for name in files:
            path = Path(folder, name)
            data = path.read_bytes()
            if not path.is_symlink() and b"\0" not in data and not name.startswith(".coverage"):
                tree[path.relative_to(root).as_posix()] = data.decode(errors="surrogateescape")
    return tree


def _is_ignored(folder: str) -> bool:
    made_by_tools = {".git", ".venv", ".hypothesis", "__pycache__", "build", "dist"}
    return folder in made_by_tools or folder.endswith("_cache")


def long_lines(tree: Tree) -> list[str]:
    """Lines over 100 columns outside Python, which ruff measures; tables and addresses may be."""
    suffixes = (".md", ".sh", ".yaml", "Makefile", ".ci/run")
    return [
        f"{path}:{number}: {len(line)} columns"
        for path, number, line in _lines(tree, suffixes)
        if len(line) > LINE_COLUMNS_MAX and "://" not in line and not line.startswith("|")
    ]


def long_files(tree: Tree) -> list[str]:
    """Programs of 500 lines or more."""
    lengths = {path: text.count("\n") for path, text in tree.items() if path.endswith(".py")}
    return [
        f"{path}:1: {lines} lines" for path, lines in lengths.items() if lines >= FILE_LINES_MAX
    ]


def long_functions(tree: Tree) -> list[str]:
    """Functions of more than 70 lines, their docstring not counted."""
    return [
        f"{path}:{line}: {name} has {lines} lines"
        for path, (name, line, lines) in _functions(tree, "")
        if lines > FUNCTION_LINES_MAX
    ]


def long_functions_usually(tree: Tree) -> list[str]:
    """Packages of src whose median function has more than 12 lines."""
    found = [
        (str(PurePosixPath(path).parent), lines) for path, (_, _, lines) in _functions(tree, "src/")
    ]
    grouped = itertools.groupby(sorted(found), key=lambda pair: pair[0])
    lengths = {package: [lines for _, lines in pairs] for package, pairs in grouped}
    return [
        f"{package}: median function has {statistics.median(lines):g} lines"
        for package, lines in lengths.items()
        if len(lines) >= PACKAGE_FUNCTIONS_MIN
        and statistics.median(lines) > FUNCTION_LINES_MEDIAN_MAX
    ]


def leftover_markers(tree: Tree) -> list[str]:
    """Words that promise to finish the work later."""
    pattern = re.compile(rf"\b({'|'.join(MARKERS)})\b")
    return _matches(tree, pattern)


def internal_names(tree: Tree) -> list[str]:
    """Paths of one machine and names of tools that a stranger does not have."""
    ends = {name: "" if name.endswith("/") else r"\b" for name in INTERNAL_NAMES}
    words = [rf"(?<!\w){re.escape(name)}{end}" for name, end in ends.items()]
    named = {path: text for path, text in tree.items() if any(n in text for n in INTERNAL_NAMES)}
    return _matches(named, re.compile("|".join(words)))


def untidy_text(tree: Tree) -> list[str]:
    """Text that is not UTF-8 with LF, ends a line in blanks, or lacks the last newline.

    The bad files under tests/bad are exempt: such faults are what some of them are for.
    """
    found = []
    kept = {path: text for path, text in tree.items() if not path.startswith("tests/bad/")}
    for path, text in kept.items():
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                found.append(f"{path}:{number}: blanks or CR at the end of the line")
            if not line.isprintable() and any("\udc80" <= sign <= "\udcff" for sign in line):
                found.append(f"{path}:{number}: not UTF-8")
        if text and not text.endswith("\n"):
            found.append(f"{path}:{text.count(chr(10)) + 1}: no newline at the end")
    return found


def dead_modules(tree: Tree) -> list[str]:
    """Modules of src that nothing imports, starting from the scripts of pyproject.toml.

    Django finds some by their names; an action is there for whoever calls it from outside.
    """
    modules = {_module(path): path for path in tree if re.match(r"src/.*\.py$", path)}
    scripts = tomllib.loads(tree.get("pyproject.toml", ""))["project"]["scripts"].values()
    waiting = [script.partition(":")[0] for script in scripts]
    waiting += [module for module in modules if module.endswith(".__main__")]
    waiting += [module for module in modules if FOUND_BY_NAME.search(module)]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in modules and module not in reached:
            reached.add(module)
            waiting += _read(tree[modules[module]]).imports
            waiting.append(module.rpartition(".")[0])
    dead = {module: path for module, path in modules.items() if module not in reached}
    return [f"{path}:1: nothing imports it" for path in dead.values() if tree[path].strip()]


def floats_in_core(tree: Tree) -> list[str]:
    """Floats in the core outside the places that are allowed them, with their reason."""
    allowed = tuple(f"src/headgate/core/{part}" for part in FLOATS_ALLOWED)
    return [
        f"{path}:{node.lineno}: a float"
        for path, node in _nodes(tree, "src/headgate/core/")
        if not path.startswith(allowed) and _is_float(node)
    ]


def _is_float(node: ast.expr | ast.stmt | ast.arg) -> bool:
    match node:
        case ast.Constant(value=float()) | ast.Call(func=ast.Name(id="float")):
            return True
        case ast.arg(annotation=note) | ast.AnnAssign(annotation=note):
            return _names_float(note)
        case ast.FunctionDef(returns=note):
            return _names_float(note)
    return False


def _names_float(annotation: ast.expr | None) -> bool:
    nodes = ast.walk(annotation) if annotation else ()
    return any(isinstance(node, ast.Name) and node.id == "float" for node in nodes)


def impure_core(tree: Tree) -> list[str]:
    """Calls in the core that read the world: files, terminal, clock, unseeded randomness."""
    return [
        f"{path}:{node.lineno}: {name}() reads or writes the world"
        for path, node in _nodes(tree, "src/headgate/core/")
        if isinstance(node, ast.Call) and (name := _worldly(node))
    ]


def _worldly(call: ast.Call) -> str:
    seedless = not call.args and not call.keywords
    match call.func:
        case ast.Name(id="open" | "print" | "input" | "__import__" as name):
            return name
        case ast.Attribute(value=ast.Name(id="date" | "datetime"), attr="today" | "now" as name):
            return name
        case ast.Attribute(attr="utcnow" | "read_text" | "write_text" as name):
            return name
        case ast.Attribute(attr="default_rng" as name) if seedless:
            return name
    return ""


def open_dataclasses(tree: Tree) -> list[str]:
    """Dataclasses of the core that are not frozen and slotted."""
    return [
        f"{path}:{node.lineno}: {node.name} is not frozen and slotted"
        for path, node in _nodes(tree, "src/headgate/core/")
        if isinstance(node, ast.ClassDef) and any(map(_is_open, node.decorator_list))
    ]


def _is_open(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Name(id="dataclass"):
            return True
        case ast.Call(func=ast.Name(id="dataclass"), keywords=keywords):
            given = {word.arg for word in keywords if ast.unparse(word.value) == "True"}
            return not {"frozen", "slots"} <= given
    return False


def decisions_in_order(tree: Tree) -> list[str]:
    """Decisions are numbered from 0000 without gaps or twins and have every section."""
    paths = sorted(path for path in tree if re.match(r"docs/decisions/.*\.md$", path))
    found = []
    for number, path in enumerate(paths):
        if not re.match(rf"docs/decisions/{number:04}-[a-z0-9-]+\.md$", path):
            found.append(f"{path}:1: number {number:04} was expected here")
        headings = re.findall(r"^## (.+)$", tree[path], re.MULTILINE)
        lacking = [section for section in DECISION_SECTIONS if section not in headings]
        found += [f"{path}:1: section '{section}' is missing" for section in lacking]
    return found


def commands_in_readme(tree: Tree) -> list[str]:
    """The README names `make run` and `make test`, and only targets that the Makefile has."""
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", tree["README.md"], re.DOTALL))
    named = set(re.findall(r"\bmake ([a-z]+)", code))
    unknown = named - set(makefile_targets(tree["Makefile"]))
    return [f"README.md: `make {target}` is not a target" for target in sorted(unknown)] + [
        f"README.md: `make {target}` is not named"
        for target in ("run", "test")
        if target not in named
    ]


def makefile_helps(tree: Tree) -> list[str]:
    """Every target of the Makefile has one line of help and is declared .PHONY."""
    text = tree["Makefile"]
    phony = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    targets = makefile_targets(text)
    return [f"Makefile: {target} has no help" for target, told in targets.items() if not told] + [
        f"Makefile: {target} is not .PHONY"
        for target in targets
        if target not in " ".join(phony).split()
    ]


def makefile_targets(text: str) -> dict[str, str]:
    """Target -> its line of help, empty where it has none."""
    targets = re.findall(r"^([a-z][a-z-]*):(?!=)(.*)$", text, re.MULTILINE)
    return {target: rest.partition("## ")[2] for target, rest in targets}


def glossary_gaps(tree: Tree) -> list[str]:
    """Glossary rows lacking a cell or a language, words twice, and settled words without a row."""
    rows = glossary_rows(tree["GLOSSARY.md"])
    words = [row[0] for row in rows]
    found = [f"GLOSSARY.md: {word} stands twice" for word in set(words) if words.count(word) > 1]
    found += [f"GLOSSARY.md: {word} is missing" for word in GLOSSARY_WORDS if word not in words]
    for row in rows:
        if len(row) != 5 or not all(row):
            found.append(f"GLOSSARY.md: {row[0]} needs five cells")
        elif re.search("[가-힣]", row[2]) or not re.search("[가-힣]", row[3]):
            found.append(f"GLOSSARY.md: {row[0]} has its languages in the wrong columns")
    return found


def glossary_rows(text: str) -> list[list[str]]:
    """The table rows of the glossary: English, in the code, Vietnamese, Korean, meaning."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    return [row for row in cells if row[0] != "English"]


def _lines(tree: Tree, suffixes: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    for path, text in tree.items():
        if path.endswith(suffixes):
            for number, line in enumerate(text.splitlines(), 1):
                yield path, number, line


def _matches(tree: Tree, pattern: re.Pattern[str]) -> list[str]:
    # Few texts hold anything, so that the others need not be looked through line by line.
    held = {path: text for path, text in tree.items() if pattern.search(text)}
    return [
        f"{path}:{number}: {match[0]}"
        for path, number, line in _lines(held, ("",))
        if (match := pattern.search(line))
    ]


def _nodes(tree: Tree, under: str) -> Iterator[tuple[str, ast.expr | ast.stmt | ast.arg]]:
    for path, text in tree.items():
        if path.startswith(under) and path.endswith(".py"):
            nodes = ast.walk(ast.parse(text))
            placed = [node for node in nodes if isinstance(node, ast.expr | ast.stmt | ast.arg)]
            yield from ((path, node) for node in sorted(placed, key=lambda node: node.lineno))


@dataclass(frozen=True, slots=True)
class Program:
    """What the rules want of a whole program: name, line and length of functions, and imports."""

    functions: tuple[tuple[str, int, int], ...]
    imports: tuple[str, ...]


@cache
def _read(text: str) -> Program:
    """A program read once, whichever rules ask for it."""
    functions, imports = [], list[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            functions.append((node.name, node.lineno, _body_lines(node)))
        elif isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return Program(tuple(sorted(functions, key=lambda one: one[1])), tuple(imports))


def _functions(tree: Tree, under: str) -> Iterator[tuple[str, tuple[str, int, int]]]:
    for path, text in tree.items():
        if path.startswith(under) and path.endswith(".py"):
            yield from ((path, function) for function in _read(text).functions)


def _body_lines(function: Function) -> int:
    """One line for the signature, however long a declaration it is, and those of the body."""
    body = function.body[ast.get_docstring(function) is not None :]
    return 1 + ((function.end_lineno or 0) - body[0].lineno + 1 if body else 0)


def _module(path: str) -> str:
    name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return name.replace("/", ".")


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        long_lines,
        long_files,
        long_functions,
        long_functions_usually,
        leftover_markers,
        internal_names,
        untidy_text,
        dead_modules,
        floats_in_core,
        impure_core,
        open_dataclasses,
        decisions_in_order,
        commands_in_readme,
        makefile_helps,
        glossary_gaps,
    )
}
