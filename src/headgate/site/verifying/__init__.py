"""Verify a live database: its guards, its ledger, its signed checkpoints, its decisions.

Four questions, each with its own way to name what is wrong. Are the guards there, exactly as the
migrations make them? Does every entry stand in its order, with the columns and legs that follow
from its line? Is every checkpoint that was ever signed, here or elsewhere, one of this journal? And
do the events, taken again from the recorded facts, give this journal and these decisions?
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError

from headgate.core.faults import Fault
from headgate.journal.keys import Keys
from headgate.site.records.database import Database
from headgate.site.verifying.derived import Adopted, Derived, adopted_policy, derive
from headgate.site.verifying.findings import Finding, first_wrong
from headgate.site.verifying.guards import guard_findings
from headgate.site.verifying.ledger import Walked, chart_of_legs, walk
from headgate.site.verifying.signed import Signed, signed


@dataclass(frozen=True, slots=True)
class DatabaseVerdict:
    """What was verified; `faults` is empty for an honest database.

    `first_wrong` is the number of the first entry that is known to be wrong, None where no entry
    is, or none can be named. `decisions` counts those that were derived again, by step.
    """

    faults: tuple[Fault, ...]
    first_wrong: int | None
    entries: int
    transfers: int
    events: int
    decisions: Mapping[str, int]
    checkpoints: int
    root: str


def verify_database(
    database: Database,
    progress: Callable[[str], None] = lambda _: None,
    *,
    notes: Sequence[bytes] = (),
    keys: Keys | None = None,
) -> DatabaseVerdict:
    """Answer the four questions of one moment of a database, while others go on writing to it.

    `notes` are signed checkpoints that were kept outside: only they can reveal a history that was
    rewritten from end to end. With `keys`, every checkpoint must be signed by a pair of them.
    """
    # 1. The guards, as the migrations make them.
    progress("guards")
    findings = guard_findings(database)
    try:
        return _examined(database, progress, findings, notes, keys)
    except DatabaseError:
        # Tables that are not ours any more may not answer; the guards then say what is wrong.
        if not findings:
            raise
        return _verdict(findings, Walked(), Signed(0, b"", ()), Derived())


def _examined(
    database: Database,
    progress: Callable[[str], None],
    findings: Sequence[Finding],
    notes: Sequence[bytes],
    keys: Keys | None,
) -> DatabaseVerdict:
    with _whatever_bytes(database), database.reading():
        policy = adopted_policy(database)
        # 2. The journal line by line, and every transfer posted again.
        progress("ledger")
        programme = policy if isinstance(policy, Adopted) else None
        walked = walk(database, programme.chart if programme else chart_of_legs(database))
        # 3. The checkpoints that were signed.
        progress("checkpoints")
        shown = signed(database, notes, keys)
        # 4. The events taken again.
        derived = derive(database, programme.document, progress) if programme else Derived()
    stated = [policy] if isinstance(policy, Finding) else []
    found = [*findings, *stated, walked.wrong, *shown.findings, *derived.findings]
    wrong = [finding for finding in found if finding is not None]
    return _verdict(wrong, walked, shown, derived)


def _verdict(
    wrong: Sequence[Finding], walked: Walked, shown: Signed, derived: Derived
) -> DatabaseVerdict:
    return DatabaseVerdict(
        tuple(finding.fault() for finding in wrong),
        first_wrong(wrong),
        walked.entries,
        walked.transfers,
        derived.events,
        derived.decisions,
        shown.checkpoints,
        shown.root.hex(),
    )


def _text(data: bytes) -> str:
    """Text, or for bytes that are none a text with a sign in it that no rule lets through."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"\0{data.decode(errors='replace')}"


@contextmanager
def _whatever_bytes(database: Database) -> Iterator[None]:
    """Read bytes that are no text as text that cannot be right; SQLite keeps whatever it is given.

    PostgreSQL refuses them itself.
    """
    if database.vendor != "sqlite":
        yield
        return
    database.connection.ensure_connection()
    driver = database.connection.connection
    driver.text_factory = _text
    try:
        yield
    finally:
        driver.text_factory = str
