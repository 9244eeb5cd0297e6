"""What verification of a database can find, by name, and the number of the entry it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headgate.core.faults import Fault

TOLD_MOST = 200
"""Characters of a value that a finding repeats: a line of the journal may hold 65,535."""


class Wrong(Enum):
    """What can be wrong, in the order in which it is looked for; the value is what to do."""

    GUARDS_UNSEEN = "Verify as a role that may make temporary tables in this database."
    GUARD_MISSING = "Somebody removed it: find out who, and trust nothing written since."
    GUARD_CHANGED = "Somebody changed it: find out who, and trust nothing written since."
    GUARD_UNKNOWN = "Somebody added it: find out who, and trust nothing written since."
    PRIVILEGE_WRONG = "Let the service's role read and add rows, and nobody else do more."
    FILE_DAMAGED = "Take a copy, and restore the newest backup that verifies."
    ENTRY_MISSING = "Compare with a backup, or with the journal as it was published."
    ENTRY_UNREADABLE = "Compare with a backup, or with the journal as it was published."
    ENTRY_REFUSED = "Compare with a backup, or with the journal as it was published."
    ENTRY_DIFFERS = "Compare with a backup, or with the journal as it was published."
    LEG_DIFFERS = "Balances are what the journal's lines make them; the lines may be right."
    NOTE_UNSIGNED = "Ask who gave the note; compare it with one that a witness has kept."
    NOTE_DIFFERS = "Whoever holds an earlier checkpoint can say which journal was published."
    PROGRAMME_UNREADABLE = "Compare with a backup, or with the bundle as it was published."
    EVENTS_DIFFER = "Compare with a backup, or with the bundle as it was published."
    ENTRY_DERIVED = "Policy and facts give another journal: compare with the published one."
    KEPT_DIFFERS = "Compare with a backup, or with the bundle as it was published."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `entry` is the number of the first entry that it falsifies.

    It is None where no single entry can be named: of a guard, or of a history as a whole.
    """

    wrong: Wrong
    entry: int | None
    what: str
    place: str = ""

    def fault(self) -> Fault:
        """The finding as every part of the house tells what is wrong."""
        place = self.place or (f"entry {self.entry}" if self.entry is not None else "database")
        code = self.wrong.name.lower().replace("_", "-")
        return Fault(place, 0, 0, code, self.what, self.wrong.value)


def first_wrong(findings: Iterable[Finding]) -> int | None:
    """The number of the first entry that is wrong, where one can be named."""
    return min((f.entry for f in findings if f.entry is not None), default=None)


def told(value: object) -> str:
    """A value as a finding repeats it: on one line, in ASCII, and not too much of it."""
    text = ascii(value)
    return text if len(text) <= TOLD_MOST else f"{text[:TOLD_MOST]}... ({len(text):,} characters)"
