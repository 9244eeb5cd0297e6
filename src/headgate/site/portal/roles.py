"""The roles of a programme: fixed names of Django groups, and the rules that ask for them.

Nobody may do anything that no rule allows; a superuser of Django has no way round, because pages
ask for the role and not for the permission table.
"""

from enum import StrEnum
from typing import Any, Final

import rules
from django.contrib.auth.models import AnonymousUser, Group
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headgate.site.portal.models import Person


class Role(StrEnum):
    """What somebody is in a programme; the value is the name of the group."""

    POLICY_OWNER = "policy_owner"
    AGENCY_OFFICER = "agency_officer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    FUND_OFFICER = "fund_officer"
    APPLICANT = "applicant"
    AUDITOR = "auditor"


NAMES: Final[dict[Role, Promise]] = {
    Role.POLICY_OWNER: _("Policy owner"),
    Role.AGENCY_OFFICER: _("Agency officer"),
    Role.REVIEWER: _("Reviewer"),
    Role.OPERATOR: _("Centre operator"),
    Role.FUND_OFFICER: _("Fund officer"),
    Role.APPLICANT: _("Applicant"),
    Role.AUDITOR: _("Auditor"),
}

EVERYBODY: Final = frozenset[Role]()
"""Who may see a public page: no role is needed, nor an account."""
ANYBODY_SIGNED_IN: Final = frozenset(Role)
"""Who may see what is everybody's own: no role is needed, but an account that is not closed."""
STAFF: Final = ANYBODY_SIGNED_IN - {Role.APPLICANT, Role.REVIEWER}
"""Who runs the programme or looks after those who do."""

DECIDES: Final = frozenset({Role.AGENCY_OFFICER, Role.POLICY_OWNER})
"""Who acts for the office."""
OFFICE: Final = DECIDES | {Role.AUDITOR}
"""Who reads what the office does; an auditor changes none of it."""


def roles_of(user: Person | AnonymousUser) -> frozenset[Role]:
    """The roles that somebody has; nobody who is not active has any."""
    if not isinstance(user, Person) or not user.is_active:
        return frozenset()
    return frozenset(role for role in Role if role.value in user.group_names)


def is_staff(user: Person | AnonymousUser) -> bool:
    """Whether somebody runs the programme, or looks after those who do, and so sees it all."""
    return not roles_of(user).isdisjoint(STAFF)


def decides(user: Person | AnonymousUser) -> bool:
    """Whether somebody acts for the office."""
    return not roles_of(user).isdisjoint(DECIDES)


def has_any(roles: frozenset[Role]) -> Any:
    """The predicate that lets pass whoever has one of these roles."""

    def check(user: Person | AnonymousUser) -> bool:
        if roles == ANYBODY_SIGNED_IN:
            return isinstance(user, Person) and user.is_active
        return not roles_of(user).isdisjoint(roles)

    return rules.predicate(f"has_any:{'+'.join(sorted(roles))}")(check)


def make_groups() -> None:
    """See that every role has its group."""
    for role in Role:
        Group.objects.get_or_create(name=role.value)
