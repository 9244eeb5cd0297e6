"""Who may make an account, which roles a provider's groups give, and the people of the demo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.stages import EmailVerificationStage
from allauth.account.utils import user_pk_to_url_str
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headgate.core.policy.dated import at
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.site.portal.known import know, known
from headgate.site.portal.models import Person
from headgate.site.portal.roles import NAMES, Role, make_groups
from headgate.steps.agenda import first_day


@dataclass(frozen=True, slots=True)
class Persona:
    """One person of the demo: a role, and what there is to see in it."""

    role: Role
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
    Persona(Role.POLICY_OWNER, _("Answers for the policy and signs award lists.")),
    Persona(Role.AGENCY_OFFICER, _("Runs calls, reviews and rounds day by day.")),
    Persona(Role.REVIEWER, _("Scores the applications of a panel.")),
    Persona(Role.OPERATOR, _("Keeps a centre's clusters as the awards say.")),
    Persona(Role.FUND_OFFICER, _("Follows fees, invoices and refunds.")),
    Persona(Role.APPLICANT, _("Applies for an organisation or an alliance.")),
    Persona(Role.AUDITOR, _("Reads everything and changes nothing.")),
)

CALLED: Final[Mapping[str, str]] = {
    "KR": "Han Ji-won, Park Min-ah, Lee Do-yun, Choi Seo-jun, Jung Ha-eun, Kim Su-bin, Yoon Tae-o",
    "VN": "Trần Thu Hà, Lê Minh Anh, Phạm Quốc Bảo, Vũ Đức Long, Đặng Ngọc Mai, Nguyễn Hải Nam, "
    "Bùi Thanh Tâm",
}
"""What the people of the demo are called, in their order, by the country of the programme."""
ELSEWHERE: Final = (
    "Alex Morgan, Robin Hughes, Sam Carter, Jo Bennett, Chris Palmer, Kim Foster, Lee Walker"
)
"""What they are called in a country that no names are known of."""


def make_personas() -> None:
    """See that the people of the demo are there; they have no password, so only the demo lets in.

    Without the demo they have no way in, because nothing but the demo's page signs them in. The
    programme is read only where somebody is still to be named.
    """
    make_groups()
    usernames = [persona.username for persona in PERSONAS]
    known = Person.objects.filter(username__in=usernames).count() == len(PERSONAS)
    names = [""] * len(PERSONAS) if known else called(settings.HEADGATE_PROGRAMME)
    for persona, name in zip(PERSONAS, names, strict=True):
        first, _, last = name.partition(" ")
        person, made = Person.objects.get_or_create(
            username=persona.username, defaults={"first_name": first, "last_name": last}
        )
        if made:
            person.set_unusable_password()
            person.save()
        person.groups.set([Group.objects.get(name=persona.role.value)])


def called(programme: str) -> Sequence[str]:
    """What the people of the demo of a programme are called, in their order."""
    country = ""
    if programme:
        document = read_programme(find(programme))
        country = at(document, first_day(document)).policy.programme.country
    return CALLED.get(country, ELSEWHERE).split(", ")


def first_password(person: Person) -> str:
    """The path at which somebody who never came in sets their first password; empty for others."""
    if not person.is_active or person.last_login is not None or person.has_usable_password():
        return ""
    parts = {
        "uidb36": user_pk_to_url_str(person),
        "key": default_token_generator.make_token(person),
    }
    return reverse("account_reset_password_from_key", kwargs=parts)


class CommonPassword(CommonPasswordValidator):
    """Refuses a common password; the list is there while one is checked.

    Whoever shows the form asks for the validator, and Django's then holds all 20,000 for good:
    2 MiB of a worker.
    """

    def __init__(self) -> None:
        """Read nothing yet."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a common password."""
        CommonPasswordValidator().validate(password, user)


class Vouched(EmailVerificationStage):
    """Who makes an account shows that its address is theirs; the office vouches for all others."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Whoever has no address was let in by the office: nothing can be sent to them."""
        person = self.login.user
        told: tuple[HttpResponse | None, bool] = (None, True)
        return super().handle() if person is None or person.email else told


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are closed unless the site says that they are open; a new one is an applicant's."""

    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "Too many wrong passwords were given for this name. Wait five minutes, or set a new"
            " password by the link below; a browser you signed in at before does not wait."
        )
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether anybody may make an account."""
        return bool(settings.HEADGATE_SIGNUP == "open")

    def get_login_stages(self) -> list[str]:
        """What stands between a password and being signed in."""
        own = f"{Vouched.__module__}.{Vouched.__name__}"
        usual = "allauth.account.stages.EmailVerificationStage"
        return [own if one == usual else one for one in super().get_login_stages()]

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What wrong passwords are counted under: a name, and the browser where it is known."""
        key = str(super()._get_login_attempts_cache_key(request, **credentials))
        login = str(credentials.get("email", credentials.get("username", "")))
        return f"{key}:{known(request, login)}"

    def post_login(self, request: HttpRequest, user: Any, **told: Any) -> HttpResponse:
        """Where somebody is led who has signed in; their browser is known from now on."""
        response: HttpResponse = super().post_login(request, user, **told)
        know(request, response, user)
        return response

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address that it has an account, and nobody else.

        It takes as long as making an account does: keeping a password is slow on purpose.
        """
        make_password(email)
        super().send_account_already_exists_mail(email)

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
