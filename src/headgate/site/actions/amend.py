"""What is asked of a running award, and its answer: one action each, whatever is asked.

A holder asks and the office answers; an operator hands over and the holder answers, or is silent.
Every answer is an event of the cycle, and the journal has SHA-256 of the words on both sides.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db.models import QuerySet
from pydantic import TypeAdapter

from headgate.core import canonical
from headgate.core.duties.amendment import Amendment, Change
from headgate.core.ledger.refused import Refused
from headgate.cycle import may_be_done, take
from headgate.readers.facts import Recorded
from headgate.site.actions.alliance import follow, pass_on
from headgate.site.actions.take import change, change_all
from headgate.site.desk.amending import unagreed
from headgate.site.desk.dossiers import need_apart
from headgate.site.desk.leading import inside, need_asker, need_decided
from headgate.site.desk.models import Asking, Deed, Dossier
from headgate.site.desk.office import (
    SITE,
    acts_for,
    day_at,
    doing,
    doing_each,
    handed_in,
    need,
    of_many,
)
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.kept import kept_term
from headgate.steps.amend import found_of, runs_of
from headgate.steps.event import Event, What, amendments_name
from headgate.steps.term import Term

TEXT_MOST: Final = 20_000
_NOBODY_ASKS: Final = (Change.HAND_OVER, Change.SUSPENSION)
"""What a holder is told and cannot ask for."""
_NOBODY: Final = canonical.digest(b"")
_READ: Final = TypeAdapter(Amendment)


def ask(
    person: Person, code: str, parts: Mapping[str, Any], words: tuple[str, str], now: datetime
) -> Asking:
    """Ask for something of one's award: `parts` has its kind, `words` a text and perhaps a link.

    What the rules would not let anybody grant is refused at once. Sent twice it is one request.
    Raises `Refused`.
    """
    with doing(person, f"ask {Change(parts['change'])}", code, now):
        return requested(person, code, parts, words, now)


def requested(
    person: Person, code: str, parts: Mapping[str, Any], words: tuple[str, str], now: datetime
) -> Asking:
    """The same within a deed of another name."""
    kind, (text, link) = Change(parts["change"]), words
    dossier = handed_in(code)
    _need_asker(person, dossier, kind)
    _need_words(text)
    told = {name: value for name, value in parts.items() if name != "change"}
    earlier = _of(dossier, kind).filter(change=kind, granted__isnull=True)
    waiting = [one for one in earlier if kind is not Change.REPORT or one.asked == told]
    if waiting and (waiting[0].text, waiting[0].asked) == (text, told):
        return waiting[0]
    if waiting:
        refuse(DeskRefusal.ASKED_ALREADY, code)
    made = Asking(
        dossier=dossier, change=kind, asked=told, text=text, link=link, person=person, at=now
    )
    _need_grantable(made, now)
    made.save()
    return made


def _need_asker(person: Person, dossier: Dossier, kind: Change) -> None:
    """Refuse whoever does not act for the holder; of another lead see `need_asker`."""
    if kind is Change.LEAD and dossier.alliance is not None:
        need_asker(person, dossier.alliance)
        return
    need(person, Role.APPLICANT)
    if not acts_for(person, dossier.lead) or kind in _NOBODY_ASKS:
        refuse(DeskRefusal.NOT_YOURS, dossier.code)


def _of(dossier: Dossier, kind: Change) -> "QuerySet[Asking]":
    """What was asked of an award; of another lead, what was asked of any of its alliance."""
    if kind is Change.LEAD:
        return Asking.objects.filter(dossier__alliance=dossier.alliance)
    return dossier.askings.all()


def answer(
    officer: Person, number: int, granted: bool, text: str, now: datetime, spares: int = 0
) -> Asking:
    """Answer what a holder asked; an explanation that is accepted spares so many per cent.

    Raises `Refused`, and Faulty where it cannot be granted any more.
    """
    asking = _to_answer(officer, number, granted, text, spares)
    return enter(officer, asking, granted, text, now)


def answer_all(
    officer: Person, numbers: Sequence[int], granted: bool, text: str, now: datetime
) -> None:
    """Answer many in the same words, all or none. Raises `Refused`, with a note of which."""
    askings = [_to_answer(officer, number, granted, text) for number in numbers]

    def answered(asking: Asking, before: Term | None) -> Term:
        with of_many(asking.dossier.code or ""):
            return _entered(before, officer, asking, granted, text, now)

    change_all(SITE, (partial(answered, asking) for asking in askings))


def _to_answer(officer: Person, number: int, granted: bool, text: str, spares: int = 0) -> Asking:
    need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
    asking = _waiting(number)
    if asking.change == Change.HAND_OVER:
        refuse(DeskRefusal.NOT_YOURS, number)
    need_apart(officer, [asking.dossier], asking.dossier.code)
    if asking.person_id == officer.pk:
        refuse(DeskRefusal.CONFLICT, number)
    _need_words(text)
    if asking.change == Change.EXPLANATION and granted:
        asking.asked = {"spares_percent": spares}
    return asking


def hand_over(operator: Person, code: str, text: str, now: datetime) -> Asking:
    """Tell a holder that its award can be used from now on; it waits for the holder's word.

    Raises `Refused`.
    """
    (made,) = hand_over_all(operator, [code], text, now)
    return made


def hand_over_all(operator: Person, codes: Sequence[str], text: str, now: datetime) -> list[Asking]:
    """The same for many awards, all or none. Raises `Refused`, with a note of which."""
    need(operator, Role.OPERATOR)
    with doing_each(operator, "hand over", codes, now):
        return [_handed_over(operator, code, text, now) for code in codes]


def _handed_over(operator: Person, code: str, text: str, now: datetime) -> Asking:
    with of_many(code):
        dossier = handed_in(code)
        _need_words(text)
        waiting = dossier.askings.filter(change=Change.HAND_OVER, granted__isnull=True).first()
        if waiting is not None:
            return waiting
        made = Asking(dossier=dossier, change=Change.HAND_OVER, text=text, person=operator, at=now)
        _need_grantable(made, now)
        made.save()
        return made


def confirm(person: Person, number: int, usable: bool, text: str, now: datetime) -> Asking:
    """Say whether what was handed over can be used: the award's time begins, or it goes back.

    Raises `Refused`.
    """
    need(person, Role.APPLICANT)
    asking = _waiting(number)
    if not acts_for(person, asking.dossier.lead) or asking.change != Change.HAND_OVER:
        refuse(DeskRefusal.NOT_YOURS, number)
    _need_words(text)
    if usable:
        asking.asked = {"usable": _day(_term(), now).isoformat()}
    return enter(person, asking, usable, text, now)


def close_silent(operator: Person, number: int, now: datetime) -> Asking:
    """Let an award's time begin whose holder has let the days for an answer pass."""
    need(operator, Role.OPERATOR, Role.AGENCY_OFFICER)
    asking, term = _waiting(number), _term()
    if asking.change != Change.HAND_OVER:
        refuse(DeskRefusal.NOT_YOURS, number)
    last = silent_until(term, asking)
    if last is None or _day(term, now) < last:
        refuse(DeskRefusal.SILENCE_TOO_SHORT, last or number)
    asking.asked = {"usable": last.isoformat(), "silent": True}
    return enter(operator, asking, granted=True, text="", now=now)


def suspend(officer: Person, code: str, text: str, now: datetime) -> Asking:
    """Let an award start no more work until its overdue fee is paid. Raises `Refused`."""
    need(officer, Role.FUND_OFFICER)
    dossier = handed_in(code)
    need_apart(officer, [dossier], code)
    _need_words(text)
    made = Asking(dossier=dossier, change=Change.SUSPENSION, person=officer, at=now)
    return enter(officer, made, granted=True, text=text, now=now)


def silent_until(term: Term, asking: Asking) -> date | None:
    """The day from which a holder's silence says that its award can be used."""
    runs = runs_of(term, amendment(asking, _day(term, asking.at), _day(term, asking.at)))
    rule = runs.running.acceptance if runs is not None else None
    if rule is None:
        return None
    return _day(term, asking.at) + timedelta(days=rule.silent_days)


def amendment(asking: Asking, asked: date, day: date) -> Amendment:
    """A request as the journal will have it, answered on a day."""
    words = canonical.digest(f"{asking.text}\n{asking.link}".encode())
    told = {
        "award": asking.dossier.code,
        "call": asking.dossier.call,
        "change": asking.change,
        "asked": asked.isoformat(),
        "day": day.isoformat(),
        "granted": bool(asking.granted),
        "words": words,
        "reason": canonical.digest(asking.answer.encode()) if asking.answer else _NOBODY,
        **(asking.asked if asking.granted or asking.change != Change.HAND_OVER else {}),
    }
    return _READ.validate_python(told)


def enter(person: Person, asking: Asking, granted: bool, text: str, now: datetime) -> Asking:
    """Put an answer on record, and do what was granted; all of it or nothing.

    What nobody asked is kept with its answer. Raises `Refused`.
    """

    change(SITE, lambda before: _entered(before, person, asking, granted, text, now))
    return asking


def _entered(
    before: Term | None, person: Person, asking: Asking, granted: bool, text: str, now: datetime
) -> Term:
    if before is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    if asking._state.adding:
        asking.save()
    elif not Asking.objects.filter(pk=asking.pk, granted__isnull=True).exists():
        refuse(DeskRefusal.ANSWERED, asking.pk)
    asking.granted, asking.answer = granted, text
    asking.officer, asking.answered = person, now
    asking.event = f"{asking.change}-{asking.pk}"
    day, asked = may_be_done(before, _day(before, now)), _day(before, asking.at)
    made = amendment(asking, asked, day)
    if day < max(asked, made.usable or asked):
        refuse(DeskRefusal.OVERDUE_FIRST, day)
    every = need_no_fault(before, asking, made, day)
    if granted and (missing := unagreed(asking, before.holdings.get(made.award))):
        leads = made.change is Change.LEAD
        refuse(
            DeskRefusal.LEAD_UNAGREED if leads else DeskRefusal.ENTRY_UNAGREED, ", ".join(missing)
        )
    world = Recorded({amendments_name(asking.event): every})
    after = take(before, world, Event(day, What.AMEND, asking.event)) if every else before
    asking.event = asking.event if every else ""
    asking.save()
    if made.granted and made.change is Change.MEMBERS:
        follow(asking.dossier, after.holdings.values(), now)
    if made.granted and made.lead and asking.dossier.alliance is not None:
        pass_on(inside(asking.dossier.alliance, made.lead), now)
    about = f"{asking.dossier.code} {asking.change}"
    Deed.objects.create(person=person, action="answer", about=about[:200], at=now)
    return after


def need_no_fault(term: Term, asking: Asking, made: Amendment, day: date) -> list[Amendment]:
    """A request on each award that it is about, refused by the name of the first thing that keeps
    it from being granted on one of them as those before have left it.
    """
    if made.change is Change.LEAD and made.granted:
        need_leadable(asking)
    every = _every(term, asking, made)
    for one in every:
        for found in found_of(term, one, day):
            raise Refused(found.fault, found.what)
        if one.change is Change.LEAD and one.granted:
            held = term.holdings[one.award]
            term = term.holding(replace(held, amended=(*held.amended, one)))
    return every


def need_leadable(asking: Asking) -> None:
    """Refuse another lead of what waits to be decided, or one that is no member any more."""
    alliance, lead = asking.dossier.alliance, asking.asked.get("lead", "")
    if alliance is None:
        refuse(DeskRefusal.LEAD_NOT_INSIDE, lead)
    inside(alliance, lead)
    need_decided(alliance)


def _every(term: Term, asking: Asking, made: Amendment) -> list[Amendment]:
    """A request on its award; another lead is one of every award of the alliance that runs."""
    if made.change is not Change.LEAD:
        return [made]
    led = Dossier.objects.filter(alliance=asking.dossier.alliance).order_by("code")
    pairs = led.exclude(code=None).values_list("code", "call")
    return [replace(made, award=c, call=call) for c, call in pairs if c and c in term.holdings]


def _need_grantable(made: Asking, now: datetime) -> None:
    """Refuse at once what nobody could grant, as things stand now; a copy of it is tried."""
    term, tried = _term(), copy(made)
    today = _day(term, now)
    tried.granted, tried.answer = True, "-"
    if made.change == Change.EXPLANATION:
        tried.asked = {"spares_percent": 1}
    elif made.change == Change.HAND_OVER:
        tried.asked = {"usable": today.isoformat()}
    need_no_fault(term, tried, amendment(tried, today, today), today)


def _need_words(text: str) -> None:
    if not text.strip() or len(text) > TEXT_MOST:
        refuse(DeskRefusal.WORDS_MISSING)


def _waiting(number: int) -> Asking:
    found = Asking.objects.select_related("dossier__lead", "dossier__alliance").filter(pk=number)
    asking = found.first()
    if asking is None:
        refuse(DeskRefusal.NOT_YOURS, number)
    if asking.granted is not None:
        refuse(DeskRefusal.ANSWERED, asking.dossier.code)
    return asking


def _term() -> Term:
    found = kept_term(SITE)
    if found is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    return found


def _day(term: Term, moment: datetime) -> date:
    """The day of a moment where the programme is."""
    return day_at(term.policy(term.starts), moment)
