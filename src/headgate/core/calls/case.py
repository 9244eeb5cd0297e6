"""The facts of an application as a policy's CEL expressions see them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from headgate.core.calls.application import Application, Organisation


def organisation_case(organisation: Organisation, day: date) -> dict[str, Any]:
    """One organisation's facts on a day; `age_days` is -1 where the founding date is not known.

    What it says in further fields never takes the place of what everyone is asked.
    """
    founded = organisation.founded
    return {
        **organisation.facts,
        "id": organisation.id,
        "kind": organisation.kind,
        "size": organisation.size,
        "region": organisation.region,
        "founded": founded.isoformat() if founded else "",
        "age_days": (day - founded).days if founded else -1,
    }


def application_case(application: Application, day: date) -> Mapping[str, Any]:
    """The variables `applicant` and `application` of a policy's rules, on a day."""
    members = [organisation_case(member, day) for member in application.members]
    requests = [
        {"class": r.support_class, "least": r.blocks_least, "most": r.blocks_most}
        for r in application.requests
    ]
    return {
        "applicant": organisation_case(application.applicant, day),
        "application": {
            **application.fields,
            "id": application.id,
            "call": application.call,
            "months": application.months,
            "members": members,
            "requests": requests,
        },
    }
