"""What must hold before real people use a site: asked by `headgate check --deploy`."""

import os
from typing import Any, Final

from django.conf import settings
from django.core.checks import INFO, CheckMessage, Error, Info, register, run_checks
from django.db import DatabaseError, connection

from headgate.core.faults import Fault, Faulty
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import Database, unmade
from headgate.site.settings import Site

_OWNS: Final = """
    SELECT bool_or(pg_has_role(current_user, tableowner, 'MEMBER'))
    FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ('entry', 'leg')
"""
"""Whether the service could take away the guards of the ledger's tables."""


def findings() -> tuple[list[Fault], list[Fault]]:
    """Faults of the settings and of the database, Django's own among them; and mere advice."""
    found = run_checks(include_deployment_checks=True, databases=["default"])
    told = [(one.level > INFO, _fault(one)) for one in found if not one.is_silenced()]
    return [one for wrong, one in told if wrong], [one for wrong, one in told if not wrong]


def _fault(one: CheckMessage) -> Fault:
    return Fault("site", 0, 0, _code(one), " ".join(str(one.msg).split()), _mend(one))


def _code(one: CheckMessage) -> str:
    return str(one.id).replace(".", "-").lower()


def _mend(one: CheckMessage) -> str:
    return " ".join(str(one.hint or "See the message.").split())


@register(deploy=True)
def settings_of_a_real_site(**_: Any) -> list[CheckMessage]:
    """The settings that are right for a demo or for one machine only."""
    far = [
        host for host in settings.ALLOWED_HOSTS if host not in ("localhost", "127.0.0.1", "[::1]")
    ]
    said = (
        (
            settings.HEADGATE_DEMO,
            Error(
                "Anybody may sign in as anybody: this is a demo.",
                hint="Unset HEADGATE_DEMO.",
                id="site.demo",
            ),
        ),
        (
            not far,
            Error(
                "The site answers to this machine's own names only.",
                hint='Set HEADGATE_HOSTS, as ["gpu.example.org"].',
                id="site.hosts",
            ),
        ),
        (
            not settings.HEADGATE_ADDRESS.startswith("https://"),
            Error(
                f"Links in letters lead to {settings.HEADGATE_ADDRESS}.",
                hint="Set HEADGATE_ADDRESS, as https://gpu.example.org.",
                id="site.address",
            ),
        ),
        (
            not settings.HEADGATE_EMAIL_HOST,
            Error(
                "Letters are printed and reach nobody.",
                hint="Set HEADGATE_EMAIL_HOST and HEADGATE_EMAIL_FROM.",
                id="site.email",
            ),
        ),
        (
            settings.HEADGATE_EMAIL_HOST and settings.DEFAULT_FROM_EMAIL.endswith("@localhost"),
            Error(
                "Letters are from an address that no mail server knows.",
                hint="Set HEADGATE_EMAIL_FROM.",
                id="site.email-from",
            ),
        ),
    )
    return [message for wrong, message in said if wrong]


@register(deploy=True)
def settings_that_say_nothing(**_: Any) -> list[CheckMessage]:
    """Settings that were meant, and are not what they name: a programme, or a setting at all."""
    known = {f"HEADGATE_{name.upper()}" for name in Site.model_fields} | _ELSEWHERE
    strange = sorted(one for one in os.environ if one.startswith("HEADGATE_") and one not in known)
    hint = "Write it as docs/operating/portal.md has it, or unset it."
    told: list[CheckMessage] = [
        Info(f"{one} is no setting: it says nothing.", hint=hint, id="site.unknown")
        for one in strange
    ]
    try:
        read_programme(find(settings.HEADGATE_PROGRAMME))
    except Faulty as error:
        first = error.faults[0]
        told.append(Error(str(first.what), hint=str(first.mend), id="site.programme"))
    return told


_ELSEWHERE: Final = {
    f"HEADGATE_{name}" for name in ("CLUSTERS", "KEYS", "PORTAL", "SECRETS", "SPOOL", "TOKEN")
}
"""What Headgate's commands read beside the settings of a site."""


@register(deploy=True)
def database_of_a_real_site(**_: Any) -> list[CheckMessage]:
    """The database: its tables, who the service is to it, and whether anybody can begin."""
    try:
        waiting = unmade(Database("default"))
        if waiting:
            what = f"{waiting} changes of the tables were not made yet."
            return [Error(what, hint="Run headgate migrate as the owner.", id="site.tables")]
        return [*_role(), *_beginner()]
    except DatabaseError as error:
        what = f"The database does not answer: {' '.join(str(error).split())}"
        return [Error(what, hint="Set HEADGATE_DATABASE, or start it.", id="site.database")]


def _role() -> list[CheckMessage]:
    """The service may add rows; it must not be able to take the guards away."""
    if connection.vendor != "postgresql":
        what = "An SQLite file can be changed by whoever may write it, the service too."
        hint = "Use PostgreSQL, where the service adds rows and changes none; or keep a witness."
        return [Info(what, hint=hint, id="site.sqlite")]
    with connection.cursor() as cursor:
        cursor.execute(_OWNS)
        owns = cursor.fetchone()
    if not (owns and owns[0]):
        return []
    what = "The service owns the ledger's tables, and could take their guards away."
    hint = f"Run headgate migrate as the owner, and serve as {settings.HEADGATE_SITE_ROLE}."
    return [Error(what, hint=hint, id="site.owner")]


def _beginner() -> list[CheckMessage]:
    """Somebody must be able to let others in."""
    owners = Person.objects.filter(is_active=True, groups__name=Role.POLICY_OWNER.value)
    if owners.exists() or Role.POLICY_OWNER.value in settings.HEADGATE_OIDC_ROLES.values():
        return []
    hint = "Make the first account: headgate owner NAME."
    return [Error("Nobody is policy owner: no one can be let in.", hint=hint, id="site.nobody")]
