"""What a notice is before it is kept: a thing to tell, and who is concerned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headgate.site.desk.models import Acting, Dossier
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell to some people."""

    key: str
    kind: str
    people: Iterable[int]
    facts: Mapping[str, Any]


class People:
    """Whom something concerns, as it is at one look: each question is asked once, for all."""

    def having(self, *roles: Role) -> frozenset[int]:
        """Who has one of some roles."""
        return frozenset().union(*(self._by_role.get(role.value, ()) for role in roles))

    def acting(self, organisation_id: int) -> frozenset[int]:
        """Who acts for an organisation now."""
        return self._by_organisation.get(organisation_id, frozenset())

    def of_award(self, code: str) -> frozenset[int]:
        """Who acts for the lead of an application that was handed in, by its id in the journal."""
        return self.acting(self._leads[code]) if code in self._leads else frozenset()

    @cached_property
    def _by_role(self) -> Mapping[str, frozenset[int]]:
        found = Person.objects.filter(is_active=True, groups__name__in=[one.value for one in Role])
        return _grouped(found.values_list("groups__name", "id"))

    @cached_property
    def _by_organisation(self) -> Mapping[int, frozenset[int]]:
        found = Acting.objects.filter(until__isnull=True, person__is_active=True)
        return _grouped(found.values_list("organisation_id", "person_id"))

    @cached_property
    def _leads(self) -> Mapping[str, int]:
        found = Dossier.objects.filter(code__isnull=False)
        return {code or "": lead for code, lead in found.values_list("code", "lead_id")}


def _grouped(pairs: Iterable[tuple[Any, int]]) -> dict[Any, frozenset[int]]:
    """The seconds of some pairs by their firsts."""
    found: dict[Any, set[int]] = {}
    for name, person in pairs:
        found.setdefault(name, set()).add(person)
    return {name: frozenset(people) for name, people in found.items()}
