"""Statements as tables for people: CSV and XLSX, in three languages, of any length.

A text that a spreadsheet could take for a formula stands in a CSV behind an apostrophe; in XLSX
texts are texts. A number that a spreadsheet would round (beyond 2^53) is written as text there.
The last row says to which state of the journal the statement belongs.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import BinaryIO, Final

from xlsxwriter import Workbook

from headgate.site.reports.statement import Account, Line

EXACT_MOST: Final = 2**53
ROWS_MOST: Final = 1_048_576
"""The rows that a sheet of XLSX can have."""

Cell = str | int
Row = Sequence[Cell]

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        *("Entry", "Instant (UTC)", "Transfer", "Account", "Other account", "Unit", "Phase"),
        *("Debit", "Credit", "Reserved", "Freed"),
        *("Debits so far", "Credits so far", "Debits pending", "Credits pending", "Why"),
    ),
    "vi": (
        *("Bút toán số", "Thời điểm (UTC)", "Giao dịch", "Tài khoản", "Tài khoản đối ứng"),
        *("Đơn vị", "Giai đoạn", "Ghi nợ", "Ghi có", "Giữ trước", "Giải phóng"),
        *("Tổng ghi nợ", "Tổng ghi có", "Nợ đang chờ", "Có đang chờ", "Lý do"),
    ),
    "ko": (
        *("기입 번호", "시각(UTC)", "이체", "계정", "상대 계정", "단위", "단계"),
        *("차변", "대변", "예약", "해제"),
        *("차변 누계", "대변 누계", "차변 대기", "대변 대기", "사유"),
    ),
}
"""The heads of a statement's columns."""

TOTALS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        *("Account", "Unit", "Debits posted", "Credits posted", "Debits pending"),
        *("Credits pending", "Credits less debits and pending debits"),
    ),
    "vi": (
        *("Tài khoản", "Đơn vị", "Tổng ghi nợ", "Tổng ghi có", "Nợ đang chờ"),
        *("Có đang chờ", "Có trừ nợ và nợ đang chờ"),
    ),
    "ko": (
        *("계정", "단위", "차변 확정", "대변 확정", "차변 대기"),
        *("대변 대기", "대변에서 차변과 대기 차변을 뺀 값"),
    ),
}
"""The heads of a table of accounts."""


def statement_rows(lines: Iterable[Line], language: str) -> Iterator[Row]:
    """A statement's head and its lines."""
    yield WORDS[language]
    for line in lines:
        debit, credit = (line.posted, 0) if line.side == "debit" else (0, line.posted)
        after = line.after
        yield (
            *(line.entry, line.at, line.transfer, line.account, line.counter_account, line.unit),
            *(line.phase, debit, credit, max(0, line.reserves), max(0, -line.reserves)),
            *(after.debits_posted, after.credits_posted),
            *(after.debits_pending, after.credits_pending, line.why),
        )


def account_rows(accounts: Iterable[Account], language: str) -> Iterator[Row]:
    """A head and one row an account, with what is left of a right in the last column."""
    yield TOTALS[language]
    for account in accounts:
        balance = account.balance
        left = balance.credits_posted - balance.debits_posted - balance.debits_pending
        totals = (balance.debits_posted, balance.credits_posted)
        pending = (balance.debits_pending, balance.credits_pending)
        yield (account.path, account.unit, *totals, *pending, left)


def write_csv(rows: Iterable[Row], out: BinaryIO, state: str) -> None:
    """Write rows as CSV (RFC 4180, UTF-8 with a byte order mark, so that Excel reads it right)."""
    text = TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_disarmed(cell) for cell in row])
    writer.writerow([_disarmed(state)])
    text.detach()


def _disarmed(cell: Cell) -> Cell:
    starts = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if starts else cell


def write_xlsx(rows: Iterable[Row], out: BinaryIO, state: str) -> None:
    """Write rows as a workbook; rows beyond a sheet's end go on in the next."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    book = Workbook(out, options)
    sheets = _Sheets(book, rows)
    sheets.write()
    sheets.close(state)
    book.close()


class _Sheets:
    """The sheets of a workbook while rows are written."""

    def __init__(self, book: Workbook, rows: Iterable[Row]) -> None:
        self.book = book
        self.rows = iter(rows)
        self.head = next(self.rows, ())
        self.bold = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        self.number = book.add_format({"num_format": "#,##0"})
        self.begin()

    def begin(self) -> None:
        """A new sheet with the head on top, held in place."""
        self.sheet = self.book.add_worksheet()
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_landscape()
        self.sheet.repeat_rows(0)
        for column, name in enumerate(self.head):
            self.sheet.set_column(column, column, max(14, min(40, 2 * len(str(name)))))
        self.sheet.write_row(0, 0, self.head, self.bold)
        self.next = 1

    def write(self) -> None:
        """Every row, each cell as what it is."""
        for row in self.rows:
            if self.next == ROWS_MOST - 1:
                self.begin()
            for column, cell in enumerate(row):
                if isinstance(cell, int) and abs(cell) <= EXACT_MOST:
                    self.sheet.write_number(self.next, column, cell, self.number)
                else:
                    self.sheet.write_string(self.next, column, str(cell))
            self.next += 1

    def close(self, state: str) -> None:
        """The last row: the state of the journal."""
        self.sheet.write_string(self.next, 0, state)
