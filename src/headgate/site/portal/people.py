"""Who may make an account, which roles a provider's groups give, and the people of the demo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headgate.site.portal.models import Person
from headgate.site.portal.roles import NAMES, Role, make_groups


@dataclass(frozen=True, slots=True)
class Persona:
    """One person of the demo: a role, and what there is to see in it."""

    role: Role
    name: str
    duty: Promise

    @property
    def username(self) -> str:
        """The name of the account."""
        return self.role.value.replace("_", "-")

    @property
    def title(self) -> Promise:
        """The role in the reader's language."""
        return NAMES[self.role]


PERSONAS: Final = (
    Persona(Role.POLICY_OWNER, "Han Ji-won", _("Answers for the policy and signs award lists.")),
    Persona(Role.AGENCY_OFFICER, "Park Min-ah", _("Runs calls, reviews and rounds day by day.")),
    Persona(Role.REVIEWER, "Lee Do-yun", _("Scores the applications of a panel.")),
    Persona(Role.OPERATOR, "Choi Seo-jun", _("Keeps a centre's clusters as the awards say.")),
    Persona(Role.FUND_OFFICER, "Jung Ha-eun", _("Follows fees, invoices and refunds.")),
    Persona(Role.APPLICANT, "Kim Su-bin", _("Applies for an organisation or an alliance.")),
    Persona(Role.AUDITOR, "Yoon Tae-o", _("Reads everything and changes nothing.")),
)


def make_personas() -> None:
    """See that the people of the demo are there; they have no password, so only the demo lets in.

    Without the demo they have no way in, because nothing but the demo's page signs them in.
    """
    make_groups()
    for persona in PERSONAS:
        first, _, last = persona.name.partition(" ")
        person, made = Person.objects.get_or_create(
            username=persona.username, defaults={"first_name": first, "last_name": last}
        )
        if made:
            person.set_unusable_password()
            person.save()
        person.groups.set([Group.objects.get(name=persona.role.value)])


def first_password(person: Person) -> str:
    """The path at which somebody who never came in sets their first password; empty for others."""
    if not person.is_active or person.last_login is not None or person.has_usable_password():
        return ""
    parts = {
        "uidb36": user_pk_to_url_str(person),
        "key": default_token_generator.make_token(person),
    }
    return reverse("account_reset_password_from_key", kwargs=parts)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are closed unless the site says that they are open; a new one is an applicant's."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether anybody may make an account."""
        return bool(settings.HEADGATE_SIGNUP == "open")

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Keep a new account, with the one role that needs nobody's word."""
        person = super().save_user(request, user, form, commit)
        if commit:
            person.groups.add(Group.objects.get_or_create(name=Role.APPLICANT.value)[0])
        return person


class SocialAdapter(DefaultSocialAccountAdapter):
    """Whoever the provider vouches for has an account, and the roles of their groups there."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Whether the provider's people may come in: a provider is named for that."""
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """At each sign-in, the roles are again those of the provider's groups."""
        if sociallogin.is_existing:
            _give_roles(sociallogin.user, sociallogin.account.extra_data)

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        """Keep a new account with the roles of the provider's groups."""
        person = super().save_user(request, sociallogin, form)
        _give_roles(person, sociallogin.account.extra_data)
        return person


def roles_told(told: Mapping[str, Any]) -> frozenset[Role]:
    """The roles that a provider's claims give: its `groups`, as the site's settings name them."""
    claims = [told, *(part for part in told.values() if isinstance(part, dict))]
    lists = [part["groups"] for part in claims if isinstance(part.get("groups"), list)]
    groups = {str(group) for listed in lists for group in listed}
    named = {settings.HEADGATE_OIDC_ROLES.get(group) for group in groups}
    return frozenset(role for role in Role if role.value in named)


def _give_roles(person: Person, told: Mapping[str, Any]) -> None:
    """Where the site maps groups to roles, a person has those and no others."""
    if settings.HEADGATE_OIDC_ROLES:
        make_groups()
        person.groups.set(Group.objects.filter(name__in=[r.value for r in roles_told(told)]))
