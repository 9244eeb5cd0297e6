"""A CSV file as a table: all that is wrong with it at once, each at its line, or all its rows.

Lines before the header that begin with "#" are comments. The header names the columns, in any
order; one line is one row, so no value can hold a line break. Each layout has codes of its own; the
faults that any table can have are members of all of them, by the names that are used here.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from enum import StrEnum
from itertools import repeat
from typing import Any, Final, Generic, TypeVar

from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.ledger.text import is_name
from headgate.core.quick import quick

Row = TypeVar("Row")
_WHOLE: Final = re.compile("-?[0-9]{1,18}")
Found = tuple[StrEnum, str]
"""A fault of a row: its code and what is wrong."""

_MENDS: Final[Mapping[str, str]] = {
    "NOT_UTF8": "export the file as UTF-8",
    "CUT": "send the whole file: its last line must end with a line break",
    "COLUMN_MISSING": "add the column to the header and to every row",
    "COLUMN_TWICE": "keep one column of each name",
    "QUOTES": 'close every quote on its own line and write a quote inside as ""',
    "TOO_FEW_FIELDS": "send the row again: it has been cut",
    "TOO_MANY_FIELDS": "quote a value that holds a comma",
    "NAME_BAD": "write a name of at most 1000 plain characters",
    "NOT_A_NUMBER": "write a whole number in digits",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns a file must and may have, its codes, and what mends those that are its own."""

    codes: type[StrEnum]
    mends: Mapping[StrEnum, str]
    required: Sequence[str]
    optional: Sequence[str] = ()

    def fault(self, file: str, line: int, code: StrEnum, what: str) -> Fault:
        """A fault at a line of a file; at line 0, of the file as a whole."""
        mend = self.mends[code] if code in self.mends else _MENDS[code.name]
        return Fault(file, line, 1 if line else 0, code.value, what, mend)

    def shared(self, file: str, line: int, name: str, what: str) -> Faulty:
        """A fault that any table can have, by its member's name, ready to be raised."""
        return Faulty([self.fault(file, line, self.codes[name], what)])


class Bad(ValueError):
    """What is wrong with the values of one row."""

    def __init__(self, found: Sequence[Found]) -> None:
        super().__init__()
        self.found = found


@dataclass(slots=True)
class Values:
    """One row by column, judged value by value; `done` raises what was found."""

    codes: type[StrEnum]
    row: Mapping[str, str]
    found: list[Found] = field(default_factory=list)

    def bad(self, code: StrEnum, column: str) -> None:
        """Note that a value is not what its column asks for."""
        self.found.append(
            (code, Sentence("{column} is {value!r}", column=column, value=self.row[column][:40]))
        )

    def name(self, column: str) -> str:
        """A name as the ledger has them."""
        if not is_name(self.row[column]):
            self.bad(self.codes["NAME_BAD"], column)
        return self.row[column]

    def whole(self, column: str, otherwise: int) -> int:
        """A whole number of at most 18 digits; `otherwise`, with the fault noted, for no number."""
        text = self.row[column]
        if _WHOLE.fullmatch(text):
            return int(text)
        self.bad(self.codes["NOT_A_NUMBER"], column)
        return otherwise

    def done(self) -> None:
        """Raise `Bad` where anything was found."""
        if self.found:
            raise Bad(self.found)


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose header is right: the header's line, its columns, and the lines after it."""

    layout: Layout
    file: str
    header: int
    columns: Sequence[str]
    lines: Sequence[str]

    def rows(
        self,
        build: Callable[[Mapping[str, str]], Row],
        against: Callable[[Row], Iterable[Found]],
    ) -> tuple[Row, ...]:
        """Every row as a value; raises `Faulty` with the faults of all rows.

        `build` makes a value of a row or raises `Bad`; `against` says what else speaks against a
        value, for instance the values before it. It never sees a row of which no value was made.
        """
        rows: list[Row] = []
        faults: list[Fault] = []
        for number, line in enumerate(self.lines, self.header + 1):
            try:
                row = build(self.split(line))
            except Bad as bad:
                found: Iterable[Found] = bad.found
            else:
                rows.append(row)
                found = against(row)
            faults += [self.layout.fault(self.file, number, code, what) for code, what in found]
        if faults:
            raise Faulty(faults)
        return tuple(rows)

    def whole(self, cells: "Cells[Row]", neighbours: "Neighbours[Row]") -> tuple[Row, ...]:
        """Every row, looked at one by one only where something speaks against one of them."""
        rows = cells.at_once(self)
        if rows is not None and neighbours.agree(rows):
            return rows
        return self.rows(cells.build, neighbours.against)

    def split(self, line: str) -> dict[str, str]:
        """A row's values by column; raises `Bad` for a line that is no row of the table."""
        codes = self.layout.codes
        try:
            quoted = '"' in line or "\r" in line or not line
            values = next(csv.reader([line], strict=True), []) if quoted else line.split(",")
        except csv.Error:
            raise Bad([(codes["QUOTES"], "this is no CSV row")]) from None
        if len(values) != len(self.columns):
            code = "TOO_FEW_FIELDS" if len(values) < len(self.columns) else "TOO_MANY_FIELDS"
            what = Sentence(
                "{n} values in a row of {columns} columns", n=len(values), columns=len(self.columns)
            )
            raise Bad([(codes[code], what)])
        return dict(zip(self.columns, values, strict=True))


Once = tuple[StrEnum, Callable[[Row], object], Callable[[Row], object] | None]
"""(fault, of what, value): what must have one value for the file to make sense; of no value, what
must stand once."""


@dataclass(slots=True)
class Neighbours(Generic[Row]):
    """What earlier rows of a file have against a row."""

    once: Sequence[Once[Row]]
    seen: dict[object, object] = field(default_factory=dict)

    def against(self, row: Row) -> Iterator[Found]:
        """Every fault between the row and those before it."""
        for code, of, valued in self.once:
            key, value = of(row), valued and valued(row)
            if valued is None and (code, key) in self.seen:
                yield code, Sentence("{key} has a row already", key=key)
            elif (before := self.seen.setdefault((code, key), value)) != value:
                what = "{key} has {before!r} before and {value!r} here"
                yield code, Sentence(what, key=key, before=before, value=value)

    def agree(self, rows: Sequence[Row]) -> bool:
        """Whether no row has anything against another."""
        by_key = {of: list(map(of, rows)) for _, of, _ in self.once}
        kinds = {of: len(set(keys)) for of, keys in by_key.items()}
        for _, of, valued in self.once:
            said = valued and set(zip(by_key[of], map(valued, rows), strict=True))
            if kinds[of] != len(rows if said is None else said):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Cells(Generic[Row]):
    """Rows of which each value is judged alone: what is a field of `kind`, column by column.

    A million rows name few teams and scores, so each text of a column is judged once.
    """

    kind: Any
    values: Callable[[Mapping[str, str]], Values]
    cells: Mapping[str, Callable[[Any, str], object]]

    def build(self, texts: Mapping[str, str]) -> Row:
        """A value of one row; raises `Bad`."""
        values = self.values(texts)
        made = {name: judge(values, name) for name, judge in self.cells.items() if name in texts}
        values.done()
        row: Row = self.kind(**made)
        return row

    def at_once(self, table: Table) -> tuple[Row, ...] | None:
        """The values of all rows; None where one of them must be looked at by itself."""
        every, width = ",".join(table.lines), len(table.columns)
        if not all(table.lines) or '"' in every or "\r" in every:
            return None
        if {width - 1} != set(map(str.count, table.lines, repeat(","))):
            return None
        texts = every.split(",")
        columns = {name: texts[at::width] for at, name in enumerate(table.columns)}
        try:
            held = [self._column(one, columns.get(one.name)) for one in fields(self.kind)]
        except Bad:
            return None
        return tuple(map(quick(self.kind), *held))

    def _column(self, one: Field[Any], texts: Sequence[str] | None) -> Iterable[object]:
        """A field's values: those of its column, or its default where the file has none."""
        if texts is None:
            return repeat(one.default)
        known = {text: self._value(one.name, text) for text in set(texts)}
        return map(known.__getitem__, texts)

    def _value(self, name: str, text: str) -> object:
        """A column's value for a text; raises `Bad`."""
        values = self.values({name: text})
        made = self.cells[name](values, name)
        values.done()
        return made


def read_table(data: bytes, file: str, layout: Layout, bytes_most: int) -> Table:
    """The file as a table; raises `Faulty` where it is no whole text or has another header."""
    if len(data) > bytes_most:
        what = Sentence("the file has {n} bytes, more than {most}", n=len(data), most=bytes_most)
        raise layout.shared(file, 0, "TOO_LARGE", what)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise layout.shared(file, line, "NOT_UTF8", "a byte is not UTF-8") from None
    lines = text.replace("\r\n", "\n").split("\n")
    if lines.pop():
        what = Sentence("the last line has no line break: the file has been cut")
        raise layout.shared(file, len(lines) + 1, "CUT", what)
    header = next((at for at, line in enumerate(lines, 1) if not line.startswith("#")), 0)
    if not header:
        raise layout.shared(file, 0, "EMPTY", "the file has no header and no rows")
    return table_under(lines[header - 1], file, header, layout, lines[header:])


def table_under(
    names: str, file: str, header: int, layout: Layout, lines: Sequence[str] = ()
) -> Table:
    """The table whose columns a header names; raises `Faulty` with the columns that are wrong."""
    try:
        columns = [name.strip() for name in next(csv.reader([names]), [])]
    except csv.Error:  # A line break of another kind within the line: no name that is known.
        columns = [names]
    if len(columns) == 1 and (mark := next((mark for mark in ";\t" if mark in names), "")):
        what = Sentence("the columns are parted by {mark!r}", mark=mark)
        fault = layout.fault(file, header, layout.codes["COLUMN_MISSING"], what)
        raise Faulty([replace(fault, mend="save the file with commas between the columns")])
    if faults := [
        layout.fault(file, header, layout.codes[code], Sentence("column {name!r}", name=name[:40]))
        for code, name in _column_faults(columns, layout)
    ]:
        raise Faulty(faults)
    return Table(layout, file, header, columns, lines)


def _column_faults(columns: Sequence[str], layout: Layout) -> list[tuple[str, str]]:
    known = (*layout.required, *layout.optional)
    missing = [("COLUMN_MISSING", name) for name in layout.required if name not in columns]
    unknown = [("COLUMN_UNKNOWN", name) for name in columns if name not in known]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    return [*missing, *unknown, *(("COLUMN_TWICE", name) for name in twice)]
