"""What every kind of support must declare, so that the next one is one more file.

A support is anything the state gives. The ledger moves integers of a unit between accounts and has
never heard of a GPU; a kind says which units and accounts its support needs, in which blocks it is
given, and what one block amounts to. Calls, awards, metering and reallocation use only this class.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict

from headgate.core.ledger.chart import Limit, Pattern

JOULE: Final = "joule"
"""The ledger unit of energy."""


class Section(BaseModel):
    """A part of the policy file at a date: closed (unknown keys are faults), frozen and exact."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


class Kind(Section):
    """One support as its section of the policy describes it; subclasses are one file each.

    Two units matter. `unit(c)` is what awards and use of class `c` are counted in. `measure` is
    what envelopes and limits are kept in, so that classes of different worth share one envelope;
    one `unit(c)` is worth `rate(c)` of `measure`, a whole number of the policy's dated rate table.
    """

    block_units: ClassVar[tuple[str, ...]]
    enforced: ClassVar[bool]

    @property
    @abstractmethod
    def classes(self) -> Mapping[str, object]:
        """The classes a request may name, in the policy's order."""

    @property
    @abstractmethod
    def measure(self) -> str:
        """The ledger unit of envelopes."""

    @abstractmethod
    def unit(self, support_class: str) -> str:
        """The ledger unit of awards and use of a class."""

    @abstractmethod
    def rate(self, support_class: str) -> int:
        """How many of `measure` one `unit` of the class is worth."""

    def worth(self, support_class: str) -> int:
        """How much one of a class can do beside one of another, however envelopes are kept."""
        return self.rate(support_class)

    @abstractmethod
    def amount(self, block: Mapping[str, int], blocks: int, seconds: int) -> int:
        """What some blocks held for some seconds come to, in `unit`."""

    @abstractmethod
    def supply(self, day: date) -> Mapping[str, int]:
        """What the programme can give of each class on a day, in the first of `block_units`."""

    @abstractmethod
    def capacity(
        self, support_class: str, starts: date, ends: date, site: str | None = None
    ) -> int:
        """What the programme can give of a class from `starts` up to `ends`, in `unit`.

        With a `site`, only what that site gives.
        """

    @abstractmethod
    def sites(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """Class by class, how much each site has on a day; empty where no engine enforces it."""

    def standing(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """What of `sites` is in service on a day: rights are of the whole, jobs run on this."""
        return self.sites(day)

    @abstractmethod
    def held_at_once(self, block: Mapping[str, int], blocks: int) -> int | None:
        """How many units some blocks may hold at any moment; None where only the sum is limited."""

    @abstractmethod
    def price(self, support_class: str, amount: int) -> Fraction | None:
        """The market price of an amount in the programme's currency; None where none is stated."""

    def patterns(self, support: str) -> tuple[Pattern, ...]:
        """The account patterns of this support, from supply to use; a kind may add its own.

        Grants move in `measure` from envelope to granted and, at the same time, in `unit` from
        capacity to the award: so neither a class of holders nor a chip can be promised twice.
        """
        accounts = Accounts(support)
        unit, kept = self.unit("{class}"), Limit.DEBITS_MUST_NOT_EXCEED_CREDITS
        return (
            Pattern(accounts.supply, self.measure),
            Pattern(accounts.envelope("{holder}"), self.measure, kept),
            Pattern(accounts.granted("{holder}"), self.measure, kept),
            Pattern(accounts.arrival("{class}"), unit),
            Pattern(accounts.capacity("{class}"), unit, kept),
            Pattern(accounts.award("{award}", "{class}"), unit, kept),
            Pattern(accounts.use("{cluster}", "{class}"), unit),
            Pattern(accounts.overuse("{award}", "{class}"), unit),
            Pattern(accounts.lapsed("{class}"), unit),
            Pattern(accounts.energy("{award}", "{class}"), JOULE),
            Pattern(accounts.drawn("{cluster}", "{class}"), JOULE),
        )


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account paths of one support; every module asks here, so a path is written once."""

    support: str

    @property
    def supply(self) -> str:
        """Where what envelopes divide comes from; its debits are all that was ever divided."""
        return f"{self.support}/supply"

    def envelope(self, holder: str) -> str:
        """What a class of holders may still be granted."""
        return f"{self.support}/envelope/{holder}"

    def granted(self, holder: str) -> str:
        """What a class of holders has been granted."""
        return f"{self.support}/granted/{holder}"

    def arrival(self, support_class: str) -> str:
        """Where capacity of a class comes from."""
        return f"{self.support}/arrival/{support_class}"

    def capacity(self, support_class: str) -> str:
        """What of a class is not granted yet."""
        return f"{self.support}/capacity/{support_class}"

    def award(self, award: str, support_class: str) -> str:
        """What an award may still use; its credits are the grant, its debits the use."""
        return f"{self.support}/award/{award}/{support_class}"

    def use(self, cluster: str, support_class: str) -> str:
        """What was used on a cluster."""
        return f"{self.support}/use/{cluster}/{support_class}"

    def overuse(self, award: str, support_class: str) -> str:
        """What was used beyond an award's balance."""
        return f"{self.support}/overuse/{award}/{support_class}"

    def energy(self, award: str, support_class: str) -> str:
        """What the jobs of an award drew, where their clusters account it; nothing limits it."""
        return f"{self.support}/energy/{award}/{support_class}"

    def drawn(self, cluster: str, support_class: str) -> str:
        """What the jobs of all awards drew on a cluster."""
        return f"{self.support}/drawn/{cluster}/{support_class}"

    def lapsed(self, support_class: str) -> str:
        """What was granted for a term and not used in it."""
        return f"{self.support}/lapsed/{support_class}"
