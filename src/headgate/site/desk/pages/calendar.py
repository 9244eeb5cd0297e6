"""The calendar: how a programme begins, what comes next, and who lets it happen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.duties.amendment import Change
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.check import adoptable, check
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.site.actions.ask_next import ask_everywhere
from headgate.site.actions.take_due import MAY, adopt, due_now, unheard
from headgate.site.desk.agreement import moved_up
from headgate.site.desk.clock import coming, now
from headgate.site.desk.demo import let_invented_apply
from headgate.site.desk.models import Asking, AwardList
from headgate.site.desk.office import call_now
from headgate.site.desk.outside import invented_most, outside
from headgate.site.desk.pages.handing import tell_holders
from headgate.site.desk.pages.telling import at_the_desk, figures, reader, words
from headgate.site.desk.taking import done, let_happen
from headgate.site.desk.turns import Asked
from headgate.site.portal import reading
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import NAMES, STAFF, Role, decides, roles_of
from headgate.site.portal.words import EVENTS, told_fault
from headgate.site.records.kept import Stands
from headgate.steps.agenda import agenda, first_day
from headgate.steps.event import Event, What


@dataclass(frozen=True, slots=True)
class Coming:
    """One event of the calendar as a page tells it."""

    event: Event
    what: Any
    about: str
    who: Any


@at_the_desk
def calendar(request: HttpRequest) -> HttpResponse:
    """What comes next with the button of whoever may take it; before all else, the adoption."""
    stood = reading.programme()
    if request.method == "POST":
        return _adopt(request) if stood is None else _take(request)
    if stood is None:
        return _before(request)
    policy = reading.policy_of(stood)
    listed = agenda(stood.document, stood.standing.index)
    done = stood.standing.done
    event, moment = coming()
    may = MAY.get(event.what, (Role.OPERATOR,)) if event is not None else ()
    context = {
        "next": _told(policy, event) if event is not None else None,
        "may": not roles_of(request.user).isdisjoint(may),
        "due": (due := due_now(moment)) is not None,
        "lost": _lost(due, moment),
        "unheard": _unheard(due, stood),
        "objected": _objected(due, stood, policy),
        "later": [_told(policy, one) for one in listed[done + 1 :]],
        "done": [_told(policy, one) for one in listed[:done]],
    }
    return render(request, "desk/calendar.html", context)


def _lost(event: Event | None, moment: datetime) -> dict[str, Any] | None:
    """How many winners would lose their award, were the call decided now, and who is asked instead.

    Silence gives an award up: whoever takes the event should know whom it costs theirs.
    """
    if event is None or event.what is not What.DECIDE_CALL:
        return None
    listed = AwardList.objects.filter(call=event.about, told__isnull=False).first()
    if listed is None:
        return None
    asked = Asked(call_now(event.about), listed, moment)
    lost, came = asked.before | asked.left, moved_up(listed)
    if not (count := len(lost.intersection(listed.winners))):
        return None
    return {
        "count": count,
        "winners": len(listed.winners),
        "makes_room": asked.makes_room,
        "stand_by": len(set(listed.standby) - lost - came.keys()),
        "moved_up": len(came),
        "lost_again": len(lost & came.keys()),
        "waits": len(asked.silent) if came and asked.is_open else 0,
        "last": asked.last,
    }


def _unheard(event: Event | None, stood: Stands) -> int:
    """How many explanations of idleness the rule's look, taken now, would not have heard."""
    if event is None or event.what is not What.RECLAIM:
        return 0
    held = [one.award for one in stood.holdings if one.support == event.about]
    waiting = Asking.objects.filter(change=Change.EXPLANATION, granted__isnull=True)
    return waiting.filter(dossier__code__in=held).count()


def _objected(event: Event | None, stood: Stands, policy: Policy) -> list[tuple[str, str]]:
    """The rounds, with their names, whose objections must be answered before an event is taken."""
    waiting = unheard(stood.standing.closed, event) if event is not None else []
    return [(name, words(policy.rounds[name].name)) for name in waiting]


def _told(policy: Policy, event: Event) -> Coming:
    about = event.about
    named = policy.calls.get(about) or policy.rounds.get(about) or policy.supports.get(about)
    may = MAY.get(event.what, (Role.OPERATOR,))
    who = ", ".join(str(NAMES[role]) for role in may)
    return Coming(event, EVENTS[event.what.value], words(named.name) if named else about, who)


def _take(request: HttpRequest) -> HttpResponse:
    event, moment = coming()
    if event is not None and event.what is What.DECIDE_CALL and decides(request.user):
        done(ask_everywhere, moment)
    let_happen(reader(request), request.POST.get("event", ""), moment)
    messages.success(request, _("Done: it stands in the journal."))
    if event is not None and event.what is What.OPEN_CALL and (most := invented_most()):
        applied = let_invented_apply(outside(), event.about, most)
        told = _("Invented applicants of the demo have handed in %s applications.")
        messages.success(request, told % figures().whole(applied))
    tell_holders(request)
    return redirect("calendar")


def _policy() -> tuple[Document, list[Fault]]:
    """The policy that this site was started with, and what stands against adopting it.

    A demo rehearses: it may rest on what is announced or assumed, and on rules that no case tries.
    """
    document = read_programme(find(settings.HEADGATE_PROGRAMME))
    faults = check(document)
    if not faults and not settings.HEADGATE_DEMO:
        faults = adoptable(document, first_day(document))
    return document, faults


def _before(request: HttpRequest) -> HttpResponse:
    """The policy as it would be adopted, with its faults."""
    try:
        document, faults = _policy()
    except Faulty as faulty:
        document, faults = None, list(faulty.faults)
    context: dict[str, Any] = {"faults": [told_fault(fault) for fault in faults], "may": False}
    if document is not None and not faults:
        policy = at(document, first_day(document)).policy
        context |= {
            "name": words(policy.programme.name),
            "digest": document.digest,
            "calls": [words(call.name) for call in policy.calls.values()],
            "first": agenda(document)[0].day,
            "may": Role.POLICY_OWNER in roles_of(request.user),
        }
    return render(request, "desk/adopt.html", context)


def _adopt(request: HttpRequest) -> HttpResponse:
    document, faults = _policy()
    if faults:
        raise Faulty(faults)
    if document.digest != request.POST.get("digest"):
        messages.error(request, _("The policy changed since: look at it as it is now."))
        return redirect("calendar")
    done(adopt, reader(request), document, now())
    messages.success(request, _("The policy is adopted: the programme has begun."))
    return redirect("calendar")


PAGES: Final = (
    Page("calendar/", "calendar", calendar, STAFF, ("GET", "HEAD", "POST"), lazy("Calendar")),
)
