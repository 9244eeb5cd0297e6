"""The public pages of the rounds: standings over all of them, and each with its report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.evaluation.decide import Decision
from headgate.report.blocks import Block, Cell, Document, Drawing, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import dots, ticks
from headgate.report.pdf import pdf
from headgate.report.section_round import MILLI_FULL
from headgate.report.speaker import Speaker
from headgate.report.stage import Stage, document, named
from headgate.site.portal import reading
from headgate.site.portal.judged import closed, closed_round, findings_of
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import STAFF, roles_of
from headgate.site.records.kept import Stands

SAMPLE: Final = (("round_id", "stage"),)
CHARTED: Final = 4
"""Rounds that one chart shows, the newest: as many as marks have shapes."""


def language() -> str:
    """The reader's language, as the reports have it."""
    return (get_language() or "en")[:2]


def rounds(request: HttpRequest) -> HttpResponse:
    """Every round: when it closes or how it was decided, and each team's points over all."""
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    policy, made = reading.policy_of(stood), reading.decisions()
    say, found = reading.speaker_of(policy, language()), list(closed(stood, made))
    told = {
        "rounds": list(_listed(stood, found, say)),
        "blocks": list(history(found, say)) if found else [],
        "staff": not roles_of(request.user).isdisjoint(STAFF),
    }
    return render(request, "portal/rounds.html", told)


def _listed(stood: Stands, found: Sequence[Stage], say: Speaker) -> Iterator[dict[str, Any]]:
    """Rounds that were closed, the newest first, after those that are still to come."""
    done = {stage.evaluation.id: stage for stage in found}
    coming = reading.policy_of(stood).rounds
    for name, section in coming.items():
        if name not in done:
            yield {"name": say.text(section.name), "day": say.locale.day(section.on), "id": name}
    for name, stage in reversed(done.items()):
        outcome = stage.evaluation.outcome
        stay = [one for one in outcome.decisions if one.decision is Decision.ADVANCE]
        yield {
            "id": name,
            "name": named(stage, say),
            "day": say.locale.day(stage.evaluation.section.on),
            "teams": say.locale.whole(len(outcome.decisions)),
            "stay": say.locale.whole(len(stay)),
        }


def history(found: Sequence[Stage], say: Speaker) -> Iterator[Block]:
    """Each team's points in every round: the newest rounds as a chart, all as a table."""
    names = [named(stage, say) for stage in found]
    shown = [_points(stage) for stage in found]
    teams = sorted({team for one in shown for team in one}, key=lambda t: _last(t, shown))
    yield _chart(found[-CHARTED:], names[-CHARTED:], teams, say)
    cells: list[tuple[Cell, ...]] = [
        (team, *(_cell(stage, team, say) for stage in found)) for team in teams
    ]
    heads = [say.say("col.team"), *names]
    texts = frozenset(range(1, len(heads)))
    yield table("history", _("Points, place and decision of each team"), heads, cells, texts=texts)


def _points(stage: Stage) -> dict[str, int]:
    return {one.team: one.total_milli for one in stage.evaluation.standings.standings}


def _last(team: str, shown: Sequence[dict[str, int]]) -> tuple[int, int, str]:
    """Who came furthest first, and of those who came as far, who had more points."""
    at = max(number for number, one in enumerate(shown) if team in one)
    return -at, -shown[at][team], team


def _chart(
    found: Sequence[Stage], names: Sequence[str], teams: Sequence[str], say: Speaker
) -> Drawing:
    rows = []
    for team in teams:
        parts = [
            Part(style, points[team], say.locale.points(points[team]))
            for style, stage in enumerate(found)
            for points in [_points(stage)]
            if team in points
        ]
        span = None
        if len(found) == 1 and parts:
            own = found[0].evaluation.standings.standing(team)
            span = (own.low_milli, own.high_milli)
        if parts:
            rows.append(Row(f"{team}: {' → '.join(p.text for p in parts)}", tuple(parts), span))
    marks = ticks(MILLI_FULL, 5, lambda at: say.locale.whole(at // 1000))
    return dots("history", _("Points of 100 in each round"), rows, marks, list(names))


def _cell(stage: Stage, team: str, say: Speaker) -> str:
    """Points, place and decision of a team in a round; a dash where it was not in it."""
    standings, outcome = stage.evaluation.standings.standings, stage.evaluation.outcome
    decided = next((one for one in outcome.decisions if one.team == team), None)
    own = next((one for one in standings if one.team == team), None)
    if decided is None:
        return say.say("none")
    word = say.code("decision", decided.decision)
    if own is None:
        return word
    place = say.say("places.place", n=own.place)
    return f"{say.locale.points(own.total_milli)} · {place} · {word}"


def one_round(request: HttpRequest, round_id: str) -> HttpResponse:
    """One round: its report as a page, or as a print where the address asks for one."""
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    stage = closed_round(stood, reading.decisions(), round_id)
    if stage is None:
        return _coming(request, stood, round_id)
    told = with_findings(stage)
    if request.GET.get("format") == "pdf":
        return printed(_print(_Held(told), language()), round_id)
    say = reading.speaker_of(stage.policy, language())
    return shown(request, document(told, say), named(stage, say))


def with_findings(stage: Stage) -> Stage:
    """A round with what was found on its gates."""
    findings = findings_of(stage.evaluation.id)
    return replace(stage, evaluation=replace(stage.evaluation, gate_findings=findings))


def _coming(request: HttpRequest, stood: Stands, round_id: str) -> HttpResponse:
    """A round that was not closed yet: its days and rule; one that there is not is not found."""
    policy = reading.policy_of(stood)
    if round_id not in policy.rounds:
        raise Http404
    say, section = reading.speaker_of(policy, language()), policy.rounds[round_id]
    told = {
        "name": say.text(section.name),
        "day": say.locale.day(section.on),
        "places": say.locale.whole(section.stay.most),
        "pillars": [(say.text(p.name), say.locale.whole(p.weight)) for p in section.pillars],
        "gates": [
            {"name": say.text(g.name), "evidence": say.text(g.evidence), "days": g.reply_days}
            for g in section.gates
        ],
    }
    return render(request, "portal/round_coming.html", told)


def shown(
    request: HttpRequest, told: Document, name: str, teams: Sequence[str] = ()
) -> HttpResponse:
    """A report as a page of the portal, with the way to its print and to those of `teams`."""
    asked = request.GET.copy()
    asked["format"] = "pdf"
    told_ = {"name": name, "told": told, "teams": teams, "print": f"?{asked.urlencode()}"}
    return render(request, "portal/round.html", told_)


def printed(data: bytes, name: str) -> HttpResponse:
    """A print as a download."""
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.{language()}.pdf"'
    return response


class _Held:
    """A round as a key: a closed round never changes, so its print is made once a process."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.key = (stage.evaluation.id, stage.evaluation.standings.seed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=24)
def _print(held: _Held, tongue: str) -> bytes:
    say = reading.speaker_of(held.stage.policy, tongue)
    return pdf(document(held.stage, say), tongue)


PAGES: Final = (
    Page("rounds/", "rounds", rounds, title=lazy("Rounds")),
    Page("rounds/<slug:round_id>/", "round", one_round, sample=SAMPLE),
)
