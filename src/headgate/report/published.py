"""What was published of a real selection, as far as a programme's data files state it.

A file is used when it names a call and groups of applicants of whom `selected_blocks` is stated;
everything else in it, and every other file, is left aside. A file that cannot be read states
nothing: a rehearsal refuses it by name before it begins, and a bundle with one is still verified.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from headgate.core.policy.tree import parse
from headgate.core.supports.text import Text


@dataclass(frozen=True, slots=True)
class Group:
    """A group of applicants: its class of holders, its kinds, and how many blocks it got."""

    id: str
    name: Text
    holder: str
    kinds: frozenset[str]
    blocks: int


def published_of(data: Mapping[str, bytes]) -> Mapping[str, tuple[Group, ...]]:
    """The groups of every call of which the selection was published, by call."""
    found: dict[str, tuple[Group, ...]] = {}
    for path in sorted(data):
        tree = _tree(path, data[path]) if path.endswith(".yaml") else {}
        groups = tuple(_groups(tree.get("groups")))
        if groups and isinstance(tree.get("call"), str):
            found[tree["call"]] = groups
    return found


def _tree(path: str, text: bytes) -> Mapping[str, Any]:
    node, faults = parse(path, text.decode(errors="replace"))
    tree = node.plain() if node is not None and not faults else {}
    return tree if isinstance(tree, dict) else {}


def _groups(listed: object) -> Iterator[Group]:
    for item in listed if isinstance(listed, list) else ():
        group = _group(item) if isinstance(item, dict) else None
        if group is not None:
            yield group


def _group(item: Mapping[str, Any]) -> Group | None:
    blocks, holder, organisation = (
        item.get("selected_blocks"),
        item.get("holder"),
        item.get("organisation"),
    )
    if (
        not isinstance(blocks, int)
        or not isinstance(holder, str)
        or not isinstance(organisation, dict)
    ):
        return None
    try:
        name = Text.model_validate(item.get("name"))
    except ValidationError:
        return None
    sorts = [organisation, *(sort for sort in item.get("variants") or () if isinstance(sort, dict))]
    kinds = frozenset(str(sort.get("kind")) for sort in sorts)
    return Group(str(item.get("id")), name, holder, kinds, blocks)


def group_of(groups: tuple[Group, ...], holder: str, kind: str) -> str:
    """The group that an applicant of a kind belongs to; empty where none fits."""
    fitting = (group.id for group in groups if group.holder == holder and kind in group.kinds)
    return next(fitting, "")
