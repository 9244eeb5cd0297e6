"""Evidence of a round from CSV files: all faults at once, each at its line, or all the rows.

Four layouts, told by the function that reads them.

* Items: task, item, cluster, team, attempt, score, and weight if items differ in it, and date if it
  is known when an item became known. Scores are whole ten-thousandths of full marks.
* Ratings: criterion, rater, team, score, scale_max, and unit if raters rate parts of a team's work.
  Scores are steps from 0, as `Rating` has them.
* Votes: task, prompt, voter, first, second, preferred (first, second or tie), and for each style of
  the pillar two columns, such as length_first and length_second, in whole numbers.
* LiveCodeBench per item (Jain et al., 2024, arXiv 2403.07974): item_id, cluster_id, item_date,
  system, pass1, pass1_cot; percent of the tries that were right, rounded to ten-thousandths.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from operator import attrgetter
from typing import Final

from headgate.core.evaluation.evidence import ItemScore, Preferred, Rating, Vote, item_order
from headgate.core.evaluation.method import FULL_MARKS, SIDE
from headgate.core.faults import Faulty, Sentence
from headgate.core.quantities import half_even
from headgate.readers.tables import Cells, Layout, Neighbours, Table, Values, read_table
from headgate.steps.notes import Note, NoteCode, note

BYTES_MOST: Final = 64 * 1024 * 1024
NUMBER_MOST: Final = 1_000_000
_PERCENT_MOST: Final = 100


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
    PREFERRED_BAD = "evidence-preferred-bad"
    VOTE_ON_ITSELF = "evidence-vote-on-itself"
    ROW_TWICE = "evidence-row-twice"
    CLUSTER_DIFFERS = "evidence-cluster-differs"
    WEIGHT_DIFFERS = "evidence-weight-differs"
    SCALE_DIFFERS = "evidence-scale-differs"
    UNIT_UNCLEAR = "evidence-unit-unclear"
    TOO_FEW_SYSTEMS = "evidence-too-few-systems"
    UNREADABLE = "evidence-unreadable"
    NOT_JSON = "evidence-not-json"
    VOTER_MISSING = "evidence-voter-missing"
    NOT_BLIND = "evidence-vote-not-blind"
    SYSTEM_UNKNOWN = "evidence-system-unknown"
    STYLE_MISSING = "evidence-style-missing"


MENDS: Final[Mapping[StrEnum, str]] = {
    Code.TOO_LARGE: "send smaller files, for instance one for each task",
    Code.EMPTY: "begin with a header of the layout's columns",
    Code.COLUMN_UNKNOWN: "keep only the columns of the layout",
    Code.NO_ROWS: "add the rows, or leave the file out",
    Code.OUT_OF_RANGE: "write a number of the column's range",
    Code.PERCENT_BAD: "write a percentage from 0 to 100, such as 70.0",
    Code.DATE_BAD: "write the date as 2026-01-15",
    Code.PREFERRED_BAD: "write first, second or tie; in other layouts, as their tool does",
    Code.VOTE_ON_ITSELF: "name two teams, or take the vote out",
    Code.ROW_TWICE: "keep the row that is true",
    Code.CLUSTER_DIFFERS: "give the item one cluster for all teams",
    Code.WEIGHT_DIFFERS: "give the item one weight for all teams",
    Code.SCALE_DIFFERS: "use one scale for a criterion",
    Code.UNIT_UNCLEAR: "write ten-thousandths of full marks: 10000 for a right answer",
    Code.UNREADABLE: "make the file readable and send it whole",
    Code.NOT_JSON: "send one JSON object a line, whole",
    Code.VOTER_MISSING: "give every voter a number: errors are counted by voter",
    Code.NOT_BLIND: "take out votes for which the systems' names were shown",
    Code.SYSTEM_UNKNOWN: "name it under a team's models in evidence.yaml, or take its votes out",
    Code.STYLE_MISSING: "add it to the table of styles, or take the style out of the method",
    Code.TOO_FEW_SYSTEMS: "send more systems that were run on every item, or ask for fewer teams",
}

ITEM_COLUMNS: Final = ("task", "item", "cluster", "team", "attempt", "score")
RATING_COLUMNS: Final = ("criterion", "rater", "team", "score", "scale_max")
VOTE_COLUMNS: Final = ("task", "prompt", "voter", "first", "second", "preferred")
BENCHMARK_COLUMNS: Final = ("item_id", "cluster_id", "item_date", "system", "pass1", "pass1_cot")
_ITEMS: Final = Layout(Code, MENDS, ITEM_COLUMNS, ("weight", "date"))
_RATINGS: Final = Layout(Code, MENDS, RATING_COLUMNS, ("unit",))
_BENCHMARK: Final = Layout(Code, MENDS, BENCHMARK_COLUMNS)


def read_items(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[ItemScore, ...]:
    """The item scores of a file, in its order; raises `Faulty` with every fault of it."""
    table = _table(data, file, _ITEMS, bytes_most)
    rows = table.whole(_ITEM, _item_neighbours())
    if 0 < max(row.score for row in rows) <= _PERCENT_MOST:
        what = Sentence(
            "no score is above {most}: these are not ten-thousandths", most=_PERCENT_MOST
        )
        raise Faulty([_ITEMS.fault(file, table.header, Code.UNIT_UNCLEAR, what)])
    return rows


def read_ratings(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[Rating, ...]:
    """The ratings of a file, in its order; raises `Faulty` with every fault of it."""
    return _table(data, file, _RATINGS, bytes_most).rows(_rating, _rating_neighbours().against)


def style_columns(styles: Sequence[str]) -> tuple[str, ...]:
    """The columns that votes have for the styles of their pillar."""
    return tuple(f"{name}_{place}" for name in styles for place in ("first", "second"))


def read_votes(
    data: bytes, file: str, styles: Sequence[str] = (), *, bytes_most: int = BYTES_MOST
) -> tuple[Vote, ...]:
    """The votes of a file, in its order; raises `Faulty` with every fault of it."""
    names = tuple(name for name in styles if name != SIDE)
    layout = Layout(Code, MENDS, (*VOTE_COLUMNS, *style_columns(names)))
    table = _table(data, file, layout, bytes_most)
    return table.rows(lambda row: _vote(row, names), vote_neighbours().against)


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
            what = Sentence(
                "{n} systems were run on every item, {needed} are needed",
                n=len(placed),
                needed=count,
            )
            raise Faulty([_BENCHMARK.fault(self.file, 0, Code.TOO_FEW_SYSTEMS, what)])
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

    def notes(self, teams: int) -> tuple[Note, ...]:
        """What a reader of the results must be told."""
        systems = len({result.system for result in self.results})
        items = len({result.item for result in self.results})
        return (
            note(NoteCode.BENCHMARK_ITEMS, teams=teams, items=items, source=LIVECODEBENCH),
            note(NoteCode.BENCHMARK_PLACES, teams=teams, systems=systems),
        )


LIVECODEBENCH = "LiveCodeBench (CC BY-SA 4.0)"


def read_livecodebench(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> Benchmark:
    """The results of a LiveCodeBench per-item file; raises `Faulty` with every fault of it."""
    table = _table(data, file, _BENCHMARK, bytes_most)
    return Benchmark(file, table.rows(_result, _result_neighbours().against))


def _table(data: bytes, file: str, layout: Layout, bytes_most: int) -> Table:
    """The file as a table that has rows."""
    table = read_table(data, file, layout, bytes_most)
    if not table.lines:
        what = "there is only a header"
        raise Faulty([layout.fault(file, table.header, Code.NO_ROWS, what)])
    return table


@dataclass(slots=True)
class EvidenceValues(Values):
    """One row of evidence by column."""

    def number(self, column: str, least: int, most: int) -> int:
        """A whole number of a range; its fault is noted."""
        number = self.whole(column, least)
        if not least <= number <= most:
            what = Sentence(
                "{column} is {value}, not from {least} to {most}",
                column=column,
                value=self.row[column],
                least=least,
                most=most,
            )
            self.found.append((Code.OUT_OF_RANGE, what))
        return number

    def percent(self, column: str) -> int:
        """A percentage as ten-thousandths."""
        text = self.row[column]
        plain = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,20})?", text)
        score = half_even(Fraction(text) * FULL_MARKS / 100) if plain else -1
        if not 0 <= score <= FULL_MARKS:
            self.bad(Code.PERCENT_BAD, column)
        return score

    def day(self, column: str) -> str:
        """A day, as 2026-01-15."""
        text = self.row[column]
        try:
            plain = date.fromisoformat(text).isoformat()
        except ValueError:
            plain = ""
        if plain != text or not text:
            self.bad(Code.DATE_BAD, column)
        return text


def _rating(row: Mapping[str, str]) -> Rating:
    values = EvidenceValues(Code, row)
    scale_max = values.number("scale_max", 1, NUMBER_MOST)
    rating = Rating(
        values.name("criterion"),
        values.name("rater"),
        values.name("team"),
        values.number("score", 0, max(1, scale_max)),
        scale_max,
        values.name("unit") if "unit" in row else "",
    )
    values.done()
    return rating


def _vote(row: Mapping[str, str], styles: Sequence[str]) -> Vote:
    values = EvidenceValues(Code, row)
    if row["preferred"] not in tuple(Preferred):
        values.bad(Code.PREFERRED_BAD, "preferred")
    if row["first"] == row["second"]:
        values.bad(Code.VOTE_ON_ITSELF, "second")
    names = [values.name(column) for column in VOTE_COLUMNS[:-1]]
    style = tuple(
        (
            name,
            values.number(f"{name}_first", 0, NUMBER_MOST),
            values.number(f"{name}_second", 0, NUMBER_MOST),
        )
        for name in styles
    )
    values.done()
    task, prompt, voter, first, second = names
    return Vote(task, prompt, voter, first, second, Preferred(row["preferred"]), style)


def _result(row: Mapping[str, str]) -> Result:
    values = EvidenceValues(Code, row)
    values.day("item_date")
    if row["pass1_cot"] not in ("", "-1", "-1.0"):
        values.percent("pass1_cot")
    names = (values.name("item_id"), values.name("cluster_id"), values.name("system"))
    result = Result(*names, values.percent("pass1"))
    values.done()
    return result


_ITEM: Final[Cells[ItemScore]] = Cells(
    ItemScore,
    lambda row: EvidenceValues(Code, row),
    {
        **dict.fromkeys(("task", "item", "cluster", "team"), EvidenceValues.name),
        "attempt": lambda values, column: values.number(column, 0, NUMBER_MOST),
        "score": lambda values, column: values.number(column, 0, FULL_MARKS),
        "weight": lambda values, column: values.number(column, 1, NUMBER_MOST),
        "date": EvidenceValues.day,
    },
)


def _item_neighbours() -> Neighbours[ItemScore]:
    item = attrgetter("task", "item")
    return Neighbours(
        (
            (Code.ROW_TWICE, item_order, None),
            (Code.CLUSTER_DIFFERS, item, attrgetter("cluster")),
            (Code.WEIGHT_DIFFERS, item, attrgetter("weight")),
        )
    )


def _rating_neighbours() -> Neighbours[Rating]:
    rated = attrgetter("criterion", "rater", "team", "unit")
    scale = attrgetter("criterion"), attrgetter("scale_max")
    return Neighbours(((Code.ROW_TWICE, rated, None), (Code.SCALE_DIFFERS, *scale)))


def vote_neighbours() -> Neighbours[Vote]:
    """A voter chooses between two answers to a prompt once."""

    def chosen(row: Vote) -> object:
        return row.task, row.prompt, row.voter, *sorted((row.first, row.second))

    return Neighbours(((Code.ROW_TWICE, chosen, None),))


def _result_neighbours() -> Neighbours[Result]:
    cluster = attrgetter("item"), attrgetter("cluster")
    twice = (Code.ROW_TWICE, attrgetter("item", "system"), None)
    return Neighbours((twice, (Code.CLUSTER_DIFFERS, *cluster)))
