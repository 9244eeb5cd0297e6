"""The office's pages: what is due today, and for whoever audits every decision and entry."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as lazy

from headgate.core.policy.schema import Policy
from headgate.report.speaker import Speaker
from headgate.site.desk.clock import Clock
from headgate.site.desk.clocks import clocks_of
from headgate.site.notices.models import Notice
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.lists import Choice, Column, download, journal_state, kept, listing
from headgate.site.portal.models import Person
from headgate.site.portal.reading import Due, Made
from headgate.site.portal.registry import Group, Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN, STAFF, Role, decides, is_staff, roles_of
from headgate.site.portal.words import EVENTS, STEPS, day, language, state_tag
from headgate.site.records.kept import Stands
from headgate.steps.event import What

PAGE_ENTRIES: Final = 50
PRESSING: Final = timedelta(days=30)
"""How long before its last day a duty comes before a right whose days end sooner."""


def home(request: HttpRequest) -> HttpResponse:
    """What is due by every clock of the programme, and the next thing to do."""
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    policy = reading.policy_of(stood)
    say = reading.speaker_of(policy, language())
    on = today(stood)
    listed = list(reading.due(stood, on))

    def told(one: Due) -> dict[str, Any]:
        about = one.event.about
        named = policy.calls.get(about) or policy.rounds.get(about) or policy.supports.get(about)
        return {
            "what": EVENTS[one.event.what.value],
            "about": say.text(named.name) if named is not None else about,
            "day": say.locale.day(one.event.day),
            "days": abs(one.days),
            "state": one.state,
            "tag": state_tag(one.state),
            "call": about if about in policy.calls else "",
        }

    person = request.user if isinstance(request.user, Person) else None
    mine = clocks_of(person, stood, on) if person else []
    open_ones = [one for one in listed if one.state != "done"]
    own = _own_next(request, mine, open_ones, on)
    return render(
        request,
        "portal/home.html",
        {
            "today": say.locale.day(on),
            "own": _clock(own, on, say) if own else None,
            "next": told(open_ones[0]) if open_ones else None,
            "news": Notice.objects.filter(person=person, read=None).count() if person else 0,
            "leads": decides(request.user),
            "oversees": is_staff(request.user),
            "applies": Role.APPLICANT in roles_of(request.user) and _is_open(listed),
            "is_over": _is_over(stood, policy, on),
            "mine": [_clock(one, on, say) for one in mine] if mine != [own] else [],
            "due": [told(one) for one in open_ones],
            "done": [told(one) for one in listed if one.state == "done"],
            "late": sum(one.state == "overdue" for one in open_ones),
            "starts": say.locale.day(stood.standing.starts),
            "ends": say.locale.day(stood.standing.ends),
        },
    )


def _own_next(
    request: HttpRequest, mine: Sequence[Clock], due: Sequence[Due], on: date
) -> Clock | None:
    """What the reader has to do next; for whoever keeps the programme's calendar, if it is sooner.

    What must be done within a month comes before what may be: the days to object are a right. Of
    two things of one day the programme's own comes first: the clocks of others wait for it.
    """
    if not mine:
        return None
    pressing = (one for one in mine if not one.is_right and one.day <= on + PRESSING)
    first = next(pressing, mine[0])
    sooner = bool(due) and due[0].event.day <= first.day
    return None if decides(request.user) and sooner else first


def _is_over(stood: Stands, policy: Policy, on: date) -> bool:
    """Whether nothing is left to give: no award runs, and no call is to come or to be decided."""
    return not stood.holdings and all(call.starts <= on for call in policy.calls.values())


def _is_open(calendar: Sequence[Due]) -> bool:
    """Whether a call takes applications: it was opened and is still to be closed."""
    events = [(one.event.what, one.event.about, one.state == "done") for one in calendar]
    opened = {about for what, about, done in events if what is What.OPEN_CALL and done}
    return any(what is What.CLOSE_CALL and about in opened and not d for what, about, d in events)


def _clock(one: Clock, on: date, say: Speaker) -> dict[str, Any]:
    """A clock of the reader's own, as the page tells it."""
    left = (one.day - on).days
    how = "overdue" if left < 0 else "coming" if left else "today"
    day, told = say.locale.day(one.day), state_tag(how)
    about = {"title": one.title, "address": one.address, "day": day}
    return {**about, "days": abs(left), "state": how, "tag": told}


def _columns() -> list[Column[Made]]:
    return [
        Column(
            "entry",
            lazy("Entry"),
            lambda m: m.seq,
            figure=True,
            address=lambda m: reverse("decision", args=(m.seq,)),
        ),
        Column("day", lazy("Day"), lambda m: m.at[:10], lambda m: day(m.at)),
        Column("step", lazy("Step"), lambda m: m.step, lambda m: STEPS.get(m.step, m.step)),
        Column("subject", lazy("About"), lambda m: m.subject),
        Column("rule", lazy("Rule"), lambda m: m.rule),
    ]


def decisions(request: HttpRequest) -> HttpResponseBase:
    """Every decision, newest first."""
    made = reading.decisions()
    rows = kept("decisions", reading.followed(made), lambda: made[::-1])
    steps = sorted({one.step for one in made}, key=list(STEPS).index)
    choices = [Choice("step", lazy("Step"), tuple((s, STEPS.get(s, s)) for s in steps))]
    columns = _columns()
    if file := download(request, "decisions", rows, columns, choices, journal_state):
        return file
    told = {"listing": listing(request, rows, columns, choices)}
    return render(request, "portal/decisions.html", told)


def decision(request: HttpRequest, seq: int) -> HttpResponse:
    """One decision as it is kept, with the entry that holds its digest."""
    found = next((one for one in reading.decisions() if one.seq == seq), None)
    if found is None:
        raise Http404
    lines = reading.DATABASE.rows("SELECT line FROM entry WHERE seq = %s", [seq])
    told = {"one": found, "step": STEPS.get(found.step, found.step), "entry": lines[0][0]}
    return render(request, "portal/decision.html", told)


def entries(request: HttpRequest) -> HttpResponse:
    """The journal, newest first, by the number of the oldest entry seen."""
    before = request.GET.get("before", "")
    top = int(before) if before.isdecimal() and len(before) < 19 else 2**63 - 1
    sql = """
        SELECT seq, kind, at, subject FROM entry WHERE seq < %s ORDER BY seq DESC LIMIT %s
    """
    rows = reading.DATABASE.rows(sql, [top, PAGE_ENTRIES + 1])
    more = rows[PAGE_ENTRIES - 1][0] if len(rows) > PAGE_ENTRIES else None
    told = {"entries": rows[:PAGE_ENTRIES], "before": more, "is_first": not before}
    return render(request, "portal/entries.html", told)


PAGES: Final = (
    Page(
        "home/",
        "home",
        home,
        roles=ANYBODY_SIGNED_IN,
        title=lazy("Today"),
        ahead=(Role.AGENCY_OFFICER, Role.FUND_OFFICER, Role.OPERATOR),
    ),
    Page(
        "decisions/",
        "decisions",
        decisions,
        roles=STAFF,
        title=lazy("Decisions"),
        group=Group.RECORD,
        ahead=(Role.AUDITOR,),
    ),
    Page("decisions/<int:seq>/", "decision", decision, roles=STAFF, sample=(("seq", 3),)),
    Page("entries/", "entries", entries, roles=STAFF, title=lazy("Entries"), group=Group.RECORD),
)
