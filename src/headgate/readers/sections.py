"""A file of closed sections (YAML): what the models say against it, each at its line."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from headgate.core.faults import Fault, Faulty, Mended
from headgate.core.policy.tree import BYTES_MOST, Node, parse
from headgate.core.supports.kind import Section

Kind = TypeVar("Kind", bound=Section)


class Wrong(Enum):
    """What can be wrong with a part of a file."""

    KEY_UNKNOWN = auto()
    KEY_MISSING = auto()
    KIND_UNKNOWN = auto()
    VALUE_WRONG = auto()


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a model says against a file: at which node, of which kind, what.

    `name` is the deepest part that was written. `said` is the key that is missing, the kinds that
    there are, or what is wrong with a value.
    """

    node: Node
    wrong: Wrong
    name: str
    said: str = ""

    @property
    def what(self) -> str:
        """It in words."""
        if self.wrong is Wrong.KEY_UNKNOWN:
            return f"{self.name} is not known here"
        if self.wrong is Wrong.KEY_MISSING:
            return f"{self.name} has no {self.said}"
        return f"{self.name}: {self.said}"


def read_tree(path: Path, unreadable: Mended, empty: str = "") -> Node:
    """A file as a tree; raises Faulty with that code, for a file of no sections with that mend."""
    try:
        with path.open("rb") as stream:
            text = stream.read(BYTES_MOST + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise unreadable.alone(path.name, what) from error
    tree, faults = parse(path.name, text)
    if faults or tree is None or not isinstance(tree.data, Mapping):
        nothing = unreadable.of(path.name, "there are no sections in it")
        raise Faulty(faults or [replace(nothing, mend=empty or nothing.mend)])
    return tree


def sections(tree: Node, model: type[Kind], fault: Callable[[Remark], Fault]) -> Kind:
    """The tree as a model; raises Faulty with all that the model says against it, as faults."""
    try:
        return model.model_validate_json(json.dumps(tree.plain(), default=str))
    except ValidationError as error:
        found = (_told(tree, each) for each in error.errors(include_url=False))
        raise Faulty(set(map(fault, found))) from error


def at(tree: Node, *path: str | int) -> Node:
    """The node at a path, or the deepest part of it that is written."""
    node = tree
    for step in map(str, path):
        inner = node.get(step)
        if inner is None and isinstance(node.data, tuple) and step.isdecimal():
            inner = node.data[int(step)] if int(step) < len(node.data) else None
        node = inner or node
    return node


def _told(tree: Node, found: ErrorDetails) -> Remark:
    """One finding, at the deepest place that was written."""
    steps, kind, node, written = found["loc"], found["type"], tree, []
    for step in steps:
        if (inner := at(node, step)) is not node:
            node = inner
            written.append(str(step))
    name = ".".join(written) or "the file"
    if kind == "extra_forbidden":
        return Remark(node, Wrong.KEY_UNKNOWN, name)
    if kind == "missing":
        return Remark(node, Wrong.KEY_MISSING, name, str(steps[-1]))
    if kind.startswith("union_tag"):
        kinds = found.get("ctx", {}).get("expected_tags", "")
        return Remark(node, Wrong.KIND_UNKNOWN, name, kinds)
    said = str(found["ctx"]["error"]) if kind == "value_error" else found["msg"].lower()
    return Remark(node, Wrong.VALUE_WRONG, name, said)
