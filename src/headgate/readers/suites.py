"""A suite of evaluation tasks, and the file that says how an evaluator's machines run it.

A suite names tasks that tools have, with versions and settings; it holds no item. Its own tasks, if
any, lie as the tool's files in the folder that `include` names, and go into its digest with it, so
that a policy can fix hidden items before a stage without showing one.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from headgate.core import canonical
from headgate.core.faults import Fault, Faulty, Mended
from headgate.core.policy.primitives import Identifier, Positive
from headgate.core.policy.tree import Node
from headgate.core.supports.kind import Section
from headgate.core.supports.text import Text
from headgate.readers.sections import Kind, Wrong, at, read_tree, sections

FILES_MOST: Final = 10_000
_OTHERS: Final = 0o077
_HOMES: Final = tuple(Path(__file__).resolve().parents[n] / "suites" for n in (1, 3))

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./@:+-]{1,200}$")]
"""A word that a tool's command line takes as one."""


class Code(Mended):
    """What can be wrong with a suite or with an evaluator's file, beside not being YAML."""

    SUITE_MISSING = "suite-missing", "name a file, or one of the suites that come with Headgate: {}"
    UNREADABLE = (
        "suite-unreadable",
        "name a text file in UTF-8 with sections, as docs/using/suites.md has it",
    )
    KEY_UNKNOWN = "suite-key-unknown", "take the key out, or write the one that was meant"
    KEY_MISSING = "suite-key-missing", "write the key with its value"
    VALUE_WRONG = "suite-value-wrong", "write a value as docs/using/suites.md shows it"
    SETTING_ASTRAY = "suite-setting-astray", "leave the setting out, or name the tool that has it"
    INCLUDE_WRONG = (
        "suite-include-wrong",
        "name a folder beside the suite that holds files alone, without links",
    )
    HIDDEN_OPEN = "suite-hidden-open", "let nobody else in: chmod go= on the folder of hidden items"
    HIDDEN_ELSEWHERE = (
        "suite-hidden-elsewhere",
        "keep a hidden task's files in a folder of the suite: `include: FOLDER`",
    )
    PROGRAM_MISSING = "suite-program-missing", "say under `programs` where the tool's command is"
    ENDPOINT_WRONG = (
        "suite-endpoint-wrong",
        "write http(s)://HOST:PORT/v1, without a name, a key or a comma in it",
    )
    MODEL_TWICE = "suite-model-twice", "keep one entry for each model of a team"
    FINAL_TWICE = (
        "suite-final-twice",
        "say `final: false` of every model that the team is not judged by",
    )
    FINAL_MISSING = "suite-final-missing", "say which model the team is judged by: `final: true`"


class Tool(StrEnum):
    """A tool that runs tasks on an OpenAI-compatible endpoint."""

    LM_EVAL = "lm-eval"
    INSPECT = "inspect"


class Through(StrEnum):
    """How a model is asked: by plain completions with likelihoods, or by chat."""

    COMPLETIONS = "completions"
    CHAT = "chat"


class Origin(StrEnum):
    """Where a task's items come from."""

    NATIVE = "native"
    TRANSLATED = "translated"


class Task(Section):
    """One task: `task` is its name in the tool, `version` that of the tool.

    `items` are how many it has, if that is known; a run on another number is refused. `hidden`
    items lie in the suite's own folder and never leave it. `examples` are shown before each item
    (lm-eval), `epochs` how often each is asked (Inspect); `cluster` is the field by which items are
    drawn together.
    """

    tool: Tool
    version: Word
    task: Word
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")]
    origin: Origin | None = None
    items: Positive | None = None
    hidden: bool = False
    metric: Word | None = None
    filter: Word | None = None
    cluster: Word | None = None
    through: Through = Through.CHAT
    examples: Annotated[int, Field(ge=0, le=100)] | None = None
    epochs: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[str, Field(pattern=r"^[0-2](\.[0-9]{1,3})?$")] | None = None
    source: Annotated[str, Field(min_length=1, max_length=400)] | None = None


class SuiteFile(Section):
    """The whole file of a suite."""

    headgate: Literal[1]
    suite: Identifier
    name: Text
    include: Annotated[str, Field(pattern="^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")] | None = None
    tasks: Annotated[Mapping[Identifier, Task], Field(min_length=1)]


class Model(Section):
    """One model of a team: SHA-256 of its weights, and where it is served under which name.

    `key` names the environment variable with the endpoint's key; `on` is the day it was handed in.
    """

    team: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    model: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    endpoint: str
    served: Word
    key: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{0,63}$")] | None = None
    final: bool = True
    on: date | None = None


class Evaluator(Section):
    """The whole file of an evaluator: its tools' commands, their environment, the models.

    `connections` is how many questions a run may ask at a time, `hours` how long it may take.
    """

    headgate: Literal[1]
    programs: Mapping[Tool, str] = {}
    environment: Mapping[Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{0,63}$")], str] = {}
    connections: Annotated[int, Field(ge=1, le=1000)] = 4
    hours: Annotated[int, Field(ge=1, le=1000)] = 24
    models: Annotated[tuple[Model, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite as it was read: what the file says, and its own task files by their digests."""

    file: SuiteFile
    folder: Path | None
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The digest that a policy names: of the file's meaning and of every task file."""
        said = self.file.model_dump(mode="json")
        return canonical.digest(canonical.line([said, dict(sorted(self.files.items()))]))


def names() -> list[str]:
    """The suites that come with Headgate."""
    return sorted({path.stem for home in _HOMES for path in home.glob("*.yaml")})


def find(name: str) -> Path:
    """A suite's file, or one that comes with Headgate by its name; raises Faulty for none."""
    homes = [home / f"{name}.yaml" for home in _HOMES] if re.fullmatch("[a-z0-9-]+", name) else []
    for path in (Path(name), *homes):
        if path.is_file():
            return path
    mend = Code.SUITE_MISSING.mend.format(", ".join(names()))
    raise Faulty([Fault(name, 0, 0, Code.SUITE_MISSING, f"there is no suite {name!r}", mend)])


def read_suite(path: Path) -> Suite:
    """Read a suite with its task files; raises Faulty with all that is wrong with it."""
    tree, file = _read(path, SuiteFile)
    folder = path.parent / file.include if file.include is not None else None
    faults = [*_settings(tree, file), *_hidden(tree, file, folder)]
    files: dict[str, str] = {}
    if folder is not None:
        wrong, files = _files(folder)
        faults += [Code.INCLUDE_WRONG.at(at(tree, "include"), what) for what in wrong]
    if faults:
        raise Faulty(faults)
    return Suite(file, folder, files)


def read_evaluator(path: Path) -> Evaluator:
    """Read an evaluator's file; raises Faulty with all that is wrong with it."""
    tree, file = _read(path, Evaluator)
    if faults := [*_models(tree, file)]:
        raise Faulty(faults)
    return file


def _read(path: Path, model: type[Kind]) -> tuple[Node, Kind]:
    tree = read_tree(path, Code.UNREADABLE)
    return tree, sections(tree, model, lambda one: _CODES[one.wrong].at(one.node, one.what))


_CODES: Final = {
    Wrong.KEY_UNKNOWN: Code.KEY_UNKNOWN,
    Wrong.KEY_MISSING: Code.KEY_MISSING,
    Wrong.KIND_UNKNOWN: Code.VALUE_WRONG,
    Wrong.VALUE_WRONG: Code.VALUE_WRONG,
}


def _settings(tree: Node, file: SuiteFile) -> Iterator[Fault]:
    """A setting stands with the tool that has it."""
    for name, task in file.tasks.items():
        strays = {
            Tool.LM_EVAL: (("epochs", task.epochs),),
            Tool.INSPECT: (
                ("examples", task.examples),
                ("filter", task.filter),
                ("through", task.through is Through.COMPLETIONS),
            ),
        }
        for key, value in strays[task.tool]:
            if value:
                what = f"tasks.{name}: {task.tool.value} has no {key}"
                yield Code.SETTING_ASTRAY.at(at(tree, "tasks", name, key), what)


def _hidden(tree: Node, file: SuiteFile, folder: Path | None) -> Iterator[Fault]:
    """Hidden items lie where the evaluator alone can read them."""
    hidden = [name for name, task in file.tasks.items() if task.hidden]
    for name in hidden if folder is None else ():
        what = f"tasks.{name} is hidden, and the suite has no folder of its own"
        yield Code.HIDDEN_ELSEWHERE.at(at(tree, "tasks", name, "hidden"), what)
    if hidden and folder is not None and folder.is_dir() and folder.stat().st_mode & _OTHERS:
        what = f"others can look into {folder.name}, where hidden items are"
        yield Code.HIDDEN_OPEN.at(at(tree, "include"), what)


def _files(folder: Path) -> tuple[list[str], dict[str, str]]:
    """What is wrong with a folder of task files, and its files by their digests."""
    if not folder.is_dir() or folder.is_symlink():
        return [f"{folder.name} is no folder"], {}
    inside = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    if len(inside) > FILES_MOST:
        return [f"{folder.name} holds more than {FILES_MOST} files"], {}
    odd = [p.name for p in inside if p.is_symlink() or not (p.is_file() or p.is_dir())]
    if odd:
        return [f"{name} is no plain file" for name in odd], {}
    kept = [path for path in inside if path.is_file()]
    if closed := [path.name for path in kept if not os.access(path, os.R_OK)]:
        return [f"{name} cannot be read" for name in closed], {}
    return [], {p.relative_to(folder).as_posix(): canonical.digest(p.read_bytes()) for p in kept}


def _models(tree: Node, file: Evaluator) -> Iterator[Fault]:
    """Each model of a team once, one of them final, each at a plain address."""
    twice = Counter((one.team, one.model) for one in file.models)
    finals = Counter(one.team for one in file.models if one.final)
    for number, one in enumerate(file.models):
        node = at(tree, "models", number)
        if not _is_plain(one.endpoint):
            what = f"models.{number}: {one.endpoint[:80]!r} is no plain address"
            yield Code.ENDPOINT_WRONG.at(at(tree, "models", number, "endpoint"), what)
        if twice[one.team, one.model] > 1:
            yield Code.MODEL_TWICE.at(node, f"{one.team} has {one.model[:16]} twice")
        if one.final and finals[one.team] > 1:
            yield Code.FINAL_TWICE.at(node, f"{one.team} has {finals[one.team]} final models")
        if not finals[one.team]:
            yield Code.FINAL_MISSING.at(node, f"{one.team} has no final model")


def _is_plain(address: str) -> bool:
    try:
        parts = urlsplit(address)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = re.fullmatch(r"[A-Za-z0-9:/._\[\]-]{1,300}", address) is not None
    return named and plain and parts.username is None
