"""Statements as files: whatever reads them computes nothing, rounds nothing and loses nothing.

A workbook is read back from its XML, so that nothing of the library that wrote it is trusted.
"""

import csv
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.text import is_plain
from headgate.site.records.database import opened
from headgate.site.reports import tables
from headgate.site.reports.statement import lines, summaries
from headgate.site.status import state
from tests.repository.tidy import glossary_rows
from tests.site.reports.ledgers import HOSTILE, history, posted
from tests.site.reports.test_statement import AWARDS, award_transfers

STATE = "Journal of 5 entries"
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
NAMESPACE = {"": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
GLOSSARY = Path(__file__).parents[3] / "GLOSSARY.md"
LANGUAGES = {"en": 0, "vi": 2, "ko": 3}
"""Each language's column of the glossary."""

TERMS = {
    "STATEMENT": (
        *(("entry", 0), ("transfer", 2), ("account", 3), ("counter-account", 4), ("debit", 7)),
        *(("credit", 8), ("pending", 13), ("pending", 14), ("reason", 15)),
    ),
    "SUMMARY": (("account", 0), ("granted", 2), ("returned", 4), ("left", 7), ("pending", 10)),
}
"""Words of the glossary and the columns that are headed by them."""


def as_csv(rows: Sequence[tables.Row]) -> list[list[str]]:
    """The rows of a CSV of these rows, as a reader takes them."""
    out = BytesIO()
    tables.write_csv(rows, out, STATE)
    return list(csv.reader(StringIO(out.getvalue().decode("utf-8-sig"), newline="")))


def as_xlsx(rows: Sequence[tables.Row]) -> BytesIO:
    """A workbook of these rows."""
    out = BytesIO()
    tables.write_xlsx(rows, out, STATE)
    return out


def sheets(book: BytesIO) -> list[ET.Element]:
    """The sheets of a workbook in their order."""
    with ZipFile(book) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        names.sort(key=lambda name: int("".join(filter(str.isdigit, name))))
        return [ET.fromstring(archive.read(name)) for name in names]


def cells(sheet: ET.Element) -> list[list[str | int]]:
    """What a sheet's cells hold: texts and numbers."""
    return [
        [value(cell) for cell in row.iterfind("c", NAMESPACE)]
        for row in sheet.iterfind("sheetData/row", NAMESPACE)
    ]


def value(cell: ET.Element) -> str | int:
    """A cell's content; ECMA-376 22.9.2.19 writes a sign that XML cannot hold as _xHHHH_."""
    if cell.get("t") == "inlineStr":
        told = cell.findtext("is/t", namespaces=NAMESPACE) or ""
        for sign in ("FFFE", "FFFF"):
            told = told.replace(f"_x{sign}_", chr(int(sign, 16)))
        return told.replace("_x005F_", "_")
    assert cell.get("t") in (None, "n")
    return int(cell.findtext("v", namespaces=NAMESPACE) or "")


def test_a_csv_gives_every_text_back_and_is_no_formula() -> None:
    """Whatever begins a text, no spreadsheet computes it; one apostrophe off, it is itself."""
    first, *rows, last = as_csv([("Name", "Amount"), *((text, 7) for text in HOSTILE)])
    assert (["Name", "Amount"], [STATE]) == (first, last)
    assert [] == [text for text, _ in rows if text.startswith(FORMULA_STARTS)]
    assert list(HOSTILE) == [text.removeprefix("'") for text, _ in rows]
    assert {"7"} == {amount for _, amount in rows}


@given(st.text())
def test_no_text_at_all_becomes_a_formula(text: str) -> None:
    """A law of every text, also of those that no ledger takes."""
    if is_plain(text):
        told = as_csv([("Name",), (text, 1)])[1][0]
        assert text == told.removeprefix("'")
        assert not told.lstrip().startswith(FORMULA_STARTS)
        assert not told or told[0] == "'" or told[0].isalnum()


def test_a_csv_is_utf_8_with_the_mark_that_excel_needs() -> None:
    """Vietnamese and Korean arrive as they are; lines end as RFC 4180 says; exact at any size."""
    out = BytesIO()
    tables.write_csv([("Lý do", "사유"), (2**63 - 1, -(2**63))], out, STATE)
    expected = f"Lý do,사유\r\n{2**63 - 1},{-(2**63)}\r\n{STATE}\r\n"
    assert b"\xef\xbb\xbf" + expected.encode() == out.getvalue()


def test_a_workbook_gives_every_text_back_and_has_no_formula() -> None:
    """A text is a text, with its blanks, its marks-up and its signs that XML cannot hold."""
    book = as_xlsx([("Name", "Amount"), *((text, 7) for text in HOSTILE)])
    (sheet,) = sheets(book)
    first, *rows, last = cells(sheet)
    assert (["Name", "Amount"], [STATE]) == (first, last)
    assert [[text, 7] for text in HOSTILE] == rows
    assert [] == [
        *sheet.iter(f"{{{NAMESPACE['']}}}f"),
        *sheet.iter(f"{{{NAMESPACE['']}}}hyperlink"),
    ]


def test_a_workbook_keeps_every_digit() -> None:
    """Excel rounds beyond 15 digits, so longer numbers are texts, and the sheet says so."""
    most = 10**15 - 1
    exact, large = (0, 1, -1, most, -most), (most + 1, -most - 1, 2**53 + 1, 2**63 - 1)
    (sheet,) = sheets(as_xlsx([("A",), *((number,) for number in (*exact, *large))]))
    expected = [["A"], *([n] for n in exact), *([str(n)] for n in large)]
    assert [*expected, [tables.NUMBERS_AS_TEXT], [STATE]] == cells(sheet)
    (sheet,) = sheets(as_xlsx([("A",), *((number,) for number in exact)]))
    assert [["A"], *([n] for n in exact), [STATE]] == cells(sheet)


def test_a_workbook_is_made_to_be_read() -> None:
    """The head stays in view and is on every printed page; columns are wide enough; thousands are
    parted.
    """
    book = as_xlsx([tables.STATEMENT["ko"], (1, "2026-03-09T00:00:00Z", "a" * 40, 1_234_567)])
    with ZipFile(book) as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    (sheet,) = sheets(book)
    pane = sheet.find("sheetViews/sheetView/pane", NAMESPACE)
    assert pane is not None
    assert ("1", "frozen") == (pane.get("ySplit"), pane.get("state"))
    widths = [float(column.get("width", "0")) for column in sheet.iterfind("cols/col", NAMESPACE)]
    assert min(widths) >= len(f"{10**15 - 1:,}")
    assert widths[2] > 40
    assert "_xlnm.Print_Titles" in told["xl/workbook.xml"]
    assert 'formatCode="#,##0"' in told["xl/styles.xml"]
    _, row, _ = sheet.iterfind("sheetData/row", NAMESPACE)
    styles = [cell.get("s") for cell in row.iterfind("c", NAMESPACE)]
    assert styles[0] == styles[3] != styles[1] == styles[2]


def test_rows_beyond_a_sheet_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sheet is longer than one may be, none loses a row, each has the head."""
    monkeypatch.setattr(tables, "ROWS_MOST", 10)
    for count in (0, 6, 7, 8, 16, 17, 30):
        rows = [(n if n else 10**18,) for n in range(count)]
        found = [cells(sheet) for sheet in sheets(as_xlsx([("A",), *rows]))]
        assert max(map(len, found)) <= 10
        assert {("A",)} == {tuple(sheet[0]) for sheet in found}
        told = [row for sheet in found for row in sheet[1:]]
        notes = [[tables.NUMBERS_AS_TEXT]] if count else []
        expected = [[n] if n else [str(10**18)] for n in range(count)]
        assert [*expected, *notes, [STATE]] == told
        assert max(1, -(-count // 7)) == len(found)


@pytest.mark.parametrize("write", [tables.write_csv, tables.write_xlsx])
def test_a_long_statement_needs_little_memory(write: object, tmp_path: Path) -> None:
    """Rows are written as they come: the file grows, what is held does not."""
    assert callable(write)
    held: list[int] = []

    def rows() -> Iterator[tables.Row]:
        for number in range(20_000):
            if number % 4_000 == 3_999:
                held.append(tracemalloc.get_traced_memory()[0])
            yield (number, f"a text {number}" * 20)

    with (tmp_path / "long").open("wb") as file:
        tracemalloc.start()
        write(rows(), file, STATE)
        tracemalloc.stop()
    assert 5 == len(held)
    assert held[-1] - held[0] < 2**20


@pytest.mark.parametrize("write", [tables.write_csv, tables.write_xlsx])
def test_a_statement_that_fails_leaves_nothing_behind(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database goes away, the error is told, the file is still the caller's, and no
    temporary file stays.
    """
    assert callable(write)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows() -> Iterator[tables.Row]:
        yield from [("Name",), ("x",)]
        raise ConnectionError

    out = BytesIO()
    with pytest.raises(ConnectionError):
        write(rows(), out, STATE)
    assert not out.closed
    assert [] == list(tmp_path.iterdir())


def test_a_statements_rows_say_what_its_lines_say(address: str) -> None:
    """Debit and credit, reserved and freed, each in its column, and the totals after."""
    database = opened(address, "statement")
    told = history(database, range(2))
    path = max(
        told.balances, key=lambda name: sum(name in (t.debit, t.credit) for t in told.transfers)
    )
    with database.reading():
        found = list(lines(database, [path]))
    head, *rows = tables.statement_rows(found, "vi")
    assert tables.STATEMENT["vi"] == head
    assert {16} == {len(row) for row in [head, *rows]}
    for line, row in zip(found, rows, strict=True):
        number, at, name, account, counter, unit, phase, debit, credit, *rest, why = row
        assert (line.entry, line.at, line.transfer, line.account) == (number, at, name, account)
        assert (line.counter_account, line.unit, line.phase, line.why) == (
            counter,
            unit,
            phase,
            why,
        )
        assert (line.posted, 0) == ((debit, credit) if line.side == "debit" else (credit, debit))
        reserved, freed, *totals = rest
        assert line.reserves == int(reserved) - int(freed)
        assert min(int(reserved), int(freed)) == 0
        after = line.after
        assert [after.debits_posted, after.credits_posted] == totals[:2]
        assert [after.debits_pending, after.credits_pending] == totals[2:]
    final = told.balances[path]
    assert (final.debits_posted, final.credits_posted) == tuple(rows[-1][11:13])


def test_an_awards_rows_say_what_a_period_made_of_it(sqlite_address: str) -> None:
    """A column each for what was granted, used, returned, corrected, reserved and left."""
    database = opened(sqlite_address, "statement")
    posted(database, award_transfers(), AWARDS)
    head, right, over, fees = tables.summary_rows(summaries(database, "a"), "en")
    named = dict(zip(head, right, strict=True))
    expected = {"Granted": 1_500, "Used": 341, "Returned": 30, "Corrected": 0, "Reserved": 25}
    assert expected == {name: named[name] for name in expected}
    assert (1_104, "gpu_second", 25) == (named["Left"], named["Unit"], named["Debits pending"])
    assert ("", "") == (over[7], fees[7])
    assert (9, 5_000) == (over[3], fees[3])


@pytest.mark.parametrize("language", LANGUAGES)
def test_heads_are_the_words_of_the_glossary(language: str) -> None:
    """A reader finds the same word in the statement, the portal and the letters."""
    rows = {row[0]: row for row in glossary_rows(GLOSSARY.read_text(encoding="utf-8"))}
    for table, columns in TERMS.items():
        heads = getattr(tables, table)
        assert len(heads["en"]) == len(heads[language]) == len(set(heads[language]))
        for word, column in columns:
            assert rows[word][LANGUAGES[language]].lower() in heads[language][column].lower()


def test_the_state_names_the_newest_checkpoint(sqlite_address: str) -> None:
    """A statement can be held against the published journal: its size and its signed root."""
    database = opened(sqlite_address, "statement")
    assert "Journal of 0 entries; no checkpoint was signed yet" == state(database)
    told = history(database, range(1))
    assert told.transfers
    for size in (2, 5):
        row = (size, size - 1, f"{size:064x}", "note")
        with database.writing():
            database.insert("checkpoint", ("size", "last_seq", "root", "note"), [row])
    size = database.rows("SELECT count(*) FROM entry")[0][0]
    expected = f"Journal of {size} entries; newest checkpoint: 5 entries, root {5:064x}"
    assert expected == state(database)
