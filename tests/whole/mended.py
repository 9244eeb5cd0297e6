"""The small programme in which use also comes in parts under names, and some of it is corrected."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache

from headgate.bundle.write import bundle_files
from headgate.core.enforcement.engine import Action, Change, Order, Quota
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.ledger.correct import Correction
from headgate.core.metering.usage import Usage
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.cycle import World, replay
from headgate.engines.drive import Enforced
from headgate.readers.policy_files import read_programme
from headgate.readers.trace_layouts import read_lines
from headgate.simulation.world import Simulated
from headgate.steps.agenda import agenda, first_day
from headgate.steps.event import Event, What
from headgate.steps.term import Term
from tests.whole.small import PROGRAMME, pages, signers, trace_text

PARTS = ("even-rows", "odd-rows")
AT_WILL = (
    *(Event(date(2026, 5, 20), What.METER, part, date(2026, 5, 1)) for part in PARTS),
    Event(date(2026, 5, 20), What.ENFORCE, "north-1"),
    Event(date(2026, 5, 20), What.CORRECT, "twice"),
    Event(date(2026, 7, 1), What.CORRECT, "again"),
    Event(date(2026, 8, 15), What.CORRECT, "late"),
)


class Mended(Simulated):
    """A world whose clusters send some of their rows in two parts, and find that some are wrong.

    The first job that ended is corrected under each name by one GPU-second, under "twice" by two.
    """

    def __init__(self, document: Document) -> None:
        policy = at(document, first_day(document)).policy
        trace = read_lines(trace_text().encode().splitlines(), "workload.swf")
        super().__init__(policy, {}, "headgate", trace=trace)
        self._ended: list[Usage] = []
        self._orders: Sequence[Order] = ()

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        """The rows of a window; of a part, every second one."""
        rows = super().usage(since, until, "")
        self._ended += [row for row in rows if row.ended]
        return rows[PARTS.index(part) :: 2] if part else rows

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        """As rehearsed; what was ordered is what an agent will have read."""
        self._orders = orders
        return super().enforce(orders, day)

    def receipts(self, name: str) -> Sequence[ReadBack]:
        """An agent put one quota right; a second is not there, and a third is spoilt."""
        site = name.partition("-")[0]
        first, _, other, *others = (o.quota for o in self._orders if o.cluster == site)
        spoilt = replace(first, gpus_most=0)
        change = Change(
            Action.CHANGE, first.award, first.support_class, spoilt, first, "calls.open", ""
        )
        held = (first, replace(other, gpu_seconds_budget=0), *others)
        at = "2026-05-19T10:00:00Z"
        return [ReadBack(site, at, "0" * 64, 7, Enforced.DRIFTING.value, (change,), held)]

    def corrections(self, name: str) -> Sequence[Correction]:
        """What was found to be wrong by then."""
        row = self._ended[0]
        one = Correction(f"use:{row.cluster}/{row.job}/{row.attempt}", 1, f"finding of {name}")
        return [one] * (2 if name == "twice" else 1)


def small_document() -> Document:
    """The small programme's policy."""
    return read_programme(PROGRAMME)


def among(document: Document, at_will: Iterable[Event]) -> list[Event]:
    """What is due and what is done at will, each after what is due on its day."""
    return sorted([*agenda(document), *at_will], key=lambda event: event.day)


@cache
def mended() -> Term:
    """The term with everything that can be done at will, run once."""
    document = small_document()
    return replay(document, among(document, AT_WILL), Mended(document))


def bundle_of_term(term: Term) -> dict[str, bytes]:
    """The bundle of a term that has no data to show."""
    return bundle_files(term, {}, pages(term, {}), signers())


def taken_with(events: Iterable[Event], world: Callable[[Document], World] = Mended) -> Term:
    """The small programme taken through other events."""
    document = small_document()
    return replay(document, events, world(document))
