"""Kept columns give what the text gives, sooner, and never anything else."""

from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.readers import trace_kept
from headgate.readers.trace_kept import WORTH_BYTES, read_trace, told
from headgate.readers.traces import Trace

BAD_LINE = 7


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "headgate" / "traces"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A trace that is worth keeping, with one bad row."""
    row = "{n} {n} 0 {s} 8 -1 -1 8 -1 -1 1 3 {g} -1 1 1 -1 -1"
    rows = [row.format(n=n, s=1 + n % 99, g=n % 7) for n in range(WORTH_BYTES // 30)]
    rows[BAD_LINE - 1] = rows[BAD_LINE - 1].replace(" 8 ", " eight ", 1)
    path = tmp_path / "large.swf"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def same(one: Trace, other: Trace) -> bool:
    """Whether two traces are the same in every column and note."""
    columns = ("tenant", "submitted", "seconds", "gpus", "limit")
    equal = all((getattr(one, c) == getattr(other, c)).all() for c in columns)
    return equal and one.tenants == other.tenants and one.notes == other.notes


def test_a_second_reading_takes_the_columns(
    cache: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same trace, faults included, without the text being read; under any name."""
    first = read_trace(large)
    assert 1 == len(list(cache.iterdir()))
    monkeypatch.setattr(trace_kept, "read_file", None)
    assert same(first.trace, read_trace(large).trace)
    again = read_trace(large.rename(large.with_name("other.swf"))).trace
    assert ["other.swf"] == [fault.file for fault in again.notes.faults]
    assert [BAD_LINE] == [fault.line for fault in again.notes.faults]


def test_a_changed_file_is_another_file(cache: Path, large: Path) -> None:
    """The digest decides, not the name or its time."""
    before = read_trace(large).trace
    large.write_text(large.read_text(encoding="utf-8") + "\n" + "9 " * 18, encoding="utf-8")
    assert before.notes.jobs + 1 == read_trace(large).trace.notes.jobs
    assert 2 == len(list(cache.iterdir()))


def test_a_damaged_copy_is_made_again(cache: Path, large: Path) -> None:
    """Cut, flipped or foreign copies never give other columns."""
    whole = read_trace(large).trace
    (copy,) = cache.iterdir()
    data = copy.read_bytes()
    middle = len(data) // 2
    for broken in (b"", data[:-99], data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]):
        copy.write_bytes(broken)
        assert same(whole, read_trace(large).trace)
        assert data == copy.read_bytes()


def test_where_nothing_can_be_kept_the_trace_is_read_and_that_is_said(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache folder that cannot be made is no error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(large))
    kept = read_trace(large)
    assert kept.not_kept
    assert any("not kept" in line for line in told(kept))


def test_strict_reads_the_text_and_small_files_are_not_kept(cache: Path, large: Path) -> None:
    """A bad row is refused even where its trace was kept before."""
    read_trace(large)
    with pytest.raises(Faulty, match="trace-not-a-number"):
        read_trace(large, strict=True)
    small = large.with_name("small.swf")
    small.write_text("1 0 0 9 8 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1\n", encoding="utf-8")
    assert 1 == read_trace(small).trace.notes.jobs
    assert 1 == len(list(cache.iterdir()))


def test_columns_are_kept_for_each_way_of_naming_spot_jobs(cache: Path, large: Path) -> None:
    """Who names a queue does not get the columns of who named none, nor the other way round."""
    for named in ({}, {"spot": ["queue-1"]}, {}):
        notes = read_trace(large, named=named).trace.notes
        assert (notes.jobs if named else 0, named) == (notes.spot, notes.named)
    assert 2 == len(list(cache.iterdir()))
