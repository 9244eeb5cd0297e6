"""Running awards: what is owed and asked of each, by whom it waits, and what can be done now."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.duties.amendment import PERCENT, Change
from headgate.core.duties.reports import Owed
from headgate.core.policy.schema import Policy
from headgate.report.speaker import Speaker
from headgate.site.actions.amend import answer, ask, close_silent, confirm, hand_over
from headgate.site.desk.amending import CHANGES, WITH_MEMBERS, Runs, all_runs, unagreed
from headgate.site.desk.clock import now
from headgate.site.desk.models import Asking, Dossier
from headgate.site.desk.office import (
    moved,
    names_of,
    organisation_called,
    organisations_of,
    visible_to,
)
from headgate.site.desk.pages.handing import tell_holders
from headgate.site.desk.pages.telling import at_the_desk, number, reader, words
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.running import FOLLOWS, Listed, rows_for, state_of
from headgate.site.desk.taking import done
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.idle import warning
from headgate.site.portal.lists import (
    Choice,
    Column,
    download,
    journal_state,
    listing,
)
from headgate.site.portal.models import Person
from headgate.site.portal.registry import Group, Page, sees
from headgate.site.portal.roles import DECIDES, STAFF, Role, roles_of
from headgate.site.portal.words import language, tag
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import days

PARTS_MOST: Final = 99_999
"""Parts of a support that a member may be asked for."""


def runs_of(person: Person, stood: Stands, found: "QuerySet[Dossier]") -> list[Runs]:
    """Those of some awards that somebody may look into: all for staff, else where they have a part.

    Those that ended are among them while they owe a report.
    """
    return list(all_runs(stood, visible_to(person, found).prefetch_related(WITH_MEMBERS)))


STATES: Final[Mapping[str, tuple[Promise, str]]] = {
    "suspended": (lazy("Suspended"), "red"),
    "late": (lazy("Report overdue"), "red"),
    "asked": (lazy("Waits for an answer"), "orange"),
    "soon": (lazy("Report due soon"), "yellow"),
    "ended": (lazy("Ended"), "grey"),
    "runs": (lazy("Runs"), "green"),
}
"""What an award can need most: the word, and the colour of its tag."""


def _state(one: Runs, on: date) -> str:
    """What an award needs most."""
    waits, shut = bool(one.waiting), one.suspended is not None
    return state_of(one.to_hand_in, on, waits, shut, one.has_ended or one.held.ends <= on)


def _class(one: Listed, policy: Policy, say: Speaker) -> str:
    """What an award is of, by its name and code."""
    support = policy.supports[policy.calls[one.call].support]
    return say.class_of(support, one.support_class)


def _columns(policy: Policy, say: Speaker) -> list[Column[Listed]]:
    said = {state: str(word) for state, (word, _colour) in STATES.items()}

    def address(one: Listed) -> str:
        desk = reverse("running-award", args=(one.award,))
        return desk if one.lead else reverse("award", args=(one.call, one.award))

    def owed_by(one: Listed) -> str:
        return one.report.isoformat() if one.report else ""

    def owed_shown(one: Listed) -> str:
        return say.locale.day(one.report) if one.report else "—"

    return [
        Column("award", lazy("Award"), lambda r: r.award, address=address),
        Column("lead", lazy("Organisation"), lambda r: r.lead, lambda r: r.lead or "—"),
        Column(
            "class", lazy("Class"), lambda r: r.support_class, lambda r: _class(r, policy, say)
        ),
        Column(
            "ends", lazy("Ends"), lambda r: r.ends.isoformat(),
            lambda r: say.locale.day(r.ends),
        ),
        Column("report", lazy("Next report due"), owed_by, owed_shown),
        Column(
            "waiting", lazy("Unanswered"), lambda r: r.waiting,
            lambda r: say.locale.whole(r.waiting), figure=True,
        ),
        Column(
            "state", lazy("State"), lambda r: said[r.state],
            lambda r: tag(*STATES[r.state]),
        ),
    ]  # fmt: skip


@at_the_desk
def running_awards(request: HttpRequest) -> HttpResponseBase:
    """Every running award that somebody may look into, what is owed first."""
    at, stood = moved(*FOLLOWS), reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    rows = rows_for(reader(request), stood, today(stood), at)
    policy = reading.policy_of(stood)
    say = reading.speaker_of(policy, language())
    columns = _columns(policy, say)
    choices = [Choice("class", lazy("Class"), _classes(rows.rows, policy, say))]
    if file := download(request, "running", rows, columns, choices, journal_state):
        return file
    told = {"listing": listing(request, rows, columns, choices)}
    return render(request, "desk/running_awards.html", told)


def _classes(found: Sequence[Listed], policy: Policy, say: Speaker) -> tuple[tuple[str, Any], ...]:
    one_of = {one.support_class: one for one in found}
    return tuple((name, _class(one_of[name], policy, say)) for name in sorted(one_of))


@at_the_desk
def running_award(request: HttpRequest, code: str) -> HttpResponse:
    """One award: its clocks, reports and requests, and what whoever looks may do."""
    person, stood = reader(request), reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    one = next(iter(runs_of(person, stood, Dossier.objects.filter(code=code))), None)
    if one is None:
        raise Http404
    if request.method == "POST":
        _deed(request, person, code)
        return redirect("running-award", code=code)
    on = today(stood)
    policy = reading.policy_of(stood)
    say = reading.speaker_of(policy, language())
    roles, holds = roles_of(person), one.dossier.lead in organisations_of(person)
    called = names_of(code for asking in one.askings for code in _named_in(asking.asked))
    askings = [_told_asking(one, asking, on, say, called) for asking in reversed(one.askings)]
    context = {
        "one": one,
        "held": one.held,
        "class": say.class_of(policy.supports[one.held.support], one.held.support_class),
        "call": words(one.call.name),
        "tag": tag(*STATES[_state(one, on)]),
        "days": {name: say.locale.day(getattr(one.held, name)) for name in ("starts", "ends")},
        "reports": [_told_report(one, owed, on, say) for owed in one.reports],
        "waiting": [told for told in askings if told["row"].granted is None],
        "answered": [told for told in askings if told["row"].granted is not None],
        "holds": holds,
        "is_office": not roles.isdisjoint(DECIDES),
        "is_operator": Role.OPERATOR in roles,
        "may": _may(stood, one, on, say) if holds else {},
        "idle": _explains(stood, one, on, say) if _is_heard(one) else None,
        "parts": _told_members(one) if holds else [],
        "gone": ", ".join(_gone(one)),
        "needs_hand_over": _needs_hand_over(one),
        "suspended": say.locale.day(one.suspended) if one.suspended else "",
        "sees_alliance": sees(person, "alliance"),
    }
    return render(request, "desk/running_award.html", context)


def _is_heard(one: Runs) -> bool:
    """Whether an explanation of idleness waits for an answer."""
    return any(asking.change == Change.EXPLANATION for asking in one.waiting)


def _told_members(one: Runs) -> list[tuple[str, str, int | str]]:
    """Who has parts of an award: code, name and parts; and two lines for who may come."""
    names = names_of(one.parts)
    told = [(code, names.get(code, code), count) for code, count in one.parts.items()]
    return [*told, ("", "", ""), ("", "", "")]


def _gone(one: Runs) -> list[str]:
    """Who has left the alliance of an award and has parts of it still, by name."""
    if one.dossier.alliance is None:
        return []
    everybody = one.dossier.alliance.members.all()
    inside = {one.dossier.lead, *(each.organisation for each in everybody if each.left is None)}
    left = {each.organisation for each in everybody} - inside
    return sorted(str(body) for body in left if body.code in one.parts)


def _needs_hand_over(one: Runs) -> bool:
    handed = any(asking.change == Change.HAND_OVER for asking in one.waiting)
    return one.running.acceptance is not None and not one.is_handed_over and not handed


def _told_report(one: Runs, owed: Owed, on: date, say: Speaker) -> dict[str, Any]:
    """A report: what it must have, by when, and how it stands."""
    waits = owed.report.id in one.reports_waiting
    if owed.handed_in is not None:
        shown = tag(_("Accepted"), "green")
    elif waits:
        shown = tag(_("Waits for an answer"), "orange")
    else:
        shown = tag(_("Overdue"), "red") if owed.day < on else tag(_("Coming"), "blue")
    return {
        "id": owed.report.id,
        "name": words(owed.report.name),
        "holds": words(owed.report.holds),
        "day": say.locale.day(owed.day),
        "tag": shown,
        "open": owed.handed_in is None and not waits,
    }


def _named_in(asked: Mapping[str, Any]) -> list[str]:
    """The organisations that a request names, by their codes."""
    return [*asked.get("parts", {}), *filter(None, [asked.get("lead")])]


def _told_asking(
    one: Runs, asking: Asking, on: date, say: Speaker, called: Mapping[str, str]
) -> dict[str, Any]:
    """A request with its parts and its answer, in words; a suspension was asked by nobody.

    `called` has the names of organisations by their codes.
    """
    is_report, leads = asking.change == Change.REPORT, asking.change == Change.LEAD
    yes, no = (_("Accepted"), _("Sent back")) if is_report else (_("Approved"), _("Not approved"))
    words_of = {None: (_("Waits for an answer"), "orange"), True: (yes, "green")}
    word, colour = words_of.get(asking.granted, (no, "red"))
    if asking.change == Change.SUSPENSION:
        word, colour = (_("Runs again"), "green")
        if one.suspended == one.day(asking):
            word, colour = (_("Suspended"), "red")
    waits = unagreed(asking, one.held) if asking.granted is None and not leads else []
    return {
        "row": asking,
        "name": CHANGES[asking.change],
        "parts": list(_told_parts(one, asking.asked, say, called)),
        "tag": tag(word, colour),
        "at": say.locale.day(one.day(asking)),
        "by": say.locale.day(one.answer_by(asking)),
        "late": tag(_("Overdue"), "red") if one.answer_by(asking) < on else "",
        "handed": asking.change == Change.HAND_OVER,
        "unagreed": [called.get(code, code) for code in waits],
        "explains": asking.change == Change.EXPLANATION,
        "reports": is_report,
        "leads": leads,
    }


def _told_parts(
    one: Runs, asked: Mapping[str, Any], say: Speaker, called: Mapping[str, str]
) -> Iterator[str]:
    """The parts of a request, in words."""
    names = {owed.report.id: words(owed.report.name) for owed in one.reports}
    if "months" in asked:
        yield _("More months: %(n)s") % {"n": say.locale.whole(asked["months"])}
    if "blocks" in asked:
        yield _("Blocks given back: %(n)s") % {"n": say.locale.whole(asked["blocks"])}
    if "support_class" in asked:
        yield say.class_of(one.policy.supports[one.held.support], asked["support_class"])
    if "report" in asked:
        yield names.get(asked["report"], asked["report"])
    if "usable" in asked:
        yield _("usable from %(day)s") % {
            "day": say.locale.day(date.fromisoformat(asked["usable"]))
        }
    if "spares_percent" in asked:
        yield _("%(n)s %% of the loss spared") % {"n": say.locale.whole(asked["spares_percent"])}
    if "lead" in asked:
        yield called.get(asked["lead"], asked["lead"])
    for code, count in asked.get("parts", {}).items():
        yield f"{called.get(code, code)}: {say.locale.whole(count)}"


def _other_classes(one: Runs, say: Speaker) -> list[tuple[str, str]]:
    """The classes of the call but the award's own, by code and as people call them."""
    support, own = one.policy.supports[one.held.support], one.held.support_class
    return [(name, say.class_of(support, name)) for name in one.call.classes if name != own]


def _may(stood: Stands, one: Runs, on: date, say: Speaker) -> dict[str, Any]:
    """What the policy lets a holder ask now; whether it is granted is the office's answer."""
    rule, waiting = one.running, {asking.change for asking in one.waiting}
    if one.has_ended:
        return {}
    found: dict[str, Any] = {
        Change.LONGER.value: rule.longer_months_most,
        Change.GIVE_BACK.value: rule.give_back and one.held.blocks > 1,
        Change.CLASS.value: _other_classes(one, say) if rule.change_class else [],
        Change.MEMBERS.value: rule.change_members,
        Change.EXPLANATION.value: _explains(stood, one, on, say),
    }
    return {name.replace("-", "_"): v for name, v in found.items() if v and name not in waiting}


def _explains(stood: Stands, one: Runs, on: date, say: Speaker) -> dict[str, str] | None:
    """The warning that an idle award answers, while it may."""
    held = one.held
    moved = days(reading.DATABASE, held.support, held.award, held.support_class)
    warned = warning(stood, held, moved, on)
    if warned is None or warned.taken.step is None:
        return None
    rule, last = warned.rule.explanation, warned.explain_by
    if rule is None or last is None or not warned.notice <= on <= last:
        return None
    unit = reading.policy_of(stood).supports[held.support].unit(held.support_class)
    return {
        "taken": say.amount(warned.taken.gpu_seconds, unit),
        "unit": say.unit(unit),
        "looks": say.locale.day(warned.looks),
        "last": say.locale.day(last),
        "most": say.locale.whole(int(rule.spares_most * PERCENT)),
    }


def _deed(request: HttpRequest, person: Person, code: str) -> None:
    """Do what the pressed button says."""
    given, text = request.POST, request.POST.get("text", "")
    asked = number(given.get("asking"))
    match given.get("deed"):
        case "ask":
            link = given.get("link", "").strip()
            parts = _parts(request)
            done(ask, person, code, parts, (text, _address(link)), now())
            waits = _("It is asked: the office answers it.")
            is_report = parts["change"] == Change.REPORT
            messages.success(request, _("It was handed in.") if is_report else waits)
        case "grant" | "refuse" as deed:
            spares = number(given.get("spares"))
            done(answer, person, asked, deed == "grant", text, now(), max(spares, 0))
            messages.success(request, _("It is answered, and the answer stands in the journal."))
        case "hand-over":
            done(hand_over, person, code, text, now())
            messages.success(
                request, _("It is handed over: its holder says whether it can be used.")
            )
            tell_holders(request)
        case "usable" | "not-usable" as deed:
            usable = deed == "usable"
            done(confirm, person, asked, usable, text, now())
            began = _("Its time runs, and that stands in the journal.")
            messages.success(
                request, began if usable else _("The centre reads it and hands it over anew.")
            )
        case "silent":
            done(close_silent, person, asked, now())
            messages.success(request, _("Its time runs, and that stands in the journal."))


def _address(link: str) -> str:
    """A link that leads to the web, or none."""
    if link:
        try:
            URLValidator(schemes=["http", "https"])(link)
        except ValidationError:
            refuse(DeskRefusal.FORM_FAULTY, _("Where more of it can be found (a web address)"))
    return link


def _parts(request: HttpRequest) -> dict[str, Any]:
    """What is asked, as the form has it."""
    given, kind = request.POST, request.POST.get("change", "")
    if kind not in CHANGES:
        refuse(DeskRefusal.FORM_FAULTY, kind[:64])
    match Change(kind):
        case Change.LONGER:
            return {"change": kind, "months": number(given.get("months"))}
        case Change.GIVE_BACK:
            return {"change": kind, "blocks": number(given.get("blocks"))}
        case Change.CLASS:
            return {"change": kind, "support_class": given.get("class", "")[:64]}
        case Change.REPORT:
            return {"change": kind, "report": given.get("report", "")[:64]}
        case Change.MEMBERS:
            pairs = zip(given.getlist("member"), given.getlist("parts"), strict=False)
            told = {
                organisation_called(name).code: _part(count)
                for name, count in pairs
                if name.strip()
            }
            return {"change": kind, "parts": {n: c for n, c in told.items() if c != 0}}
        case _:
            return {"change": kind}


def _part(text: str) -> int:
    """A member's parts; -1 where they are none, or so many that nobody grants them."""
    return found if (found := number(text)) <= PARTS_MOST else -1


_SEES: Final = STAFF | {Role.APPLICANT}
_CODE: Final = (("code", "open-1-0001"),)
PAGES: Final = (
    Page(
        "running/",
        "running-awards",
        running_awards,
        _SEES,
        title=lazy("Running awards"),
        group=Group.AWARDS,
        ahead=(Role.AGENCY_OFFICER,),
    ),
    Page(
        "running/<slug:code>/",
        "running-award",
        running_award,
        _SEES,
        ("GET", "HEAD", "POST"),
        sample=_CODE,
    ),
)
