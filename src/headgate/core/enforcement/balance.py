"""What an award has left on a site: the ledger's word, and what ran that it does not know yet.

The ledger hears of use by the month, an agent sees it within minutes. What is left is the budget
less both, each GPU-second once: a signed order list says up to which instant all use is in its
figures, and only what ran after that is added from what the site saw itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headgate.core.enforcement.engine import Quota
from headgate.core.enforcement.orders import OrderList
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of

Owner = tuple[str, str]
"""Award and class."""

Key = tuple[str, int]
"""Job and attempt."""


@dataclass(frozen=True, slots=True)
class Balance:
    """GPU-seconds that are counted in the term, by award and class: `spent`.

    All that ran before `until` is among them, and of each attempt in `booked` so much, whenever it
    ran.
    """

    spent: Mapping[Owner, int] = field(default_factory=dict)
    booked: Mapping[Key, int] = field(default_factory=dict)
    until: str = ""

    def used(self, quota: Quota, attempts: Iterable[Usage], now: str) -> int:
        """GPU-seconds used of a quota, with what `attempts` show beyond what is counted.

        What is not known to have ended is taken to run until now.
        """
        owner = quota.award, quota.support_class
        used, since = self.spent.get(owner, 0), seconds_of(max(quota.starts, self.until))
        for one in attempts:
            if (one.award, one.support_class) == owner:
                ran = seconds_of(one.ended or now) - max(seconds_of(one.started), since)
                used += max(max(ran, 0) * one.gpus - self.booked.get((one.job, one.attempt), 0), 0)
        return used


def by_owner(attempts: Iterable[Usage]) -> Mapping[Owner, list[Usage]]:
    """Attempts by award and class: whoever asks for many quotas goes through them once."""
    found: dict[Owner, list[Usage]] = {}
    for one in attempts:
        found.setdefault((one.award, one.support_class), []).append(one)
    return found


def balance_of(listed: OrderList) -> Balance:
    """What a signed list says to be used: booked in the ledger, or told to the portal."""
    spent: dict[Owner, int] = {}
    for award, support_class, seconds in (*listed.spent, *listed.told):
        spent[award, support_class] = spent.get((award, support_class), 0) + seconds
    return Balance(spent, until=listed.until)


def told_of(
    attempts: Iterable[Usage], booked: Mapping[Key, int], starts: str, until: str
) -> Mapping[Owner, int]:
    """GPU-seconds of attempts between two instants that the ledger has not booked."""
    told: dict[Owner, int] = {}
    begin, end = seconds_of(starts), seconds_of(until)
    for one in attempts:
        last = min(seconds_of(one.ended or one.seen), end)
        ran = max(last - max(seconds_of(one.started), begin), 0) * one.gpus
        if (more := ran - booked.get((one.job, one.attempt), 0)) > 0:
            owner = one.award, one.support_class
            told[owner] = told.get(owner, 0) + more
    return told
