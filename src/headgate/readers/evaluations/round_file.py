"""`round.yaml`: who signed, how the round was conducted, and what was heard after it was decided.

Its sections are the fields of `Frozen`, `Conduct` and `Hearing`; further items of a hearing lie as
CSV files in `hearings/NAME/`. Every fault is told at its line.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from headgate.core import canonical
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.evidence import ItemScore
from headgate.core.evaluation.freeze import Frozen
from headgate.core.evaluation.hearings import Hearing
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.tree import BYTES_MOST, Node, parse
from headgate.readers.evidence_csv import read_items
from headgate.readers.sections import at
from headgate.steps.event import is_event_name

ROUND_FILE, HEARINGS = "round.yaml", "hearings"
ROUND_WRONG: Final = "round-file-wrong"
_MEND: Final = "Write it as docs/using/round.md has it."

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Told:
    """One hearing, with the name and the day under which it is taken, and its line."""

    name: str
    on: date
    hearing: Hearing
    line: int = 0


@dataclass(frozen=True, slots=True)
class RoundFile:
    """All that a folder tells of a round beside its evidence."""

    freeze: Frozen | None = None
    conduct: Conduct = field(default_factory=Conduct)
    hearings: tuple[Told, ...] = ()


def read_round_file(folder: Path, round_id: str) -> RoundFile:
    """What a folder tells of a round; nothing where it tells nothing. Raises Faulty otherwise."""
    path = folder / ROUND_FILE
    if not path.is_file():
        return RoundFile()
    with path.open("rb") as stream:
        data = stream.read(BYTES_MOST + 1)
    try:
        node, faults = parse(ROUND_FILE, data.decode("utf-8"))
    except UnicodeDecodeError:
        raise Faulty([Fault(ROUND_FILE, 0, 0, ROUND_WRONG, "It is not UTF-8.", _MEND)]) from None
    if faults or node is None or not isinstance(node.data, Mapping):
        raise Faulty(faults or [_fault(node, "Here the sections of a round are meant.")])
    return _Reader([]).whole(node, folder, round_id)


def _fault(node: Node | None, what: str) -> Fault:
    line, column = (node.line, node.column) if node is not None else (0, 0)
    return Fault(ROUND_FILE, line, column, ROUND_WRONG, what, _MEND)


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", kind))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Values out of the tree; every fault is noted and the rest read on."""

    faults: list[Fault]

    def whole(self, root: Node, folder: Path, round_id: str) -> RoundFile:
        parts = dict(root.data) if isinstance(root.data, Mapping) else {}
        freeze, hearings = parts.pop("freeze", None), parts.pop("hearings", None)
        frozen = self.value(Frozen, freeze) if freeze is not None else None
        rest = Node(root.file, root.line, root.column, root.index, parts)
        conduct = self.value(Conduct, rest)
        listed = hearings.data if hearings is not None else ()
        if not isinstance(listed, tuple):
            self.faults.append(_fault(hearings, "`hearings` is a list."))
            listed = ()
        told = tuple(self.hearing(node, folder, round_id) for node in listed)
        names = [one.name for one in told if one is not None]
        if len(set(names)) < len(names):
            self.faults.append(_fault(hearings, "Two hearings have one name."))
        if self.faults or conduct is None:
            raise Faulty(self.faults)
        return RoundFile(frozen, conduct, tuple(one for one in told if one is not None))

    def value(self, kind: type[Kind], node: Node) -> Kind | None:
        """A value of a class, each key being one of its fields."""
        strays = [_fault(one, f"{key!r} is unknown here.") for key, one in _strays(kind, node)]
        self.faults.extend(strays)
        try:
            adapter: TypeAdapter[Kind] = _adapter(cast("Hashable", kind))
            found = adapter.validate_python(node.plain())
        except ValidationError as error:
            for each in error.errors():
                place, path = at(node, *each["loc"]), ".".join(map(str, each["loc"]))
                self.faults.append(_fault(place, f"{path}: {each['msg']}."))
            return None
        return found

    def hearing(self, node: Node, folder: Path, round_id: str) -> Told | None:
        if not isinstance(node.data, Mapping):
            self.faults.append(_fault(node, "A hearing has a name, a day and a ground."))
            return None
        parts = dict(node.data)
        named = [parts.pop(key, None) for key in ("name", "on")]
        name, told = (one.data if one is not None else None for one in named)
        on = _day(told)
        if not isinstance(name, str) or not is_event_name(name) or on is None:
            what = "A hearing has a `name` of a-z, 0-9 and -, and a day `on`."
            self.faults.append(_fault(node, what))
            return None
        text = Node(node.file, node.line, node.column, node.index, round_id)
        rest = Node(node.file, node.line, node.column, node.index, {**parts, "round": text})
        if any(key in node.data for key in ("round", "items")):
            self.faults.append(_fault(node, "The round is known, and items lie as CSV files."))
        hearing = self.value(Hearing, rest)
        items = dict(self.items(folder / HEARINGS / name))
        if hearing is None:
            return None
        own = {one.name: getattr(hearing, one.name) for one in fields(hearing)}
        return Told(name, on, Hearing(**{**own, "items": items}), node.line)

    def items(self, folder: Path) -> Iterator[tuple[str, tuple[ItemScore, ...]]]:
        for file in sorted(folder.glob("*.csv")) if folder.is_dir() else ():
            name = file.relative_to(folder.parent.parent).as_posix()
            try:
                yield file.stem, read_items(file.read_bytes(), name)
            except Faulty as error:
                self.faults.extend(error.faults)


def _day(told: object) -> date | None:
    try:
        return told if type(told) is date else date.fromisoformat(str(told))
    except ValueError:
        return None


def _strays(kind: Any, node: Node) -> Iterator[tuple[str, Node]]:
    """Keys that no field of a class has, however deep."""
    inner = [one for one in get_args(kind) if one is not Ellipsis and one is not type(None)]
    if isinstance(node.data, tuple):
        of = inner[-1] if inner else kind
        yield from (stray for each in node.data for stray in _strays(of, each))
    elif is_dataclass(kind) and isinstance(node.data, Mapping):
        hints = get_type_hints(kind)
        for key, each in node.data.items():
            if key in hints:
                yield from _strays(hints[key], each)
            else:
                yield key, each
    elif inner and not isinstance(node.data, Mapping):
        return
    elif inner and is_dataclass(inner[0]):
        yield from _strays(inner[0], node)


def round_text(told: RoundFile) -> str:
    """The file that is read as the same again: its sections as JSON, which is YAML too."""
    sections = {name: getattr(told.conduct, name) for name in (f.name for f in fields(Conduct))}
    lines = [f"{name}: {_json(value)}" for name, value in sections.items() if value]
    if told.freeze is not None:
        lines.append(f"freeze: {_json(told.freeze)}")
    lines += ["hearings:"] if told.hearings else []
    for one in told.hearings:
        own = {f.name: getattr(one.hearing, f.name) for f in fields(Hearing)}
        kept = {n: v for n, v in own.items() if v and n not in ("round", "items")}
        lines.append(f"- {_json({'name': one.name, 'on': one.on, **kept})}")
    return "".join(f"{line}\n" for line in lines)


def _json(value: object) -> str:
    return canonical.line(value).decode().rstrip("\n")
