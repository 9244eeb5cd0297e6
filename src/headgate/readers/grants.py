"""A list of grants that another programme gave, as a CSV or XLSX file that its agency sent.

All that is wrong is told at once, each at its row. A workbook is read as the table that its first
sheet shows: a cell's value, never its formula.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from headgate.core.calls.grants import Grant, registration
from headgate.core.faults import Faulty, Sentence
from headgate.core.ledger.text import is_plain
from headgate.readers.tables import Found, Layout, Values, read_table

BYTES_MOST: Final = 10 * 1024**2
UNPACKED_MOST: Final = 8 * BYTES_MOST
"""Bytes that a workbook may unpack to."""

ROWS_MOST: Final = 100_000
CELLS_MOST: Final = 30
"""Cells of a row that are looked at."""

COLUMNS: Final = ("registration_number", "title", "support", "amount", "from", "until")
MORE: Final = ("reference", "purpose", "unit")
_LONGEST: Final = {"registration_number": 40, "unit": 20, "reference": 100, "support": 200}
_LONG: Final = 1000


_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, OSError, EOFError, RuntimeError,
)  # fmt: skip
"""What reading a file that is no workbook ends in; the XML parsers' errors are syntax errors."""


class Code(StrEnum):
    """Every fault a list of grants can have; the value is its published code."""

    TOO_LARGE = "grants-too-large"
    WORKBOOK_BROKEN = "grants-workbook-broken"
    NOT_UTF8 = "grants-not-utf8"
    EMPTY = "grants-empty"
    COLUMN_MISSING = "grants-column-missing"
    COLUMN_UNKNOWN = "grants-column-unknown"
    COLUMN_TWICE = "grants-column-twice"
    CUT = "grants-cut"
    QUOTES = "grants-quotes"
    TOO_FEW_FIELDS = "grants-too-few-fields"
    TOO_MANY_FIELDS = "grants-too-many-fields"
    NUMBER_BAD = "grants-number-bad"
    TEXT_BAD = "grants-text-bad"
    NOT_A_NUMBER = "grants-not-a-number"
    AMOUNT_NEGATIVE = "grants-amount-negative"
    DAY_BAD = "grants-day-bad"
    ENDS_BEFORE = "grants-ends-before-it-begins"
    REPEATED = "grants-repeated"


_MENDS: Final[Mapping[StrEnum, str]] = {
    Code.TOO_LARGE: "send a part of the list, as a source of its own",
    Code.WORKBOOK_BROKEN: "save the workbook again as XLSX, or send the list as CSV",
    Code.EMPTY: Sentence("begin with the header {names}", names=",".join(COLUMNS)),
    Code.COLUMN_UNKNOWN: Sentence(
        "keep only the columns {names}", names=", ".join((*COLUMNS, *MORE))
    ),
    Code.NUMBER_BAD: "write the number under which the state registers the organisation",
    Code.TEXT_BAD: "write plain text on one line; a grant has a title",
    Code.AMOUNT_NEGATIVE: "write what was granted, not what was taken back",
    Code.DAY_BAD: "write days as 2026-03-31",
    Code.ENDS_BEFORE: "look whether the two days have changed places",
    Code.REPEATED: "keep one of the equal rows",
}
_LAYOUT: Final = Layout(Code, _MENDS, COLUMNS, MORE)


def read_grants(data: bytes, file: str, source: str) -> tuple[Grant, ...]:
    """The grants of a source's list; raises `Faulty` with everything that is wrong with it."""
    if len(data) > BYTES_MOST:
        what = Sentence("the file has {n} bytes, more than {most}", n=len(data), most=BYTES_MOST)
        raise _LAYOUT.shared(file, 0, "TOO_LARGE", what)
    if data[:2] == b"PK":
        data = _as_csv(data, file)
    seen: set[Grant] = set()

    def against(grant: Grant) -> Iterator[Found]:
        if grant in seen:
            yield Code.REPEATED, Sentence("{title!r} stands there twice", title=grant.title[:40])
        seen.add(grant)

    table = read_table(data, file, _LAYOUT, UNPACKED_MOST)
    rows = table.rows(lambda row: _grant(row, source), against)
    if not rows:
        raise _LAYOUT.shared(file, 0, "EMPTY", "there is no grant under the header")
    return rows


def _grant(row: Mapping[str, str], source: str) -> Grant:
    """A row as a grant; raises `tables.Bad`."""
    told = {name: value.strip() for name, value in row.items()}
    values = Values(Code, told)
    for name in (name for name in (*COLUMNS[:3], *MORE) if name in told):
        most, text = _LONGEST.get(name, _LONG), told[name]
        if (text and not is_plain(text)) or len(text) > most or (name == "title" and not text):
            values.bad(Code.TEXT_BAD, name)
    if not registration(told["registration_number"]):
        values.bad(Code.NUMBER_BAD, "registration_number")
    amount = values.whole("amount", 0)
    if amount < 0:
        values.bad(Code.AMOUNT_NEGATIVE, "amount")
    since, until = _day(values, "from"), _day(values, "until")
    if since and until and until < since:
        values.bad(Code.ENDS_BEFORE, "until")
    values.done()
    return Grant(
        source,
        told["registration_number"],
        told["title"],
        told["support"],
        amount,
        since or date.min,
        until or date.max,
        told.get("reference", ""),
        told.get("purpose", ""),
        told.get("unit", ""),
    )


def _day(values: Values, column: str) -> date | None:
    """A day; None, with the fault noted, for none."""
    text = values.row[column]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        values.bad(Code.DAY_BAD, column)
    return day


def _as_csv(data: bytes, file: str) -> bytes:
    """The first sheet of a workbook as CSV, one line a row of the sheet; raises `Faulty`."""
    out = io.StringIO()
    write, wide, empty = csv.writer(out, lineterminator="\n"), 0, 0
    try:
        for number, row in enumerate(_rows(data, file), 1):
            cells = (
                [_cell(value) for value in row] if any(value is not None for value in row) else []
            )
            while cells and not cells[-1]:
                cells.pop()
            if number > ROWS_MOST:
                raise _LAYOUT.shared(
                    file, number, "TOO_LARGE", Sentence("more than {most} rows", most=ROWS_MOST)
                )
            if not cells:
                empty += 1
                continue
            write.writerows([[""] * wide] * empty)
            empty, wide = 0, wide or len(cells)
            write.writerow(cells + [""] * (wide - len(cells)))
    except Faulty:
        raise
    except _BROKEN:
        what = "the file is no whole workbook"
        raise _LAYOUT.shared(file, 0, "WORKBOOK_BROKEN", what) from None
    return out.getvalue().encode(errors="replace")


def _rows(data: bytes, file: str) -> Iterator[Sequence[object]]:
    """The rows of the first sheet as they are read; what the sheet says of its size is not used."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(part.file_size for part in packed.infolist()) > UNPACKED_MOST:
            what = Sentence("the workbook unpacks to more than {most} bytes", most=UNPACKED_MOST)
            raise _LAYOUT.shared(file, 0, "TOO_LARGE", what)
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    yield from sheet.iter_rows(max_col=CELLS_MOST, values_only=True)


def _cell(value: object) -> str:
    """What a cell says: a day as ISO 8601, a whole number in digits, text on one line."""
    if isinstance(value, datetime):
        value = value.date() if (value.hour, value.minute, value.second) == (0, 0, 0) else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else " ".join(str(value).split())
