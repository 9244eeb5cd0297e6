"""What is held by somebody for a time: GPUs, places, seats. It arrives in lots, each at a site.

A block is either so many held for the whole term, or an amount of their time to be spent at any
pace. Both come to seconds of one thing, which is all that the ledger sees.
"""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from headgate.core.quantities import DAY_SECONDS
from headgate.core.supports.kind import Kind, Section

Count = Annotated[int, Field(ge=0, le=10**9)]
Some = Annotated[int, Field(gt=0, le=10**9)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Arrival(Section):
    """So many of a class at a site, from `usable` on.

    `until` is the first day on which they are no longer the programme's (a lease's end).
    """

    site: Name
    operator: str
    usable: date
    until: date | None = None

    of_at: ClassVar[str]
    """Under which word a lot says its class."""

    @property
    @abstractmethod
    def of(self) -> str:
        """The class it is of."""

    @property
    @abstractmethod
    def number(self) -> int:
        """How many of them the programme may give."""

    def out(self, day: date) -> int:
        """How many are out of service on a day."""
        del day
        return 0

    def serves(self, day: date) -> bool:
        """Whether the lot is at the programme's disposal on a day."""
        return self.usable <= day and (self.until is None or day < self.until)

    def days(self, starts: date, ends: date) -> int:
        """How many days the lot serves from `starts` up to `ends`."""
        last = ends if self.until is None else min(ends, self.until)
        return max((last - max(starts, self.usable)).days, 0)


class Held(Kind):
    """A support whose classes are held for a time; `lots` say how many there are, when and where.

    Of `block_units` the first is held for the term, the second is an amount of `span_seconds` each.
    """

    lots: Mapping[Name, Arrival]

    span_seconds: ClassVar[int]
    classes_at: ClassVar[str]
    """Under which word the section lists its classes."""
    price_at: ClassVar[str]
    """Under which word a class says its price."""

    def amount(self, block: Mapping[str, int], blocks: int, seconds: int) -> int:
        """Seconds of some blocks: what is held times the seconds held, or the time as granted."""
        held, spent = self.block_units
        if held in block:
            return blocks * block[held] * seconds
        return blocks * block[spent] * self.span_seconds

    def supply(self, day: date) -> Mapping[str, int]:
        """How many the programme has of each class on a day."""
        totals = dict.fromkeys(self.classes, 0)
        for lot in self.lots.values():
            totals[lot.of] += lot.number if lot.serves(day) else 0
        return totals

    def capacity(
        self, support_class: str, starts: date, ends: date, site: str | None = None
    ) -> int:
        """Seconds of every lot of the class, for the days on which it serves."""
        days = sum(
            lot.number * lot.days(starts, ends)
            for lot in self.lots.values()
            if lot.of == support_class and site in (None, lot.site)
        )
        return days * DAY_SECONDS

    def sites(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """How many the programme has by class and site on a day."""
        return self._sites(day, in_service=False)

    def standing(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """The same without those that are out of service."""
        return self._sites(day, in_service=True)

    def _sites(self, day: date, *, in_service: bool) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {name: {} for name in self.classes}
        for lot in self.lots.values():
            if lot.serves(day):
                at_site = found[lot.of]
                number = lot.number - (lot.out(day) if in_service else 0)
                at_site[lot.site] = at_site.get(lot.site, 0) + number
        return found

    def held_at_once(self, block: Mapping[str, int], blocks: int) -> int | None:
        """How many at any moment, for blocks that are held; time may be spent at any pace."""
        held = self.block_units[0]
        return blocks * block[held] if held in block else None
