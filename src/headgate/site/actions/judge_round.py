"""The experts of a round get blind sheets, and give them while the round is open."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from secrets import SystemRandom
from string import ascii_uppercase

from headgate.core.evaluation.known import Known, known_digest
from headgate.core.policy.schema import Pillar
from headgate.site.actions.assign_reviewers import conflicts_of
from headgate.site.desk.models import Dossier, Reviewer, RoundSheet
from headgate.site.desk.office import doing, need, reviewer_of
from headgate.site.desk.rating import SCALE, criteria, known_of, round_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.round_models import RoundKnown
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
                _works(round_id, pillar),
            )
        ]
        RoundSheet.objects.bulk_create(sheets)
        return len(sheets)


def fix_known(
    officer: Person, round_id: str, pillar_id: str, known: Sequence[Known], now: datetime
) -> None:
    """Put known works among the sheets of a pillar, before anybody has one; raises `Refused`.

    They are taken only where they have the digest that the policy names, so that nobody chooses
    the right marks later.
    """
    with doing(officer, "fix known works", f"{round_id} {pillar_id}", now):
        need(officer, Role.AGENCY_OFFICER)
        round_ = round_now(round_id)
        round_.need_open()
        if RoundSheet.objects.filter(round=round_id).exists():
            refuse(DeskRefusal.EXPERTS_SEATED, round_id)
        wanted = {p.id: p.raters.known for p in round_.panels if p.raters is not None}
        told = known_digest(known, pillar_id)
        if wanted.get(pillar_id) != told or {one.pillar for one in known} != {pillar_id}:
            refuse(DeskRefusal.KNOWN_DIFFERS, told)
        RoundKnown.objects.filter(round=round_id, pillar=pillar_id).delete()
        rows = [(one.work, one.criterion, one.low, one.high) for one in known]
        names = ("work", "criterion", "low", "high")
        for row in dict.fromkeys(rows):
            fields = dict(zip(names, row, strict=True))
            RoundKnown.objects.create(round=round_id, pillar=pillar_id, **fields)


def _works(round_id: str, pillar: Pillar) -> list[str]:
    """The known works of a pillar; refuses while the policy names some that are not there."""
    works = sorted({one.work for one in known_of(round_id) if one.pillar == pillar.id})
    if pillar.raters is not None and pillar.raters.known is not None and not works:
        refuse(DeskRefusal.KNOWN_DIFFERS, pillar.id)
    return works


def _dealt(
    blank: RoundSheet, teams: list[str], repeats: int, works: Sequence[str] = ()
) -> list[RoundSheet]:
    """Sheets under labels from A on: each team once, some of them, by chance, twice, and works."""
    chance = SystemRandom()
    repeated = chance.sample(teams, min(repeats, len(teams)))
    asked = [*((team, False) for team in (*teams, *works)), *((team, True) for team in repeated)]
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
