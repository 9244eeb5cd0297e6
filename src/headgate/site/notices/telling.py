"""What a notice is before it is kept: a thing to tell, and who is concerned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.site.desk.models import Acting, Organisation
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell to some people."""

    key: str
    kind: str
    people: Iterable[int]
    facts: Mapping[str, Any]


def people_for(*organisations: Organisation) -> set[int]:
    """Who acts for some organisations now."""
    acting = Acting.objects.filter(organisation__in=organisations, until__isnull=True)
    return set(acting.filter(person__is_active=True).values_list("person_id", flat=True))


def having(*roles: Role) -> set[int]:
    """Who has one of some roles."""
    found = Person.objects.filter(is_active=True, groups__name__in=[role.value for role in roles])
    return set(found.values_list("id", flat=True))
