"""Columns of large traces, kept in the user's cache folder by the digest of the file they are of.

Reading text costs many times what replaying it does. What is kept is numpy's npz, never executed
when it is loaded; a copy that is damaged, or of an earlier layout, is made again. Where nothing can
be written the trace is read each time, and `Kept` says so.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import numpy as np

from headgate.core.faults import Fault
from headgate.readers.trace_layouts import read_file
from headgate.readers.trace_log import unmet_faults
from headgate.readers.traces import NOTHING, Named, Trace, TraceNotes

LAYOUT: Final = 4
"""Raised whenever the same text would give other columns."""
WORTH_BYTES: Final = 1 << 20
COLUMNS: Final = ("tenant", "submitted", "seconds", "gpus", "limit", "inference")


@dataclass(frozen=True, slots=True)
class Kept:
    """A trace with its name and digest.

    `not_kept` is why its columns were not kept; empty where they are, or need not be.
    """

    trace: Trace
    name: str
    digest: str
    not_kept: str = ""


def read_trace(path: Path, *, strict: bool = False, named: Named = NOTHING) -> Kept:
    """Read a trace, from its kept columns where there are any.

    Raises `Faulty` where it is none, or where it is `strict` and a row cannot be read.
    """
    digest = _digest(path)
    copy, trace, not_kept = _copy(digest, named), None, ""
    worth = not strict and path.stat().st_size >= WORTH_BYTES
    if worth and copy is not None:
        trace = read_columns(copy, path.name)
    if trace is None:
        trace = read_file(path, strict=strict, named=named)
        not_kept = _save(trace, copy) if worth else ""
    return Kept(trace, path.name, digest, not_kept)


def told(kept: Kept) -> Iterator[str]:
    """What became of a trace's rows, for who reads a terminal."""
    notes = kept.trace.notes
    yield f"{notes.jobs:,} jobs in {notes.rows:,} rows of {kept.name}"
    for why, count in notes.left.items():
        yield f"{count:>14,} rows left out: {why}"
    for code, count in notes.bad.items():
        yield f"{count:>14,} faults that cost their rows [{code}]"
    if notes.repeated:
        yield f"{notes.repeated:>14,} jobs are equal to an earlier one, and kept"
    for count, kind in ((notes.spot, "spot"), (notes.inference, "inference")):
        if count:
            yield f"{count:>14,} jobs are {kind}"
    if notes.unsorted:
        yield f"{notes.unsorted:>14,} jobs were submitted before the one above, and put in order"
    yield from map(str, (*notes.faults, *unmet_faults(notes.unmet, kept.name)))
    if (more := sum(notes.bad.values()) - len(notes.faults)) > 0:
        yield f"... and {more:,} more"
    if kept.not_kept:
        yield f"its columns were not kept for the next time: {kept.not_kept}"


def _copy(digest: str, named: Named) -> Path | None:
    """Where columns are kept (XDG Base Directory Specification); None without a home."""
    if any(named.values()):
        said = json.dumps([digest, {what: list(names) for what, names in sorted(named.items())}])
        digest = hashlib.sha256(said.encode()).hexdigest()
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "headgate" / "traces" / f"{digest}.{LAYOUT}.npz"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _save(trace: Trace, copy: Path | None) -> str:
    """Write a copy that takes its name when it is whole; why it could not be written, if so."""
    if copy is None:
        return "nobody's home folder is known"
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_columns(trace, copy)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def write_columns(trace: Trace, copy: Path) -> None:
    """Write a trace's columns; the file takes its name when it is whole."""
    draft = copy.with_name(f".{token_hex(8)}.npz")
    said = json.dumps({"tenants": trace.tenants, "notes": asdict(trace.notes)})
    columns: dict[str, Any] = {name: getattr(trace, name) for name in COLUMNS}
    try:
        with draft.open("xb") as file:
            np.savez(file, said=np.frombuffer(said.encode(), np.uint8), **columns)
        draft.replace(copy)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def read_columns(copy: Path, file: str) -> Trace | None:
    """The kept columns; None where there are none that can be read."""
    try:
        with copy.open("rb") as file_of_columns:
            kept = np.load(file_of_columns, allow_pickle=False)
            said = json.loads(kept["said"].tobytes())
            tenant, submitted, seconds, gpus, limit, inference = (kept[name] for name in COLUMNS)
        notes = _notes(said["notes"], file)
        tenants = tuple(said["tenants"])
    except (OSError, EOFError, LookupError, TypeError, ValueError, zipfile.BadZipFile):
        return None
    columns = (tenant, submitted, seconds, gpus, limit)
    well = all(c.dtype == np.int64 and c.shape == (notes.jobs,) for c in columns)
    well &= inference.dtype == np.int8 and inference.shape == (notes.jobs,)
    if not well or not notes.jobs:
        return None
    return Trace(tenants, tenant, submitted, seconds, gpus, limit, inference, notes)


def _notes(said: Mapping[str, Any], file: str) -> TraceNotes:
    """Notes of a copy, whose faults stand in the file that was read now."""
    faults = tuple(replace(Fault(**each), file=file) for each in said["faults"])
    return TraceNotes(**{**said, "faults": faults})
