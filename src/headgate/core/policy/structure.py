"""Checks of what is written, before any day is chosen: dated histories, statuses and sources."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.document import Document
from headgate.core.policy.law import articles
from headgate.core.policy.names import meant
from headgate.core.policy.tree import Node
from headgate.core.policy.values import (
    ANNOUNCED,
    ASSUMED,
    IN_FORCE,
    WRAPPER,
    carries,
    day_of,
    is_history,
)

STATUSES = (IN_FORCE, ANNOUNCED, ASSUMED)


def structure_faults(document: Document) -> Iterator[Fault]:
    """Every fault of dates, statuses and sources, wherever in the programme or an overlay."""
    yield from _node(document, document.programme)
    for _, overlay in document.overlays:
        sets = overlay.get("set")
        for child in _children(sets) if sets is not None else ():
            yield from _node(document, child)


def _children(node: Node) -> list[Node]:
    if isinstance(node.data, Mapping):
        return list(node.data.values())
    return list(node.data) if isinstance(node.data, tuple) else []


def _node(document: Document, node: Node) -> Iterator[Fault]:
    if is_history(node):
        yield from _history(node)
    if isinstance(node.data, Mapping):
        yield from _carried(document, node)
    for key, child in node.data.items() if isinstance(node.data, Mapping) else ():
        if not carries(key, child):
            yield from _node(document, child)
    for child in node.data if isinstance(node.data, tuple) else ():
        yield from _node(document, child)


def _carried(document: Document, node: Node) -> Iterator[Fault]:
    """The provenance keys of a dated value or section."""
    dated = node.get("value") is not None
    entries = node.data if isinstance(node.data, Mapping) else {}
    for key, child in entries.items():
        if dated and key not in WRAPPER:
            yield Code.DATED_KEY.at(child, key=key)
        elif key == "from" or (key == "until" and dated):
            if not isinstance(child.data, date):
                yield Code.DATE_WRONG.at(child, key=key)
        elif key == "status" and not isinstance(child.data, Mapping | tuple):
            if child.data not in STATUSES:
                yield Code.STATUS_UNKNOWN.at(child, status=child.data)
        elif key == "source" and not isinstance(child.data, Mapping):
            yield from _source(document, child)
    begins, ends = day_of(node, "from"), day_of(node, "until") if dated else None
    if begins is not None and ends is not None and ends <= begins:
        yield Code.DATE_ORDER.at(entries["until"], until=ends, from_=begins)


def _source(document: Document, node: Node) -> Iterator[Fault]:
    """A source names a file of law/ and a heading's anchor in it."""
    if not isinstance(node.data, str):
        yield Code.SOURCE_WRONG.at(node)
        return
    file, _, anchor = node.data.partition("#")
    files = [name for name in document.texts if name.startswith("law/")]
    if file not in files:
        yield Code.SOURCE_FILE.at(
            node, file_named=file, files=", ".join(files) or Sentence("none yet")
        )
    elif document.article(node.data) is None:
        mend = meant(anchor, articles(file, document.texts[file]))
        yield Code.SOURCE_ANCHOR.at(node, file_named=file, anchor=anchor, mend=mend)


def _history(node: Node) -> Iterator[Fault]:
    """Entries follow each other without overlap and without a hole."""
    items = node.data if isinstance(node.data, tuple) else ()
    for item in items:
        if item.get("value") is None:
            yield Code.DATED_MIXED.at(item)
    entries = [item for item in items if item.get("value") is not None]
    for entry in entries[1:]:
        if entry.get("from") is None:
            yield Code.DATE_MISSING.at(entry)
    known = [entry for entry in entries if entry is entries[0] or day_of(entry, "from")]
    ordered = sorted(known, key=lambda entry: day_of(entry, "from") or date.min)
    for earlier, later in pairwise(ordered):
        ends, begins = day_of(earlier, "until"), day_of(later, "from") or date.min
        if begins == (day_of(earlier, "from") or date.min) or (ends is None or begins < ends):
            yield Code.DATE_OVERLAP.at(later, day=begins, other=earlier.line)
        elif ends < begins:
            yield Code.DATE_HOLE.at(later, until=ends, from_=begins)
