"""Bugs to plant: each is one small, plausible mistake in posting, encoding, the tree or the guards.

The text must stand in the file exactly once, so that a mutant cannot go on planting nothing.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake in one file of `src/headgate`, and the part of the suite that has to catch it."""

    name: str
    part: str
    file: str
    old: str
    new: str


_POST: Final = "core/ledger/post.py"
_PEN: Final = "site/records/journal.py"
_BOOKS: Final = "site/records/books.py"
_LINES: Final = "core/ledger/entry.py"
_TREE: Final = "core/ledger/tree.py"
_SCHEMA: Final = "site/records/guards/schema.sql"
_TRIGGERS: Final = "site/records/guards/sqlite.sql"
_ADDED: Final = "site/records/guards/sqlite_added.sql"

EVERY_TIME: Final = (
    Mutant(
        "what is reserved does not count against a limit",
        *("ledger", _POST),
        "debited = debit.debits + debit.debits_pending + amount",
        "debited = debit.debits + amount",
    ),
    Mutant(
        "a partial post frees only what it moves",
        *("ledger", _POST),
        "debit.debits_pending -= reserved.amount",
        "debit.debits_pending -= transfer.amount",
    ),
    Mutant(
        "a reservation can be resolved twice",
        *("ledger", _POST),
        "        self.resolutions[transfer.pending] = transfer.phase\n",
        "",
    ),
    Mutant(
        "what exists is written again",
        *("ledger", _POST),
        "        if earlier is not None:\n",
        "        if earlier is not None and earlier != transfer:\n",
    ),
    Mutant(
        "the second leg of a batch begins where the first began",
        *("ledger", _PEN),
        "        self.lasts[path] = (half, *after)\n",
        "",
    ),
    Mutant(
        "a line says its instant after its subject",
        *("journal", _LINES),
        "entry.kind.value, entry.at, entry.subject, *entry.fields",
        "entry.kind.value, entry.subject, entry.at, *entry.fields",
    ),
    Mutant(
        "a leaf is hashed like a node",
        *("journal", _TREE),
        'return sha256(b"\\x00" + entry).digest()',
        'return sha256(b"\\x01" + entry).digest()',
    ),
    Mutant(
        "the frontier carries once at most",
        *("journal", "core/ledger/frontier.py"),
        "            while carry & 1:\n",
        "            if carry & 1:\n",
    ),
    Mutant(
        "the schema counts no reservations against a limit",
        *("attacks", _SCHEMA),
        "WHEN 'debits' THEN debits_posted + debits_pending <= credits_posted",
        "WHEN 'debits' THEN debits_posted <= credits_posted",
    ),
    Mutant(
        "the schema lets an account's history fork",
        *("attacks", _SCHEMA),
        "was_half            {int}  UNIQUE,",
        "was_half            {int},",
    ),
)
"""The ten that every change is tried with."""

AT_NIGHT: Final = (
    Mutant(
        "a credit limit is not looked at",
        *("ledger", _POST),
        "if credit.credits_bound and credited > credit.debits:",
        "if credit.credits_bound and credited < 0:",
    ),
    Mutant(
        "a limit is reached one too early",
        *("ledger", _POST),
        "if debit.debits_bound and debited > debit.credits:",
        "if debit.debits_bound and debited > debit.credits + 1:",
    ),
    Mutant(
        "a total may pass 64 bits",
        *("ledger", _POST),
        "if debited > AMOUNT_MAX or credited > AMOUNT_MAX:",
        "if debited > 2 * AMOUNT_MAX or credited > 2 * AMOUNT_MAX:",
    ),
    Mutant(
        "another body under a known id passes for the same",
        *("ledger", _POST),
        "same = earlier == transfer",
        "same = earlier.id == transfer.id",
    ),
    Mutant(
        "a void may give back less",
        *("ledger", _POST),
        "if not posts and transfer.amount != reserved.amount:",
        "if not posts and transfer.amount > reserved.amount:",
    ),
    Mutant(
        "a reservation is resolved between other accounts",
        *("ledger", _POST),
        "if reserved.debit != transfer.debit or reserved.credit != transfer.credit:",
        "if reserved.credit != transfer.credit:",
    ),
    Mutant(
        "time may run backwards",
        *("ledger", _POST),
        "        self.at = transfer.at\n",
        "",
    ),
    Mutant(
        "a void moves what it frees",
        *("ledger", _PEN),
        "posted = amount if phase in _POSTS else 0",
        "posted = amount if phase != _PENDING else 0",
    ),
    Mutant(
        "a resolution frees its own amount in the rows",
        *("ledger", _PEN),
        "reserves = amount if phase == _PENDING else -reserved",
        "reserves = amount if phase == _PENDING else -min(amount, reserved)",
    ),
    Mutant(
        "the first leg of an account is taken for its last",
        *("ledger", _BOOKS),
        "max(half)",
        "min(half)",
    ),
    Mutant(
        "a line does not name the reservation",
        *("ledger", _LINES),
        'transfer.pending or "",',
        '"",',
    ),
    Mutant(
        "a line may hold control characters",
        *("journal", _LINES),
        'if not is_plain("".join(entry.fields)):',
        "if not entry.fields:",
    ),
    Mutant(
        "a line may hold more fields than its kind has",
        *("journal", _LINES),
        "if len(entry.fields) != len(FIELDS[entry.kind]):",
        "if len(entry.fields) < len(FIELDS[entry.kind]):",
    ),
    Mutant(
        "a tree is cut in halves",
        *("journal", _TREE),
        "return 1 << (size - 1).bit_length() - 1",
        "return size // 2",
    ),
    Mutant(
        "a node's children change places",
        *("journal", _TREE),
        'return sha256(b"\\x01" + left + right).digest()',
        'return sha256(b"\\x01" + right + left).digest()',
    ),
    Mutant(
        "any proof of inclusion that is long enough will do",
        *("journal", _TREE),
        "return last == 0 and found == tree_root",
        "return last == 0",
    ),
    Mutant(
        "any older root is consistent",
        *("journal", _TREE),
        "return last == 0 and found_old == old_root and found_new == new_root",
        "return last == 0 and found_new == new_root",
    ),
    Mutant(
        "any signature is valid",
        *("journal", "core/ledger/checkpoint.py"),
        "        except InvalidSignature:\n            return False\n",
        "        except InvalidSignature:\n            return True\n",
    ),
    Mutant(
        "the schema knows a limit that is none",
        *("attacks", _SCHEMA),
        "        WHEN 'none' THEN 1 = 1\n",
        "        WHEN 'none' THEN 1 = 1\n        WHEN '' THEN 1 = 1\n",
    ),
    Mutant(
        "the schema lets a reservation be resolved twice",
        *("attacks", _SCHEMA),
        "CREATE UNIQUE INDEX entry_resolved_once",
        "CREATE INDEX entry_resolved_once",
    ),
    Mutant(
        "the schema lets a line say what it likes",
        *("attacks", _SCHEMA),
        "        CASE WHEN kind = 'transfer' THEN\n            line = ",
        "        CASE WHEN kind = 'transfer' THEN\n            line <> ",
    ),
    Mutant(
        "a reservation's number may be left out: NULL passes a check",
        *("attacks", _SCHEMA),
        "pending IS NOT NULL AND pending_seq IS NOT NULL AND pending_seq < seq",
        "pending IS NOT NULL AND pending_seq < seq",
    ),
    Mutant(
        "rows go unnoticed",
        *("attacks", _TRIGGERS),
        "{table}_never_goes BEFORE DELETE ON {table}\n    BEGIN SELECT RAISE(ABORT,",
        "{table}_never_goes BEFORE DELETE ON {table}\n    WHEN 1 = 0 BEGIN SELECT RAISE(ABORT,",
    ),
    Mutant(
        "a connection without constraints may write",
        *("attacks", _ADDED),
        "INSERT OR IGNORE INTO checkpoint VALUES (-1, -1, '', ''); ",
        "",
    ),
    Mutant(
        "a connection without foreign keys may write",
        *("attacks", _ADDED),
        "(SELECT foreign_keys FROM pragma_foreign_keys) <> 1",
        "(SELECT foreign_keys FROM pragma_foreign_keys) > 1",
    ),
)
"""More of them, which a night is long enough for."""
