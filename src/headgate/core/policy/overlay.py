"""What-if: named changes laid over a document for a stated time, in a file of their own.

    overlay: id
    because: {en: ...}
    from: DATE
    until: DATE            # or: onwards: true
    set:
      calls.open-1.floors.outside-capital-area.share: 40 %

The file lies in `overlays/`. A path names a value as `headgate explain` does. The parent must be
there; a new name in it adds a part, and `null` takes one away. What is set is assumed: only the
simulator may use it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.document import Document
from headgate.core.policy.names import meant
from headgate.core.policy.repeated import spelled
from headgate.core.policy.tree import Node
from headgate.core.policy.validate import known_keys
from headgate.core.policy.values import ASSUMED, Provenance, Tree, Value, day_of, find, take

KEYS = ("overlay", "because", "from", "until", "onwards", "set")


def unreadable(document: Document) -> tuple[Fault, ...]:
    """What keeps a policy from being read on any day: its own texts first, then its overlays."""
    return document.faults or overlay_faults(document)


@lru_cache(maxsize=64)
def overlay_faults(document: Document) -> tuple[Fault, ...]:
    """What is wrong with the overlays, and paths that lead nowhere on their first day."""
    faults = [fault for _, tree in document.overlays for fault in _faults(tree)]
    for day in {} if faults else {day_of(tree, "from"): 0 for _, tree in document.overlays}:
        faults += said(document, day)[1] if day is not None else ()
    return tuple(sorted(dict.fromkeys(faults)))


def said(document: Document, day: date) -> tuple[Tree | None, tuple[Fault, ...]]:
    """What a policy says on a day with all overlays of that day laid over it; None before all.

    How often a call comes again is laid over the call that is written, all else over the calls that
    are meant, which `headgate explain` shows.
    """
    tree = take(document.programme, day)
    if tree is None:
        return None, ()
    sets = [
        (path, node, _taken(overlay, node, day))
        for _, overlay in document.overlays
        if _covers(overlay, day)
        for path, node in _sets(overlay).items()
    ]
    first, faults = _laid(tree.value, [each for each in sets if _repeats(each[0], each[2])], day)
    every = spelled(replace(tree, value=first))
    rest, more = _laid(every.value, [each for each in sets if not _repeats(each[0], each[2])], day)
    return replace(every, value=rest), (*faults, *more)


def _repeats(path: str, new: Value | None) -> bool:
    """Whether a change says how often a call comes again."""
    section, call, *word = (*path.split("."), "")[:4]
    whole = word == [""] and new is not None and new.part("repeat") is not None
    return section == "calls" and bool(call) and (whole or word[:1] == ["repeat"])


def _laid(
    value: Value, sets: Iterable[tuple[str, Node, Value | None]], day: date
) -> tuple[Value, list[Fault]]:
    """Values with changes laid over them, in order."""
    faults: list[Fault] = []
    for path, node, new in sets:
        changed = _changed(value, path, new)
        if changed is None:
            faults.append(_unknown(value, path, node, day))
        else:
            value = changed
    return value, faults


def _sets(overlay: Node) -> Mapping[str, Node]:
    sets = overlay.get("set")
    return sets.data if sets is not None and isinstance(sets.data, Mapping) else {}


def _covers(overlay: Node, day: date) -> bool:
    begins, ends = day_of(overlay, "from"), day_of(overlay, "until")
    return begins is not None and begins <= day and (ends is None or day < ends)


def _faults(tree: Node) -> list[Fault]:
    """What is wrong with an overlay's own keys, apart from the paths it sets."""
    entries = tree.data if isinstance(tree.data, Mapping) else {}
    faults = [
        Code.KEY_UNKNOWN.at(child, key=key, mend=meant(key, KEYS))
        for key, child in entries.items()
        if key not in KEYS
    ]
    for key in ("overlay", "because", "set"):
        if tree.get(key) is None:
            faults.append(Code.KEY_MISSING.at(tree, path=Sentence("the overlay"), key=key))
    sets = tree.get("set")
    if sets is not None and not isinstance(sets.data, Mapping):
        mend = Sentence("write dotted paths, each with a colon and its value")
        faults.append(
            Code.TYPE_WRONG.at(sets, path="set", reason=Sentence("this is no mapping"), mend=mend)
        )
    return faults + _period_faults(tree)


def _period_faults(tree: Node) -> list[Fault]:
    begins, ends, onwards = day_of(tree, "from"), day_of(tree, "until"), tree.get("onwards")
    forever = onwards is not None and onwards.data is True
    only_one = forever != (tree.get("until") is not None)
    later = forever or (begins is not None and ends is not None and begins < ends)
    if begins is not None and only_one and later:
        return []
    return [Code.OVERLAY_PERIOD.at(tree.get("from") or tree)]


def _taken(overlay: Node, node: Node, day: date) -> Value | None:
    """What the overlay sets, or None where it takes a part away."""
    if node.data is None:
        return None
    name = overlay.get("overlay")
    place = (node.file, node.line, node.column)
    source = f"{node.file}#{name.data}" if name is not None else node.file
    own = Provenance(*place, day_of(overlay, "from"), source, ASSUMED)
    tree = take(node, day, own)
    return tree.value if tree is not None else None


def _changed(value: Value, path: str, new: Value | None) -> Value | None:
    """The tree with the value at a path replaced, added or taken away; None for no such parent."""
    for name, part in value.parts():
        if path == name:
            return _with(value, name, new)
        if path.startswith(name + "."):
            inner = _changed(part, path[len(name) + 1 :], new)
            if inner is not None:
                return _with(value, name, inner)
    addable = isinstance(value.data, Mapping) or (new is not None and new.id == path)
    return _with(value, path, new) if addable and new is not None and _single(path) else None


def _single(path: str) -> bool:
    """Whether a path is one new name rather than a way through parts that are not there."""
    return "." not in path


def _with(value: Value, name: str, new: Value | None) -> Value:
    """A container with one part replaced, added or taken away."""
    parts = {key: part for key, part in value.parts() if key != name or new is not None}
    if new is not None:
        parts[name] = new
    data = tuple(parts.values()) if isinstance(value.data, tuple) else parts
    return replace(value, data=data)


def _unknown(value: Value, path: str, node: Node, day: date) -> Fault:
    """The fault of a path whose parent is not there, with what may be written instead."""
    head = path
    while head and find(value, head) is None:
        head = head.rpartition(".")[0]
    parent = find(value, head) or value
    missing, *inner = path[len(head) :].strip(".").split(".")
    known = known_keys(tuple(head.split(".")) if head else ())
    if missing not in known:
        mend = meant(missing, [*(name for name, _ in parent.parts()), *known])
    elif inner:
        mend = Sentence("write the section as a whole: `{section}`", section=_section(path, inner))
    else:
        mend = Sentence("take this line away; the policy has no such section")
    return Code.OVERLAY_PATH.at(node, path=path, day=day, mend=mend)


def _section(path: str, inner: Sequence[str]) -> str:
    """How a section that is not there yet is set: `sharing: {idle: ...}`."""
    said = "..."
    for name in reversed(inner):
        said = f"{{{name}: {said}}}"
    return f"{path.removesuffix('.'.join(inner)).rstrip('.')}: {said}"
