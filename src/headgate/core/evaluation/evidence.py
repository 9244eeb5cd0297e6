"""What is handed in for a round, and everything that keeps it from being judged.

"Not enough data" is an answer, and 0 is not: a team that was not run on an item has no score there,
and the round waits until it has one. Rows may come in any order.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from operator import attrgetter
from typing import Final

from headgate.core.calls.harshness import alone_between, groups
from headgate.core.evaluation.method import FULL_MARKS, SIDE, Finding, Method, Pillar, repeated
from headgate.core.evaluation.unbeaten import unbeaten_by_the_rest
from headgate.core.faults import Sentence
from headgate.core.policy.schema import PillarKind


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One attempt of one team at one item; `score` in ten-thousandths of full marks.

    `cluster` names what would be drawn again together with the item (its passage, its problem);
    it is known within its task. `weight` counts the item against others of its task. `date` is the
    day on which the item became known, as 2026-01-15, or empty where nobody says.
    """

    task: str
    item: str
    cluster: str
    team: str
    attempt: int
    score: int
    weight: int = 1
    date: str = ""


item_order: Final = attrgetter("task", "item", "team", "attempt")
"""Where a row of items stands among others, whatever file it came from."""
Place = Callable[[ItemScore], object]


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's mark for one team on one criterion: `score` steps of `scale_max`, from 0.

    A scale that starts at 1 is shifted by the reader, and the reader says so: "1 to 5" is 0 to 4.
    `unit` names what of the team's work was rated, such as a text or a task, within its criterion;
    it is empty where a rater gives one mark for the whole.
    """

    criterion: str
    rater: str
    team: str
    score: int
    scale_max: int
    unit: str = ""

    def subject(self) -> str:
        """What was rated: raters who rated the same can be compared."""
        return f"{self.criterion}: {self.team}" + (f", {self.unit}" if self.unit else "")


class Preferred(StrEnum):
    """Which of two answers a voter preferred."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's choice between the answers of two teams to one prompt, shown blind.

    `first` was shown first (above, or on the left). `style` holds, for each of the pillar's styles,
    its name and how much of it the first and the second answer had, such as ("length", 120, 340).
    """

    task: str
    prompt: str
    voter: str
    first: str
    second: str
    preferred: Preferred
    style: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All evidence of a round, by the id of the pillar it belongs to."""

    items: Mapping[str, tuple[ItemScore, ...]] = field(default_factory=dict)
    ratings: Mapping[str, tuple[Rating, ...]] = field(default_factory=dict)
    votes: Mapping[str, tuple[Vote, ...]] = field(default_factory=dict)

    def of_kind(self, kind: PillarKind) -> Mapping[str, Sequence[object]]:
        """The rows that pillars of a kind have, by pillar."""
        if kind is PillarKind.ITEMS:
            return self.items
        return self.votes if kind is PillarKind.VOTES else self.ratings


class EvidenceFault(StrEnum):
    """Every reason for which evidence is refused."""

    NO_TEAM = "no-team"
    TEAM_TWICE = "team-twice"
    PILLAR_UNKNOWN = "pillar-unknown"
    PILLAR_OF_OTHER_KIND = "pillar-of-other-kind"
    PILLAR_WITHOUT_EVIDENCE = "pillar-without-evidence"
    TEAM_UNKNOWN = "team-unknown"
    TASK_UNKNOWN = "task-unknown"
    NOT_AN_INTEGER = "not-an-integer"
    SCORE_OUT_OF_RANGE = "score-out-of-range"
    WEIGHT_NOT_POSITIVE = "weight-not-positive"
    SCALE_NOT_POSITIVE = "scale-not-positive"
    ROW_TWICE = "row-twice"
    CLUSTER_DIFFERS = "cluster-differs"
    WEIGHT_DIFFERS = "weight-differs"
    DATE_DIFFERS = "date-differs"
    SCALE_DIFFERS = "scale-differs"
    ITEM_NOT_RUN = "item-not-run"
    TEAM_NOT_RATED = "team-not-rated"
    TOO_FEW_CLUSTERS = "too-few-clusters"
    TOO_FEW_RATERS = "too-few-raters"
    UNIT_MISSING = "unit-missing"
    UNITS_DIFFER = "units-differ"
    TOO_FEW_UNITS = "too-few-units"
    RATERS_NOT_CONNECTED = "raters-not-connected"
    VOTE_ON_ITSELF = "vote-on-itself"
    STYLE_DIFFERS = "style-differs"
    TEAM_NOT_VOTED_ON = "team-not-voted-on"
    TOO_FEW_VOTERS = "too-few-voters"
    VOTES_NOT_CONNECTED = "votes-not-connected"
    VOTES_DO_NOT_SETTLE = "votes-do-not-settle"
    BEST_IS_ZERO = "best-is-zero"
    REFERENCE_IS_ZERO = "reference-is-zero"
    ARITHMETIC_TOO_FINE = "arithmetic-too-fine"


def check_evidence(evidence: Evidence, teams: Sequence[str], method: Method) -> tuple[Finding, ...]:
    """All faults of the rows, sorted. Faults of what the rows add up to come from `standings`."""
    found = [*_check_teams(teams), *_check_pillars(evidence, method)]
    for pillar in method.pillars:
        known = frozenset(teams) | method.references(pillar.id)
        if pillar.kind is PillarKind.ITEMS:
            found += _check_items(pillar, evidence.items.get(pillar.id, ()), known)
        elif pillar.kind is PillarKind.VOTES:
            found += _check_votes(pillar, evidence.votes.get(pillar.id, ()), known)
        else:
            found += _check_ratings(pillar, evidence.ratings.get(pillar.id, ()), known)
    return tuple(sorted(set(found)))


def _check_teams(teams: Sequence[str]) -> Iterator[Finding]:
    if not teams:
        what = "The round has no team."
        yield Finding(EvidenceFault.NO_TEAM, "teams", what, "Name the teams of the round.")
    for team in repeated(teams):
        what = Sentence("The team {team!r} is named twice.", team=team)
        yield Finding(EvidenceFault.TEAM_TWICE, "teams", what, "Name each team once.")


def _check_pillars(evidence: Evidence, method: Method) -> Iterator[Finding]:
    kinds = {pillar.id: pillar.kind for pillar in method.pillars}
    for given in (evidence.items, evidence.ratings, evidence.votes):
        for name in given:
            if name not in kinds:
                what = Sentence("The method has no pillar {name!r}.", name=name)
                mend = "Name a pillar of the method."
                yield Finding(EvidenceFault.PILLAR_UNKNOWN, name, what, mend)
            elif evidence.of_kind(kinds[name]) is not given:
                what = Sentence(
                    "The rows are of another kind than the pillar, which is of {kind}.",
                    kind=kinds[name],
                )
                mend = "Give the kind of evidence the pillar is of."
                yield Finding(EvidenceFault.PILLAR_OF_OTHER_KIND, name, what, mend)
    for name, kind in kinds.items():
        if not evidence.of_kind(kind).get(name):
            what = Sentence("The pillar has no evidence at all.")
            mend = "Hand in its rows, or run the round without the pillar."
            yield Finding(EvidenceFault.PILLAR_WITHOUT_EVIDENCE, name, what, mend)


def _check_items(
    pillar: Pillar, rows: Sequence[ItemScore], known: frozenset[str]
) -> Iterator[Finding]:
    tasks = frozenset(task for task, _ in pillar.tasks)
    place_of = attrgetter("task", "item", *(() if pillar.common_items else ("team",)))
    places: dict[object, ItemScore] = {}
    seen: set[object] = set()
    for row in () if not rows or _all_good(rows, known, tasks, place_of) else rows:
        key, first = item_order(row), places.setdefault(place_of(row), row)
        place = f"{pillar.id}/{row.task}/{row.item}/{row.team}"
        yield from _check_names(place, row.team, row.task, known, tasks)
        yield from _check_item_numbers(place, row)
        if key in seen:
            what = Sentence("Attempt {attempt} stands twice.", attempt=row.attempt)
            yield Finding(EvidenceFault.ROW_TWICE, place, what, "Keep one row an attempt.")
        yield from _check_same_item(place, row, first)
        seen.add(key)
    if rows:
        yield from _check_runs(pillar, rows, known)


def _all_good(
    rows: Sequence[ItemScore], known: frozenset[str], tasks: frozenset[str], place: Place
) -> bool:
    """A first look that costs little, as there may be a million rows: column by column."""
    numbers = ("score", "weight", "attempt")
    score, weight, attempt = (list(map(attrgetter(name), rows)) for name in numbers)
    places, told = list(map(place, rows)), map(attrgetter("cluster", "weight", "date"), rows)
    return (
        {int}.issuperset(map(type, chain(score, weight, attempt)))
        and 0 <= min(score) <= max(score) <= FULL_MARKS
        and min(weight) > 0
        and known.issuperset(row.team for row in rows)
        and tasks.issuperset(row.task for row in rows)
        and len(set(map(item_order, rows))) == len(rows)
        and len(set(zip(places, told, strict=True))) == len(set(places))
    )


def _check_names(
    place: str, team: str, task: str, known: frozenset[str], tasks: frozenset[str]
) -> Iterator[Finding]:
    if team not in known:
        what = Sentence("{team!r} is no team of the round and no reference of a bar.", team=team)
        mend = "Correct the name or take the rows out."
        yield Finding(EvidenceFault.TEAM_UNKNOWN, place, what, mend)
    if task not in tasks:
        what = Sentence("The pillar has no task or criterion {task!r}.", task=task)
        mend = "Correct the name or take the rows out."
        yield Finding(EvidenceFault.TASK_UNKNOWN, place, what, mend)


def _check_item_numbers(place: str, row: ItemScore) -> Iterator[Finding]:
    if not _integers(row.score, row.weight, row.attempt):
        yield _not_an_integer(place)
        return
    if not 0 <= row.score <= FULL_MARKS:
        what = Sentence("The score is {score}.", score=row.score)
        mend = Sentence("Give ten-thousandths of full marks, from 0 to {most}.", most=FULL_MARKS)
        yield Finding(EvidenceFault.SCORE_OUT_OF_RANGE, place, what, mend)
    if row.weight <= 0:
        what = Sentence("The weight is {weight}.", weight=row.weight)
        yield Finding(EvidenceFault.WEIGHT_NOT_POSITIVE, place, what, "Give 1 or more.")


def _check_same_item(place: str, row: ItemScore, first: ItemScore) -> Iterator[Finding]:
    if row.cluster != first.cluster:
        what = Sentence(
            "The item stands in the clusters {cluster!r} and {other!r}.",
            cluster=first.cluster,
            other=row.cluster,
        )
        mend = "Give the item one cluster for all teams."
        yield Finding(EvidenceFault.CLUSTER_DIFFERS, place, what, mend)
    if row.weight != first.weight:
        what = Sentence(
            "The item has the weights {weight} and {other}.", weight=first.weight, other=row.weight
        )
        mend = "Give the item one weight for all teams."
        yield Finding(EvidenceFault.WEIGHT_DIFFERS, place, what, mend)
    if row.date != first.date:
        what = Sentence(
            "The item became known on {date!r} and on {other!r}.", date=first.date, other=row.date
        )
        mend = "Give the item one date for all teams."
        yield Finding(EvidenceFault.DATE_DIFFERS, place, what, mend)


def _check_runs(
    pillar: Pillar, rows: Sequence[ItemScore], known: frozenset[str]
) -> Iterator[Finding]:
    run: dict[tuple[str, str], set[str]] = defaultdict(set)
    clusters: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        run[row.task, row.team].add(row.item)
        clusters[row.task, "" if pillar.common_items else row.team].add(row.cluster)
    for task, _ in pillar.tasks:
        everything = set().union(*(items for (of, _), items in run.items() if of == task))
        for team in sorted(known):
            own = run[task, team]
            missing = everything - own if pillar.common_items else ()
            if missing or not own:
                what = _not_run(task, missing, len(everything))
                mend = "Run the missing items, or take them out for every team."
                place = f"{pillar.id}/{task}/{team}"
                yield Finding(EvidenceFault.ITEM_NOT_RUN, place, what, mend)
    for (task, team), names in clusters.items():
        if len(names) < 2:
            what = Sentence("All items stand in one cluster, so nothing can be said about chance.")
            mend = "Examine on at least two clusters, or name the clusters more finely."
            place = f"{pillar.id}/{task}" + (f"/{team}" if team else "")
            yield Finding(EvidenceFault.TOO_FEW_CLUSTERS, place, what, mend)


def _check_ratings(
    pillar: Pillar, rows: Sequence[Rating], known: frozenset[str]
) -> Iterator[Finding]:
    criteria = frozenset(task for task, _ in pillar.tasks)
    scales: dict[str, int] = {}
    seen: set[tuple[str, str, str, str]] = set()
    for row in rows:
        place = f"{pillar.id}/{row.criterion}/{row.rater}/{row.team}"
        place += f"/{row.unit}" if row.unit else ""
        yield from _check_names(place, row.team, row.criterion, known, criteria)
        yield from _check_rating_numbers(place, row)
        key = (row.criterion, row.rater, row.team, row.unit)
        if key in seen:
            what = "The rater's mark stands twice."
            yield Finding(EvidenceFault.ROW_TWICE, place, what, "Keep one mark.")
        seen.add(key)
        if scales.setdefault(row.criterion, row.scale_max) != row.scale_max:
            what = Sentence(
                "The criterion has scales of {first} and {other}.",
                first=scales[row.criterion],
                other=row.scale_max,
            )
            mend = "Use one scale for a criterion."
            yield Finding(EvidenceFault.SCALE_DIFFERS, place, what, mend)
    if rows:
        yield from _check_panel(pillar, rows, known)
        if any(row.unit for row in rows):
            yield from _check_units(pillar, rows)


def _check_units(pillar: Pillar, rows: Sequence[Rating]) -> Iterator[Finding]:
    """Whether the units of each criterion allow its teams to be compared."""
    units: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        units[row.criterion][row.team].add(row.unit)
    for criterion, by_team in sorted(units.items()):
        place, all_units = f"{pillar.id}/{criterion}", set().union(*by_team.values())
        if "" in all_units:
            what = "Some marks of the pillar name a unit and others none."
            mend = "Name the unit of every mark, or of none in the pillar."
            yield Finding(EvidenceFault.UNIT_MISSING, place, what, mend)
        elif len(all_units) == 1:
            what = "One unit alone was rated, so nothing can be said about chance."
            yield Finding(EvidenceFault.TOO_FEW_UNITS, place, what, "Rate more of the work.")
        for team, own in sorted(by_team.items()):
            if own != all_units and not pillar.adjust_harshness:
                what = Sentence(
                    "{n} of {all} units were not rated.", n=len(all_units - own), all=len(all_units)
                )
                mend = "Rate the same units of every team, or adjust harshness, and units with it."
                yield Finding(EvidenceFault.UNITS_DIFFER, f"{place}/{team}", what, mend)


def _check_rating_numbers(place: str, row: Rating) -> Iterator[Finding]:
    if not _integers(row.score, row.scale_max):
        yield _not_an_integer(place)
    elif row.scale_max <= 0:
        what = Sentence("The scale ends at {scale_max}.", scale_max=row.scale_max)
        yield Finding(EvidenceFault.SCALE_NOT_POSITIVE, place, what, "Give 1 or more.")
    elif not 0 <= row.score <= row.scale_max:
        what = Sentence(
            "The mark is {score} on a scale of 0 to {scale_max}.",
            score=row.score,
            scale_max=row.scale_max,
        )
        yield Finding(EvidenceFault.SCORE_OUT_OF_RANGE, place, what, "Give a mark of the scale.")


def _check_panel(
    pillar: Pillar, rows: Sequence[Rating], known: frozenset[str]
) -> Iterator[Finding]:
    raters: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        raters[row.criterion, row.team].add(row.rater)
    for criterion, _ in pillar.tasks:
        for team in sorted(known):
            place, count = f"{pillar.id}/{criterion}/{team}", len(raters[criterion, team])
            if count == 0:
                what, mend = "Nobody rated the team.", "Have the panel rate it."
                yield Finding(EvidenceFault.TEAM_NOT_RATED, place, what, mend)
            elif count == 1:
                what = "One rater alone: agreement and chance cannot be told apart."
                yield Finding(EvidenceFault.TOO_FEW_RATERS, place, what, "Ask a second rater.")
    if pillar.adjust_harshness and (what := _apart(rows)):
        mend = "Let raters of each part rate teams of another, or do not adjust harshness."
        yield Finding(EvidenceFault.RATERS_NOT_CONNECTED, pillar.id, what, mend)


def _not_run(task: str, missing: Collection[str], all_: int) -> Sentence:
    if not missing:
        return Sentence("Nothing of task {task!r} was run.", task=task)
    form = "{n} of {all} items of task {task!r} not run (first: {first})."
    return Sentence(form, n=len(missing), all=all_, task=task, first=min(missing))


def _apart(rows: Sequence[Rating]) -> str:
    """How a panel falls apart, or would without one rater: chance is then told by nobody else."""
    edges = {(row.rater, f"{row.criterion}\n{row.team}") for row in rows}
    if (parts := len(groups(edges))) > 1:
        return Sentence("The panel falls into {parts} parts that share no team.", parts=parts)
    alone = "" if any(row.unit for row in rows) else alone_between(edges)
    form = "Without {rater} the panel falls into parts that share no team."
    return Sentence(form, rater=alone) if alone else ""


def _check_votes(pillar: Pillar, rows: Sequence[Vote], known: frozenset[str]) -> Iterator[Finding]:
    tasks = frozenset(task for task, _ in pillar.tasks)
    styles = tuple(name for name in pillar.style if name != SIDE)
    seen: set[tuple[str, str, str, str, str]] = set()
    for row in rows:
        if _is_good_vote(row, known, tasks, styles):
            low, high = sorted((row.first, row.second))
            key = (row.task, row.prompt, row.voter, low, high)
            if key not in seen:
                seen.add(key)
                continue
        yield from _vote_faults(pillar, row, known, tasks, styles, seen)
    if rows:
        yield from _check_ballot(pillar, rows, known)


def _is_good_vote(
    row: Vote, known: Collection[str], tasks: Collection[str], styles: tuple[str, ...]
) -> bool:
    """A first look that costs little, as there may be a million votes."""
    named = row.first in known and row.second in known and row.task in tasks
    return named and row.first != row.second and styles == tuple(name for name, _, _ in row.style)


def _vote_faults(
    pillar: Pillar,
    row: Vote,
    known: frozenset[str],
    tasks: frozenset[str],
    styles: tuple[str, ...],
    seen: Collection[tuple[str, str, str, str, str]],
) -> Iterator[Finding]:
    low, high = sorted((row.first, row.second))
    place = f"{pillar.id}/{row.task}/{row.prompt}/{row.voter}/{low}/{high}"
    yield from _check_names(place, row.first, row.task, known, tasks)
    yield from _check_names(place, row.second, row.task, known, tasks)
    if row.first == row.second:
        what = Sentence("{first!r} was set against itself.", first=row.first)
        yield Finding(EvidenceFault.VOTE_ON_ITSELF, place, what, "Take the vote out.")
    if styles != tuple(name for name, _, _ in row.style):
        form, given = (
            "Styles asked for: {names}; given: {given}.",
            (name for name, _, _ in row.style),
        )
        what = Sentence(form, names=", ".join(styles) or "–", given=", ".join(given) or "–")
        mend = "Give every vote the styles of the pillar, in its order."
        yield Finding(EvidenceFault.STYLE_DIFFERS, place, what, mend)
    if (row.task, row.prompt, row.voter, low, high) in seen:
        what = Sentence("The voter's choice between the two stands twice.")
        yield Finding(EvidenceFault.ROW_TWICE, place, what, "Keep one vote.")


def _check_ballot(pillar: Pillar, rows: Sequence[Vote], known: frozenset[str]) -> Iterator[Finding]:
    """Whether the votes of each task say how every team stands to every other."""
    voters: dict[str, set[str]] = defaultdict(set)
    held: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        voters[row.task].add(row.voter)
        if row.preferred is not Preferred.SECOND:
            held[row.task].add((row.first, row.second))
        if row.preferred is not Preferred.FIRST:
            held[row.task].add((row.second, row.first))
    for task, _ in pillar.tasks:
        place = f"{pillar.id}/{task}"
        voted = {team for pair in held[task] for team in pair}
        for team in sorted(known - voted):
            what, mend = "Nobody voted on the team.", "Show the team's answers to voters."
            yield Finding(EvidenceFault.TEAM_NOT_VOTED_ON, f"{place}/{team}", what, mend)
        if len(voters[task]) == 1:
            what = "One voter alone: taste and chance cannot be told apart."
            yield Finding(EvidenceFault.TOO_FEW_VOTERS, place, what, "Ask more voters.")
        if unbeaten := unbeaten_by_the_rest(held[task]):
            named = ", ".join(sorted(unbeaten))
            form = "No vote against {team} went to any other team, so no strength fits them."
            what = Sentence(form, team=named)
            mend = "Set these teams against others in further votes: there is not enough data."
            yield Finding(EvidenceFault.VOTES_NOT_CONNECTED, place, what, mend)


def _integers(*values: object) -> bool:
    """Guard against a reader that let a float or a bool through the annotations."""
    return all(type(value) is int for value in values)


def _not_an_integer(place: str) -> Finding:
    what = "A score, weight, attempt or scale is not an integer."
    mend = "Give whole numbers; a score in ten-thousandths of full marks."
    return Finding(EvidenceFault.NOT_AN_INTEGER, place, what, mend)
