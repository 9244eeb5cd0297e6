"""The experts of a round get blind sheets, and give them while the round is open."""

from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import SystemRandom
from string import ascii_uppercase

from headgate.site.actions.assign_reviewers import conflicts_of
from headgate.site.desk.models import Dossier, Reviewer, RoundSheet
from headgate.site.desk.office import doing, need, reviewer_of
from headgate.site.desk.rating import SCALE, criteria, round_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


def seat_experts(officer: Person, round_id: str, experts: Collection[str], now: datetime) -> int:
    """Give each expert a sheet for each team that nothing ties them to, and some to repeat.

    How many are repeated the policy says, before the round is frozen; otherwise it is one.

    Experts are reviewers, by their pseudonyms. Labels are dealt anew for each of them, by chance
    that nobody can repeat. Says how many sheets there are. Raises `Refused`.
    """
    with doing(officer, "seat experts", round_id, now):
        need(officer, Role.AGENCY_OFFICER)
        round_ = round_now(round_id)
        round_.need_open()
        if not round_.teams:
            refuse(DeskRefusal.NO_TEAMS, round_id)
        if RoundSheet.objects.filter(round=round_id).exists():
            refuse(DeskRefusal.EXPERTS_SEATED, round_id)
        active = Reviewer.objects.filter(person__is_active=True)
        reviewers = list(active.filter(code__in=experts).order_by("code"))
        if not reviewers or len(reviewers) < len(experts):
            refuse(DeskRefusal.NOT_ASSIGNED, ", ".join(experts))
        dossiers = Dossier.objects.filter(code__in=round_.teams)
        conflicts = conflicts_of(dossiers, reviewers, now)
        sheets = [
            sheet
            for pillar in round_.panels
            for reviewer in reviewers
            for sheet in _dealt(
                RoundSheet(round=round_id, pillar=pillar.id, reviewer=reviewer),
                [team for team in round_.teams if (team, reviewer.code) not in conflicts],
                pillar.raters.repeated if pillar.raters is not None else 1,
            )
        ]
        RoundSheet.objects.bulk_create(sheets)
        return len(sheets)


def _dealt(blank: RoundSheet, teams: list[str], repeats: int) -> list[RoundSheet]:
    """Sheets under labels from A on: each team once, and some of them, by chance, twice."""
    chance = SystemRandom()
    repeated = chance.sample(teams, min(repeats, len(teams)))
    asked = [*((team, False) for team in teams), *((team, True) for team in repeated)]
    chance.shuffle(asked)
    return [
        RoundSheet(
            round=blank.round,
            pillar=blank.pillar,
            reviewer=blank.reviewer,
            team=team,
            repeat=repeat,
            label=label_of(number),
        )
        for number, (team, repeat) in enumerate(asked)
    ]


def label_of(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    first, last = divmod(number, len(ascii_uppercase))
    return (label_of(first - 1) if first else "") + ascii_uppercase[last]


def give_sheet(person: Person, sheet_id: int, points: Mapping[str, int], now: datetime) -> None:
    """Give a sheet, or give it anew, while the round is open; raises `Refused`."""
    with doing(person, "give sheet", sheet_id, now):
        reviewer = reviewer_of(person)
        sheet = RoundSheet.objects.filter(pk=sheet_id, reviewer=reviewer).first()
        if sheet is None:
            refuse(DeskRefusal.NOT_ASSIGNED, sheet_id)
        round_ = round_now(sheet.round)
        round_.need_open()
        (pillar,) = (one for one in round_.panels if one.id == sheet.pillar)
        asked = criteria(pillar)
        whole = all(0 <= points.get(name, -1) <= SCALE for name in asked)
        if not whole or points.keys() - set(asked):
            refuse(DeskRefusal.SHEET_FAULTY, sheet.label)
        sheet.points, sheet.given = dict(points), now
        sheet.save()
