"""A small, quick suite that a spoilt copy of the program must not pass; run it as a program.

`python -m tests.site.attacks.suite PART` says "clean", or "caught" with what it was caught by.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from headgate.core.ledger.checkpoint import Checkpoint, open_note
from headgate.core.ledger.entry import Entry, EntryRefusal, Kind, as_transfer, decode, encode
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.core.ledger.tree import Tree, root, verify_consistency, verify_inclusion
from headgate.site.actions.post import post
from headgate.site.records.books import stored
from headgate.site.records.database import Database, create, opened
from headgate.site.records.journal import head, lines
from tests.core.ledger.builders import CHART, account
from tests.site.attacks.audit import COLUMNS
from tests.site.attacks.forging import move, resolve
from tests.site.attacks.honest import fill, honest
from tests.site.attacks.page import ATTACKS, expected
from tests.site.attacks.rows import tables_of
from tests.site.attacks.trial import OnSqlite, told

LINE: Final = (
    b"headgate-1\ttransfer\t2026-03-09T01:35:00Z\tforged\taward/a\tuse/seoul\t1\tgpu_second"
    b"\tpost\topen-a\trule-1"
)
MOST: Final = 2**63 - 1


def ledger(folder: Path) -> None:
    """Posting one by one and in batches refuses what is wrong, and writes just what is right."""
    database = opened(f"sqlite:///{folder / 'ledger.db'}")
    create(database)
    transfers = [as_transfer(entry) for entry in honest().entries[2:]]
    for transfer in transfers[:30]:
        assert (Outcome.CREATED,) == post(database, CHART, [transfer]), transfer.id
    told = iter(transfers[30:])
    while batch := tuple(islice(told, 17)):
        assert (Outcome.CREATED,) * len(batch) == post(database, CHART, batch)
    _refuses(database)
    assert (Outcome.EXISTS,) * 9 == post(database, CHART, transfers[:9])
    assert head(database).size == len(transfers)
    _holds(database, honest().entries[2:])
    _judges_a_batch(database)


def _judges_a_batch(database: Database) -> None:
    """What one transfer does holds for the next one of the same batch."""
    left, later = _left(database), move().at.replace("T01", "T02")
    batch: Sequence[tuple[Outcome | Refusal, Transfer]] = (
        (Outcome.CREATED, move(id="all", amount=left, phase=Phase.PENDING)),
        (Refusal.EXCEEDS_CREDITS, move(amount=1)),
        (Outcome.CREATED, resolve(id="some", pending="all", amount=1)),
        (Outcome.EXISTS, resolve(id="some", pending="all", amount=1)),
        (Refusal.PENDING_ALREADY_POSTED, resolve(id="again", pending="all", amount=1)),
        (Outcome.CREATED, move(id="rest", amount=left - 1, at=later)),
        (Refusal.TIME_RUNS_BACKWARDS, resolve()),
        (Outcome.CREATED, resolve(at=later)),
    )
    outcomes = post(database, CHART, [transfer for _, transfer in batch])
    assert tuple(outcome for outcome, _ in batch) == outcomes
    assert 0 == _left(database)


def _left(database: Database) -> int:
    return stored(database).books(CHART, "").available(account("award/a"))


def _refuses(database: Database) -> None:
    left, run = _left(database), move(debit="award/b", credit="use/busan", amount=4)
    table: Sequence[tuple[Refusal, Transfer]] = (
        (Refusal.EXISTS_WITH_DIFFERENT_BODY, move(id="grant-a")),
        (Refusal.AMOUNT_NOT_POSITIVE, move(amount=0)),
        (Refusal.SAME_ACCOUNT, move(credit="award/a")),
        (Refusal.UNIT_MISMATCH, move(unit="krw")),
        (Refusal.EXCEEDS_CREDITS, move(amount=left + 1)),
        (Refusal.EXCEEDS_CREDITS, move(amount=left + 1, phase=Phase.PENDING)),
        (Refusal.EXCEEDS_DEBITS, move(credit="loan/b", amount=11)),
        (Refusal.OVERFLOWS_ACCOUNT, move(debit="supply/x", amount=MOST)),
        (Refusal.TIME_RUNS_BACKWARDS, move(at="2026-03-08T00:00:00Z")),
        (Refusal.TIME_RUNS_BACKWARDS, resolve(at="2026-03-08T00:00:00Z")),
        (Refusal.PENDING_ALREADY_POSTED, resolve(pending="job-0", amount=5)),
        (Refusal.PENDING_ALREADY_VOIDED, replace(run, phase=Phase.POST, pending="run-0")),
        (Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS, resolve(debit="award/b")),
        (Refusal.EXCEEDS_PENDING_AMOUNT, resolve(amount=21)),
        (Refusal.PENDING_HAS_DIFFERENT_AMOUNT, resolve(Phase.VOID, amount=19)),
    )
    for refusal, transfer in table:
        assert (refusal,) == post(database, CHART, [transfer]), refusal.name


def _holds(database: Database, entries: Sequence[Entry]) -> None:
    for table, rows in tables_of(entries, CHART).items():
        sql = f"SELECT {', '.join(COLUMNS[table])} FROM {table} ORDER BY 1"
        assert [tuple(row.values()) for row in rows] == database.rows(sql), table
    with database.reading():
        assert list(map(encode, entries)) == list(lines(database, 0))


def journal(_: Path) -> None:
    """Lines, roots, proofs and notes are what the published standards say."""
    assert encode(_entry()) == LINE
    assert decode(LINE) == _entry()
    for line, refusal in (
        (LINE + b"\tmore", EntryRefusal.FIELDS_MISCOUNTED),
        (LINE.replace(b"rule", b"\x01ule"), EntryRefusal.FIELD_NOT_PLAIN),
        (LINE.replace(b"T01", b" 01"), EntryRefusal.INSTANT_BAD),
        (LINE.replace(b"-1\t", b"-2\t", 1), EntryRefusal.VERSION_UNKNOWN),
    ):
        assert refusal is _refused(line)
    leaves = [encode(entry) for entry in honest().entries]
    tree = Tree(leaves)
    for size in (1, 2, 3, 7, 8, 63, 64, 101, len(leaves)):
        whole = _rfc_root(leaves[:size])
        assert whole == root(leaves[:size])
        assert whole == Frontier().grown(leaves[:size]).root()
        _proves(tree, leaves, size, whole)
    note = honest().checkpoint(90)[3].encode()
    keys = [signer.verifier() for signer in honest().signers]
    assert isinstance(open_note(note, keys), Checkpoint)
    assert not isinstance(open_note(note.replace(b"\n90\n", b"\n91\n"), keys), Checkpoint)


def _entry() -> Entry:
    fields = ("award/a", "use/seoul", "1", "gpu_second", "post", "open-a", "rule-1")
    return Entry(Kind.TRANSFER, "2026-03-09T01:35:00Z", "forged", fields)


def _refused(line: bytes) -> object:
    try:
        decode(line)
    except Refused as refused:
        return refused.reason
    return None


def _rfc_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, as it stands there."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1" + _rfc_root(leaves[:k]) + _rfc_root(leaves[k:])).digest()


def _proves(tree: Tree, leaves: Sequence[bytes], size: int, whole: bytes) -> None:
    for index in {0, size // 2, size - 1}:
        leaf = sha256(b"\0" + leaves[index]).digest()
        path = tree.inclusion(index, size)
        assert verify_inclusion(leaf, index, size, path, whole)
        assert not verify_inclusion(leaf, index, size, path, bytes(32))
        assert size == 1 or not verify_inclusion(bytes(32), index, size, path, whole)
        old = _rfc_root(leaves[: index + 1])
        step = tree.consistency(index + 1, size)
        assert verify_consistency(index + 1, size, step, old, whole)
        assert not verify_consistency(index + 1, size, step, bytes(32), whole)


def attacks(folder: Path) -> None:
    """Each dishonest statement ends as it is published, on SQLite."""
    database = opened(f"sqlite:///{folder / 'honest.db'}")
    create(database)
    fill(database)
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    database.connection.close()
    attacker = OnSqlite(folder / "honest.db", folder)
    for tried in ATTACKS.values():
        for name, attack in tried.items():
            assert expected(name, 0) == told(map(attacker.attacked, attack.sqlite)), name


PARTS: Final[dict[str, Callable[[Path], None]]] = {
    part.__name__: part for part in (ledger, journal, attacks)
}


def main(part: str) -> str:
    """What the suite says of the program that it runs on."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            PARTS[part](Path(folder))
        except Exception as error:  # noqa: BLE001  whatever stops a spoilt program has caught it
            return f"caught: {type(error).__name__}: {error}"
    return "clean"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1]))
