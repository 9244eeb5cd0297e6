"""What is promised of a usage file: its rows exactly, or all its faults with line and mend."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.faults import Fault, Faulty
from headgate.core.metering.usage import Usage
from headgate.readers import usage_csv
from headgate.readers.usage_csv import Code, read_usage, rows_again, usage_rows

BAD = sorted((Path(__file__).parent.parent / "bad" / "usage").glob("*.csv"))

GOOD = """\
# exported by the accounting of cluster c
seen,cluster,job,attempt,award,support_class,gpus,started,ended
2026-03-09T09:00:00Z,c,"train, again",0,a1,h200,8,2026-03-09T00:00:00Z,2026-03-09T01:00:00Z
2026-03-09T09:00:00Z,c,k,2,a2,b200,16,2026-03-09T00:00:00Z,
"""


def test_rows_are_read_by_the_names_of_their_columns() -> None:
    """Columns may stand in any order, names may be quoted, an attempt that runs has no end."""
    seen, start = "2026-03-09T09:00:00Z", "2026-03-09T00:00:00Z"
    expected = (
        Usage("c", "train, again", 0, "a1", "h200", 8, start, "2026-03-09T01:00:00Z", seen),
        Usage("c", "k", 2, "a2", "b200", 16, start, None, seen),
    )
    assert expected == read_usage(GOOD.encode(), "usage.csv")


def test_energy_is_a_column_that_a_file_may_have() -> None:
    """With it or without, and empty where it is not known; files of before are read as ever."""
    lines = GOOD.splitlines()
    told = (lines[0], f"{lines[1]},joules", f"{lines[2]},5000", f"{lines[3]},", "")
    first, second = read_usage("\n".join(told).encode(), "u")
    assert (5_000, None) == (first.joules, second.joules)


def test_byte_order_mark_and_windows_line_ends_are_read() -> None:
    """What a spreadsheet writes is a usage file too."""
    data = "\ufeff".encode() + GOOD.partition("\n")[2].replace("\n", "\r\n").encode()
    assert read_usage(GOOD.encode(), "u") == read_usage(data, "u")


SURE = b"""cluster,job,attempt,award,support_class,gpus,started,ended,seen,joules
c,k,2,a2,b200,16,2026-03-09T00:00:00Z,2026-03-09T01:00:00Z,2026-03-09T09:00:00Z,5
c,k,3,a2,b200,16,2026-03-09T02:00:00Z,,2026-03-09T09:00:00Z,
"""


@given(
    st.lists(
        st.tuples(
            st.integers(75, len(SURE) - 1),
            st.one_of(st.sampled_from(b'",0179 -\\Z\x7f\xc3'), st.integers(0, 255)),
            st.booleans(),
        ),
        max_size=3,
    )
)
def test_a_glance_takes_no_row_that_a_long_look_takes_otherwise(
    edits: list[tuple[int, int, bool]],
) -> None:
    """However a file was edited, the quick way finds the same rows and the same faults."""
    data = bytearray(SURE)
    for place, byte, more in edits:
        data[place : place + (not more)] = bytes([byte])
    told: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(2):
            try:
                told.append(read_usage(bytes(data), "u"))
            except Faulty as error:
                told.append(error.faults)
            patch.setattr(usage_csv._Sound, "usages", lambda *_: [])
    assert told[0] == told[1]


def test_rows_are_given_again_as_long_as_the_file_is_the_same() -> None:
    """A second pass has the rows of the first, and stops at what was sound then and is not now."""
    assert read_usage(SURE, "u") == tuple(rows_again(BytesIO(SURE), "u"))
    with pytest.raises(Faulty):
        list(rows_again(BytesIO(SURE.replace(b",3,a2", b",x,a2")), "u"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file_has_its_fault_at_its_line(path: Path) -> None:
    """One fault, one report: its code, the line it stands in, and what would mend it."""
    data = path.read_bytes()
    _, code, line = data.partition(b"\n")[0].decode().removeprefix("# ").split()
    with pytest.raises(Faulty) as caught:
        read_usage(data, path.name)
    faults = caught.value.faults
    assert [(path.name, int(line), code)] == [
        (fault.file, fault.line, fault.code) for fault in faults
    ]
    assert all(fault.what and fault.mend for fault in faults)


def test_every_fault_has_a_bad_file() -> None:
    """No code is only on paper; the size limit is the one that needs no file of half a gigabyte."""
    expected = {path.read_text(errors="replace").split()[2] for path in BAD}
    assert {code.value for code in Code} - {Code.TOO_LARGE.value} == expected
    with pytest.raises(Faulty, match="usage-too-large"):
        read_usage(GOOD.encode(), "u", bytes_most=100)


def test_all_faults_are_told_at_once() -> None:
    """Who mends the file gets the whole list, in the order of its lines."""
    text = (
        "cluster,job,attempt,award,support_class,gpus,started,ended,seen\n"
        "c,,x,a,h200,0,yesterday,2026-03-09T01:00:00Z,2026-03-09T02:00:00Z\n"
        "c,j\n"
        "c,j,1,a,h200,1,2026-03-09T01:00:00Z,,2026-03-09T02:00:00Z\n"
        "c,j,1,a,h200,1,2026-03-09T00:00:00Z,2026-03-09T03:00:00Z,2026-03-09T02:00:00Z\n"
    )
    with pytest.raises(Faulty) as caught:
        read_usage(text.encode(), "u.csv")
    expected = [
        (2, "usage-gpus-not-positive"),
        (2, "usage-instant-bad"),
        (2, "usage-name-bad"),
        (2, "usage-not-a-number"),
        (3, "usage-too-few-fields"),
        (5, "usage-contradicted"),
        (5, "usage-ended-after-seen"),
        (5, "usage-unsorted"),
    ]
    assert expected == [(fault.line, fault.code) for fault in caught.value.faults]


HEADER = "cluster,job,attempt,award,support_class,gpus,started,ended,seen\n"
ROW = "c,j{},0,a,h200,1,2026-03-09T00:00:00Z,,2026-03-09T02:00:00Z\n"


def faults_of(text: str) -> list[tuple[int, str]]:
    """Line and code of every fault of a file."""
    with pytest.raises(Faulty) as caught:
        read_usage(text.encode(), "u.csv")
    return [(fault.line, fault.code) for fault in caught.value.faults]


def test_rows_come_before_the_rest_of_the_file_is_read() -> None:
    """A file larger than memory is read some lines at a time."""
    source = BytesIO((HEADER + "".join(map(ROW.format, range(5_000)))).encode())
    rows = usage_rows(source, "u.csv")
    assert "j0" == next(rows).job
    assert source.tell() < usage_csv.LINE_BYTES_MOST + 200
    assert 4_999 == sum(1 for _ in rows)


def test_a_repeat_is_found_however_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told is compared some at a time, and none of it is missed for that."""
    monkeypatch.setattr(usage_csv, "_TOLD_AT_ONCE", 3)
    monkeypatch.setattr(usage_csv, "_TOLD_IN_MEMORY", 64)
    jobs = [*range(20), 0, 7, 7, 19]
    expected = [(line, "usage-repeated") for line in (22, 23, 24, 25)]
    assert expected == faults_of(HEADER + "".join(map(ROW.format, jobs)))


def test_of_endless_faults_the_first_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong export of a million rows is told as wrong, and not a million times."""
    monkeypatch.setattr(usage_csv, "FAULTS_MOST", 5)
    assert [2, 3, 4, 5, 6] == [line for line, _ in faults_of(HEADER + "cut,off\n" * 50)]
    assert [3, 4, 5, 6, 7] == [line for line, _ in faults_of(HEADER + ROW.format(1) * 50)]


def test_a_line_without_end_is_not_read_to_its_end() -> None:
    """A file that is one line, or no text at all, costs no memory; the faults before it stand."""
    text = HEADER + "cut,off\n" + "x" * 200_000 + "\n"
    assert [(2, "usage-too-few-fields"), (3, "usage-too-large")] == faults_of(text)


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 8), st.binary(max_size=6))))
def test_no_file_makes_a_traceback(edits: list[tuple[int, int, bytes]]) -> None:
    """Whatever is cut out of a file or written into it: rows, or faults."""
    data = GOOD.encode()
    for place, length, put in edits:
        data = data[:place] + put + data[place + length :]
    rows, faults = rows_or_faults(data)
    assert all(row.gpus > 0 and row.started < (row.ended or row.seen) for row in rows)
    assert all(fault.file == "u.csv" and fault.mend for fault in faults)


def rows_or_faults(data: bytes) -> tuple[tuple[Usage, ...], tuple[Fault, ...]]:
    """What reading a file gave: one of the two is empty."""
    try:
        return read_usage(data, "u.csv"), ()
    except Faulty as faulty:
        return (), faulty.faults
