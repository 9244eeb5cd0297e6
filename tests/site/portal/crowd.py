"""A site with much of everything: what one call, one office, one applicant has, many times over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from headgate.core import canonical
from headgate.core.calls.application import Application
from headgate.site.agents.models import Agent, Outage
from headgate.site.desk import models as desk
from headgate.site.desk.grant_models import OutsideGrant, OutsideList
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.rating import round_now
from headgate.site.desk.round_models import RoundObjection
from headgate.site.notices.models import Notice
from headgate.site.portal import reading
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records import kept
from headgate.site.records.kept import stored_facts
from headgate.steps.term import Holding
from tests.site.portal.asking import persona_of

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)


def person_of(role: Role) -> Person:
    """The demo's person who has a role."""
    return Person.objects.get(username=persona_of(role).username)


def grow(patch: pytest.MonkeyPatch, times: int) -> dict[str, Any]:
    """Make of each thing so many; what the parts of the pages' paths may be then."""
    stood = reading.programme()
    assert stood is not None
    first = next(one for one in stood.holdings if one.call == "open")
    _journal(patch, times)
    bodies = _bodies(times)
    dossiers = _dossiers(stood.holdings, times)
    _judged(dossiers)
    _told(dossiers, times)
    _elsewhere(bodies, times)
    mine = next(one for one in dossiers if one.code == first.award)
    paper = desk.Attachment.objects.create(
        dossier=mine, asked="x", digest="0" * 64, name="x.pdf", kind="pdf", size=1, content=b"x",
        at=NOW,
    )  # fmt: skip
    draft = next(one for one in dossiers if one.code is None)
    allied = next(one for one in dossiers if one.code is None and one.alliance is not None)
    sheet = desk.RoundSheet.objects.order_by("id")[0]
    return {
        "code": first.award,
        "organisation": bodies[0].pk,
        "number": f"{first.award}-1",
        "person": person_of(Role.REVIEWER).pk,
        "in application": [{"dossier": one.pk} for one in (mine, draft, allied)],
        "in attachments": [{"dossier": one.pk} for one in (mine, draft)],
        "attachment": paper.pk,
        "in sheet": [{"number": sheet.pk}],
    }


def _journal(patch: pytest.MonkeyPatch, times: int) -> None:
    """As many awards, and decisions on them, as if as many had been made of each."""
    made, read = reading.decisions(), kept._awards
    awards = {one.subject for one in made if one.step in ("screening", "score", "award", "fee")}

    def many() -> Iterator[reading.Made]:
        yield from made
        for one in made:
            for number in range(1, times) if one.subject in awards else ():
                yield replace(one, subject=f"{one.subject}-x{number}")

    decided = list(many())

    def holdings(*told: Any) -> tuple[Holding, ...]:
        found = read(*told)
        more = (replace(o, award=f"{o.award}-x{n}") for o in found for n in range(1, times))
        return (*found, *more)

    patch.setattr(reading, "decisions", lambda: list(decided))
    patch.setattr(kept, "_awards", holdings)


def _bodies(times: int) -> list[desk.Organisation]:
    """Organisations for which the applicant acts, each the lead of an alliance of two."""
    bodies = desk.Organisation.objects.bulk_create(
        desk.Organisation(
            code=f"B{n}", name=f"Body {n}", kind="company", size="small", registered=f"{n}"
        )
        for n in range(times + 1)
    )
    applicant = person_of(Role.APPLICANT)
    desk.Acting.objects.bulk_create(
        desk.Acting(person=applicant, organisation=one, since=NOW) for one in bodies
    )
    for one, other in pairwise(bodies):
        alliance = desk.Alliance.objects.create(name=f"Of {one.code}", lead=one)
        desk.Member.objects.bulk_create(
            desk.Member(alliance=alliance, organisation=body, entered=NOW) for body in (one, other)
        )
    return bodies


def _dossiers(holdings: tuple[Holding, ...], times: int) -> list[desk.Dossier]:
    """An application for each award, and a draft of each organisation for each call."""
    alliances = list(desk.Alliance.objects.order_by("id"))
    received = {
        one.id: one
        for call in {holding.call for holding in holdings}
        for one in stored_facts(SITE)[f"applications/{call}"].values
        if isinstance(one, Application)
    }
    given = [
        desk.Dossier(
            call=one.call,
            lead=alliances[number % len(alliances)].lead,
            alliance=alliances[number % len(alliances)] if number % 2 else None,
            title=f"Work {one.award} {number}",
            state=desk.State.SUBMITTED,
            code=one.award + (f"-x{number}" if number else ""),
            line=canonical.line(received[one.award]).decode(),
            at=NOW,
        )
        for one in holdings
        for number in range(times)
    ]
    calls = sorted({one.call for one in holdings})
    drafts = [
        desk.Dossier(call=call, lead=one.lead, alliance=one if number % 2 else None, title="Draft")
        for call in calls
        for number, one in enumerate(alliances)
    ]
    return desk.Dossier.objects.bulk_create([*given, *drafts])


def _judged(dossiers: list[desk.Dossier]) -> None:
    """Seats, findings, conflicts, lists that were told, answers, objections, requests."""
    person = person_of(Role.REVIEWER)
    reviewer = desk.Reviewer.objects.create(person=person, code="R1")
    given = [one for one in dossiers if one.code]
    everything = {
        desk.Review: {"reviewer": reviewer, "assigned": NOW},
        desk.Finding: {"gate": "papers", "passed": True, "at": NOW, "officer": person},
        desk.Conflict: {"reviewer": reviewer, "declared": False, "why": "near", "at": NOW},
        desk.Acceptance: {"accepted": True, "at": NOW, "person": person},
        desk.Objection: {"text": "No.", "at": NOW},
        desk.Asking: {"change": "longer", "asked": {}, "text": "more", "at": NOW, "person": person},
        desk.Receipt: {"at": NOW, "digest": "0" * 64},
        desk.AgreementSignature: {"side": "holder", "digest": "0" * 64, "at": NOW},
    }
    for model, fields in everything.items():
        model._default_manager.bulk_create(model(dossier=one, **fields) for one in given)
    for call in sorted({one.call for one in given}):
        codes = [one.code for one in given if one.call == call]
        awards = dict.fromkeys(codes, (next(iter(call_now(call).call.classes)), 1))
        listed = desk.AwardList.objects.create(
            call=call, digest="0" * 64, proposal="", winners=codes, awards=awards, told=NOW
        )
        desk.Signature.objects.create(award_list=listed, person=person, at=NOW)


def _told(dossiers: list[desk.Dossier], times: int) -> None:
    """Accounts with deeds, notices to everybody, consents asked, documents."""
    more = Person.objects.bulk_create(Person(username=f"p{n}") for n in range(times))
    desk.Reviewer.objects.bulk_create(
        desk.Reviewer(person=one, code=f"R-{one.username}") for one in more
    )
    for person in Person.objects.exclude(username__startswith="p"):
        desk.Deed.objects.bulk_create(
            desk.Deed(person=person, action="sign", about="x", at=NOW) for _ in range(times)
        )
        facts = {"call": dossiers[0].call, "by": "2026-01-05"}
        Notice.objects.bulk_create(
            Notice(person=person, key=f"k{n}", kind="sign", facts=facts, at=NOW)
            for n in range(times)
        )


def _elsewhere(bodies: list[desk.Organisation], times: int) -> None:
    """Agents with outages, grants of other programmes, ties, sheets and findings of rounds."""
    reviewer = desk.Reviewer.objects.get(code="R1")
    desk.Tie.objects.bulk_create(
        desk.Tie(reviewer=reviewer, organisation=one, why="near") for one in bodies
    )
    Agent.objects.bulk_create(
        Agent(site=f"site-{n}", token=f"{n:064}", enrolled=NOW) for n in range(times)
    )
    Outage.objects.bulk_create(
        Outage(site=f"site-{n}", begins=NOW, planned=True, text="works", at=NOW)
        for n in range(times)
    )
    for number in range(times):
        listed = OutsideList.objects.create(source=f"S{number}", digest="0", at=NOW)
        OutsideGrant.objects.create(
            listed=listed, number=str(number), registered=str(number), title="t", amount=1,
            unit="GPU", since=date(2026, 1, 1), until=date(2026, 12, 31),
        )  # fmt: skip
    stood = reading.programme()
    assert stood is not None
    policy = reading.policy_of(stood)
    for name in policy.rounds:
        pillar = next(iter(round_now(name).panels)).id
        desk.RoundSheet.objects.bulk_create(
            desk.RoundSheet(
                round=name, pillar=pillar, reviewer=reviewer, team=f"t{n}", label=f"L{n}"
            )
            for n in range(times)
        )
        desk.RoundFinding.objects.bulk_create(
            desk.RoundFinding(round=name, team=f"t{n}", gate="g", passed=True, at=NOW)
            for n in range(times)
        )
        RoundObjection.objects.bulk_create(
            RoundObjection(round=name, team=f"t{n}", text="No.", at=NOW) for n in range(times)
        )
