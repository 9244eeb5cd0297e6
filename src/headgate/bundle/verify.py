"""Verify a bundle: signatures, tree, files, and every decision derived again, byte for byte.

Verification has four questions, each with its own way to name what is wrong: is the checkpoint
signed by the keys; do the tiles make its root; is every file the one that was published; and do
policy and facts, run through the same cycle, give the same journal and the same decisions.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from pathlib import Path

from headgate.bundle.layout import CHECKPOINT, KEYS, journal_files, published
from headgate.core import canonical
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import Checkpoint, NoteRefusal, Verifier, open_note, parse_vkey
from headgate.core.ledger.entry import Entry, Kind, decode, encode
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import (
    TILE_WIDTH,
    Tree,
    entry_bundles,
    leaf_hash,
    read_bundle,
    tiles,
)
from headgate.core.policy.document import Document
from headgate.cycle import replay
from headgate.readers.facts import FAULTS_MOST, KINDS, Recorded, read_events, read_facts
from headgate.steps.agenda import agenda, calendar
from headgate.steps.event import EVENTS, Event, brings, fault, refusal
from headgate.steps.term import Term

TILES, ENTRIES = "journal/tile/", "journal/tile/entries/"
FILES_MOST, BYTES_MOST = 100_000, 4 * 1024**3
_AGAIN = "Take the bundle again from where it was published."
_OTHERWISE = (
    "What was signed is whole: derive it by the version of Headgate that took it. If that differs"
    " too, it was not decided as policy and facts say."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was verified; `faults` is empty for an honest bundle.

    `keys` are those that signed, as name+SHA-256 of the published line: the four bytes by which a
    note tells keys apart could be made to fit another key. `term` is the term as derived
    again, where it could be.
    """

    faults: tuple[Fault, ...]
    decisions: Mapping[str, int]
    entries: int
    transfers: int
    root: str
    keys: tuple[str, ...]
    term: Term | None = None


def read_bundle_files(folder: Path) -> dict[str, bytes]:
    """Every file of a bundle by its path; raises Faulty for what is no bundle or too large."""
    if not (folder / CHECKPOINT).is_file():
        raise Faulty([_fault(str(folder), "no-bundle", "there is no journal/checkpoint in it")])
    paths = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
    faults = [
        _fault(path.relative_to(folder).as_posix(), "link", "a bundle holds plain files only")
        for path in paths
        if path.is_symlink() or not path.is_file()
    ]
    if len(paths) > FILES_MOST or sum(p.lstat().st_size for p in paths) > BYTES_MOST:
        faults.append(_fault(str(folder), "too-large", "more than a bundle may hold"))
    if faults:
        raise Faulty(faults)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


Pages = Callable[[Term, Mapping[str, bytes]], Mapping[str, bytes]]
"""What makes the pages of a term, by path."""

Derived = tuple[list[Fault], dict[str, int], Term | None]
"""What deriving again gave: faults, how many decisions of each kind, and the term if there is one.
"""


def verify(
    files: Mapping[str, bytes],
    pages: Pages | None,
    progress: Callable[[str], None] = lambda _: None,
) -> Verdict:
    """Answer the four questions for the bundle of a term.

    Without `pages`, files that no decision rests on are only seen to be those that were published,
    not that they say what was decided: enough for whoever takes the decisions and reads no page.
    """
    return verify_by(files, lambda entries: _derive(files, entries, pages, progress), progress)


def verify_by(
    files: Mapping[str, bytes],
    derive: Callable[[Sequence[Entry]], Derived],
    progress: Callable[[str], None] = lambda _: None,
) -> Verdict:
    """Answer the four questions; each is asked only where the one before found nothing."""
    progress("signatures")
    checkpoint, verifiers, faults = _checkpoint(files)
    entries: tuple[Entry, ...] = ()
    if checkpoint is not None:
        progress("journal")
        entries, faults = _journal(files, checkpoint)
    if not faults:
        progress("files")
        faults = _files(files, entries)
    decisions: dict[str, int] = {}
    term: Term | None = None
    if not faults:
        found, decisions, term = derive(entries)
        faults = [replace(f, mend=_OTHERWISE) if f.mend == _AGAIN else f for f in found]
    transfers = sum(entry.kind is Kind.TRANSFER for entry in entries)
    root = checkpoint.root.hex() if checkpoint else ""
    keys = tuple(f"{v.name}+{canonical.digest(v.vkey().encode())}" for v in verifiers)
    return Verdict(tuple(faults), decisions, len(entries), transfers, root, keys, term)


def _fault(file: str, code: str, what: str) -> Fault:
    return Fault(file, 0, 0, code, what, _AGAIN)


def _checkpoint(
    files: Mapping[str, bytes],
) -> tuple[Checkpoint | None, Sequence[Verifier], list[Fault]]:
    try:
        text = files.get(KEYS, b"").decode()
        verifiers = [parse_vkey(line) for line in text.splitlines()]
        if not verifiers or text != "".join(f"{v.vkey()}\n" for v in dict.fromkeys(verifiers)):
            raise ValueError("keys are written one a line, each once")
    except ValueError as error:
        return None, (), [_fault(KEYS, "keys", f"the keys cannot be read: {error}")]
    opened = open_note(files[CHECKPOINT], verifiers)
    if isinstance(opened, NoteRefusal):
        return None, verifiers, [_fault(CHECKPOINT, "signature", opened.value)]
    return opened, verifiers, []


def _journal(
    files: Mapping[str, bytes], checkpoint: Checkpoint
) -> tuple[tuple[Entry, ...], list[Fault]]:
    """The entries, if they make the checkpoint's root; else the tiles that do not fit."""
    found = {path: data for path, data in files.items() if path.startswith(TILES)}
    if faults := _tile_names(found, checkpoint.size):
        return (), faults
    lines, faults = _lines(found)
    tree = Tree(lines)
    if len(tree) != checkpoint.size or tree.root() != checkpoint.root:
        return (), faults or [_fault(CHECKPOINT, "root", "its root is not that of the entries")]
    expected = journal_files((), tree.leaf_hashes())
    hashes = {path: data for path, data in found.items() if not path.startswith(ENTRIES)}
    if faults := _differences(expected, hashes, "tile", "the tile is not that of the entries"):
        return (), faults
    try:
        return tuple(map(decode, lines)), []
    except Refused as error:
        return (), [_fault(ENTRIES, "entries", str(error))]


def _tile_names(found: Mapping[str, bytes], size: int) -> list[Fault]:
    """The tiles that a journal of this size has and others, by name."""
    if size > len(found) * TILE_WIDTH:
        return [_fault(CHECKPOINT, "size", f"the tiles cannot hold {size} entries")]
    paths = entry_bundles([b""] * size).keys() | tiles([bytes(32)] * size).keys()
    expected = dict.fromkeys((f"journal/{path}" for path in paths), b"")
    return _differences(expected, dict.fromkeys(found, b""), "tile", "")


def _lines(found: Mapping[str, bytes]) -> tuple[list[bytes], list[Fault]]:
    """All entries in order, and the bundles of entries that do not make their tile of hashes."""
    lines: list[bytes] = []
    faults: list[Fault] = []
    bundles = sorted((path for path in found if path.startswith(ENTRIES)), key=_number)
    for path in bundles:
        try:
            bundle = read_bundle(found[path])
        except Refused as error:
            faults.append(_fault(path, "entries", str(error)))
            continue
        lines += bundle
        if b"".join(map(leaf_hash, bundle)) != found[path.replace(ENTRIES, f"{TILES}0/")]:
            faults.append(_fault(path, "entries", "the entries are not those of the hash tiles"))
    return lines, faults


def _number(path: str) -> int:
    """The number of a bundle of entries: `x001/234` is 1,234; a partial one has its width too."""
    name = path.removeprefix(ENTRIES).split(".p/")[0]
    return int(name.replace("x", "").replace("/", ""))


def _differences(
    expected: Mapping[str, bytes], found: Mapping[str, bytes], code: str, what: str
) -> list[Fault]:
    faults = []
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            faults.append(_fault(path, f"{code}-missing", "the file is missing"))
        elif path not in expected:
            faults.append(_fault(path, f"{code}-unknown", "the file does not belong to the bundle"))
        elif expected[path] != found[path]:
            line = first_other_line(found[path].splitlines(), expected[path].splitlines())
            faults.append(replace(_fault(path, code, what), line=line, column=min(line, 1)))
    return faults


def first_other_line(found: Sequence[object], expected: Sequence[object]) -> int:
    """The first line that is not the expected one, from 1; 0 where only the ends differ."""
    pairs = enumerate(zip_longest(found, expected), start=1)
    return next((number for number, (one, other) in pairs if one != other), 0)


def _files(files: Mapping[str, bytes], entries: Sequence[Entry]) -> list[Fault]:
    """Every published file is there with its digest, and no other."""
    listed = {e.subject: e.fields[0] for e in entries if e.kind is Kind.FILE_PUBLISHED}
    there = {path for path in files if not path.startswith("journal/")}
    there |= {p for p in files if p.startswith("journal/") and not p.startswith("journal/tile/")}
    there -= {CHECKPOINT, KEYS}
    faults = [_fault(p, "file-missing", "the file is missing") for p in listed.keys() - there]
    faults += [
        _fault(p, "file-unknown", "the journal does not know the file")
        for p in there - listed.keys()
    ]
    changed = {p for p in there & listed.keys() if canonical.digest(files[p]) != listed[p]}
    what = "the file is not the one that was published"
    for path in changed:
        line = 0
        if (marks := lines_name(path)) in listed and marks not in changed:
            line = first_other_line(line_marks(files[path]), files[marks].splitlines())
        faults.append(replace(_fault(path, "file-changed", what), line=line, column=min(line, 1)))
    return sorted(faults)


def lines_name(path: str) -> str:
    """Where a file's lines are marked, for those files whose lines are facts."""
    return f"lines/{path}"


def line_marks(data: bytes) -> list[bytes]:
    """A short mark of each line, so that the one that was changed can be named.

    The file as a whole is secured by its digest; 64 bits are enough to find the place.
    """
    return [canonical.digest(line)[:16].encode() for line in data.splitlines(keepends=True)]


def _derive(
    files: Mapping[str, bytes],
    entries: Sequence[Entry],
    pages: Pages | None,
    progress: Callable[[str], None],
) -> Derived:
    """Run the cycle again on the published policy and facts, and compare every byte."""
    if EVENTS not in files:
        return [_fault(EVENTS, "file-missing", "the file is missing")], {}, None
    try:
        document, world, events = _published(files)
        if faults := _untakable(events) or _undone(document, events):
            return faults, {}, None
        term = replay(document, events, world, progress)
    except Faulty as error:
        return list(error.faults), {}, None
    except ValueError as error:
        return [_fault("decisions", "not-derivable", str(error))], {}, None
    data = {path: data for path, data in files.items() if path.startswith("data/")}
    derived = published(term, data)
    if pages is None:
        return compared(term, derived, {p: files[p] for p in files.keys() & derived}, entries)
    return compared(term, derived | dict(pages(term, data)), files, entries)


def _published(files: Mapping[str, bytes]) -> tuple[Document, Recorded, Sequence[Event]]:
    """The policy of a bundle, the world of its facts, and what happened."""
    policy = {p.removeprefix("policy/"): d for p, d in files.items() if p.startswith("policy/")}
    facts = {
        name: read_facts(path, name.split("/")[0], data)
        for path, data in files.items()
        if (name := path.removeprefix("facts/").removesuffix(".jsonl")).split("/")[0] in KINDS
        and path.startswith("facts/")
    }
    document = Document.read({name: data.decode() for name, data in policy.items()})
    return document, Recorded(facts), read_events(EVENTS, files[EVENTS])


def stood(files: Mapping[str, bytes], day: date) -> Term:
    """The term of a verified bundle as it stood at the end of a day."""
    document, world, events = _published(files)
    return replay(document, [event for event in events if event.day <= day], world)


def compared(
    term: Term, expected: Mapping[str, bytes], files: Mapping[str, bytes], entries: Sequence[Entry]
) -> Derived:
    """What was derived again held against what was published, byte for byte."""
    found = {path: data for path, data in files.items() if not path.startswith("journal/")}
    faults = _differences(expected, found, "derived", "policy and facts give another file")
    faults += _first_difference(term, entries)
    return faults, dict(Counter(decision.step for decision in term.decisions)), term


def _untakable(events: Sequence[Event]) -> list[Fault]:
    """The events that cannot have been taken where they stand, before any is taken again."""
    faults: list[Fault] = []
    received: set[str] = set()
    latest = date.min
    for line, event in enumerate(events, start=1):
        if (refused := refusal(event, latest, received)) and len(faults) < FAULTS_MOST:
            faults.append(fault(event, refused, latest, line))
        received.add(brings(event))
        latest = max(latest, event.day)
    return faults


def _undone(document: Document, events: Sequence[Event]) -> list[Fault]:
    """The first place where what was done is not what the policy's calendar holds, in its order.

    The first term is told whole; of those after it, as far as the journal goes.
    """
    due = [(line, event) for line, event in enumerate(events, start=1) if not event.at_will]
    missing = [(0, None)] * (len(agenda(document)) - len(due))
    for expected, (line, given) in zip(calendar(document), [*due, *missing], strict=False):
        if expected != given:
            what = f"the calendar holds {_told(expected)} here, and {_told(given)} was done"
            return [replace(_fault(EVENTS, "events", what), line=line, column=1 if line else 0)]
    return []


def _told(event: Event | None) -> str:
    """An event in words that show every part of it; a look of the meter has its window."""
    if event is None:
        return "nothing more"
    since = "" if event.since == date.min else f" since {event.since}"
    return f"{event} on {event.day}{since}"


def _first_difference(term: Term, entries: Sequence[Entry]) -> list[Fault]:
    given = [entry for entry in entries if entry.kind is not Kind.FILE_PUBLISHED]
    for number, (derived, entry) in enumerate(zip(term.entries, given, strict=False)):
        if derived != entry:
            what = f"entry {number} is {encode(entry)!r}; policy and facts give {encode(derived)!r}"
            return [_fault("journal", "entry-derived", what)]
    if len(term.entries) != len(given):
        what = f"the journal has {len(given)} entries; policy and facts give {len(term.entries)}"
        return [_fault("journal", "entry-count", what)]
    return []
