"""Statements as tables for people: CSV and XLSX, in three languages, of any length.

A spreadsheet computes what looks like a formula and rounds numbers of more than 15 digits. So in a
CSV a text that begins with anything but a letter or a digit stands behind an apostrophe, and taking
one apostrophe off gives every text back. In XLSX texts are texts, numbers of more than 15 digits
too, which a line at the end then says. The last row says to which state of the journal the
statement belongs.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from io import TextIOWrapper
from itertools import chain, zip_longest
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Final

from headgate.site.reports.statement import Line, Summary

if TYPE_CHECKING:
    from xlsxwriter import Workbook

EXACT_MOST: Final = 10**15 - 1
"""The largest number of which Excel keeps every digit."""

ROWS_MOST: Final = 1_048_576
"""The rows that a sheet of XLSX can have."""

NUMBERS_AS_TEXT: Final = "Numbers of more than 15 digits are written as text; a sum leaves them out"

Cell = str | int | Decimal
Row = Sequence[Cell]

STATEMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        *("Entry", "Instant (UTC)", "Transfer", "Account", "Counter-account", "Unit", "Phase"),
        *("Debit", "Credit", "Reserved", "Freed"),
        *("Debits so far", "Credits so far", "Debits pending", "Credits pending", "Reason"),
    ),
    "vi": (
        *("Mục nhật ký số", "Thời điểm (UTC)", "Lệnh chuyển giữa các tài khoản", "Tài khoản"),
        *("Tài khoản đối ứng", "Đơn vị", "Giai đoạn", "Ghi nợ", "Ghi có", "Tạm giữ"),
        *("Giải phóng", "Tổng ghi nợ", "Tổng ghi có", "Ghi nợ đang tạm giữ"),
        *("Ghi có đang tạm giữ", "Lý do"),
    ),
    "ko": (
        *("기록부 항목 번호", "시각(UTC)", "계정 간 이체", "계정", "상대 계정", "단위", "단계"),
        *("차변", "대변", "보류액", "보류 해제액"),
        *("차변 누계", "대변 누계", "차변 보류", "대변 보류", "사유"),
    ),
}
"""The heads of a statement's columns, in the words of the glossary."""

SUMMARY: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        *("Account", "Unit", "Granted", "Used", "Returned", "Corrected", "Reserved", "Left"),
        *("Debits so far", "Credits so far", "Debits pending", "Credits pending"),
    ),
    "vi": (
        *("Tài khoản", "Đơn vị", "Được cấp", "Mức sử dụng", "Hoàn trả", "Điều chỉnh", "Tạm giữ"),
        *("Còn lại", "Tổng ghi nợ", "Tổng ghi có", "Ghi nợ đang tạm giữ", "Ghi có đang tạm giữ"),
    ),
    "ko": (
        *("계정", "단위", "배정량", "사용량", "반환", "정정", "보류액", "잔여량"),
        *("차변 누계", "대변 누계", "차변 보류", "대변 보류"),
    ),
}
"""The heads of the table of an award's accounts."""


def statement_rows(lines: Iterable[Line], language: str) -> Iterator[Row]:
    """A statement's head and its lines."""
    yield STATEMENT[language]
    for line in lines:
        debit, credit = (line.posted, 0) if line.side == "debit" else (0, line.posted)
        after = line.after
        yield (
            *(line.entry, line.at, line.transfer, line.account, line.counter_account, line.unit),
            *(line.phase, debit, credit, max(0, line.reserves), max(0, -line.reserves)),
            *(after.debits_posted, after.credits_posted),
            *(after.debits_pending, after.credits_pending, line.why),
        )


def summary_rows(summaries: Iterable[Summary], language: str) -> Iterator[Row]:
    """A head and one row an account: what a period made of it, and its totals at the end."""
    yield SUMMARY[language]
    for told in summaries:
        closing, left = told.closing, "" if told.left is None else told.left
        yield (
            *(told.account.path, told.account.unit, told.granted, told.used, told.returned),
            *(told.corrected, told.reserved, left, closing.debits_posted, closing.credits_posted),
            *(closing.debits_pending, closing.credits_pending),
        )


def write_csv(rows: Iterable[Row], out: BinaryIO, state: str) -> None:
    """Write rows as CSV (RFC 4180, UTF-8 with a byte order mark, so that Excel reads it right)."""
    text = TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        for row in rows:
            writer.writerow([_disarmed(cell) for cell in row])
        writer.writerow([_disarmed(state)])
    finally:
        text.detach()


def _disarmed(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula."""
    if not isinstance(cell, str) or not cell or cell[0].isalnum():
        return cell
    return f"'{cell}"


def write_xlsx(rows: Iterable[Row], out: BinaryIO, state: str) -> None:
    """Write rows as a workbook, once it is whole; rows beyond a sheet's end go on in the next."""
    from xlsxwriter import Workbook

    with TemporaryDirectory() as folder:
        path = Path(folder, "statement.xlsx")
        with Workbook(str(path), {"constant_memory": True, "tmpdir": folder}) as book:
            sheets = _Sheets(book, rows)
            sheets.write()
            sheets.close(state)
        with path.open("rb") as file:
            copyfileobj(file, out)


def _width(head: Cell, first: Cell) -> int:
    """A column's width in signs: for any exact number, and for texts such as the first row has."""
    return max(20, min(60, max(len(str(head)), len(str(first))) + 2))


class _Sheets:
    """The sheets of a workbook while rows are written."""

    def __init__(self, book: "Workbook", rows: Iterable[Row]) -> None:
        self.book = book
        told = iter(rows)
        self.head, first = next(told, ()), next(told, ())
        self.widths = [_width(*cells) for cells in zip_longest(self.head, first, fillvalue="")]
        self.rows = chain([first] if first else [], told)
        self.bold = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        self.number = book.add_format({"num_format": "#,##0"})
        self.money = book.add_format({"num_format": "#,##0.00##"})
        self.digits = book.add_format({"align": "right"})
        self.has_digits = False
        self.begin()

    def begin(self) -> None:
        """A new sheet with the head on top, held in place."""
        self.sheet = self.book.add_worksheet()
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_landscape()
        self.sheet.repeat_rows(0)
        for column, name in enumerate(self.head):
            self.sheet.set_column(column, column, self.widths[column])
            self.sheet.write_string(0, column, str(name), self.bold)
        self.next = 1

    def write(self) -> None:
        """Every row; a sheet keeps two rows for what stands at the end."""
        for row in self.rows:
            if self.next == ROWS_MOST - 2:
                self.begin()
            for column, cell in enumerate(row):
                self.cell(column, cell)
            self.next += 1

    def cell(self, column: int, cell: Cell) -> None:
        """One cell, as what it is."""
        if isinstance(cell, str):
            self.sheet.write_string(self.next, column, cell)
        elif -EXACT_MOST <= cell <= EXACT_MOST:
            form = self.number if isinstance(cell, int) else self.money
            self.sheet.write_number(self.next, column, cell, form)
        else:
            self.sheet.write_string(self.next, column, str(cell), self.digits)
            self.has_digits = True

    def close(self, state: str) -> None:
        """The last rows: that numbers stand as text, if any does, and the state of the journal."""
        if self.has_digits:
            self.sheet.write_string(self.next, 0, NUMBERS_AS_TEXT)
            self.next += 1
        self.sheet.write_string(self.next, 0, state)
