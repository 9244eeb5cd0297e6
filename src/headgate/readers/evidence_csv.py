"""Evidence of a round from CSV files: all faults at once, each at its line, or all the rows.

Three layouts, told by the function that reads them. A header names the columns, in any order;
lines before it that begin with "#" are comments; one line is one row.

* Items: task, item, cluster, team, attempt, score, and weight if items differ in it. Scores are
  whole ten-thousandths of full marks, as `ItemScore` has them.
* Ratings: criterion, rater, team, score, scale_max. Scores are steps from 0, as `Rating` has them.
* LiveCodeBench per item (Jain et al., 2024, arXiv 2403.07974): item_id, cluster_id, item_date,
  system, pass1, pass1_cot; percent of the tries that were right, rounded to ten-thousandths.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final, Generic, TypeVar

from headgate.core.evaluation.evidence import ItemScore, Rating
from headgate.core.evaluation.method import FULL_MARKS
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.text import is_name
from headgate.core.quantities import half_even

BYTES_MOST: Final = 64 * 1024 * 1024
NUMBER_MOST: Final = 1_000_000
_PERCENT_MOST: Final = 100

Row = TypeVar("Row")


class Code(StrEnum):
    """Every fault an evidence file can have; the value is its published code."""

    TOO_LARGE = "evidence-too-large"
    NOT_UTF8 = "evidence-not-utf8"
    CUT = "evidence-cut"
    EMPTY = "evidence-empty"
    COLUMN_MISSING = "evidence-column-missing"
    COLUMN_UNKNOWN = "evidence-column-unknown"
    COLUMN_TWICE = "evidence-column-twice"
    NO_ROWS = "evidence-no-rows"
    QUOTES = "evidence-quotes"
    TOO_FEW_FIELDS = "evidence-too-few-fields"
    TOO_MANY_FIELDS = "evidence-too-many-fields"
    NAME_BAD = "evidence-name-bad"
    NOT_A_NUMBER = "evidence-not-a-number"
    OUT_OF_RANGE = "evidence-out-of-range"
    PERCENT_BAD = "evidence-percent-bad"
    DATE_BAD = "evidence-date-bad"
    ROW_TWICE = "evidence-row-twice"
    CLUSTER_DIFFERS = "evidence-cluster-differs"
    WEIGHT_DIFFERS = "evidence-weight-differs"
    SCALE_DIFFERS = "evidence-scale-differs"
    UNIT_UNCLEAR = "evidence-unit-unclear"
    TOO_FEW_SYSTEMS = "evidence-too-few-systems"


_MENDS: Final[Mapping[Code, str]] = {
    Code.TOO_LARGE: "send smaller files, for instance one for each task",
    Code.NOT_UTF8: "export the file as UTF-8",
    Code.CUT: "send the whole file: its last line must end with a line break",
    Code.EMPTY: "begin with a header of the layout's columns",
    Code.COLUMN_MISSING: "add the column to the header and to every row",
    Code.COLUMN_UNKNOWN: "keep only the columns of the layout",
    Code.COLUMN_TWICE: "keep one column of each name",
    Code.NO_ROWS: "add the rows, or leave the file out",
    Code.QUOTES: 'close every quote on its own line and write a quote inside as ""',
    Code.TOO_FEW_FIELDS: "send the row again: it has been cut",
    Code.TOO_MANY_FIELDS: "quote a value that holds a comma",
    Code.NAME_BAD: "write a name of at most 1000 plain characters",
    Code.NOT_A_NUMBER: "write a whole number in digits",
    Code.OUT_OF_RANGE: "write a number of the column's range",
    Code.PERCENT_BAD: "write a percentage from 0 to 100, such as 70.0",
    Code.DATE_BAD: "write the date as 2026-01-15",
    Code.ROW_TWICE: "keep the row that is true",
    Code.CLUSTER_DIFFERS: "give the item one cluster for all teams",
    Code.WEIGHT_DIFFERS: "give the item one weight for all teams",
    Code.SCALE_DIFFERS: "use one scale for a criterion",
    Code.UNIT_UNCLEAR: "write ten-thousandths of full marks: 10000 for a right answer",
    Code.TOO_FEW_SYSTEMS: "send more systems that were run on every item, or ask for fewer teams",
}

ITEM_COLUMNS: Final = ("task", "item", "cluster", "team", "attempt", "score")
RATING_COLUMNS: Final = ("criterion", "rater", "team", "score", "scale_max")
BENCHMARK_COLUMNS: Final = ("item_id", "cluster_id", "item_date", "system", "pass1", "pass1_cot")


def read_items(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[ItemScore, ...]:
    """The item scores of a file, in its order; raises `Faulty` with every fault of it."""
    table = _table(data, file, (ITEM_COLUMNS, ("weight",)), bytes_most)
    rows = table.read(_item, _ItemNeighbours())
    if rows and 0 < max(row.score for row in rows) <= _PERCENT_MOST:
        what = f"no score is above {_PERCENT_MOST}: these are not ten-thousandths"
        raise Faulty([_fault(file, table.header, Code.UNIT_UNCLEAR, what)])
    return rows


def read_ratings(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[Rating, ...]:
    """The ratings of a file, in its order; raises `Faulty` with every fault of it."""
    table = _table(data, file, (RATING_COLUMNS, ()), bytes_most)
    return table.read(_rating, _RatingNeighbours())


@dataclass(frozen=True, slots=True)
class Result:
    """One system at one item of a public benchmark; `score` in ten-thousandths."""

    item: str
    cluster: str
    system: str
    score: int


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Per-item results of public systems, which may stand in for teams whose own are not public."""

    file: str
    results: tuple[Result, ...]

    def middle(self, count: int) -> tuple[str, ...]:
        """The `count` systems of consecutive places around the median place, best first.

        Places are by mean score over all items, equal means by name; systems that lack an item have
        no place. The middle is taken so that which systems stand in is nobody's choice. Raises
        `Faulty` where fewer systems have a place.
        """
        scores: dict[str, dict[str, int]] = {}
        for result in self.results:
            scores.setdefault(result.system, {})[result.item] = result.score
        items = {result.item for result in self.results}
        placed = sorted(
            (-Fraction(sum(by_item.values()), len(items)), system)
            for system, by_item in scores.items()
            if by_item.keys() == items
        )
        if len(placed) < count:
            what = f"{len(placed)} systems were run on every item, {count} are needed"
            raise Faulty([_fault(self.file, 0, Code.TOO_FEW_SYSTEMS, what)])
        first = (len(placed) - count) // 2
        return tuple(system for _, system in placed[first : first + count])

    def stand_in(self, teams: Sequence[str], tasks: Sequence[str]) -> tuple[ItemScore, ...]:
        """Item scores of the teams, in this order the systems of `middle`, without their names.

        Clusters are dealt in turn among the tasks, so that each has items.
        """
        team_of = dict(zip(self.middle(len(teams)), teams, strict=True))
        clusters = sorted({result.cluster for result in self.results})
        task_of = {cluster: tasks[at % len(tasks)] for at, cluster in enumerate(clusters)}
        return tuple(
            ItemScore(task_of[r.cluster], r.item, r.cluster, team_of[r.system], 1, r.score)
            for r in self.results
            if r.system in team_of
        )

    def notes(self, teams: int) -> tuple[str, ...]:
        """What a reader of the results must be told."""
        systems = len({result.system for result in self.results})
        items = len({result.item for result in self.results})
        source = (
            f"The benchmark items are of public models that stand in for the {teams} teams: "
            f"LiveCodeBench (CC BY-SA 4.0), {items} items, about ten tries each."
        )
        rule = (
            f"They are the {teams} consecutive places around the median of {systems} systems by "
            "mean score, renamed; the results say nothing about any real team."
        )
        return source, rule


def read_livecodebench(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> Benchmark:
    """The results of a LiveCodeBench per-item file; raises `Faulty` with every fault of it."""
    table = _table(data, file, (BENCHMARK_COLUMNS, ()), bytes_most)
    return Benchmark(file, table.read(_result, _ResultNeighbours()))


class _Bad(ValueError):
    """What is wrong with the values of one row."""

    def __init__(self, found: Sequence[tuple[Code, str]]) -> None:
        super().__init__()
        self.found = found


@dataclass(slots=True)
class _Values:
    """One row by column, judged value by value; `done` raises what was found."""

    row: Mapping[str, str]
    found: list[tuple[Code, str]] = field(default_factory=list)

    def name(self, column: str) -> str:
        if not is_name(self.row[column]):
            self.found.append((Code.NAME_BAD, f"{column} is {self.row[column][:40]!r}"))
        return self.row[column]

    def number(self, column: str, least: int, most: int) -> int:
        text = self.row[column]
        if not re.fullmatch("-?[0-9]{1,18}", text):
            self.found.append((Code.NOT_A_NUMBER, f"{column} is {text[:40]!r}"))
            return least
        if not least <= int(text) <= most:
            what = f"{column} is {text}, not from {least} to {most}"
            self.found.append((Code.OUT_OF_RANGE, what))
        return int(text)

    def percent(self, column: str) -> int:
        """A percentage as ten-thousandths."""
        text = self.row[column]
        plain = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,20})?", text)
        score = half_even(Fraction(text) * FULL_MARKS / 100) if plain else -1
        if not 0 <= score <= FULL_MARKS:
            self.found.append((Code.PERCENT_BAD, f"{column} is {text[:40]!r}"))
        return score

    def day(self, column: str) -> None:
        text = self.row[column]
        try:
            date.fromisoformat(text)
        except ValueError:
            self.found.append((Code.DATE_BAD, f"{column} is {text[:40]!r}"))

    def done(self) -> None:
        if self.found:
            raise _Bad(self.found)


def _item(row: Mapping[str, str]) -> ItemScore:
    values = _Values({"weight": "1", **row})
    item = ItemScore(
        values.name("task"),
        values.name("item"),
        values.name("cluster"),
        values.name("team"),
        values.number("attempt", 0, NUMBER_MOST),
        values.number("score", 0, FULL_MARKS),
        values.number("weight", 1, NUMBER_MOST),
    )
    values.done()
    return item


def _rating(row: Mapping[str, str]) -> Rating:
    values = _Values(row)
    scale_max = values.number("scale_max", 1, NUMBER_MOST)
    rating = Rating(
        values.name("criterion"),
        values.name("rater"),
        values.name("team"),
        values.number("score", 0, max(1, scale_max)),
        scale_max,
    )
    values.done()
    return rating


def _result(row: Mapping[str, str]) -> Result:
    values = _Values(row)
    values.day("item_date")
    if row["pass1_cot"] not in ("", "-1", "-1.0"):
        values.percent("pass1_cot")
    names = (values.name("item_id"), values.name("cluster_id"), values.name("system"))
    result = Result(*names, values.percent("pass1"))
    values.done()
    return result


@dataclass(slots=True)
class _Neighbours(Generic[Row]):
    """What earlier rows of a file have against a row."""

    seen: dict[object, object] = field(default_factory=dict)

    def against(self, row: Row) -> Iterator[tuple[Code, str]]:
        """Every fault between the row and those before it."""
        for code, key, value in self.once(row):
            if code is Code.ROW_TWICE and (code, key) in self.seen:
                yield code, f"{key} has a row already"
            elif self.seen.setdefault((code, key), value) != value:
                yield code, f"{key} has {self.seen[code, key]!r} before and {value!r} here"

    def once(self, row: Row) -> tuple[tuple[Code, object, object], ...]:
        """(fault, of what, value): what must have one value for the file to make sense."""
        raise NotImplementedError


class _ItemNeighbours(_Neighbours[ItemScore]):
    def once(self, row: ItemScore) -> tuple[tuple[Code, object, object], ...]:
        item = (row.task, row.item)
        return (
            (Code.ROW_TWICE, (*item, row.team, row.attempt), None),
            (Code.CLUSTER_DIFFERS, item, row.cluster),
            (Code.WEIGHT_DIFFERS, item, row.weight),
        )


class _RatingNeighbours(_Neighbours[Rating]):
    def once(self, row: Rating) -> tuple[tuple[Code, object, object], ...]:
        return (
            (Code.ROW_TWICE, (row.criterion, row.rater, row.team), None),
            (Code.SCALE_DIFFERS, row.criterion, row.scale_max),
        )


class _ResultNeighbours(_Neighbours[Result]):
    def once(self, row: Result) -> tuple[tuple[Code, object, object], ...]:
        return (
            (Code.ROW_TWICE, (row.item, row.system), None),
            (Code.CLUSTER_DIFFERS, row.item, row.cluster),
        )


@dataclass(frozen=True, slots=True)
class _Table:
    """A file whose header is right: its columns, and its lines after the header."""

    file: str
    header: int
    columns: Sequence[str]
    lines: Sequence[str]

    def read(
        self, build: Callable[[Mapping[str, str]], Row], neighbours: _Neighbours[Row]
    ) -> tuple[Row, ...]:
        """Every row as a value; raises `Faulty` with the faults of all rows."""
        rows: list[Row] = []
        faults: list[Fault] = []
        for number, line in enumerate(self.lines, self.header + 1):
            try:
                row = build(self._split(line))
            except _Bad as bad:
                faults += [_fault(self.file, number, code, what) for code, what in bad.found]
                continue
            rows.append(row)
            against = neighbours.against(row)
            faults += [_fault(self.file, number, code, what) for code, what in against]
        if not self.lines:
            faults.append(_fault(self.file, self.header, Code.NO_ROWS, "there is only a header"))
        if faults:
            raise Faulty(faults)
        return tuple(rows)

    def _split(self, line: str) -> dict[str, str]:
        """The row's values by column."""
        try:
            values = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            raise _Bad([(Code.QUOTES, f"no CSV row: {error}")]) from None
        if len(values) != len(self.columns):
            few = len(values) < len(self.columns)
            what = f"{len(values)} values in a row of {len(self.columns)} columns"
            raise _Bad([(Code.TOO_FEW_FIELDS if few else Code.TOO_MANY_FIELDS, what)])
        return dict(zip(self.columns, values, strict=True))


_Layout = tuple[Sequence[str], Sequence[str]]
"""The columns a file must have, and those it may have."""


def _table(data: bytes, file: str, layout: _Layout, bytes_most: int) -> _Table:
    """The file as a table; raises `Faulty` where it is no text or has another header."""
    if len(data) > bytes_most:
        what = f"the file has {len(data)} bytes, more than {bytes_most}"
        raise Faulty([_fault(file, 0, Code.TOO_LARGE, what)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Faulty([_fault(file, line, Code.NOT_UTF8, "a byte is not UTF-8")]) from None
    lines = text.replace("\r\n", "\n").split("\n")
    if lines.pop():
        what = "the last line has no line break: the file has been cut"
        raise Faulty([_fault(file, len(lines) + 1, Code.CUT, what)])
    header = next((at for at, line in enumerate(lines, 1) if not line.startswith("#")), 0)
    if not header:
        raise Faulty([_fault(file, 0, Code.EMPTY, "the file has no header and no rows")])
    return _Table(file, header, _columns(lines[header - 1], file, header, layout), lines[header:])


def _columns(line: str, file: str, header: int, layout: _Layout) -> list[str]:
    required, optional = layout
    columns = [name.strip() for name in line.split(",")]
    found = [(Code.COLUMN_MISSING, name) for name in required if name not in columns]
    found += [(Code.COLUMN_UNKNOWN, n) for n in columns if n not in (*required, *optional)]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    found += [(Code.COLUMN_TWICE, name) for name in twice]
    if found:
        raise Faulty(_fault(file, header, code, f"column {name[:40]!r}") for code, name in found)
    return columns


def _fault(file: str, line: int, code: Code, what: str) -> Fault:
    return Fault(file, line, 1 if line else 0, code.value, what, _MENDS[code])
