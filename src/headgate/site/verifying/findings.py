"""What verification of a database can find, by name, and the number of the entry it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headgate.core.faults import Fault

TOLD_MOST = 200
"""Characters of a value that a finding repeats: a line of the journal may hold 65,535."""


class Wrong(Enum):
    """What can be wrong, in the order in which it is looked for; the value is what to do."""

    TABLES_OLDER = "Let its owner run `headgate migrate`, and verify it again."
    GUARDS_UNSEEN = "Verify as a role that may make temporary tables in this database."
    GUARD_MISSING = "Somebody removed it: find out who, and trust nothing written since."
    GUARD_CHANGED = "Somebody changed it: find out who, and trust nothing written since."
    GUARD_UNKNOWN = "Somebody added it: find out who, and trust nothing written since."
    PRIVILEGE_WRONG = "Let the service's role read and add rows, and nobody else do more."
    FILE_DAMAGED = "Keep a copy as it is, and restore the newest backup that verifies."
    PROGRAMME_UNREADABLE = "Restore a backup in which the policy is the one that was adopted."
    ENTRY_MISSING = "Entries were removed: compare with a backup or the published journal."
    ENTRY_UNREADABLE = "The line was changed: the published journal has it as it was."
    ENTRY_REFUSED = "The ledger's rules allow no such entry: somebody wrote past them."
    ENTRY_DIFFERS = "A column or the line was changed: the published journal has the line."
    LEG_DIFFERS = "A balance was changed: balances are what the journal's lines make them."
    NOTE_UNSIGNED = "Ask who gave the note, and compare it with one that a witness has kept."
    NOTE_DIFFERS = "History was rewritten, here or there: ask the witnesses which was published."
    EVENTS_DIFFER = "Compare the events with a backup, or with those that were published."
    ENTRY_DERIVED = (
        "Policy, events and facts give another: one of them was changed, or this,"
        " or another version of Headgate took it, which alone derives it."
    )
    KEPT_DIFFERS = "What is kept was changed: compare with a backup or the published bundle."


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


def apart(found: str, expected: str) -> str:
    """Where two long texts part, in words."""
    same = next((n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), None)
    start = max(0, (min(len(found), len(expected)) if same is None else same) - 20)
    before = f"from character {start:,} " if start else ""
    return f"{before}it is {told(found[start:])} and should be {told(expected[start:])}"
