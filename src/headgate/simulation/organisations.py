"""Synthetic organisations, named by a kind and a number so that nobody real is meant."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from headgate.core.calls.application import Fact, Organisation
from headgate.core.policy.schema import FieldKind, FormField, Organisations
from headgate.simulation.draws import Draws
from headgate.simulation.population import Variant

SYNTHETIC = "synthetic"
"""What every text that a form asks for says."""

_YES_PER_MILLE = 15
_AGE_YEARS_MOST = 30


@dataclass(frozen=True, slots=True)
class Registry:
    """What may be drawn of the organisations of one call."""

    organisations: Organisations
    regions: Mapping[str, int]
    day: date

    def draft(self, sort: Variant, draws: Draws, bold: bool) -> Organisation:
        """An organisation of a sort, still without a name; `bold` as in `answers`."""
        names = list(self.regions)
        region = names[draws.weighted(list(self.regions.values()))]
        age_days = draws.octaves(1, _AGE_YEARS_MOST) * 365 + draws.below(365)
        facts = answers(self.organisations.fields, sort.facts, draws, self.day, bold)
        founded = self.day - timedelta(days=age_days)
        return Organisation("", sort.kind, sort.size, region, founded, facts)


def name_of(kind: str, number: int, place: int = 0) -> str:
    """The name of an organisation of a kind that is first met in the application of a number.

    `UNIV-007` hands in the seventh, `FIRM-007B` is its second member and `ALLIANCE-G` all of it
    together: nobody's name depends on who else applies.
    """
    if kind == ALLIANCE:
        return f"ALLIANCE-{_letters(number)}"
    word = "".join(letter for letter in kind.upper() if letter in string.ascii_uppercase)
    return f"{word[:4] or 'ORG'}-{number:03d}{_letters(place) if place else ''}"


ALLIANCE = "alliance"


def _letters(number: int) -> str:
    """1 is A, 26 is Z, 27 is AA."""
    head, last = divmod(number - 1, 26)
    return (_letters(head) if head else "") + string.ascii_uppercase[last]


def answers(
    fields: Mapping[str, FormField],
    given: Mapping[str, Fact],
    draws: Draws,
    day: date,
    bold: bool,
) -> dict[str, Fact]:
    """An answer to every question of a form: what is given, else one that means nothing.

    Yes is rare, since most yes-or-no questions ask for something out of the ordinary; `bold` draws
    yes as often as no, for a rule that asks for a yes.
    """
    return {
        name: given[name] if name in given else _answer(asked, draws.of(name), day, bold)
        for name, asked in fields.items()
    }


def _answer(asked: FormField, draws: Draws, day: date, bold: bool) -> Fact:
    match asked.kind:
        case FieldKind.BOOLEAN:
            return draws.chance(500 if bold else _YES_PER_MILLE)
        case FieldKind.INTEGER:
            return draws.octaves(1, 1024) - 1
        case FieldKind.DATE:
            return (day - timedelta(days=draws.octaves(1, 4096))).isoformat()
        case FieldKind.TEXT:
            return SYNTHETIC
