"""Lists of grants that other agencies send: read whole, or told row by row what is wrong."""

import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from xlsxwriter import Workbook

from headgate.core.calls.grants import Grant
from headgate.core.faults import Faulty
from headgate.readers import grants
from headgate.readers.grants import Code, read_grants

HEAD = "registration_number,title,support,amount,from,until"
ROW = "123-45-67890,Korean speech model,GPUs,40000000,2026-01-01,2026-12-31"
GRANT = Grant(
    "ministry", "123-45-67890", "Korean speech model", "GPUs", 40_000_000,
    date(2026, 1, 1), date(2026, 12, 31),
)  # fmt: skip
FAULTS = {
    "": [(0, Code.EMPTY)],
    "# nothing\n": [(0, Code.EMPTY)],
    f"{HEAD}\n": [(0, Code.EMPTY)],
    f"{HEAD}": [(1, Code.CUT)],
    f"title,title,price\n{ROW}\n": [
        *[(1, Code.COLUMN_MISSING)] * 5, (1, Code.COLUMN_TWICE), (1, Code.COLUMN_UNKNOWN),
    ],
    f"{HEAD}\n{ROW},more\n1,2\n": [(2, Code.TOO_MANY_FIELDS), (3, Code.TOO_FEW_FIELDS)],
    f'{HEAD}\n1,"a,b,1,2026-01-01,2026-01-02\n': [(2, Code.QUOTES)],
    f"{HEAD}\n{ROW}\n{ROW}\n": [(3, Code.REPEATED)],
    f"{HEAD}\n--,,x,1.5,31.12.2026,2026-02-30\n": [
        *[(2, Code.DAY_BAD)] * 2, (2, Code.NOT_A_NUMBER), (2, Code.NUMBER_BAD), (2, Code.TEXT_BAD),
    ],
    f"{HEAD}\n1,a\u202eb,x,-1,2026-02-02,2026-02-01\n": [
        (2, Code.AMOUNT_NEGATIVE), (2, Code.ENDS_BEFORE), (2, Code.TEXT_BAD),
    ],
}  # fmt: skip


def faults(data: bytes, file: str = "list.csv") -> list[tuple[int, str]]:
    """Where a list is wrong, and by which code."""
    with pytest.raises(Faulty) as refused:
        read_grants(data, file, "ministry")
    assert all(fault.mend and fault.file == file for fault in refused.value.faults)
    return sorted((fault.line, fault.code) for fault in refused.value.faults)


def workbook(*rows: tuple[Any, ...]) -> bytes:
    """A workbook whose first sheet has these rows."""
    out = BytesIO()
    with Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def test_a_list_is_read_whatever_the_order_of_its_columns() -> None:
    """Further columns say more; comments and a mark of byte order do no harm."""
    assert (GRANT,) == read_grants(
        f"\ufeff# sent in May\n{HEAD}\n{ROW}\n".encode(), "f", "ministry"
    )
    more = "unit,until,from,amount,support,title,reference,purpose,registration_number\n"
    text = more + 'KRW,2026-12-31,2026-01-01,7,GPUs,"A, b",R-1,To hear,1\n'
    (found,) = read_grants(text.encode(), "f", "ministry")
    assert ("A, b", "R-1", "To hear", "KRW", 7) == (
        found.title, found.reference, found.purpose, found.unit, found.amount,
    )  # fmt: skip


@pytest.mark.parametrize("text", FAULTS)
def test_all_that_is_wrong_is_told_at_its_row(text: str) -> None:
    """The agency that sent the list can mend it from the answer alone."""
    assert sorted(FAULTS[text]) == faults(text.encode())


def test_a_workbook_is_the_table_that_its_first_sheet_shows() -> None:
    """Days, numbers and broken lines are read as they are meant; rows keep their numbers."""
    title = "Korean\nspeech  model"
    days = (datetime(2026, 1, 1), datetime(2026, 12, 31))  # noqa: DTZ001
    row = ("123-45-67890", title, "GPUs", 40_000_000.0, *days)
    assert (GRANT,) == read_grants(workbook(tuple(HEAD.split(",")), row), "f", "ministry")
    wrong = workbook(tuple(HEAD.split(",")), (), row, ("1", "x", "y", 1.5, "soon"), row)
    expected = [(2, Code.DAY_BAD), (2, Code.DAY_BAD), (2, Code.NOT_A_NUMBER), (2, Code.NUMBER_BAD)]
    expected += [(2, Code.TEXT_BAD), (4, Code.DAY_BAD), (4, Code.DAY_BAD), (4, Code.NOT_A_NUMBER)]
    assert sorted([*expected, (5, Code.REPEATED)]) == faults(wrong, "list.xlsx")


def test_a_formula_counts_by_its_value() -> None:
    """A cell that begins with = is data; what it would do in a spreadsheet is done by nobody."""
    text = f"{HEAD}\n1,=cmd|' /C calc'!A0,x,1,2026-01-01,2026-01-02\n"
    (found,) = read_grants(text.encode(), "f", "ministry")
    assert "=cmd|' /C calc'!A0" == found.title


def _packed(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return out.getvalue()


def _with_sheet(sheet: str) -> bytes:
    """A workbook whose sheet was written by hand."""
    with zipfile.ZipFile(BytesIO(workbook(("a",)))) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    head = '<?xml version="1.0"?>'
    parts["xl/worksheets/sheet1.xml"] = (
        f"{head}{sheet.replace('<worksheet', f'<worksheet {space}')}".encode()
    )
    return _packed(parts)


FAR = (
    '<worksheet><dimension ref="A1"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>title'
    '</t></is></c></row><row r="1048576"><c r="A1048576"><v>1</v></c><c '
    'r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)
BOMB = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04 and nothing more", Code.WORKBOOK_BROKEN),
        (workbook(("a",))[:-30], Code.WORKBOOK_BROKEN),
        (_packed({"hello.txt": b"no workbook"}), Code.WORKBOOK_BROKEN),
        (_with_sheet("<worksheet><sheetData><row>"), Code.WORKBOOK_BROKEN),
        (_with_sheet(f"{BOMB}]><worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>"
                     "&j;</t></is></c></row></sheetData></worksheet>"), Code.WORKBOOK_BROKEN),
        (_packed({"zeros": bytes(grants.UNPACKED_MOST + 1)}), Code.TOO_LARGE),
        (_with_sheet(FAR), Code.TOO_LARGE),
        (b"x" * (grants.BYTES_MOST + 1), Code.TOO_LARGE),
        (b"\xff\xfe,\n", Code.NOT_UTF8),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_and_no_more(data: bytes, code: Code) -> None:
    """Cut, packed too tight, or with one cell a million rows away: one fault, no harm."""
    assert [code] == [told for _, told in faults(data, "list.xlsx")]


def test_every_fault_is_provoked() -> None:
    """The codes are a closed list, and each of them is told by a test above."""
    told = {code for found in FAULTS.values() for _, code in found}
    assert set(Code) == told | {Code.TOO_LARGE, Code.WORKBOOK_BROKEN, Code.NOT_UTF8}
