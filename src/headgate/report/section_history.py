"""Standings over the rounds: each team's points, place and decision in every round so far."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.evaluation.estimate import Standings
from headgate.core.supports.text import Text
from headgate.report.blocks import Block, Cell, Drawing, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import dots, ticks
from headgate.report.section_round import MILLI_FULL
from headgate.report.speaker import Speaker

CHARTED = 4
"""Rounds that one chart shows, the newest: as many as marks have shapes."""


class Past(Protocol):
    """A round that was decided, wherever it was read."""

    @property
    def name(self) -> Text:
        """What it is called."""

    @property
    def standings(self) -> Standings:
        """Each team's points and place."""

    @property
    def outcome(self) -> RoundOutcome:
        """What was decided of each team."""


def history(found: Sequence[Past], say: Speaker) -> Iterator[Block]:
    """The newest rounds as a chart, all as a table; rounds come in the order of their closing."""
    names = [say.text(one.name) for one in found]
    shown = [_points(one) for one in found]
    teams = sorted({team for one in shown for team in one}, key=lambda t: _last(t, shown))
    yield _chart(found[-CHARTED:], names[-CHARTED:], teams, say)
    cells: list[tuple[Cell, ...]] = [
        (team, *(_cell(one, team, say) for one in found)) for team in teams
    ]
    heads = [say.say("col.team"), *names]
    texts = frozenset(range(1, len(heads)))
    yield table("history", say.say("history.table"), heads, cells, texts=texts)


def _points(evaluation: Past) -> dict[str, int]:
    return {one.team: one.total_milli for one in evaluation.standings.standings}


def _last(team: str, shown: Sequence[dict[str, int]]) -> tuple[int, int, str]:
    """Who came furthest first, and of those who came as far, who had more points."""
    at = max(number for number, one in enumerate(shown) if team in one)
    return -at, -shown[at][team], team


def _chart(
    found: Sequence[Past], names: Sequence[str], teams: Sequence[str], say: Speaker
) -> Drawing:
    rows = []
    for team in teams:
        parts = [
            Part(style, points[team], say.locale.points(points[team]))
            for style, one in enumerate(found)
            for points in [_points(one)]
            if team in points
        ]
        span = None
        if len(found) == 1 and parts:
            own = found[0].standings.standing(team)
            span = (own.low_milli, own.high_milli)
        if parts:
            rows.append(Row(f"{team}: {' → '.join(p.text for p in parts)}", tuple(parts), span))
    marks = ticks(MILLI_FULL, 5, lambda at: say.locale.whole(at // 1000))
    return dots("history", say.say("history.chart"), rows, marks, list(names))


def _cell(evaluation: Past, team: str, say: Speaker) -> str:
    """Points, place and decision of a team in a round; a dash where it was not in it."""
    standings, outcome = evaluation.standings.standings, evaluation.outcome
    decided = next((one for one in outcome.decisions if one.team == team), None)
    own = next((one for one in standings if one.team == team), None)
    if decided is None:
        return say.say("none")
    word = say.code("decision", decided.decision)
    if own is None:
        return word
    place = say.say("places.place", n=own.place)
    return f"{say.locale.points(own.total_milli)} · {place} · {word}"
