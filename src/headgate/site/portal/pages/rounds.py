"""The public pages of the rounds: standings over all of them, and each with its report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as lazy

from headgate.core.evaluation.decide import Decision
from headgate.core.policy.schema import Round
from headgate.report.blocks import Document
from headgate.report.pdf import pdf
from headgate.report.section_history import history
from headgate.report.speaker import Speaker
from headgate.report.stage import Stage, document, named
from headgate.site.apart import apart
from headgate.site.portal import reading
from headgate.site.portal.judged import closed, closed_round, found_in_the_end
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role, is_staff, roles_of
from headgate.site.portal.words import language
from headgate.site.records.kept import Stands

SAMPLE: Final = (("round_id", "stage"),)
HEARD: Final = frozenset({Role.APPLICANT, Role.AGENCY_OFFICER, Role.POLICY_OWNER, Role.AUDITOR})
"""Who may be heard on a round, who hears them, and who looks on."""
SETTLES: Final = HEARD | {Role.OPERATOR}
"""Who may look at its ties and open places."""


def rounds(request: HttpRequest) -> HttpResponse:
    """Every round: when it closes or how it was decided, and each team's points over all."""
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    policy, made = reading.policy_of(stood), reading.decisions()
    say, found = reading.speaker_of(policy, language()), list(closed(stood, made))
    told = {
        "rounds": list(_listed(stood, found, say)),
        "blocks": list(history([one.evaluation for one in found], say)) if found else [],
        "staff": is_staff(request.user),
        "hears": not roles_of(request.user).isdisjoint(HEARD),
        "settles": not roles_of(request.user).isdisjoint(SETTLES),
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
    subtitle = say.say("stage.on_page", day=stage.evaluation.section.on)
    page = replace(document(told, say), subtitle=subtitle)
    return shown(request, page, named(stage, say), round_id)


def with_findings(stage: Stage) -> Stage:
    """A round with what was found on its gates, and the hearings that it had."""
    findings, heard = found_in_the_end(stage.evaluation.id)
    told = replace(stage.evaluation, gate_findings=findings, heard=heard)
    return replace(stage, evaluation=told)


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
        "panels": list(_panels(section, say)),
        "object_days": section.appeals.object_days if section.appeals is not None else 0,
    }
    return render(request, "portal/round_coming.html", told)


def _panels(section: Round, say: Speaker) -> Iterator[dict[str, Any]]:
    """Who judges a pillar and whose marks count, as it stands before the round is frozen."""
    for pillar in section.pillars:
        if (rule := pillar.raters) is not None:
            yield {
                "name": say.text(pillar.name),
                "least": say.locale.whole(rule.least),
                "blind": rule.blind,
                "attention": say.locale.percent(rule.attention, 0) if rule.attention else "",
                "repeated": rule.repeated,
                "agreement": say.locale.fixed(rule.agreement, 2) if rule.agreement else "",
            }


def shown(
    request: HttpRequest, told: Document, name: str, round_id: str, teams: Sequence[str] = ()
) -> HttpResponse:
    """A report as a page of the portal, with the way to its print, to those of `teams`, and for
    those who are heard on the round to where they are.
    """
    asked = request.GET.copy()
    asked["format"] = "pdf"
    told_ = {
        "name": name,
        "told": told,
        "teams": teams,
        "print": f"?{asked.urlencode()}",
        "round_id": round_id,
        "hears": not roles_of(request.user).isdisjoint(HEARD),
    }
    return render(request, "portal/round.html", told_)


def print_of(told: Document, tongue: str) -> bytes:
    """A print, made beside the worker: what lays pages out, and its faces, hold 26 MiB."""
    return apart(pdf, told, tongue)


def printed(data: bytes, name: str) -> HttpResponse:
    """A print as a download."""
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.{language()}.pdf"'
    return response


@dataclass(frozen=True, slots=True)
class _Held:
    """A round as a key: until it is heard it never changes, so its print is made once a process.

    All of it is compared; it holds tables, so its hash is that of its name and seed.
    """

    stage: Stage

    def __hash__(self) -> int:
        return hash((self.stage.evaluation.id, self.stage.evaluation.standings.seed))


@lru_cache(maxsize=24)
def _print(held: _Held, tongue: str) -> bytes:
    say = reading.speaker_of(held.stage.policy, tongue)
    return print_of(document(held.stage, say), tongue)


PAGES: Final = (
    Page("rounds/", "rounds", rounds, title=lazy("Rounds")),
    Page("rounds/<slug:round_id>/", "round", one_round, sample=SAMPLE),
)
