"""Who may run no longer: what an order list tells a site of people, by their numbers alone.

A site knows which login is which person's, the portal knows who has left. The list carries pairs of
an award and a person's number; without an award, the person has no access at all any more. A number
says nothing to anybody else, and stays when a person was forgotten.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from headgate.site.desk.models import Acting, Dossier
from headgate.site.portal.models import Person
from headgate.site.records.database import Database

Gone = tuple[str, int]
"""An award, or "" for every one, and a person's number."""


@dataclass(frozen=True, slots=True)
class Departed:
    """Who has left, as the portal knows it: accounts that were closed, and who acts for whom."""

    database: Database
    closed: tuple[int, ...]
    acted: Mapping[int, list[tuple[int, bool]]]

    def of(self, awards: Collection[str]) -> tuple[Gone, ...]:
        """Closed accounts, and who acts for none of an award's organisations any longer."""
        found = {("", number) for number in self.closed}
        dossiers = Dossier.objects.using(self.database.alias).filter(code__in=list(awards))
        for one in dossiers.select_related("alliance").prefetch_related("alliance__members"):
            found |= {(one.code or "", number) for number in _left(one, self.acted)}
        return tuple(sorted(found))


def departed(database: Database) -> Departed:
    """Read who has left, for the lists of any number of sites."""
    closed = Person.objects.using(database.alias).filter(is_active=False)
    return Departed(database, tuple(closed.values_list("pk", flat=True)), _acted(database))


def gone(database: Database, awards: Collection[str]) -> tuple[Gone, ...]:
    """Who has left of some awards, read anew."""
    return departed(database).of(awards)


def _acted(database: Database) -> Mapping[int, list[tuple[int, bool]]]:
    """Who acts or has acted for each organisation, and whether still."""
    found: dict[int, list[tuple[int, bool]]] = {}
    rows = Acting.objects.using(database.alias).values_list(
        "organisation", "person", "until", "person__is_active"
    )
    for organisation, person, until, active in rows:
        found.setdefault(organisation, []).append((person, until is None and active))
    return found


def _left(dossier: Dossier, acted: Mapping[int, list[tuple[int, bool]]]) -> set[int]:
    """Those who acted for an organisation of an award, and act for none that is still in it."""
    members = list(dossier.alliance.members.all()) if dossier.alliance is not None else []
    there = {one.organisation_id: one.left is None for one in members} | {dossier.lead_id: True}
    ever = [(who, now and there[o]) for o in there for who, now in acted.get(o, ())]
    return {who for who, _ in ever} - {who for who, still in ever if still}
