"""What there is to tell, read from the desk and the journal; asking again tells nothing twice.

Nothing is remembered but the notices themselves: each is known by its key, so that a worker that
was away for a week, or two at once, make the same ones.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from headgate.core import canonical
from headgate.core.awards.reasons import Outcome
from headgate.core.duties.amendment import Change
from headgate.core.ledger.refused import Refused
from headgate.core.quantities import seconds_of
from headgate.report.summary_calls import Why
from headgate.site.actions.ask_next import ask_everywhere
from headgate.site.actions.objection import answer_by, object_by, tell_by
from headgate.site.actions.take_due import MAY
from headgate.site.desk.amending import unagreed
from headgate.site.desk.board import look
from headgate.site.desk.models import (
    Asking,
    AwardList,
    Dossier,
    Finding,
    Member,
    Objection,
    Organisation,
    Review,
    State,
)
from headgate.site.desk.office import SITE, CallNow, calls_now, unattended
from headgate.site.desk.turns import Turn, accept_by, turns_of
from headgate.site.notices.awards import of_awards
from headgate.site.notices.invoices import invoices_told
from headgate.site.notices.leading import leads_told
from headgate.site.notices.models import Notice
from headgate.site.notices.rounds import rounds_told
from headgate.site.notices.telling import People, Told
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.outcomes import AWARDED, applicants
from headgate.site.portal.roles import DECIDES, Role
from headgate.site.records.kept import Stands

AHEAD: Final = timedelta(days=7)
"""How long before a day of the calendar, or the end of a call, people are told of it."""


def gather(now: datetime) -> int:
    """Make the notices that there are not yet, in one transaction; how many were made.

    What there is to tell is read before it, all of one moment: nobody who writes waits meanwhile.
    Before that, whoever moves up from standby by now is asked.
    """
    ask_everywhere(now)
    with SITE.reading():
        stood = reading.programme()
        told = list(_all(stood, People(), now)) if stood is not None else []
    wanted = [(one, person) for one in told for person in sorted(set(one.people))]
    with SITE.writing():
        keys = {one.key for one, _ in wanted}
        there = set(Notice.objects.filter(key__in=keys).values_list("key", "person_id"))
        fresh = [
            Notice(person_id=person, key=one.key, kind=one.kind, facts=dict(one.facts), at=now)
            for one, person in wanted
            if (one.key, person) not in there
        ]
        Notice.objects.bulk_create(fresh)
    return len(fresh)


def _all(stood: Stands, people: People, now: datetime) -> Iterator[Told]:
    calls = calls_now()
    for rules in calls:
        yield from _drafts(rules, people, now)
        yield from _results(rules, people)
        yield from _decided(rules, people)
    yield from _seats()
    yield from _findings(people)
    yield from _objections({rules.id: rules for rules in calls}, people)
    yield from _unattended({rules.id for rules in calls if not rules.decided}, stood, people)
    yield from rounds_told(stood, people, now)
    yield from _events(stood, people, now)
    yield from _awards(stood, people)
    yield from _entries(stood, people)
    yield from leads_told(people)
    yield from invoices_told(stood, people)


def _awards(stood: Stands, people: People) -> Iterator[Told]:
    """What there is to tell of awards that run; to the office all that is late since a day at once.

    A day's reports are told once: what of them is still owed then stays on the officers' home. One
    that came and was refused since is late anew, and told anew.
    """
    late: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for one in of_awards(stood, today(stood)):
        if one.facts.get("late"):
            anew = one.facts["day"], one.facts["refused"] or 0
            late.setdefault(anew, []).append(one.facts)
        holder = people.acting(one.dossier.lead_id) if one.holder else frozenset()
        office = people.having(*DECIDES) if one.office else frozenset()
        operators = people.having(Role.OPERATOR) if one.operators else frozenset()
        yield Told(one.key, one.kind, holder | office | operators, one.facts)
    for (day, refused), found in sorted(late.items()):
        key = f"reports-late/{day}/{refused}" if refused else f"reports-late/{day}"
        codes, reports = ([one[name] for one in found] for name in ("code", "report"))
        facts = {
            "day": day,
            "codes": codes,
            "reports": reports,
            "calls": [o["call"] for o in found],
        }
        yield Told(key, "reports-late", people.having(*DECIDES), facts)


def _drafts(rules: CallNow, people: People, now: datetime) -> Iterator[Told]:
    """Before a call closes: what is not handed in, and which member has not agreed."""
    closes = rules.instants[1]
    left = seconds_of(closes) - int(now.timestamp())
    drafts = Dossier.objects.filter(call=rules.id, state=State.DRAFT).select_related("lead")
    if rules.received or left <= 0:
        return
    for dossier in drafts.filter(alliance__isnull=False):
        yield from _consents(dossier, people, now)
    if left <= AHEAD.total_seconds():
        for dossier in drafts:
            facts = {"call": rules.id, "dossier": dossier.pk, "closes": closes}
            acting = people.acting(dossier.lead_id)
            yield Told(f"closing/{dossier.pk}", "closing", acting, facts)


def _consents(dossier: Dossier, people: People, now: datetime) -> Iterator[Told]:
    """Every member that has not agreed to the draft as it is; once a day at most."""
    agreed = set(
        dossier.consents.filter(version=dossier.version).values_list("organisation_id", flat=True)
    )
    inside = Member.objects.filter(alliance=dossier.alliance, left=None)
    for member in inside.exclude(organisation_id__in=agreed).select_related("organisation"):
        key = f"consent/{dossier.pk}/{member.organisation_id}/{now:%Y-%m-%d}"
        facts = {"call": dossier.call, "lead": dossier.lead.name, "title": str(dossier)}
        facts["member"] = member.organisation.name
        yield Told(key, "consent", people.acting(member.organisation_id), facts)


def _entries(stood: Stands, people: People) -> Iterator[Told]:
    """Everybody who would enter an award by a request, and has not agreed to it."""
    held = {one.award: one for one in stood.holdings}
    asked = Asking.objects.filter(change=Change.MEMBERS, granted__isnull=True)
    for asking in asked.select_related("dossier__lead", "dossier__alliance"):
        holding = held.get(asking.dossier.code or "")
        came = unagreed(asking, holding) if holding is not None else ()
        for one in Organisation.objects.filter(code__in=came):
            facts = {
                "call": asking.dossier.call,
                "code": asking.dossier.code,
                "lead": asking.dossier.lead.name,
                "member": one.name,
                "parts": asking.asked["parts"][one.code],
            }
            yield Told(f"entry/{asking.pk}/{one.pk}", "entry", people.acting(one.pk), facts)


def _results(rules: CallNow, people: People) -> Iterator[Told]:
    """A list that waits for its second name; and once it has both, everybody's result."""
    listed = AwardList.objects.filter(call=rules.id).first()
    if listed is None:
        return
    if listed.told is None:
        facts = {"call": rules.id, "by": _day(tell_by(rules, listed))}
        signed = set(listed.signatures.values_list("person_id", flat=True))
        others = people.having(*DECIDES) - signed
        yield Told(f"sign/{listed.digest}", "sign", others, facts)
        return
    if rules.decided:
        return
    for number, turn in enumerate(turns_of(listed)):
        of_turn = f"{listed.digest[:16]}/{number}" if number else listed.digest[:16]
        found = _handed_in(rules.id)
        dossiers = found.filter(code__in=turn.who) if number else found
        keyed = [(one, f"told/{one.code}/{of_turn}") for one in dossiers.iterator()]
        keys = [key for _one, key in keyed]
        there = set(Notice.objects.filter(key__in=keys).values_list("key", flat=True))
        if any(key not in there and people.acting(one.lead_id) for one, key in keyed):
            yield from _told(rules, listed, turn, keyed, people)


def _told(
    rules: CallNow,
    listed: AwardList,
    turn: Turn,
    keyed: Iterable[tuple[Dossier, str]],
    people: People,
) -> Iterator[Told]:
    """What each application is told of a list that two have signed, or of having moved up on it."""
    try:
        board = look(rules.id, turn.told)
    except Refused:
        board = None
    whys = dict(zip(board.columns[0], board.whys.value, strict=True)) if board is not None else {}
    moved_up = turn.who != tuple(listed.winners)
    if board is not None and moved_up:
        for code, reason in board.moved_up.items():
            whys[code] = replace(whys[code], reason=reason)
    dates = {
        "object_by": "" if moved_up else _day(object_by(rules, turn.told)),
        "accept_by": _day(accept_by(rules, turn.told)),
    }
    objected = set(
        Objection.objects.filter(dossier__call=rules.id).values_list("dossier", flat=True)
    )
    for dossier, key in keyed:
        code = dossier.code or ""
        why = canonical.plain(whys.get(code, Why()))
        won = code in turn.who
        facts = {
            "call": rules.id,
            "code": code,
            "dossier": dossier.pk,
            "won": won,
            "agreement": won and rules.call.agreement is not None,
            "standby": code in listed.standby and not won,
            "moved_up": moved_up,
            "score": why.pop("milli_points"),
            **why,
            **dates,
            **({"object_by": ""} if dossier.pk in objected else {}),
        }
        yield Told(key, "told", people.acting(dossier.lead_id), facts)


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def _handed_in(call: str) -> "QuerySet[Dossier]":
    """The applications to a call, no more of each than whom it concerns."""
    found = Dossier.objects.filter(call=call, code__isnull=False, state=State.SUBMITTED)
    return found.order_by("code").only("code", "lead_id")


def _decided(rules: CallNow, people: People) -> Iterator[Told]:
    """What the journal says of each application, and whenever it says something new."""
    if not rules.decided:
        return
    found = applicants(reading.decisions(), rules.id)
    told = AwardList.objects.filter(call=rules.id, told__isnull=False)
    stood_by = {code for codes in told.values_list("standby", flat=True) for code in codes}
    for dossier in _handed_in(rules.id).iterator():
        one = found.get(dossier.code or "")
        if one is not None:
            facts = {
                "call": rules.id, "code": one.id, "dossier": dossier.pk, "won": one.is_awarded,
                "outcome": one.outcome, "reason": one.reason, "score": one.score or None,
                "findings": one.findings, "place": one.place,
                "moved_up": one.is_awarded and one.id in stood_by,
                "stood_by": one.id in stood_by and one.outcome not in (*AWARDED, Outcome.DECLINED),
            }  # fmt: skip
            acting = people.acting(dossier.lead_id)
            yield Told(f"decided/{one.id}/{one.seq}", "decided", acting, facts)


def _seats() -> Iterator[Told]:
    """Reviewers who were asked to review and have not marked yet."""
    waiting = Review.objects.filter(marked__isnull=True).select_related("dossier", "reviewer")
    for seat in waiting:
        facts = {"code": seat.dossier.code, "call": seat.dossier.call}
        yield Told(f"seat/{seat.pk}", "seat", [seat.reviewer.person_id], facts)


def _findings(people: People) -> Iterator[Told]:
    """Findings against an application to which nobody has replied."""
    against = Finding.objects.filter(passed=False, replied__isnull=True)
    for one in against.select_related("dossier"):
        facts = {
            "dossier": one.dossier_id,
            "code": one.dossier.code,
            "gate": one.gate,
            "remark": one.remark,
            "call": one.dossier.call,
        }
        key = f"finding/{one.pk}/{int(one.at.timestamp())}"
        yield Told(key, "finding", people.acting(one.dossier.lead_id), facts)


def _objections(calls: Mapping[str, CallNow], people: People) -> Iterator[Told]:
    """Objections to whoever answers them, and the answers to whoever objected."""
    for one in Objection.objects.select_related("dossier"):
        dossier, facts = one.dossier, {"code": one.dossier.code, "call": one.dossier.call}
        if one.answered is None:
            by = _day(answer_by(calls[dossier.call], one.at))
            officers = people.having(*DECIDES)
            yield Told(f"objection/{one.pk}", "objection", officers, {**facts, "by": by})
        else:
            said = {"answer": one.answer, "upheld": one.upheld, "dossier": dossier.pk}
            acting = people.acting(dossier.lead_id)
            yield Told(f"answered/{one.pk}", "answered", acting, {**facts, **said})


def _unattended(undecided: Collection[str], stood: Stands, people: People) -> Iterator[Told]:
    """To the office: a holder, or an applicant of a call to be decided, whom nobody acts for."""
    runs = {one.award for one in stood.holdings}
    mine = {each[2:] for each in unattended() if each[0] in runs or each[1] in undecided}
    for since, lead, name in sorted(mine):
        key = f"unattended/{lead}/{int(since.timestamp())}"
        facts = {"name": name, "organisation": lead}
        yield Told(key, "unattended", people.having(*DECIDES), facts)


def _events(stood: Stands, people: People, now: datetime) -> Iterator[Told]:
    """The next thing of the calendar, to whoever may take it, a week before its day."""
    due = (one.event for one in reading.due(stood, today(stood)) if one.state != "done")
    event = next(due, None)
    if event is not None and event.day <= (now + AHEAD).date():
        may = people.having(*MAY.get(event.what, (Role.OPERATOR,)))
        facts = {"what": event.what.value, "about": event.about, "day": event.day.isoformat()}
        yield Told(f"event/{event.day}/{event}", "event", may, facts)
