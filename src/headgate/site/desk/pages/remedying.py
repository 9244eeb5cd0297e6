"""A round's page for its ties: what the rule did by itself, and what still needs somebody."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headgate.core.evaluation.decide import Reason, TeamDecision, WildcardVote
from headgate.core.faults import Faulty
from headgate.core.policy.schema import PillarKind
from headgate.core.quantities import add_days
from headgate.report.section_round import decisions
from headgate.site.actions.remedy_round import (
    MEGABYTES_MOST,
    RUNS,
    bring_items,
    fill_places,
    show_secret,
)
from headgate.site.actions.take_due import take_due
from headgate.site.desk.clock import now
from headgate.site.desk.hearing import own_teams
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    number,
    reader,
    tell_faults,
    typed_before,
    words,
)
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.desk.remedying import LotNow, lot_now, waiting
from headgate.site.desk.taking import done
from headgate.site.portal import reading
from headgate.site.portal.judged import closed_round
from headgate.site.portal.pages.rounds import SAMPLE, SETTLES
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import roles_of
from headgate.site.portal.words import language
from headgate.steps.event import Event, What


@at_the_desk
def remedy(request: HttpRequest, round_id: str) -> HttpResponse:
    """Everybody who may be heard sees how far it is; officers and operators run what waits."""
    if request.method == "POST":
        try:
            _deed(request, round_id)
        except Faulty as faulty:
            tell_faults(request, faulty)
        return redirect("round-remedy", round_id=round_id)
    person, round_ = reader(request), round_now(round_id)
    lot = lot_now(round_)
    told = {
        "round": round_,
        "name": words(round_.section.name),
        "rule": reading.speaker_of(round_.policy, language()).code("remedy", round_.section.remedy),
        "blocks": _decisions(round_id),
        "applied": round_.decided is not None and round_.decided.outcome.remedy_applied is not None,
        "runs": not roles_of(person).isdisjoint(RUNS),
        "items": _items(round_),
        "lot": lot,
        "secrets": _secrets(lot, own_teams(person, round_.teams)) if lot is not None else [],
        "last": figures().day(lot.last) if lot is not None else "",
        "size": figures().whole(lot.size) if lot is not None else "",
        **_places(round_),
        "typed": typed_before(request),
    }
    return render(request, "desk/remedy.html", told)


def _decisions(round_id: str) -> list[Any]:
    """What holds of each team now, as the report has it."""
    stood = reading.programme()
    stage = closed_round(stood, reading.decisions(), round_id) if stood is not None else None
    if stage is None:
        return []
    say = reading.speaker_of(stage.policy, language())
    return list(decisions(stage.evaluation, say, {}, titled=False))


def _items(round_: RoundNow) -> Mapping[str, Any] | None:
    """Which pillars take further items, and how many of each would do; None where none wait."""
    tied = waiting(round_, Reason.TIED_AWAITS_MORE_ITEMS)
    if not tied:
        return None
    pillars = (p for p in round_.section.pillars if p.kind is PillarKind.ITEMS)
    return {
        "teams": [one.team for one in tied],
        "pillars": [(p.id, words(p.name), _needed(tied, p.id)) for p in pillars],
        "times": _times(tied),
        "most": MEGABYTES_MOST,
    }


def _times(tied: list[TeamDecision]) -> str:
    """How many times all evidence would be needed; empty where no number would do."""
    found = dict(number for one in tied for number in one.numbers)
    milli = found.get("all_evidence_times_milli")
    return figures().fixed(Fraction(milli, 1000), 1) if milli is not None else ""


def _needed(tied: list[TeamDecision], pillar: str) -> str:
    """How many clusters of items a pillar alone would need; empty where no number would do."""
    found = dict(number for one in tied for number in one.numbers)
    needed = found.get(f"clusters_needed_{pillar}")
    return figures().whole(needed) if needed is not None else ""


def _secrets(lot: LotNow, mine: list[str]) -> Iterator[Mapping[str, Any]]:
    """Each tied team: whether it has a secret to show, and whether it has shown it."""
    for team in lot.teams:
        yield {
            "team": team,
            "committed": team in lot.committed,
            "shown": team in lot.shown,
            "mine": team in mine,
        }


def _places(round_: RoundNow) -> Mapping[str, Any]:
    """Places that a wildcard call may fill, and from which day."""
    rule, decided = round_.section.wildcard, round_.decided
    if rule is None or decided is None or not decided.outcome.places_left:
        return {"places": 0}
    day = figures().day(add_days(decided.day, rule.open_days))
    return {"places": decided.outcome.places_left, "from": day}


def _deed(request: HttpRequest, round_id: str) -> None:
    """Do what the pressed button says."""
    given, person, moment = request.POST, reader(request), now()
    match given.get("deed"):
        case "items":
            most = MEGABYTES_MOST * 1024**2
            sent = {name: request.FILES.get(name) for name in request.FILES}
            files = {name: file.read(most + 1) for name, file in sent.items() if file}
            done(bring_items, person, round_id, files, moment)
            messages.success(request, _("The round was decided again: it stands in the journal."))
        case "secret":
            team, secret = given.get("team", ""), given.get("secret", "")
            show_secret(person, round_id, team, secret, moment)
            messages.success(request, _("The secret is shown."))
        case "draw":
            about = str(Event(round_now(round_id).section.on, What.DRAW_LOT, round_id))
            done(take_due, person, about, moment)
            messages.success(request, _("The lot is drawn: it stands in the journal."))
        case "places":
            done(fill_places, person, round_id, _votes(given.get("votes", "")), moment)
            messages.success(request, _("The votes are counted: they stand in the journal."))


def _votes(text: str) -> tuple[WildcardVote, ...]:
    """Votes as lines of an applicant, those in favour and the panel; -1 stands for no number."""
    lines = (line.split() for line in text.splitlines() if line.strip())
    rows = ([*line, "", "", ""][:3] for line in lines)
    return tuple(WildcardVote(team, number(yes), number(panel)) for team, yes, panel in rows)


PAGES: Final = (
    Page(
        "rounds/<slug:round_id>/remedy/",
        "round-remedy",
        remedy,
        SETTLES,
        ("GET", "HEAD", "POST"),
        sample=SAMPLE,
    ),
)
