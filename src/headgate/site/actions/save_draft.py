"""Saving a draft: whatever was typed is kept, and nobody overwrites what they have not seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headgate.core.calls.application import Request
from headgate.core.faults import Sentence
from headgate.site.desk.dossiers import kept_requests
from headgate.site.desk.models import Alliance, Dossier, Organisation, State
from headgate.site.desk.office import CallNow, acts_for, call_now, doing, need, own_dossier
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role

TEXT_MOST: Final = 50_000
"""Characters of a draft's answers and summary together: more is no form but an attack."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants for an organisation, as far as they have got; months may still be 0."""

    call: str
    lead: str
    alliance: int | None
    title: str
    summary: str
    requests: tuple[Request, ...]
    months: int
    answers: Mapping[str, Any]


def save_draft(
    person: Person, draft: Draft, now: datetime, dossier_id: int | None = None, version: int = 0
) -> Dossier:
    """Save a new draft, or the version after the one that was seen; raises `Refused`.

    Saving what stands there already is no new version, and beginning anew what nobody has gone on
    with is no second draft: a second click overtakes nobody, and no member's consent falls because
    the lead looked.
    """
    with doing(person, "save draft", f"{draft.call} {dossier_id or draft.lead}", now):
        need(person, Role.APPLICANT)
        rules = call_now(draft.call)
        rules.need_before_closing(now)
        _check(rules, draft)
        lead = Organisation.objects.filter(code=draft.lead).first()
        if lead is None or not acts_for(person, lead):
            refuse(DeskRefusal.NOT_YOURS, draft.lead)
        dossier = Dossier(call=draft.call, version=0)
        if dossier_id is not None:
            dossier = own_dossier(person, dossier_id)
            before = _text(dossier)
            _fill(dossier, draft, lead)
            if _text(dossier) == before:
                return dossier
            dossier.refresh_from_db()
            _check_seen(dossier, draft, version)
        _fill(dossier, draft, lead)
        if dossier_id is None and (begun := _begun(dossier)) is not None:
            return begun
        dossier.version += 1
        dossier.save()
    return dossier


def _begun(dossier: Dossier) -> Dossier | None:
    """The draft that was begun with the same text, where nobody has gone on with it."""
    there = Dossier.objects.filter(call=dossier.call, lead=dossier.lead, version=1)
    return next((one for one in there if _text(one) == _text(dossier)), None)


def _text(dossier: Dossier) -> tuple[object, ...]:
    """All that a saving can change; PostgreSQL gives the names of a mapping in its own order."""
    told = (dossier.title, dossier.summary, dossier.months)
    whose = (dossier.call, dossier.lead_id, dossier.alliance_id, dossier.state)
    return (*told, *whose, json.dumps([dossier.requests, dossier.answers], sort_keys=True))


def _check(rules: CallNow, draft: Draft) -> None:
    """Refuse what cannot be kept at all; everything else is told by the instant answer."""
    told = [draft.summary, *map(str, draft.answers), *map(str, draft.answers.values())]
    if len(draft.title) > 300 or sum(map(len, told)) > TEXT_MOST:
        refuse(DeskRefusal.FORM_FAULTY, Sentence("the texts are too long"))
    if len(draft.requests) > len(rules.call.classes):
        refuse(DeskRefusal.FORM_FAULTY, Sentence("more requests than the call has classes"))
    amounts = [draft.months, *(n for r in draft.requests for n in (r.blocks_least, r.blocks_most))]
    if not all(0 <= amount < 10**9 for amount in amounts):
        refuse(DeskRefusal.FORM_FAULTY, Sentence("a number is out of range"))


def _check_seen(dossier: Dossier, draft: Draft, version: int) -> None:
    if dossier.call != draft.call:
        refuse(DeskRefusal.NOT_YOURS, draft.call)
    if dossier.state == State.SUBMITTED:
        refuse(DeskRefusal.HANDED_IN, dossier.code)
    if dossier.version != version:
        refuse(DeskRefusal.STALE, dossier.code or "")


def _fill(dossier: Dossier, draft: Draft, lead: Organisation) -> None:
    alliance = None
    if draft.alliance is not None:
        alliance = Alliance.objects.filter(pk=draft.alliance, lead=lead).first()
        if alliance is None:
            refuse(DeskRefusal.NOT_YOURS, draft.alliance)
    dossier.lead, dossier.alliance = lead, alliance
    dossier.title, dossier.summary = draft.title, draft.summary
    dossier.requests = kept_requests(draft.requests)
    dossier.months, dossier.answers = draft.months, dict(draft.answers)
    dossier.state = State.DRAFT
