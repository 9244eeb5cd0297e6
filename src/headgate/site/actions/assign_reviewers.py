"""Seats at applications: proposed by the assignment problem, or given one by one by an officer.

Conflicts are found before anybody is asked: a reviewer who acts for, is tied to, or stands under
the same parent as an organisation with a part in the application is never seated there.
"""

from collections.abc import Iterable
from datetime import datetime

from headgate.core.calls.joining import join
from headgate.core.calls.matching import coverage, terms
from headgate.core.calls.panel import Assignment, assign
from headgate.core.calls.screening import eligible, screen
from headgate.site.desk.dossiers import members, read_line
from headgate.site.desk.models import (
    Acting,
    Conflict,
    Dossier,
    Organisation,
    Review,
    Reviewer,
    State,
    Tie,
)
from headgate.site.desk.office import CallNow, call_now, doing, handed_in, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.world import ELSEWHERE, Desk
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role

SEATS_LEAST = 3
"""Reviewers of an application where the policy names no panel."""


def assign_reviewers(officer: Person, call_id: str, now: datetime) -> Assignment:
    """Fill the seats of every application that is eligible as it stands; seats given stay."""
    with doing(officer, "assign reviewers", call_id, now):
        need(officer, Role.AGENCY_OFFICER)
        rules = call_now(call_id)
        rules.need_under_review()
        dossiers = {d.code: d for d in eligible_now(rules, now) if d.code is not None}
        reviewers = {r.code: r for r in Reviewer.objects.filter(person__is_active=True)}
        conflicts = conflicts_of(dossiers.values(), reviewers.values(), now)
        known = {code: terms(one.expertise) for code, one in reviewers.items()}
        told = {code: terms(f"{one.title} {one.summary}") for code, one in dossiers.items()}
        expertise = {(a, r): coverage(known[r], told[a]) for a in dossiers for r in reviewers}
        seated = Review.objects.filter(dossier__in=dossiers.values())
        given = [(a or "", r) for a, r in seated.values_list("dossier__code", "reviewer__code")]
        seats = dict.fromkeys(dossiers, _seats(rules)[0])
        standing = [pair for pair in given if pair not in conflicts]
        found = assign(seats, sorted(reviewers), expertise, conflicts, standing)
        if rules.call.panel is not None and rules.call.panel.adjust_harshness:
            found = join(found, expertise, conflicts, standing)
        Review.objects.bulk_create(
            Review(dossier=dossiers[code], reviewer=reviewers[name], assigned=now)
            for code, name in found.pairs
            if (code, name) not in standing
        )
        return found


def fill_seats(officer: Person, call_id: str, now: datetime) -> tuple[int, int]:
    """The same for whoever needs no pair: how many seats are given, and how many stay empty."""
    found = assign_reviewers(officer, call_id, now)
    return len(found.pairs), sum(found.short.values())


def seat(officer: Person, code: str, reviewer: str, now: datetime) -> Review:
    """Give one reviewer a seat at one application; raises `Refused`."""
    with doing(officer, "seat", f"{code} {reviewer}", now):
        need(officer, Role.AGENCY_OFFICER)
        dossier = handed_in(code)
        rules = call_now(dossier.call)
        rules.need_under_review()
        found = Reviewer.objects.filter(code=reviewer, person__is_active=True).first()
        if found is None:
            refuse(DeskRefusal.NOT_ASSIGNED, reviewer)
        if conflicts_of([dossier], [found], now):
            refuse(DeskRefusal.CONFLICT, f"{code} {reviewer}")
        seated = dossier.reviews.all()
        if any(one.reviewer_id == found.pk for one in seated):
            refuse(DeskRefusal.SEAT_TAKEN, f"{code} {reviewer}")
        if len(seated) >= _seats(rules)[1]:
            refuse(DeskRefusal.PANEL_FULL, code)
        return Review.objects.create(dossier=dossier, reviewer=found, assigned=now)


def _seats(rules: CallNow) -> tuple[int, int]:
    panel = rules.call.panel
    return (panel.least, panel.most) if panel else (SEATS_LEAST, 9)


def eligible_now(rules: CallNow, now: datetime) -> list[Dossier]:
    """The applications that would pass screening with what was found on the gates so far."""
    received = Dossier.objects.filter(call=rules.id, state=State.SUBMITTED)
    dossiers = {d.code: d for d in received.select_related("lead", "alliance")}
    findings = Desk(ELSEWHERE, now).gate_findings(rules.id, [code or "" for code in dossiers])
    lines = [read_line(dossier) for dossier in dossiers.values()]
    passed = eligible(screen(rules.policy, rules.id, lines, findings))
    return [dossier for code, dossier in dossiers.items() if code in passed]


def conflicts_of(
    dossiers: Iterable[Dossier], reviewers: Iterable[Reviewer], now: datetime
) -> set[tuple[str, str]]:
    """Pairs that may not be; those found now are kept beside those that were declared."""
    listed = list(reviewers)
    ids = [one.pk for one in listed]
    near = _near(ids)
    old = {(c.dossier_id, c.reviewer_id) for c in Conflict.objects.filter(reviewer__in=ids)}
    pairs, found = set(), []
    for dossier in dossiers:
        involved = _family([dossier.lead, *members(dossier.alliance)])
        for reviewer in listed:
            tied = near.get(reviewer.pk, set()) & involved
            known = (dossier.pk, reviewer.pk) in old
            if tied or known:
                pairs.add((dossier.code or "", reviewer.code))
            if tied and not known:
                why = f"close to organisation {min(tied)}"
                found.append(
                    Conflict(dossier=dossier, reviewer=reviewer, declared=False, why=why, at=now)
                )
    Conflict.objects.bulk_create(found)
    return pairs


def _near(reviewers: list[int]) -> dict[int, set[int]]:
    """The organisations that each reviewer acts for or is tied to, with their families."""
    acting = Acting.objects.filter(person__reviewer__in=reviewers, until__isnull=True)
    pairs = list(acting.values_list("person__reviewer", "organisation"))
    pairs += Tie.objects.filter(reviewer__in=reviewers).values_list("reviewer", "organisation")
    bodies = Organisation.objects.in_bulk({organisation for _, organisation in pairs})
    near: dict[int, set[int]] = {}
    for reviewer, organisation in pairs:
        near.setdefault(reviewer, set()).update(_family([bodies[organisation]]))
    return near


def _family(organisations: Iterable[Organisation]) -> set[int]:
    """Organisations with the bodies directly above them."""
    above = {one.parent_id for one in organisations if one.parent_id is not None}
    return {one.pk for one in organisations} | above
