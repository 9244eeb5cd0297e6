"""Compute: GPU-seconds of named chip classes at sites, arriving in purchase lots.

A block is either `{gpu: 8}`, a node held for the whole term, or `{gpu_hour: n}`, hours to be spent
at any pace. Both come to GPU-seconds, which is all that the ledger sees.
"""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS
from headgate.core.supports.kind import Kind, Section
from headgate.core.supports.text import Text

Count = Annotated[int, Field(ge=0, le=10**9)]
Some = Annotated[int, Field(gt=0, le=10**9)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
PRICE_DECIMALS = 4
_PRICE = re.compile(rf"\d{{1,9}}(\.\d{{1,{PRICE_DECIMALS}}})?")


def price_of(value: object) -> Fraction:
    """Read 3190 or "2.45" exactly; a float is refused."""
    exact = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if _PRICE.fullmatch(exact) is None:
        message = "write a price of at most nine digits and four decimals, such as 3190 or 2.45"
        raise PydanticCustomError("price_wrong", message)
    return Fraction(exact)


Price = Annotated[
    Fraction,
    BeforeValidator(price_of),
    WithJsonSchema({"type": ["number", "string"], "minimum": 0, "pattern": f"^{_PRICE.pattern}$"}),
]
"""Money for one of something, which may be less than a whole unit of it."""


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


class Lot(Section):
    """One purchase: `gpus` bought, of which `state_gpus` are the programme's from `usable` on.

    `until` is the first day on which they are no longer the programme's (a lease's end).
    """

    site: Name
    operator: str
    chip: Name
    gpus: Some
    state_gpus: Count
    usable: date
    until: date | None = None
    maintenance: tuple[Maintenance, ...] = ()

    def serves(self, day: date) -> bool:
        """Whether the lot is at the programme's disposal on a day."""
        return self.usable <= day and (self.until is None or day < self.until)

    def out(self, day: date) -> int:
        """GPUs out of service on a day, at most those that there are."""
        windows = (one.gpus for one in self.maintenance if one.begins <= day < one.ends)
        return min(sum(windows), self.state_gpus)

    def days(self, starts: date, ends: date) -> int:
        """How many days the lot serves from `starts` up to `ends`."""
        last = ends if self.until is None else min(ends, self.until)
        return max((last - max(starts, self.usable)).days, 0)


class Compute(Kind):
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

    def amount(self, block: Mapping[str, int], blocks: int, seconds: int) -> int:
        """GPU-seconds of some blocks: GPUs times the seconds held, or the hours as granted."""
        if "gpu" in block:
            return blocks * block["gpu"] * seconds
        return blocks * block["gpu_hour"] * HOUR_SECONDS

    def supply(self, day: date) -> Mapping[str, int]:
        """The programme's GPUs of each class on a day."""
        totals = dict.fromkeys(self.chips, 0)
        for lot in self.lots.values():
            totals[lot.chip] += lot.state_gpus if lot.serves(day) else 0
        return totals

    def capacity(
        self, support_class: str, starts: date, ends: date, site: str | None = None
    ) -> int:
        """GPU-seconds of every lot of the class, for the days on which it serves."""
        gpu_days = sum(
            lot.state_gpus * lot.days(starts, ends)
            for lot in self.lots.values()
            if lot.chip == support_class and site in (None, lot.site)
        )
        return gpu_days * DAY_SECONDS

    def sites(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """The programme's GPUs by chip class and site on a day."""
        return self._sites(day, in_service=False)

    def standing(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """The same without those that maintenance takes out of service."""
        return self._sites(day, in_service=True)

    def _sites(self, day: date, *, in_service: bool) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {name: {} for name in self.chips}
        for lot in self.lots.values():
            if lot.serves(day):
                at_site = found[lot.chip]
                gpus = lot.state_gpus - (lot.out(day) if in_service else 0)
                at_site[lot.site] = at_site.get(lot.site, 0) + gpus
        return found

    def held_at_once(self, block: Mapping[str, int], blocks: int) -> int | None:
        """GPUs at any moment for blocks of GPUs; hours may be spent at any pace."""
        return blocks * block["gpu"] if "gpu" in block else None

    def price(self, support_class: str, amount: int) -> Fraction | None:
        """The market price of GPU-seconds of a class, where the policy states one."""
        per_hour = self.chips[support_class].price_per_gpu_hour
        return None if per_hour is None else per_hour * amount / HOUR_SECONDS
