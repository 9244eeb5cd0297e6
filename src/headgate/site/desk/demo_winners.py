"""Winners of a demo whom nobody plays: most take their award and sign, one in a few gives it up.

What each does is drawn by the award's own code, so that a year played again is the same year.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from headgate.simulation.draws import Draws
from headgate.site.desk.agreement import awards_of, taken
from headgate.site.desk.models import (
    Acceptance,
    Acting,
    AgreementSignature,
    AwardList,
    Dossier,
    Side,
)
from headgate.site.desk.office import CallNow, doing
from headgate.site.portal.models import Person

GIVES_UP: Final = 6
"""One award in so many is given up, so that whoever waits moves up."""


def username_of(code: str) -> str:
    """The account of whoever acts for an invented organisation."""
    return f"for-{code}".lower()


def let_invented_take(
    signer: Person | None, rules: CallNow, listed: AwardList, moment: datetime
) -> tuple[int, int]:
    """Let whoever was asked and nobody plays answer, and sign for their side what they have taken.

    Says how many took the award and how many gave it up. Signed anew, a list asks those who are new
    on it; and who has taken another amount signs its agreement.
    """
    won = Dossier.objects.filter(code__in=awards_of(listed))
    people = unplayed(won)
    with doing(signer, "let invented winners answer", rules.id, moment):
        asked = won.filter(lead__in=people, acceptance__isnull=True)
        answers = [
            Acceptance(
                dossier=one,
                accepted=_takes(one.code or ""),
                person=people[one.lead_id],
                at=moment,
            )
            for one in asked
        ]
        Acceptance.objects.bulk_create(answers)
        AgreementSignature.objects.bulk_create(
            (
                AgreementSignature(
                    dossier=one,
                    side=Side.HOLDER,
                    digest=agreed.digest,
                    person=people[one.lead_id],
                    at=moment,
                )
                for one, agreed in taken(rules, listed)
                if one.lead_id in people
            ),
            ignore_conflicts=True,
        )
    took = sum(one.accepted for one in answers)
    return took, len(answers) - took


def _takes(code: str) -> bool:
    return Draws(code, "gives-up").below(GIVES_UP) > 0


def unplayed(won: "QuerySet[Dossier]") -> Mapping[int, Person]:
    """By lead, whoever was invented to act for it, where nobody else does and nobody was let in as
    them.
    """
    found = Acting.objects.filter(organisation__in=won.values("lead"), until__isnull=True)
    people: dict[int, Person] = {}
    played: set[int] = set()
    for one in found.select_related("person", "organisation"):
        people[one.organisation_id] = one.person
        if one.person.username != username_of(one.organisation.code) or one.person.last_login:
            played.add(one.organisation_id)
    return {lead: person for lead, person in people.items() if lead not in played}
