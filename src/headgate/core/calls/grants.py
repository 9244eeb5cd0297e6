"""What other programmes give: is something asked for here that is paid for there already?

An organisation is known by the number under which the state registers it, because no two programmes
share any other name for it. What is found is told; it stands against an application only where the
policy of its call says so.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from headgate.core.calls.matching import likeness, terms
from headgate.core.policy.award_rules import OutsideGrants

_APART: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a `source` outside this programme gives an organisation, as its list says it.

    It runs from `since` to `until`, both days included. `amount` is in whole units of `unit`.
    """

    source: str
    number: str
    title: str
    support: str
    amount: int
    since: date
    until: date
    reference: str = ""
    purpose: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an application is for: its title, all its words, its first day and the day it ends."""

    title: str
    text: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class Funded:
    """A grant of an organisation with a part in an application, and how alike the two are (‰).

    `meanwhile` says that both would run on one day at least.
    """

    grant: Grant
    organisation: str
    per_mille: int
    meanwhile: bool


def registration(text: str) -> str:
    """A registration number as it is compared: however it is spaced, hyphenated or wide.

    Zeros before it do not count, because spreadsheets drop them.
    """
    return _APART.sub("", unicodedata.normalize("NFKC", text)).upper().lstrip("0")


def funded(asked: Asked, numbers: Mapping[str, str], grants: Iterable[Grant]) -> tuple[Funded, ...]:
    """Every grant of the organisations, by their numbers; those meanwhile first, most alike first.

    Titles are compared with titles and all words with all words; the likelier of the two counts,
    because a list may say no more than a title. An organisation without a number has no grant.
    """
    bearers: dict[str, list[str]] = {}
    for organisation, number in sorted(numbers.items()):
        bearers.setdefault(registration(number), []).append(organisation)
    bearers.pop("", None)
    title, whole = terms(asked.title), terms(f"{asked.title} {asked.text}")
    found = []
    for grant in grants:
        for organisation in bearers.get(registration(grant.number), ()):
            own = f"{grant.title} {grant.support} {grant.purpose}"
            alike = max(likeness(title, terms(grant.title)), likeness(whole, terms(own)))
            meanwhile = grant.since < asked.ends and asked.starts <= grant.until
            found.append(Funded(grant, organisation, alike, meanwhile))
    return tuple(sorted(found, key=_first))


def _first(one: Funded) -> tuple[object, ...]:
    grant = one.grant
    told = (grant.source, grant.reference, grant.title, grant.since, one.organisation)
    return not one.meanwhile, -one.per_mille, *told


def held_against(rule: OutsideGrants, found: Iterable[Funded]) -> tuple[Funded, ...]:
    """Those of the grants that shut the rule's gate: meanwhile, and as alike as it says."""
    return tuple(one for one in found if one.meanwhile and one.per_mille >= rule.alike * 1000)
