"""One file that holds a whole database as of one moment, whichever database it came from.

    manifest.json       what there should be: counts, digests, the journal's size and root
    leg.jsonl ...       the tables as they are: the columns, then a row a line, as JSON arrays

Beside the ledger's tables these are all that the site works with: people, what they handed in,
agents, notices. Where there is a ledger alone, they are its tables alone.

It is an ordinary ZIP file. Restoring puts every row through the constraints of an empty database,
in one transaction: whatever is wrong with the file, or whoever kills the process, the database then
is empty still. The keys that sign are not in it; they lie in their ring.
"""

import hashlib
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from django.db import DatabaseError
from pydantic import TypeAdapter, ValidationError

from headgate.core import canonical
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.frontier import Frontier
from headgate.journal.files import settle
from headgate.site import working_tables
from headgate.site.records.database import Database, Row
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS

VERSION: Final = "headgate-backup-1"
MANIFEST: Final = "manifest.json"
COLUMNS: Final = {
    "leg": LEG_COLUMNS,
    "entry": ENTRY_COLUMNS,
    "kept": ("kind", "key", "seq", "data"),
    "checkpoint": ("size", "last_seq", "root", "note"),
}
"""The tables in the order in which they are restored: what a row names is there before it."""

BATCH_ROWS: Final = 2_000
LINE_BYTES_MOST: Final = 256 * 1024**2
MANIFEST_BYTES_MOST: Final = 1024**2
RATIO_MOST: Final = 200
"""How many times its own size an honest file may hold; deflate can be made to hold 1,000 times."""

_ORDER: Final = {"leg": "half", "entry": "seq", "kept": "seq, kind, key", "checkpoint": "size"}
_INTEGERS: Final = range(-(2**63), 2**63)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

Progress = Callable[[str], None]


class BackupRefusal(Enum):
    """Why no backup is made, or none restored; the value is what mends it."""

    FILE_TAKEN = "Name a file that is not there yet: no backup is ever written over."
    DATABASE_FULL = "Restore into a database that was just created and holds nothing."
    SITE_MISSING = "It holds a whole site: make the site's tables first, with headgate migrate."
    SITE_OTHER = "Use the version that made it, then renew the tables: headgate migrate."
    NO_BACKUP = "Name a file that headgate backup made."
    VERSION_UNKNOWN = "Restore it with the version of headgate that made it."
    DAMAGED = "The file is cut short or was changed: take another copy of it."
    TOO_LARGE = "It unpacks to more than a backup of its size holds: do not trust where it is from."
    CONTENT_DIFFERS = "The tables are not those of the manifest: take another copy of it."
    ROW_BAD = "A row cannot stand in its table: take another copy of it."
    ROW_REFUSED = "The database refuses a row that breaks a rule: the backup was forged."
    ROOT_DIFFERS = "The entries do not make the root of the manifest: the backup was forged."


@dataclass(frozen=True, slots=True)
class Table:
    """What a table comes to: its rows, and the length and SHA-256 of its lines."""

    rows: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the journal's size and root, and its newest checkpoint, if any."""

    version: str
    size: int
    root: str
    checkpoint: str | None
    tables: dict[str, Table]

    @property
    def private(self) -> int:
        """How many rows are in it beside the ledger's."""
        return sum(table.rows for name, table in self.tables.items() if name not in COLUMNS)


def backup(database: Database, path: Path, progress: Progress = lambda _: None) -> Manifest:
    """Write everything that a database holds at one moment to a new file, whole or not at all.

    Raises Faulty where a file is there already, or the database cannot be read.
    """
    if path.exists() or path.is_symlink():
        raise _faulty(BackupRefusal.FILE_TAKEN, str(path), "there is a file of this name")
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            with database.reading(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = _written(database, archive, progress)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(Path(draft), path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return manifest


def _put_in_place(draft: Path, path: Path) -> None:
    """Give the finished file its name, which another may have taken meanwhile."""
    try:
        os.link(draft, path)
    except FileExistsError:
        what = "there is a file of this name"
        raise _faulty(BackupRefusal.FILE_TAKEN, str(path), what) from None
    settle(path.parent)


def _written(database: Database, archive: zipfile.ZipFile, progress: Progress) -> Manifest:
    tables: dict[str, Table] = {}
    trunk = _Trunk()
    for table, columns in _columns(_whole(database)).items():
        progress(table)
        if table in COLUMNS:
            sql = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {_ORDER[table]}"
            rows = trunk.seen(table, database.stream(sql))
        else:
            rows = working_tables.rows(database, working_tables.working()[table])
        with archive.open(f"{table}.jsonl", "w", force_zip64=True) as member:
            tables[table] = _write_table(member, columns, rows)
    root = trunk.tree.root().hex()
    manifest = Manifest(VERSION, trunk.tree.size, root, _newest(database), tables)
    archive.writestr(MANIFEST, canonical.line(manifest))
    return manifest


def _whole(database: Database) -> bool:
    """Whether a site works on the ledger; raises Faulty where its tables are another version's."""
    found = working_tables.there(database)
    if missing := sorted(working_tables.working().keys() - found):
        if found:
            what = f"it has no table {missing[0]}"
            raise _faulty(BackupRefusal.SITE_OTHER, "--database", what)
        return False
    return True


def _columns(whole: bool) -> dict[str, tuple[str, ...]]:
    """The tables and their columns, of a ledger or of a whole site, as they are restored."""
    models = working_tables.working().items() if whole else ()
    return {**COLUMNS, **{table: working_tables.columns(model) for table, model in models}}


def _newest(database: Database) -> str | None:
    """The newest checkpoint that was signed."""
    rows = database.rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
    return rows[0][0] if rows else None


def _write_table(member: IO[bytes], columns: Sequence[str], rows: Iterable[Row]) -> Table:
    digest, count, length = hashlib.sha256(), 0, 0
    for count, row in enumerate(_with_columns(columns, rows)):  # noqa: B007
        line = _line(row)
        member.write(line)
        digest.update(line)
        length += len(line)
    return Table(count, length, digest.hexdigest())


def _line(row: Row) -> bytes:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def _with_columns(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[Row]:
    yield tuple(columns)
    yield from rows


class _Trunk:
    """The journal's tree, grown while the entries pass by on their way in or out."""

    def __init__(self) -> None:
        self.tree = Frontier()

    def seen(self, table: str, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows; of the journal, grown into the tree some at a time."""
        passing = iter(rows)
        while some := list(islice(passing, BATCH_ROWS)):
            if table == "entry":
                line = ENTRY_COLUMNS.index("line")
                self.tree = self.tree.grown(row[line].encode() for row in some)
            yield from some


def restore(path: Path, database: Database, progress: Progress = lambda _: None) -> Manifest:
    """Fill an empty database from a backup: all of it or nothing, through every constraint.

    Raises Faulty for a file that is none, is damaged or was forged, and for a database that is not
    empty. That the journal is the one which was published, `verify` says, with a checkpoint that
    was kept elsewhere.
    """
    with _readable(path), zipfile.ZipFile(path) as archive:
        manifest = _read_manifest(path, archive)
        whole = manifest.tables.keys() != COLUMNS.keys()
        with _accepted(path), database.writing():
            _check_empty(database)
            if whole and not _whole(database):
                what = "the database has a ledger's tables alone"
                raise _faulty(BackupRefusal.SITE_MISSING, "--database", what)
            trunk = _Trunk()
            for table, columns in _columns(whole).items():
                progress(table)
                rows = _read_rows(archive, table, columns, manifest.tables[table])
                _fill(database, table, trunk.seen(table, rows))
            if whole:
                working_tables.count_on(database)
            _check_root(path, manifest, trunk.tree)
            _check_held(path, manifest, database)
    return manifest


def _fill(database: Database, table: str, rows: Iterator[Row]) -> None:
    while some := list(islice(rows, BATCH_ROWS)):
        if table in COLUMNS:
            database.insert(table, COLUMNS[table], some)
        else:
            working_tables.fill(database, working_tables.working()[table], some)


def _read_manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    """What the file says that it holds, once its outside is that of a backup."""
    ledgers = {f"{table}.jsonl" for table in COLUMNS} | {MANIFEST}
    listed = archive.infolist()
    names = [info.filename for info in listed]
    if (
        not ledgers <= set(names)
        or len(names) != len(set(names))
        or any(info.flag_bits & 1 for info in listed)
    ):
        raise _faulty(BackupRefusal.NO_BACKUP, str(path), f"it holds {len(names)} other files")
    held = sum(info.file_size for info in listed)
    if held > RATIO_MOST * path.stat().st_size:
        raise _faulty(BackupRefusal.TOO_LARGE, str(path), f"it would unpack to {held:,} bytes")
    if damaged := archive.testzip():
        raise _faulty(BackupRefusal.DAMAGED, damaged, "its checksum is not that of its content")
    with archive.open(MANIFEST) as member:
        data = member.read(MANIFEST_BYTES_MOST)
    try:
        told = json.loads(data)
        version = told.get("version") if isinstance(told, dict) else None
        if isinstance(version, str) and version != VERSION:
            what = f"it is of version {version[:40]!a}"
            raise _faulty(BackupRefusal.VERSION_UNKNOWN, str(path), what)
        manifest: Manifest = TypeAdapter(Manifest).validate_json(data, strict=True)
    except (ValidationError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise _faulty(BackupRefusal.NO_BACKUP, MANIFEST, "it is no manifest") from None
    if {f"{table}.jsonl" for table in manifest.tables} | {MANIFEST} != set(names):
        raise _faulty(BackupRefusal.NO_BACKUP, MANIFEST, "it tells of other tables")
    if manifest.tables.keys() not in (COLUMNS.keys(), _columns(whole=True).keys()):
        other = sorted(manifest.tables.keys() ^ _columns(whole=True).keys())
        what = f"its site has other tables: {', '.join(other)[:80]!a}"
        raise _faulty(BackupRefusal.SITE_OTHER, str(path), what)
    return manifest


def _read_rows(
    archive: zipfile.ZipFile, table: str, columns: tuple[str, ...], told: Table
) -> Iterator[Row]:
    """The rows of a table; once the last was read, they have turned out to be those told of."""
    name, digest, length, count = f"{table}.jsonl", hashlib.sha256(), 0, -1
    with archive.open(name) as member:
        while line := member.readline(LINE_BYTES_MOST):
            digest.update(line)
            length, count = length + len(line), count + 1
            if length > told.bytes:
                break
            row = _row(name, count + 1, line, len(columns), table if count else "")
            if count == 0 and row != columns:
                raise _faulty(BackupRefusal.ROW_BAD, name, "its first line names other columns")
            if count > 0:
                yield row
    if Table(count, length, digest.hexdigest()) != told:
        what = f"its lines are not the {told.rows:,} rows of the manifest"
        raise _faulty(BackupRefusal.CONTENT_DIFFERS, name, what)


def _row(file: str, number: int, line: bytes, width: int, table: str) -> Row:
    """A line as the values of a row of a table; without one, as the names of columns."""
    row: Row | None = None
    with suppress(ValueError, RecursionError):
        values: Any = json.loads(line)
        if isinstance(values, list) and len(values) == width:
            model = working_tables.working().get(table)
            if model is None:
                row = tuple(values) if all(map(_storable, values)) else None
            elif _UNSTORABLE.search(json.dumps(values, ensure_ascii=False)) is None:
                row = working_tables.readable(model, tuple(values))
    if row is None:
        raise _faulty(BackupRefusal.ROW_BAD, file, f"line {number} is no row", number)
    return row


def _storable(value: object) -> bool:
    """Whether a value fits a column of either database."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    return value is None or (type(value) is int and value in _INTEGERS)


def _check_empty(database: Database) -> None:
    for table in COLUMNS:
        if database.rows(f"SELECT 1 FROM {table} LIMIT 1"):
            what = f"its table {table} has rows"
            raise _faulty(BackupRefusal.DATABASE_FULL, "--database", what)
    if full := working_tables.occupied(database):
        raise _faulty(BackupRefusal.DATABASE_FULL, "--database", f"its table {full} has rows")
    if working_tables.there(database):
        working_tables.clear_groups(database)


def _check_root(path: Path, manifest: Manifest, tree: Frontier) -> None:
    if (tree.size, tree.root().hex()) != (manifest.size, manifest.root):
        what = f"{tree.size:,} entries make the root {tree.root().hex()}"
        raise _faulty(BackupRefusal.ROOT_DIFFERS, str(path), what)


def _check_held(path: Path, manifest: Manifest, database: Database) -> None:
    """What was put in is there: nothing in the database swallowed a row."""
    for table, told in manifest.tables.items():
        there = database.rows(f"SELECT count(*) FROM {table}")[0][0]
        if there != told.rows:
            what = f"{there:,} of {told.rows:,} rows of {table} are in the database"
            raise _faulty(BackupRefusal.CONTENT_DIFFERS, str(path), what)
    if _newest(database) != manifest.checkpoint:
        what = "its newest checkpoint is not the one that the manifest shows"
        raise _faulty(BackupRefusal.CONTENT_DIFFERS, MANIFEST, what)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn everything that a file can have wrong as a ZIP into its name."""
    if not path.is_file():
        raise _faulty(BackupRefusal.NO_BACKUP, str(path), "there is no such file")
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        refusal = BackupRefusal.DAMAGED if _begins_as_zip(path) else BackupRefusal.NO_BACKUP
        raise _faulty(refusal, str(path), str(error) or "it is cut short") from None


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@contextmanager
def _accepted(path: Path) -> Iterator[None]:
    """Turn what a constraint refuses into its name; the transaction is gone with it."""
    try:
        yield
    except DatabaseError as error:
        what = str(error).strip().splitlines()[0]
        raise _faulty(BackupRefusal.ROW_REFUSED, str(path), what) from None


def _faulty(refusal: BackupRefusal, file: str, what: str, line: int = 0) -> Faulty:
    code = f"backup-{refusal.name.lower().replace('_', '-')}"
    return Faulty([Fault(file, line, 1 if line else 0, code, what, refusal.value)])
