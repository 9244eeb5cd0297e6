"""Places: access to shared datasets, people's time, seats of assistants.

They are counted by heads and held for a time, as GPUs are: a block is `{seat: 5}`, five held for
the whole term, or `{seat_day: 100}`, days to be spent at any pace. What differs between the three
is what a place is called. Who keeps the register of them is their site; no engine enforces them.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import Field

from headgate.core.quantities import DAY_SECONDS
from headgate.core.supports.held import Arrival, Count, Held, Name
from headgate.core.supports.kind import Section
from headgate.core.supports.price import Price
from headgate.core.supports.text import Text


class Place(Section):
    """One class of places: a dataset, a profession, an assistant; the price is of a day's place."""

    name: Text
    price_per_day: Price | None = None


class Lot(Arrival):
    """So many places of a class, in the register of a site from `usable` on."""

    place: Name = Field(alias="of")
    places: Count

    of_at: ClassVar[str] = "of"

    @property
    def of(self) -> str:
        """The class."""
        return self.place

    @property
    def number(self) -> int:
        """How many may be given."""
        return self.places


class Places(Held):
    """A support that is given by the place."""

    name: Text
    given: Mapping[Name, Place] = Field(alias="classes")
    lots: Mapping[Name, Lot]

    span_seconds: ClassVar[int] = DAY_SECONDS
    classes_at: ClassVar[str] = "classes"
    price_at: ClassVar[str] = "price_per_day"
    enforced: ClassVar[bool] = False

    @property
    def classes(self) -> Mapping[str, Place]:
        """The classes of places, in the policy's order."""
        return self.given

    @property
    def measure(self) -> str:
        """Seconds of a place: envelopes divide places and not classes."""
        return f"{self.block_units[0]}_second"

    def unit(self, support_class: str) -> str:
        """Seconds of a place of one class."""
        return f"{self.measure}.{support_class}"

    def rate(self, support_class: str) -> int:
        """A place is a place."""
        del support_class
        return 1

    def price(self, support_class: str, amount: int) -> Fraction | None:
        """The market price of a class's places for so many seconds, where the policy states one."""
        per_day = self.given[support_class].price_per_day
        return None if per_day is None else per_day * amount / DAY_SECONDS


class Datasets(Places):
    """Shared data: who may read a dataset."""

    kind: Literal["datasets"]
    block_units: ClassVar[tuple[str, ...]] = ("access", "access_day")


class People(Places):
    """Time of experts, trainees and interns."""

    kind: Literal["people"]
    block_units: ClassVar[tuple[str, ...]] = ("person", "person_day")


class Assistants(Places):
    """Software that works for somebody, by the seat."""

    kind: Literal["assistants"]
    block_units: ClassVar[tuple[str, ...]] = ("seat", "seat_day")
