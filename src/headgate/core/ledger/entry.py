"""A line of the journal: its fixed fields and its exact bytes.

One encoder, one version, nothing optional. An entry is one line of UTF-8: the version tag, the
kind, the instant, the subject and the kind's own fields, separated by tabs, **without** a newline
at the end: those bytes are the leaf that is hashed. A file of entries ends each with one newline.
Entries hold ids, digests and numbers, never personal data.

    headgate-1 TAB transfer TAB 2026-03-09T00:00:00Z TAB id TAB debit TAB credit TAB ...
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import is_instant, is_name, is_plain
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.quick import quick

VERSION: Final = "headgate-1"
"""The first field of every line; another encoding gets another tag."""

ENTRY_BYTES_MAX: Final = 65_535
"""The longest entry that a C2SP entry bundle can hold (its length prefix is a uint16)."""


class Kind(Enum):
    """What an entry records; the value is the word that stands in the line."""

    POLICY_ADOPTED = "policy-adopted"
    CALL_OPENED = "call-opened"
    FACTS_RECEIVED = "facts-received"
    SCORE_GIVEN = "score-given"
    DECISION_MADE = "decision-made"
    TRANSFER = "transfer"
    ORDER_GIVEN = "order-given"
    USAGE_IMPORTED = "usage-imported"
    ROUND_CLOSED = "round-closed"
    FILE_PUBLISHED = "file-published"


FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.POLICY_ADOPTED: ("policy_digest", "law_digest", "effective_from", "adopted_by"),
    Kind.CALL_OPENED: ("policy_digest", "support", "closes_at"),
    Kind.FACTS_RECEIVED: ("call", "facts_digest"),
    Kind.SCORE_GIVEN: ("call", "reviewer", "criterion", "score"),
    Kind.DECISION_MADE: ("decision", "rule", "policy_digest", "inputs_digest", "result_digest"),
    Kind.TRANSFER: ("debit", "credit", "amount", "unit", "phase", "pending", "why"),
    Kind.ORDER_GIVEN: ("engine", "award", "order_digest"),
    Kind.USAGE_IMPORTED: ("usage_digest", "record_count", "transfer_count"),
    Kind.ROUND_CLOSED: ("policy_digest", "evidence_digest", "standings_digest"),
    Kind.FILE_PUBLISHED: ("file_digest", "byte_count"),
}
"""Each kind's own fields, by name and in order. A field may be empty; it may not be left out."""


class EntryRefusal(Enum):
    """Why something is not an entry, in order of precedence."""

    TOO_LONG = "an entry holds at most 65,535 bytes"
    NOT_UTF8 = "the bytes are not UTF-8"
    VERSION_UNKNOWN = "the line does not begin with this encoding's version tag"
    KIND_UNKNOWN = "the line names no kind of entry"
    FIELDS_MISCOUNTED = "the line does not have the fields of its kind, each exactly once"
    INSTANT_BAD = "the instant is not of the form 2026-03-09T00:00:00Z"
    SUBJECT_BAD = "the subject is empty, too long or not plain text"
    FIELD_NOT_PLAIN = "a field holds a tab, a newline or another character that is not plain text"
    NOT_A_TRANSFER = "the entry is of another kind than a transfer"
    PHASE_UNKNOWN = "the entry names no phase of a transfer"
    AMOUNT_BAD = "the amount is not a positive integer in plain decimal digits"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what kind, when (UTC), about whom or what (an id), and the kind's own fields."""

    kind: Kind
    at: str
    subject: str
    fields: tuple[str, ...]

    def named(self) -> dict[str, str]:
        """The fields under their names, as `FIELDS` declares them for the kind."""
        return dict(zip(FIELDS[self.kind], self.fields, strict=True))


def encode(entry: Entry) -> bytes:
    """The entry's exact bytes, without a newline; raises `Refused` for what has no line."""
    refusal = _refusal(entry)
    if refusal is not None:
        raise Refused(refusal, repr(entry.subject[:80]))
    line = "\t".join((VERSION, entry.kind.value, entry.at, entry.subject, *entry.fields)).encode()
    if len(line) > ENTRY_BYTES_MAX:
        raise Refused(EntryRefusal.TOO_LONG, f"{len(line)} bytes")
    return line


def decode(line: bytes) -> Entry:
    """The exact inverse of `encode`: any line it accepts is the encoding of what it returns.

    Raises `Refused` for every other line.
    """
    if len(line) > ENTRY_BYTES_MAX:
        raise Refused(EntryRefusal.TOO_LONG, f"{len(line)} bytes")
    try:
        version, *words = line.decode().split("\t")
    except UnicodeDecodeError as error:
        raise Refused(EntryRefusal.NOT_UTF8, str(error)) from None
    if version != VERSION:
        raise Refused(EntryRefusal.VERSION_UNKNOWN, repr(version[:80]))
    kind = _KINDS.get(words[0]) if words else None
    if kind is None:
        raise Refused(EntryRefusal.KIND_UNKNOWN, repr(words[:1]))
    if len(words) < _COMMON_FIELDS:
        raise Refused(EntryRefusal.FIELDS_MISCOUNTED, f"{len(words)} fields")
    _, at, subject, *fields = words
    entry = Entry(kind, at, subject, tuple(fields))
    refusal = _refusal(entry)
    if refusal is not None:
        raise Refused(refusal, repr(subject[:80]))
    return entry


def transfer_entry(transfer: Transfer) -> Entry:
    """The journal's line for a posted transfer; an absent `pending` is an empty field."""
    fields = (
        transfer.debit,
        transfer.credit,
        str(transfer.amount),
        transfer.unit,
        transfer.phase.value,
        transfer.pending or "",
        transfer.why,
    )
    return _ENTRY(Kind.TRANSFER, transfer.at, transfer.id, fields)


def as_transfer(entry: Entry) -> Transfer:
    """The transfer of a journal's line, the inverse of `transfer_entry`; else raises `Refused`."""
    if entry.kind is not Kind.TRANSFER:
        raise Refused(EntryRefusal.NOT_A_TRANSFER, entry.kind.value)
    debit, credit, amount, unit, phase, pending, why = entry.fields
    if phase not in _PHASES:
        raise Refused(EntryRefusal.PHASE_UNKNOWN, repr(phase[:80]))
    if _AMOUNT.fullmatch(amount) is None:
        raise Refused(EntryRefusal.AMOUNT_BAD, repr(amount[:80]))
    return _TRANSFER(
        entry.subject,
        debit,
        credit,
        int(amount),
        unit,
        _PHASES[phase],
        pending or None,
        entry.at,
        why,
    )


_ENTRY: Final = quick(Entry)
_TRANSFER: Final = quick(Transfer)
_KINDS: Final = {kind.value: kind for kind in Kind}
_PHASES: Final = {phase.value: phase for phase in Phase}
_AMOUNT: Final = re.compile("[1-9][0-9]{0,18}")
_COMMON_FIELDS: Final = 3


def _refusal(entry: Entry) -> EntryRefusal | None:
    if len(entry.fields) != len(FIELDS[entry.kind]):
        return EntryRefusal.FIELDS_MISCOUNTED
    if not is_instant(entry.at):
        return EntryRefusal.INSTANT_BAD
    if not is_name(entry.subject):
        return EntryRefusal.SUBJECT_BAD
    if not is_plain("".join(entry.fields)):
        return EntryRefusal.FIELD_NOT_PLAIN
    return None
