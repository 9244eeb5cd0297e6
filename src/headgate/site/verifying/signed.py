"""Whether every checkpoint that was signed, wherever it was kept, is one of this very journal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from headgate.core.ledger.checkpoint import Checkpoint, NoteRefusal, claimed, open_note
from headgate.core.ledger.frontier import Frontier
from headgate.journal.keys import Keys
from headgate.site.records.database import Database
from headgate.site.records.journal import lines
from headgate.site.verifying.findings import Finding, Wrong


@dataclass(frozen=True, slots=True)
class Signed:
    """How many checkpoints there are in the database, the root of all, and what was found."""

    checkpoints: int
    root: bytes
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a note says, and where it was found."""

    checkpoint: Checkpoint
    place: str


def signed(database: Database, notes: Sequence[bytes], keys: Keys | None) -> Signed:
    """Compare every checkpoint of the database and every note from outside with the journal.

    With keys, each must be signed by one of their pairs; without, what a note claims is taken for
    what it is, so that whoever holds one can still compare. Inside `reading`.
    """
    claims: list[_Claim] = []
    findings: list[Finding] = []
    rows = database.rows("SELECT size, last_seq, root, note FROM checkpoint ORDER BY size")
    for size, last, root, note in rows:
        place = f"checkpoint of size {size}"
        told = _opened(note.encode(), keys)
        if isinstance(told, NoteRefusal):
            findings.append(Finding(Wrong.NOTE_UNSIGNED, None, told.value, place))
        elif (told.size, told.size - 1, told.root.hex()) != (size, last, root):
            what = f"its note is of size {told.size} and root {told.root.hex()}"
            findings.append(Finding(Wrong.NOTE_DIFFERS, None, what, place))
        else:
            claims.append(_Claim(told, place))
    for number, note in enumerate(notes, start=1):
        told = _opened(note, keys)
        if isinstance(told, NoteRefusal):
            findings.append(Finding(Wrong.NOTE_UNSIGNED, None, told.value, f"note {number}"))
        else:
            claims.append(_Claim(told, f"note {number} from outside"))
    compared, root = _compared(claims, lambda start: iter(lines(database, start)))
    return Signed(len(rows), root, (*findings, *compared))


def _opened(note: bytes, keys: Keys | None) -> Checkpoint | NoteRefusal:
    """What a note says: under the pair of keys that it was signed with, or as it claims."""
    if keys is None:
        return claimed(note)
    opened = [open_note(note, pair) for pair in reversed(keys.pairs)]
    return next((told for told in opened if isinstance(told, Checkpoint)), opened[0])


def _compared(
    claims: Sequence[_Claim], read: Callable[[int], Iterator[bytes]]
) -> tuple[list[Finding], bytes]:
    """The claims that are not of this journal, and the journal's own root."""
    tree, journal, agreed = Frontier(), read(0), 0
    findings: list[Finding] = []
    for claim in sorted(claims, key=lambda claim: claim.checkpoint.size):
        size = claim.checkpoint.size
        tree = tree.grown(islice(journal, size - tree.size))
        if tree.size < size:
            what = f"it speaks of {size} entries, and there are {tree.size}"
            findings.append(Finding(Wrong.NOTE_DIFFERS, tree.size, what, claim.place))
        elif tree.root() != claim.checkpoint.root:
            what = f"of the entries from {agreed} to {size - 1}, one or more are not those signed"
            findings.append(Finding(Wrong.NOTE_DIFFERS, None, what, claim.place))
        else:
            agreed = size
    return findings, tree.grown(journal).root()
