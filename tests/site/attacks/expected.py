"""What is expected of each attack: the rules that refuse it, and what reveals it (with a plus).

In order: on SQLite, then on PostgreSQL as the service, as the owner, as a superuser; whoever is not
told meets what the one before met. An empty text says that the database has no such thing.
"""

from collections.abc import Mapping
from typing import Final

EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "leave a gap in the numbering": (
        "entry_gapless foreign-key",
        "entry_follows entry_gapless",
    ),
    "fork the journal: a second entry of one number, or after one": (
        "entry_gapless unique(entry.seq)",
        "entry_gapless entry_pkey",
    ),
    "date a transfer before the one before it": (
        "entry_time foreign-key",
        "entry_follows entry_time",
    ),
    "write an instant that is none": ("entry_at",),
    "write a day that no calendar has": ("+journal",),
    "let the line say something else than the columns": ("entry_line",),
    "write a line that can be read in two ways": ("entry_fields",),
    "write a character that breaks or reorders a line": ("entry_plain",),
    "write a line that is too long to publish": ("entry_size",),
    "write an empty or endless subject or reason": ("entry_subject entry_why",),
    "leave out what an entry must say": ("entry_gapless entry_whole not-null",),
    "give an entry of another kind a transfer's columns": ("entry_pending entry_whole",),
    "write a value of another type": (
        "type",
        "entry_effect entry_line leg_sums type",
    ),
    "write bytes that are no text": (
        "+journal entry_plain",
        "type",
    ),
    "post an id twice": (
        "unique(entry.subject)",
        "entry_transfer_once",
    ),
    "move nothing, or less": ("entry_amount leg_least",),
    "move from an account to itself": ("entry_accounts",),
    "invent a phase": ("entry_phase",),
    "exceed a limit": ("leg_bound",),
    "exceed a limit by an overflow": (
        "leg_bound leg_most type",
        "leg_bound too-large",
    ),
    "lift an account's limit, or change it, midway": (
        "foreign-key leg_bound",
        "leg_bound leg_follows",
    ),
    "change an account's unit midway": (
        "foreign-key",
        "entry_debits leg_follows",
    ),
    "post one leg without the other": (
        "foreign-key",
        "entry_credits entry_debits leg_of_transfer",
    ),
    "post a third leg": (
        "leg_first leg_side unique(leg.half)",
        "leg_first leg_pkey leg_side",
    ),
    "post legs for an entry that is no transfer": (
        "foreign-key leg_first",
        "leg_first leg_of_transfer",
    ),
    "let a leg say something else than its transfer": (
        "entry_effect entry_whole foreign-key leg_side leg_sums",
        "entry_debits entry_effect entry_whole leg_follows leg_side leg_sums",
    ),
    "edit a balance on the way": (
        "foreign-key leg_least leg_sums",
        "leg_follows leg_least leg_sums",
    ),
    "fork an account's history": (
        "unique(leg.was_half)",
        "leg_was_half_key",
    ),
    "begin an account twice": (
        "leg_first unique(leg.account)",
        "leg_first leg_first_once",
    ),
    "let an account's legs follow each other in a circle": ("leg_first",),
    "leave out what a leg must say": ("not-null",),
    "resolve a reservation twice": (
        "leg_least unique(entry.pending_seq)",
        "entry_resolved_once leg_least",
    ),
    "resolve another amount than was reserved": (
        "entry_effect foreign-key",
        "entry_debits entry_effect",
    ),
    "resolve a reservation between other accounts": (
        "foreign-key leg_least",
        "entry_frees_credit entry_frees_debit leg_least",
    ),
    "resolve a reservation in another unit": (
        "foreign-key",
        "leg_follows",
    ),
    "resolve what was not reserved": (
        "foreign-key leg_least",
        "entry_frees_debit leg_least",
    ),
    "resolve under another reservation's number or name": (
        "entry_pending foreign-key",
        "entry_pending entry_resolves",
    ),
    "say only half of what is resolved": ("entry_pending",),
    "resolve something with a transfer that resolves nothing": ("entry_pending",),
    "keep a value twice, or of an entry that is not there": (
        "foreign-key unique(kept.kind)",
        "kept_pkey kept_seq_fkey",
    ),
    "sign a size twice, or of a journal that is not there": (
        "checkpoint_root checkpoint_size foreign-key unique(checkpoint.size)",
        "checkpoint_last_seq_fkey checkpoint_pkey checkpoint_root checkpoint_size",
    ),
    "leave out what a value or a checkpoint must say": ("not-null",),
    "add a checkpoint that was never signed": ("+checkpoints",),
    "supersede a received fact by another": ("+values",),
    "supersede what an award holds": ("+values",),
    "enter a decision that nobody made": ("+values",),
    "use an account that the chart does not have": ("+ledger",),
    "open an account without the limit that the chart gives it": ("+ledger",),
    "change any column of `leg`": (
        "append-only",
        "permission",
        "append-only",
    ),
    "change any column of `entry`": (
        "append-only",
        "permission",
        "append-only",
    ),
    "change any column of `kept`": (
        "append-only",
        "permission",
        "append-only",
    ),
    "change any column of `checkpoint`": (
        "append-only",
        "permission",
        "append-only",
    ),
    "delete any row": (
        "append-only",
        "permission",
        "append-only",
    ),
    "empty a table": (
        "append-only",
        "permission",
        "append-only",
    ),
    "add a row in the place of another (REPLACE)": (
        "append-only checkpoint_root",
        "",
    ),
    "the same, with the triggers of REPLACE switched off": (
        "checkpoint_root guards-off",
        "",
    ),
    "add a row or change the one that is there (upsert)": (
        "append-only",
        "permission",
        "append-only",
    ),
    "add a row unless it is there": ("+no-change",),
    "change rows by MERGE": (
        "",
        "permission",
        "append-only",
    ),
    "copy a changed table over it (ATTACH)": (
        "checkpoint_root",
        "",
    ),
    "make foreign keys wait for the end of the transaction": (
        "foreign-key",
        "leg_of_transfer",
    ),
    "switch off what a connection may, then add": (
        "guards-off",
        "permission",
        "permission",
        "+ledger",
    ),
    "the same, without the trigger that looks for it": (
        "+guards",
        "",
    ),
    "the same, and put the trigger back": (
        "+ledger",
        "",
    ),
    "triggers off for this session: change": (
        "",
        "permission",
        "permission",
        "append-only",
    ),
    "triggers off: change an amount": (
        "entry_line",
        "permission",
        "entry_effect",
    ),
    "triggers off: change an amount and its line": (
        "foreign-key",
        "permission",
        "entry_debits",
    ),
    "triggers off: change a leg": (
        "leg_sums",
        "permission",
        "leg_sums",
    ),
    "triggers off: change a leg and its balance": (
        "foreign-key",
        "permission",
        "leg_follows",
    ),
    "triggers off: delete an old entry, or its legs": (
        "foreign-key",
        "permission",
        "entry_follows leg_follows",
    ),
    "triggers off: change a reason, and leave them off": (
        "+guards",
        "permission",
        "+guards",
    ),
    "triggers off and on again: change a reason that was signed": (
        "+checkpoints",
        "permission",
        "+checkpoints",
    ),
    "triggers off and on again: change a reason that was not signed yet": (
        "+outside",
        "permission",
        "+outside",
    ),
    "triggers off and on again: change or remove a kept value": (
        "+values",
        "permission",
        "+values",
    ),
    "triggers off and on again: change a signed checkpoint": (
        "+checkpoints",
        "permission",
        "+checkpoints",
    ),
    "remove a constraint, add what it refused": (
        "+guards",
        "permission",
        "+guards",
    ),
    "the same, and put the constraint back unchecked": (
        "+ledger",
        "permission",
        "+guards",
        "+ledger",
    ),
    "change or remove a table": (
        "+guards",
        "permission",
        "+guards",
    ),
    "a trigger that swallows what is added": (
        "+guards",
        "permission",
        "+guards",
    ),
    "another function under the triggers": (
        "",
        "permission",
        "+guards",
    ),
    "a function with its owner's rights": (
        "",
        "permission",
        "append-only",
    ),
    "more rights for the service": (
        "",
        "+no-change permission",
        "+guards permission",
        "+guards",
    ),
    "become the owner": (
        "",
        "permission",
        "append-only",
    ),
    "rows from a file or a program of the server": (
        "",
        "permission",
        "permission",
        "+no-change",
    ),
    "rows from a child table": (
        "",
        "permission",
        "+guards",
    ),
    "rows hidden by a policy or a rule": (
        "",
        "permission",
        "+guards",
    ),
    "another table in the ledger's place, for one session": ("+no-change",),
    "other tables in the ledger's place, for all": (
        "+guards",
        "permission",
        "+guards",
    ),
    "the system's own tables": (
        "+guards",
        "permission",
        "permission",
        "+guards",
    ),
    "remove the newest entries": (
        "+outside",
        "permission",
        "+outside",
    ),
    "remove a checkpoint": (
        "+outside",
        "permission",
        "+outside",
    ),
    "remove the newest entries and their checkpoint": (
        "+outside",
        "permission",
        "+outside",
    ),
    "rewrite what no checkpoint has": (
        "+outside",
        "permission",
        "+outside",
    ),
    "rewrite more, and leave the checkpoints as they were": (
        "+checkpoints",
        "permission",
        "+checkpoints",
    ),
    "rewrite more, and remove the checkpoints": (
        "+outside",
        "permission",
        "+outside",
    ),
    "rewrite more, and sign the checkpoints anew": (
        "+outside",
        "permission",
        "+outside",
    ),
}
