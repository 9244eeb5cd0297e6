"""One list for every page: filtered, sorted and paged by the address, and downloaded by a suffix.

A list is made from rows that are there; its address says what of them is shown, so a page can be
kept as a bookmark, works without scripts, and its download holds the rows that the filter lets
through, in the order shown. A cursor names the last row seen and not a number of pages, so nothing
is shown twice or missed when rows are added meanwhile.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from headgate.core.calls.matching import has_words, words_of
from headgate.site.portal.reading import DATABASE
from headgate.site.reports.tables import write_csv, write_xlsx
from headgate.site.status import state

T = TypeVar("T")
Cell = str | int

PAGE_ROWS: Final = 50
TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
"""The suffixes of a list's downloads, and what each is."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its name in the address, its head, its plain value, and how the page shows it."""

    name: str
    head: str | Promise
    value: Callable[[T], Cell]
    shown: Callable[[T], Any] | None = None
    figure: bool = False

    def cell(self, row: T) -> Any:
        """What the page shows."""
        return self.shown(row) if self.shown else self.value(row)


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter by one of a few values: its name in the address, its label, and the values."""

    name: str
    label: str | Promise
    options: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a list."""

    text: str
    sort: str
    after: str
    chosen: tuple[tuple[str, str], ...]

    def address(self, **changed: str) -> str:
        """The query of an address that asks for the same but for what is changed."""
        told = {"q": self.text, "sort": self.sort, "after": self.after, **dict(self.chosen)}
        return "?" + urlencode({k: v for k, v in (told | changed).items() if v})


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list as a page shows it: some rows, how many there are, and where the next ones are."""

    columns: tuple[Column[T], ...]
    choices: tuple[Choice, ...]
    asked: Asked
    rows: tuple[T, ...]
    count: int
    next: str

    @property
    def heads(self) -> list[dict[str, Any]]:
        """The columns with the address that sorts by each."""
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column[T]) -> dict[str, Any]:
        down = self.asked.sort == column.name
        order = "ascending" if down else "descending" if self._is_up(column) else "none"
        address = self.asked.address(sort=f"-{column.name}" if down else column.name, after="")
        return {"head": column.head, "figure": column.figure, "order": order, "address": address}

    def _is_up(self, column: Column[T]) -> bool:
        return self.asked.sort == f"-{column.name}"

    @property
    def cells(self) -> list[list[dict[str, Any]]]:
        """What stands in each row."""
        return [
            [{"shown": c.cell(row), "figure": c.figure} for c in self.columns] for row in self.rows
        ]

    @property
    def next_address(self) -> str:
        """Where the next rows are; empty at the end."""
        return self.asked.address(after=self.next) if self.next else ""

    @property
    def first_address(self) -> str:
        """Where the first rows are."""
        return self.asked.address(after="")

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The filters with what is chosen in each."""
        chosen = dict(self.asked.chosen)
        return [{"choice": c, "chosen": chosen.get(c.name, "")} for c in self.choices]

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """The formats with the query that gives the rows shown, in each."""
        return [(kind.upper(), self.asked.address(after="", format=kind)) for kind in TYPES]


def asked_of(request: HttpRequest, choices: Sequence[Choice]) -> Asked:
    """What an address asks; what it asks of no filter that there is, is left aside."""
    chosen = tuple((c.name, request.GET.get(c.name, "")) for c in choices)
    return Asked(
        request.GET.get("q", "")[:200],
        request.GET.get("sort", "")[:40],
        request.GET.get("after", "")[:200],
        chosen,
    )


def listing(
    request: HttpRequest,
    rows: Sequence[T],
    columns: Sequence[Column[T]],
    choices: Sequence[Choice] = (),
) -> Listing[T]:
    """The rows that the address asks for; the first column names a row."""
    asked = asked_of(request, choices)
    found = _found(rows, columns, asked)
    start = _after(found, columns[0], asked.after)
    some = tuple(found[start : start + PAGE_ROWS])
    more = str(columns[0].value(some[-1])) if start + len(some) < len(found) else ""
    return Listing(tuple(columns), tuple(choices), asked, some, len(found), more)


def _found(rows: Sequence[T], columns: Sequence[Column[T]], asked: Asked) -> list[T]:
    """The rows that the filter lets through, in the order asked for."""
    named = {column.name: column for column in columns}
    chosen = [(named[name], want) for name, want in asked.chosen if want]
    words = words_of(asked.text)

    def fits(row: T) -> bool:
        if any(str(column.value(row)) != want for column, want in chosen):
            return False
        return not words or has_words(" ".join(str(c.cell(row)) for c in columns), words)

    some = [row for row in rows if fits(row)] if chosen or words else list(rows)
    column = named.get(asked.sort.removeprefix("-"))
    if column is None:
        return some
    return sorted(some, key=column.value, reverse=asked.sort.startswith("-"))


def _after(rows: Sequence[T], column: Column[T], name: str) -> int:
    """The place behind the row of that name; the beginning where there is none."""
    places = (place for place, row in enumerate(rows, 1) if str(column.value(row)) == name)
    return next(places, 0) if name else 0


def journal_state() -> str:
    """To which state of the journal a list belongs."""
    return state(DATABASE)


def download(
    request: HttpRequest,
    name: str,
    rows: Sequence[T],
    columns: Sequence[Column[T]],
    choices: Sequence[Choice],
    told: Callable[[], str],
) -> HttpResponse | None:
    """The list as a file, where the address asks for one: what the filter lets through, whole.

    `told` says to which state of things the rows belong, and is asked for a file alone.
    """
    kind = request.GET.get("format", "")
    if kind not in TYPES:
        return None
    asked = replace(asked_of(request, choices), after="")
    found = _found(rows, columns, asked)
    response = HttpResponse(_file(kind, found, columns, told()), content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _file(kind: str, rows: Sequence[T], columns: Sequence[Column[T]], state: str) -> bytes:
    if kind == "json":
        listed = [{c.name: c.value(row) for c in columns} for row in rows]
        return json.dumps({"state": state, "rows": listed}, ensure_ascii=False).encode()
    out = BytesIO()
    told: list[list[Cell]] = [[str(c.head) for c in columns]]
    told += ([c.value(row) for c in columns] for row in rows)
    (write_csv if kind == "csv" else write_xlsx)(told, out, state)
    return out.getvalue()
