"""What a document says on a day: dated values taken, provenance kept beside every path.

Anything may be written plainly, as `{value, from, until, source, status, note}`, or as a list of
such entries; any section may carry `from`, `source`, `status` and `note` of its own, which hold for
everything below it until something nearer says otherwise. `until` is the first day on which a value
no longer holds. A value that says `assumed` without a source has none, whatever stands around it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from headgate.core.policy.tree import Node, Scalar

WRAPPER = ("value", "from", "until", "source", "status", "note")
CARRIED = ("from", "source", "status", "note")
IN_FORCE, ANNOUNCED, ASSUMED = "in force", "announced", "assumed"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value is written, since when it holds, and what it rests on.

    A value without a source is assumed, whatever its status says.
    """

    file: str
    line: int
    column: int
    from_: date | None
    source: str | None
    status: str

    @property
    def settled(self) -> bool:
        """Whether a state may act on the value: it is in force and says why."""
        return self.status == IN_FORCE and self.source is not None


@dataclass(frozen=True, slots=True)
class Value:
    """One value in force: plain data below, provenance beside it; `index` is a scalar's text."""

    data: "Scalar | Mapping[str, Value] | tuple[Value, ...]"
    provenance: Provenance
    index: int

    def parts(self) -> Iterator[tuple[str, "Value"]]:
        """The parts of a container by name: keys, ids of items, or numbers where they have none."""
        if isinstance(self.data, Mapping):
            yield from self.data.items()
        elif isinstance(self.data, tuple):
            for index, item in enumerate(self.data):
                yield item.id or str(index), item

    @property
    def id(self) -> str | None:
        """What a list item calls itself."""
        own = self.data.get("id") if isinstance(self.data, Mapping) else None
        return own.data if own is not None and isinstance(own.data, str) else None

    def part(self, name: str) -> "Value | None":
        """The part of that name, or None."""
        return next((part for key, part in self.parts() if key == name), None)

    def plain(self) -> object:
        """The value as JSON has it; days are ISO 8601 text."""
        match self.data:
            case Mapping():
                return {key: value.plain() for key, value in self.data.items()}
            case tuple():
                return [value.plain() for value in self.data]
            case date():
                return self.data.isoformat()
        return self.data


Loc = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """What a document says on a day before any check; `ended` are paths whose value has run out.

    `pending` are paths of values that begin later.
    """

    value: Value
    day: date
    ended: Mapping[Loc, Node]
    pending: Mapping[Loc, Node]


def walk(value: Value, path: Loc = ()) -> Iterator[tuple[Loc, Value]]:
    """A value and all that is below it, each with its path."""
    yield path, value
    for name, part in value.parts():
        yield from walk(part, (*path, name))


def find(value: Value, path: str) -> Value | None:
    """The value at a dotted path; names may have dots in them."""
    if not path:
        return value
    for name, part in value.parts():
        if path == name or path.startswith(name + "."):
            found = find(part, path[len(name) + 1 :])
            if found is not None:
                return found
    return None


class _Taker:
    """Takes what holds on one day out of a written tree."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.ended: dict[Loc, Node] = {}
        self.pending: dict[Loc, Node] = {}

    def take(self, node: Node, around: Provenance, path: Loc) -> Value | None:
        """The value in force, or None where it has ended or not begun."""
        if is_history(node):
            return self._entry(node, around, path)
        held = _holds(node, self.day)
        if held is not None:
            (self.ended if held else self.pending)[path] = node
            return None
        own = _provenance(node, around)
        if (inner := node.get("value")) is not None:
            own = replace(own, line=node.line, column=node.column)
            placed = Node(node.file, node.line, node.column, inner.index, inner.data)
            return self.take(placed, own, path)
        return Value(self._data(node, own, path), own, node.index)

    def _entry(self, node: Node, around: Provenance, path: Loc) -> Value | None:
        """The entry of a history that holds; the latest begun one where none does is what ended."""
        entries = node.data if isinstance(node.data, tuple) else ()
        open_ = [entry for entry in entries if _holds(entry, self.day) is None]
        if open_:
            return self.take(open_[-1], around, path)
        begun = any(_holds(entry, self.day) for entry in entries)
        (self.ended if begun else self.pending)[path] = node
        return None

    def _data(
        self, node: Node, own: Provenance, path: Loc
    ) -> Scalar | Mapping[str, Value] | tuple[Value, ...]:
        if isinstance(node.data, Mapping):
            taken = {
                key: self.take(child, own, (*path, key))
                for key, child in node.data.items()
                if not carries(key, child)
            }
            return {key: value for key, value in taken.items() if value is not None}
        if isinstance(node.data, tuple):
            items: list[Value] = []
            for child in node.data:
                item = self.take(child, own, (*path, str(len(items))))
                items += [item] if item is not None else []
            return tuple(items)
        return node.data


def is_history(node: Node) -> bool:
    """A list is a dated history when any item of it has a `value`."""
    return isinstance(node.data, tuple) and any(item.get("value") for item in node.data)


def carries(key: str, child: Node) -> bool:
    """Whether an entry of a section is its provenance; a form field called `note` is not."""
    return key in CARRIED and not isinstance(child.data, Mapping | tuple)


def day_of(node: Node, key: str) -> date | None:
    """A section's or entry's `from` or `until`, where it is a day."""
    own = node.get(key)
    return own.data if own is not None and isinstance(own.data, date) else None


def _holds(node: Node, day: date) -> bool | None:
    """None when the node holds on the day, False when it begins later, True when it has ended."""
    begins = day_of(node, "from")
    if begins is not None and day < begins:
        return False
    ends = day_of(node, "until") if node.get("value") is not None else None
    return True if ends is not None and ends <= day else None


def _provenance(node: Node, around: Provenance) -> Provenance:
    """The node's own provenance over what stands around it."""
    source, status = (_carried(node, key) for key in ("source", "status"))
    kept = None if status == ASSUMED else around.source
    return Provenance(
        node.file,
        node.line,
        node.column,
        day_of(node, "from") or around.from_,
        source or kept,
        status or around.status,
    )


def _carried(node: Node, key: str) -> str | None:
    own = node.get(key)
    return own.data if own is not None and isinstance(own.data, str) else None


def take(root: Node, day: date, around: Provenance | None = None) -> Tree | None:
    """What a written tree says on a day; None when it says nothing yet."""
    taker = _Taker(day)
    nothing = Provenance(root.file, 0, 0, None, None, ASSUMED)
    value = taker.take(root, around or nothing, ())
    return Tree(value, day, taker.ended, taker.pending) if value is not None else None


def changes(root: Node) -> tuple[date, ...]:
    """Every day on which something in a written tree begins or ends, in order."""
    found: set[date] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        wrapped = node.get("value") is not None
        for key in ("from", "until") if wrapped else ("from",):
            if (day := day_of(node, key)) is not None:
                found.add(day)
        if isinstance(node.data, Mapping):
            waiting.extend(node.data.values())
        elif isinstance(node.data, tuple):
            waiting.extend(node.data)
    return tuple(sorted(found))
