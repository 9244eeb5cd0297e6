"""Compute: GPU-seconds of named chip classes at sites, arriving in purchase lots.

A block is either `{gpu: 8}`, a node held for the whole term, or `{gpu_hour: n}`, hours to be spent
at any pace. Both come to GPU-seconds, which is all that the ledger sees.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import ClassVar, Literal

from headgate.core.quantities import HOUR_SECONDS
from headgate.core.supports.held import Arrival, Count, Held, Name, Some
from headgate.core.supports.kind import Section
from headgate.core.supports.price import Price
from headgate.core.supports.text import Text


class Chip(Section):
    """One class of accelerator; `price_per_gpu_hour` is in the programme's currency.

    Watts are a GPU's with its part of the node, when it is held and when it lies idle.
    """

    name: str
    price_per_gpu_hour: Price | None = None
    busy_watts: Count | None = None
    idle_watts: Count | None = None


class Energy(Section):
    """What a megawatt-hour costs in the programme's currency; cooling and losses come on top."""

    price_per_mwh: Count
    overhead_percent: Count = 0


class Maintenance(Section):
    """GPUs of a lot that are out of service, from `begins` until the day before `ends`."""

    begins: date
    ends: date
    gpus: Some


class Lot(Arrival):
    """One purchase: `gpus` bought, of which `state_gpus` are the programme's from `usable` on."""

    chip: Name
    gpus: Some
    state_gpus: Count
    maintenance: tuple[Maintenance, ...] = ()

    of_at: ClassVar[str] = "chip"

    @property
    def of(self) -> str:
        """The chip class."""
        return self.chip

    @property
    def number(self) -> int:
        """The programme's GPUs of it."""
        return self.state_gpus

    def out(self, day: date) -> int:
        """GPUs out of service on a day, at most those that there are."""
        windows = (one.gpus for one in self.maintenance if one.begins <= day < one.ends)
        return min(sum(windows), self.state_gpus)


class Compute(Held):
    """The compute section of a policy.

    `measure_by: count` keeps envelopes in plain GPU-seconds (a GPU is a GPU); `rates` keeps them in
    GPU-seconds weighted by the rate table, as official exchange rates between chips have it.
    """

    kind: Literal["compute"]
    name: Text
    chips: Mapping[Name, Chip]
    rates: Mapping[Name, Some]
    measure_by: Literal["count", "rates"]
    node_gpus: Some
    lots: Mapping[Name, Lot]
    energy: Energy | None = None

    block_units: ClassVar[tuple[str, ...]] = ("gpu", "gpu_hour")
    span_seconds: ClassVar[int] = HOUR_SECONDS
    classes_at: ClassVar[str] = "chips"
    price_at: ClassVar[str] = "price_per_gpu_hour"
    enforced: ClassVar[bool] = True

    @property
    def classes(self) -> Mapping[str, Chip]:
        """The chip classes, in the policy's order."""
        return self.chips

    @property
    def measure(self) -> str:
        """`gpu_second` by count, `weighted_gpu_second` by rates."""
        return "gpu_second" if self.measure_by == "count" else "weighted_gpu_second"

    def unit(self, support_class: str) -> str:
        """GPU-seconds of one chip class."""
        return f"gpu_second.{support_class}"

    def rate(self, support_class: str) -> int:
        """The weight of a GPU-second of a class in envelopes."""
        return 1 if self.measure_by == "count" else self.rates[support_class]

    def worth(self, support_class: str) -> int:
        """What the rate table says, or 1 where it leaves the class out."""
        return self.rates.get(support_class, 1)

    def price(self, support_class: str, amount: int) -> Fraction | None:
        """The market price of GPU-seconds of a class, where the policy states one."""
        per_hour = self.chips[support_class].price_per_gpu_hour
        return None if per_hour is None else per_hour * amount / HOUR_SECONDS
