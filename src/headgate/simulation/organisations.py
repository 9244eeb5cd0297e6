"""Synthetic organisations, named by a kind and a number so that nobody real is meant."""

import string
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """The organisations of one world: gives each the next number of its kind."""

    organisations: Organisations
    regions: Mapping[str, int]
    day: date
    counts: Counter[str] = field(default_factory=Counter)

    def draft(self, sort: Variant, draws: Draws, bold: bool) -> Organisation:
        """An organisation of a sort, still without a name; `bold` as in `answers`."""
        names = list(self.regions)
        region = names[draws.weighted(list(self.regions.values()))]
        age_days = draws.octaves(1, _AGE_YEARS_MOST) * 365 + draws.below(365)
        facts = answers(self.organisations.fields, sort.facts, draws, self.day, bold)
        founded = self.day - timedelta(days=age_days)
        return Organisation("", sort.kind, sort.size, region, founded, facts)

    def name(self, kind: str) -> str:
        """The next name of a kind, `UNIV-007`; of an alliance, `ALLIANCE-A`."""
        word = "".join(letter for letter in kind.upper() if letter in string.ascii_uppercase)
        prefix = word if kind == ALLIANCE else word[:4] or "ORG"
        self.counts[prefix] += 1
        number = self.counts[prefix]
        return f"{prefix}-{_letters(number) if kind == ALLIANCE else f'{number:03d}'}"


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
    drawn = {name: _answer(asked, draws, day, bold) for name, asked in fields.items()}
    return {name: given.get(name, answer) for name, answer in drawn.items()}


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
