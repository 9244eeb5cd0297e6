"""YAML as a tree of plain values that know their place; nothing a file holds is executed or lost.

The tree is built from the parser's events, not by its constructors: no tags, no anchors, no merge
keys, no floats. A scalar with a point in it stays the text that was written: 0.1 is a tenth.
Source: YAML 1.2.2, section 10.3 (core schema), without its floats.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from headgate.core.faults import Fault, Sentence, quoted
from headgate.core.policy.codes import Code

Scalar = str | int | bool | date | None

LEVELS_MOST = 32
BYTES_MOST = 2_000_000
FOUND_MOST = 40
"""Of a line on which a parser stopped, so many characters are shown."""

_INTEGER = re.compile(r"[-+]?[0-9][0-9_]{0,29}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; lines and columns count from 1, and 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One value as written; a mapping's entry stands where its key stands.

    `index` is where a scalar's own text begins in the file, for pointing into expressions.
    """

    file: str
    line: int
    column: int
    index: int
    data: "Scalar | Mapping[str, Node] | tuple[Node, ...]"

    def get(self, key: str) -> "Node | None":
        """The entry of a mapping, or None where there is none or this is no mapping."""
        return self.data.get(key) if isinstance(self.data, Mapping) else None

    def plain(self) -> object:
        """The value without its places: mappings, lists and scalars; days stay days."""
        if isinstance(self.data, Mapping):
            return {key: node.plain() for key, node in self.data.items()}
        if isinstance(self.data, tuple):
            return [node.plain() for node in self.data]
        return self.data


class _Refused(Exception):
    """A fault after which the rest of the file cannot be understood."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@lru_cache(maxsize=64)
def parse(file: str, text: str) -> tuple[Node | None, tuple[Fault, ...]]:
    """The tree of one file's text and its faults; no tree where the text is not YAML at all.

    Kept, as the same files are read for every variant, term and verification of a programme.
    """
    if len(text) > BYTES_MOST:
        return None, (Code.FILE_TOO_LARGE.at(Place(file), size=len(text), limit=BYTES_MOST),)
    builder = _Builder(file)
    try:
        return builder.document(YAML(typ="safe", pure=True).parse(text)), tuple(builder.faults)
    except _Refused as refused:
        return None, (*builder.faults, refused.fault)
    except YAMLError as error:
        return None, (*builder.faults, _syntax(file, text, error))
    except (ValueError, OverflowError) as error:  # The scanner turns escapes into characters.
        return None, (*builder.faults, Code.YAML_SYNTAX.at(Place(file), reason=error))


def _syntax(file: str, text: str, error: YAMLError) -> Fault:
    """The parser's complaint at its mark; a reader's complaint has only a position."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        place = Place(file, mark.line + 1, mark.column + 1)
        words = ", ".join(part for part in (error.context, error.problem) if part)
        return Code.YAML_SYNTAX.at(place, reason=stopped(text, mark.index, words))
    position = int(getattr(error, "position", 0))
    before = text[:position]
    place = Place(file, before.count("\n") + 1, position - before.rfind("\n"))
    return Code.YAML_SYNTAX.at(place, reason=Sentence("a character that text cannot hold"))


def stopped(text: str, offset: int, words: str) -> Sentence:
    """Where a parser of others stopped, in a sentence of ours that quotes it: `words` are its own.

    What stands at the offset is shown to the end of its line; blanks and controls by their escape.
    """
    if not text[offset:].strip():
        return Sentence('it ends too soon (the parser says "{words}")', words=quoted(words))
    line = (text[offset:].splitlines() or [""])[0].rstrip()[:FOUND_MOST]
    shown = line if line.strip() == line != "" else text[offset]
    found = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in shown)
    form = '`{found}` cannot stand here (the parser says "{words}")'
    return Sentence(form, found=found, words=quoted(words))


class _Builder:
    """Turns one document's events into nodes, going on after faults that leave the rest clear."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def document(self, events: Iterator[Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(
                        Code.YAML_SHAPE.at(self._place(event), shape=Sentence("one document"))
                    )
            elif isinstance(event, NodeEvent):
                root = self._node(event, events, 1)
        return root

    def _place(self, event: Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    def _node(self, event: Event, events: Iterator[Event], level: int) -> Node:
        place, index = self._place(event), event.start_mark.index
        if level > LEVELS_MOST:
            raise _Refused(Code.YAML_TOO_DEEP.at(place, limit=LEVELS_MOST))
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            self.faults.append(Code.YAML_ALIAS.at(place))
        if tag := getattr(event, "tag", None):
            self.faults.append(Code.YAML_TAG.at(place, tag=tag))
        data: Scalar | Mapping[str, Node] | tuple[Node, ...] = None
        if isinstance(event, ScalarEvent):
            data = self._scalar(event, place)
        elif isinstance(event, SequenceStartEvent):
            data = self._items(events, level)
        elif isinstance(event, MappingStartEvent):
            data = self._entries(events, level)
        return Node(self.file, place.line, place.column, index, data)

    def _scalar(self, event: ScalarEvent, place: Place) -> Scalar:
        text = str(event.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self.faults.append(Code.YAML_SYNTAX.at(place, reason=Sentence("half a character")))
            return None
        return text if event.style else meaning(text)

    def _items(self, events: Iterator[Event], level: int) -> tuple[Node, ...]:
        items = []
        while not isinstance(event := next(events), CollectionEndEvent):
            items.append(self._node(event, events, level + 1))
        return tuple(items)

    def _entries(self, events: Iterator[Event], level: int) -> Mapping[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(events), CollectionEndEvent):
            key = self._node(event, events, level + 1)
            value = self._node(next(events), events, level + 1)
            word = event.value if isinstance(event, ScalarEvent) else None
            if not word or word == "<<" or key.data is None:
                self.faults.append(Code.YAML_KEY.at(key))
            elif word in entries:
                first = entries[word].line
                self.faults.append(Code.YAML_DUPLICATE_KEY.at(key, key=word, first=first))
            else:
                entries[word] = Node(self.file, key.line, key.column, value.index, value.data)
        return entries


def meaning(text: str) -> Scalar:
    """What an unquoted scalar means: nothing, a truth, a whole number, a day, or its own text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text.rstrip("_").replace("__", "_"))
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text
