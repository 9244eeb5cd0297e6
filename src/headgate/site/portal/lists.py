"""One list for every page: filtered, sorted and paged by the address, and downloaded by a suffix.

A list is made from rows that are there, from rows that a process keeps, or from a table of which a
page reads only what it shows. Its address says what of it is shown, so a page can be kept as a
bookmark, works without scripts, and its download holds the rows that the filter lets through, in
the order shown. A cursor names the last row seen and not a number of pages, so nothing is shown
twice or missed when rows are added meanwhile.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, islice
from threading import RLock
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponseBase
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from headgate.core.calls.matching import Words, findable, has_words, places, words_of
from headgate.rings import undisturbed
from headgate.site.portal.findable import Looked, has_all
from headgate.site.portal.models import Person
from headgate.site.portal.reading import DATABASE
from headgate.site.portal.roles import is_staff
from headgate.site.portal.sending import TYPES, file_of
from headgate.site.recent import Recent
from headgate.site.reports.tables import Cell
from headgate.site.status import state

T = TypeVar("T")

PAGE_ROWS: Final = 50
READ_AT_ONCE: Final = 500
"""Rows that are read at a time for a file."""

_LINK: Final = '<a class="govuk-link" href="{}">{}</a>'
_CELL: Final = '<td class="govuk-table__cell{}">{}</td>'
_MARKS: Final = re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its name in the address, its head, its plain value, and how the page shows it.

    What is `shown` follows from the value, so that it is told once for all rows that have it. A
    value that leads somewhere has an `address`, and a name that would break over three lines beside
    a long sentence is `roomy`.
    """

    name: str
    head: str | Promise
    value: Callable[[T], Cell]
    shown: Callable[[T], Any] | None = None
    figure: bool = False
    address: Callable[[T], str] | None = None
    roomy: bool = False

    @property
    def kind(self) -> str:
        """The classes of its cells, beside that of all."""
        return " govuk-table__cell--numeric" if self.figure else " hg-roomy" if self.roomy else ""

    def cell(self, row: T) -> Any:
        """What the page shows."""
        told = self.shown(row) if self.shown else self.value(row)
        return format_html(_LINK, self.address(row), told) if self.address else told

    def text(self, row: T) -> str:
        """What a row is found by: its plain value and what is shown for it, but no marks."""
        value = str(self.value(row))
        return f"{value} {_MARKS.sub(' ', str(self.shown(row)))}" if self.shown else value


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

    @property
    def filters(self) -> bool:
        """Whether it asks for some of the rows only."""
        return any((self.text, self.after, *(want for _name, want in self.chosen)))

    def address(self, **changed: str) -> str:
        """The query of an address that asks for the same but for what is changed."""
        told = {"q": self.text, "sort": self.sort, "after": self.after, **dict(self.chosen)}
        return "?" + urlencode({k: v for k, v in (told | changed).items() if v})


By = Combinable | Expression
"""What a column is sorted and filtered by, in the database."""


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """Rows that lie in the database; a page reads those that it shows, and counts the others.

    The fields of `order` are never empty, and together they name one row. `by` has what each column
    is sorted and filtered by, in the database: the first column, text or a figure, and all that
    there are choices of; a column that it lacks leaves the order as it is. Words are looked for in
    the fields `findable`, and in what `labels` call values of fields or of `by`. `made` gives the
    rows of a query.
    """

    query: "QuerySet[Any, Any]"
    order: tuple[str, ...]
    by: Mapping[str, By]
    findable: tuple[Looked, ...]
    made: Callable[["QuerySet[Any, Any]"], list[T]]
    labels: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)

    def found(self, asked: Asked) -> Iterator[T]:
        """All rows that the address lets through, in the order asked for, some at a time."""
        rows = self._sorted(self._chosen(asked), asked)
        keys = iter(list(rows.values_list("pk", flat=True)))
        while some := list(islice(keys, READ_AT_ONCE)):
            yield from self.made(rows.filter(pk__in=some))

    def page(self, asked: Asked, column: Column[T]) -> tuple[list[T], int]:
        """The rows of one page and, where there is one, the next; how many there are in all.

        The row that a cursor names and the number of rows come with one query.
        """
        chosen = self._chosen(asked)
        rows, order = self._sorted(chosen, asked), self._order(asked)
        if asked.text and not asked.after:
            # Every row is looked through for words, so it is done once: to count what was found is
            # then nothing.
            keys = list(rows.values_list("pk", flat=True))
            return self.made(rows.filter(pk__in=keys[: PAGE_ROWS + 1])), len(keys)
        fields = [name.removeprefix("-") for name in order]
        by = self.by[column.name]
        called = Cast(by, TextField()) if column.figure else by
        named = rows.alias(named=called).filter(named=asked.after)
        told = named.annotate(in_all=_number(chosen)).values_list("in_all", *fields)
        count, *last = (told.first() if asked.after else None) or (chosen.count(),)
        later = rows.filter(_behind(order, last)) if last else rows
        return self.made(later[: PAGE_ROWS + 1]), count

    def _chosen(self, asked: Asked) -> "QuerySet[Any, Any]":
        wanted = {name: want for name, want in asked.chosen if want}
        known = self.query.alias(**{f"its_{name}": self.by[name] for name in wanted})
        chosen: QuerySet[Any, Any] = known.filter(
            has_all(self.query.model, words_of(asked.text), self.findable, self.labels, self.by),
            **{f"its_{name}": want for name, want in wanted.items()},
        )
        return chosen

    def _sorted(self, query: "QuerySet[Any, Any]", asked: Asked) -> "QuerySet[Any, Any]":
        name = asked.sort.removeprefix("-")
        some = query.annotate(by_this=self.by[name]) if name in self.by else query
        return some.order_by(*self._order(asked))

    def _order(self, asked: Asked) -> tuple[str, ...]:
        """The fields that the rows are sorted by; a minus turns one around."""
        name = asked.sort.removeprefix("-")
        first = (f"{asked.sort.removesuffix(name)}by_this",) if name in self.by else ()
        return (*first, *self.order)


def _number(rows: "QuerySet[Any, Any]") -> Subquery:
    """How many rows there are, inside another query."""
    alike = rows.order_by().annotate(alike=Value(1)).values("alike")
    return Subquery(alike.annotate(number=Count("pk")).values("number"))


def _behind(order: Sequence[str], last: Sequence[Any]) -> Q:
    """What stands behind a row in an order of fields, of which a minus turns one around."""
    behind, alike = Q(pk__in=()), Q()
    for one, value in zip(order, last, strict=True):
        name = one.removeprefix("-")
        behind |= alike & Q(**{f"{name}__{'gt' if name == one else 'lt'}": value})
        alike &= Q(**{name: value})
    return behind


_BETWEEN: Final = "\0"
"""What stands between two texts; no word that somebody looks for has it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The values of a column in one language, and as one text what each is found by.

    Ten thousand texts of a few signs would each take ten times what stands in it.
    """

    values: tuple[Cell, ...]
    texts: str

    def having(self, word: str) -> set[Cell]:
        """The values in which a word stands."""
        if word not in self.texts:
            return set()
        return {self.values[at] for at in places(self.texts.split(_BETWEEN), (word,))}

    def by_value(self) -> Mapping[Cell, str]:
        """What each value is found by."""
        return dict(zip(self.values, self.texts.split(_BETWEEN), strict=False))


Told = Mapping[str, Found]
"""What the values of each column are found by, by the column's name."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """Rows that a process keeps; what each value is found by is told once in each language.

    To put a value into words costs a hundred times what it costs to look a word up in them, so each
    is told once for all rows that have it, and not again where it stood in the list `before`. No
    text is kept of a whole row: ten thousand would be 2 to 4 MiB in each language.
    """

    rows: Sequence[T]
    before: Mapping[str, Told] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)

    def having(self, columns: Sequence[Column[T]], words: Words) -> Sequence[T]:
        """The rows in which every word stands, in the reader's language."""
        told, found = self._told(columns) if words else {}, self.rows
        for word in words:
            some = [(c.value, told[c.name].having(word)) for c in columns]
            fits = [map(values.__contains__, map(value, found)) for value, values in some if values]
            found = list(compress(found, map(any, zip(*fits, strict=True))))
        return found

    def _told(self, columns: Sequence[Column[T]]) -> Told:
        language = get_language() or ""
        if language not in self.told:
            known, others = self.before.get(language, {}), list(self.told.values())
            made = {c.name: _words(c, self.rows, known, others) for c in columns}
            self.told[language] = made
        return self.told[language]


def _words(column: Column[T], rows: Sequence[T], known: Told, others: Sequence[Told]) -> Found:
    """What each value of a column is found by: as it is known, or as one of its rows tells.

    Of values that stand for themselves, another language has told the same.
    """
    having = {column.value(row): row for row in rows}
    for other in others if column.shown is None else ():
        if other[column.name].values == tuple(having):
            return other[column.name]
    before = known[column.name].by_value() if column.name in known else {}
    told = (before.get(v) or findable(column.text(row)) for v, row in having.items())
    return Found(tuple(having), _BETWEEN.join(text.replace(_BETWEEN, " ") for text in told))


KEPT_MOST: Final = 16
_KEPT: Final = Recent[tuple[Hashable, Kept[Any]]](KEPT_MOST)


def kept(name: str, follows: Hashable, rows: Callable[[], Sequence[T]]) -> Kept[T]:
    """The rows of a list that a process keeps, until there is another of what it `follows` from."""
    was, found = _KEPT.get(name) or (None, None)
    if found is None or was != follows:
        with _MAKING:
            return _made(name, follows, rows)
    return found


_MAKING: Final = RLock()
"""Whoever makes rows: what is being made is waited for, and not made twice."""


def _made(name: str, follows: Hashable, rows: Callable[[], Sequence[T]]) -> Kept[T]:
    """The rows, made now unless somebody has made them meanwhile."""
    was, found = _KEPT.get(name) or (None, None)
    if found is None or was != follows:
        with undisturbed():
            found = Kept(rows(), found.told if found is not None else {})
        _KEPT.keep(name, (follows, found))
    return found


def kept_before(name: str) -> tuple[tuple[Any, ...], Sequence[Any]]:
    """What the kept rows of a list follow from, and those rows: for whoever makes few of them anew.

    Nothing where none are kept.
    """
    was, found = _KEPT.get(name) or ((), Kept(()))
    return was if isinstance(was, tuple) else (), found.rows


def kept_for_staff(
    person: Person, name: str, follows: Hashable, rows: Callable[[], Sequence[T]]
) -> Kept[T]:
    """The rows of a list: for staff, who see all, those that are kept.

    Anybody else sees few, which are read anew. What they follow from is asked before what they are
    made of: rows that came in between are then made once more, and never kept as if they were new.
    """
    return kept(name, follows, rows) if is_staff(person) else Kept(rows())


Rows = Sequence[T] | Kept[T] | Table[T]
"""What a list is made from."""


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
    def body(self) -> SafeString:
        """The rows as the page has them; a list is cells above all, at which templates are slow."""
        kinds = [column.kind for column in self.columns]
        rows = (
            zip(kinds, (localize(c.cell(row)) for c in self.columns), strict=True)
            for row in self.rows
        )
        cells = ((format_html_join("", _CELL, row),) for row in rows)
        return format_html_join("", '<tr class="govuk-table__row">{}</tr>', cells)

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

    def said(name: str, most: int) -> str:
        return request.GET.get(name, "").replace("\0", "")[:most]

    chosen = tuple((c.name, said(c.name, 200)) for c in choices)
    return Asked(said("q", 200), said("sort", 40), said("after", 200), chosen)


def listing(
    request: HttpRequest,
    rows: Rows[T],
    columns: Sequence[Column[T]],
    choices: Sequence[Choice] = (),
) -> Listing[T]:
    """The rows that the address asks for; the first column names a row."""
    asked = asked_of(request, choices)
    if isinstance(rows, Table):
        some, count = rows.page(asked, columns[0])
    else:
        found = _found(rows, columns, asked)
        start = _after(found, columns[0], asked.after)
        some, count = found[start : start + PAGE_ROWS + 1], len(found)
    shown = tuple(some[:PAGE_ROWS])
    more = str(columns[0].value(shown[-1])) if len(some) > PAGE_ROWS else ""
    return Listing(tuple(columns), tuple(choices), asked, shown, count, more)


def _found(rows: Sequence[T] | Kept[T], columns: Sequence[Column[T]], asked: Asked) -> list[T]:
    """The rows that the filter lets through, in the order asked for."""
    named = {column.name: column for column in columns}
    chosen = [(named[name], want) for name, want in asked.chosen if want]
    words = words_of(asked.text)
    if isinstance(rows, Kept):
        rows, words = rows.having(columns, words), ()

    def fits(row: T) -> bool:
        if any(str(column.value(row)) != want for column, want in chosen):
            return False
        return not words or has_words(_text(row, columns), words)

    some = [row for row in rows if fits(row)] if chosen or words else list(rows)
    column = named.get(asked.sort.removeprefix("-"))
    if column is None:
        return some
    return sorted(some, key=column.value, reverse=asked.sort.startswith("-"))


def _text(row: T, columns: Sequence[Column[T]]) -> str:
    """What a row is found by."""
    return " ".join(column.text(row) for column in columns)


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
    rows: Rows[T],
    columns: Sequence[Column[T]],
    choices: Sequence[Choice],
    told: Callable[[], str],
) -> HttpResponseBase | None:
    """The list as a file, where the address asks for one: what the filter lets through, whole.

    `told` says to which state of things the rows belong, and is asked for a file alone.
    """
    kind = request.GET.get("format", "")
    if kind not in TYPES:
        return None
    asked = replace(asked_of(request, choices), after="")
    found = rows.found(asked) if isinstance(rows, Table) else _found(rows, columns, asked)
    rows_told = ([column.value(row) for column in columns] for row in found)
    heads = [(column.name, str(column.head)) for column in columns]
    return file_of(request, name, kind, heads, (rows_told, told()))
