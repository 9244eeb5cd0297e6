"""Checks of what the sections of a policy say together on one day.

Each check yields the path it speaks about beside the fault: where a part under that path had to be
pruned, because it was faulty itself, the fault would be a consequence and is dropped.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.award_rules import TieBreak
from headgate.core.policy.clocks import Days
from headgate.core.policy.codes import Code
from headgate.core.policy.fee_checks import unpriced
from headgate.core.policy.names import meant
from headgate.core.policy.primitives import Share
from headgate.core.policy.round_checks import round_faults
from headgate.core.policy.running_rules import NO_RULES, Overdue
from headgate.core.policy.schema import Calendar, Call, Policy
from headgate.core.policy.sharing import SPOT
from headgate.core.policy.spots import (
    FULL_POINTS,
    Found,
    Spots,
    in_order,
    name_known,
    weigh_whole,
    within_whole,
)
from headgate.core.policy.values import Loc, Value, walk
from headgate.core.quantities import DAY_SECONDS, add_months
from headgate.core.supports import AnySupport, Compute

Shortage = tuple[Code, Mapping[str, object]]
FACTS = ("id", "kind", "size", "region", "founded", "age_days")
APPLICATION_FACTS = ("id", "call", "months", "members", "requests")


def together_faults(policy: Policy, root: Value, pruned: frozenset[Loc]) -> Iterator[Fault]:
    """All faults of a typed policy whose subject was not pruned."""
    spots = Spots(root)
    checks: tuple[Callable[[Policy, Spots], Found], ...] = (
        _version, _repeated, _supports, _fields, _labels, _attachments, _envelopes, _calls, _supply,
        _reclaims, _reports, _clocks, unpriced, round_faults,
    )  # fmt: skip
    for check in checks:
        for subject, fault in check(policy, spots):
            if not any(loc[: len(subject)] == subject for loc in pruned):
                yield fault


def _version(policy: Policy, spots: Spots) -> Found:
    if policy.headgate != 1:
        place = spots.at("headgate")
        yield ("headgate",), Code.VERSION_UNKNOWN.at(place, value=policy.headgate)


def _repeated(_: Policy, spots: Spots) -> Found:
    """Two items of one list with the same id."""
    for path, value in walk(spots.root):
        first: dict[str, Value] = {}
        for item in value.data if isinstance(value.data, tuple) else ():
            if item.id is None:
                continue
            if item.id in first:
                line = first[item.id].provenance.line
                yield path, Code.ID_TWICE.at(item.provenance, name=item.id, first=line)
            first.setdefault(item.id, item)


def _supports(policy: Policy, spots: Spots) -> Found:
    for name, support in policy.supports.items():
        here = ("supports", name)
        unknown = Code.CHIP_UNKNOWN if isinstance(support, Compute) else Code.CLASS_UNKNOWN
        for identity, lot in support.lots.items():
            path = (*here, "lots", identity)
            among = (*here, support.classes_at)
            yield from name_known(spots, (*path, lot.of_at), lot.of, among, unknown)
            if lot.until is not None and lot.until <= lot.usable:
                days = {"until": lot.until, "usable": lot.usable}
                yield path, Code.LOT_DATES.at(spots.at(*path, "until"), **days)
        if isinstance(support, Compute):
            yield from _chips(support, spots, here)


def _chips(support: Compute, spots: Spots, here: Loc) -> Found:
    """Every chip has its rate, and a lot no more of the state's GPUs, nor out of service, than it
    has.
    """
    for chip in support.chips:
        if support.measure_by == "rates" and chip not in support.rates:
            place = spots.at(*here, "chips", chip)
            yield (*here, "rates"), Code.RATE_MISSING.at(place, name=chip)
    for identity, lot in support.lots.items():
        path = (*here, "lots", identity)
        if lot.state_gpus > lot.gpus:
            words = {"state": lot.state_gpus, "gpus": lot.gpus}
            yield path, Code.LOT_STATE.at(spots.at(*path, "state_gpus"), **words)
        for n, window in enumerate(lot.maintenance):
            if window.ends <= window.begins or window.gpus > lot.state_gpus:
                place = spots.at(*path, "maintenance", str(n))
                words = {**window.model_dump(), "state": lot.state_gpus}
                yield path, Code.MAINTENANCE_WRONG.at(place, **words)


def _fields(policy: Policy, spots: Spots) -> Found:
    """A form field must not hide a fact that everyone has."""
    forms: list[tuple[Loc, tuple[str, ...]]] = [(("organisations", "fields"), FACTS)]
    forms += [(("calls", name, "fields"), APPLICATION_FACTS) for name in policy.calls]
    for path, taken in forms:
        for name in spots.names(*path):
            if name in taken:
                yield path, Code.FIELDS_CLASH.at(spots.at(*path, name), name=name)


def _labels(policy: Policy, spots: Spots) -> Found:
    """A label of nothing is most likely misspelt."""
    known = (*policy.organisations.kinds, *policy.organisations.sizes)
    path: Loc = ("organisations", "labels")
    for name in spots.names(*path):
        if name not in known:
            spot = spots.at(*path, name)
            yield path, Code.KEY_UNKNOWN.at(spot, key=name, mend=meant(name, known))


def _attachments(policy: Policy, spots: Spots) -> Found:
    """A document has a type, and no name that an answer or a fact has."""
    for call_id, call in policy.calls.items():
        path: Loc = ("calls", call_id, "attachments")
        for name, asked in call.attachments.items():
            if not asked.types:
                here = (*path, name, "types")
                yield here, Code.EMPTY_SECTION.at(spots.at(*here), path=".".join(here))
        for name in spots.names(*path):
            if name in APPLICATION_FACTS or name in call.fields:
                yield path, Code.FIELDS_CLASH.at(spots.at(*path, name), name=name)


def _envelopes(policy: Policy, spots: Spots) -> Found:
    for name, envelope in policy.envelopes.items():
        here = ("envelopes", name)
        yield from name_known(spots, here, name, ("supports",), Code.SUPPORT_UNKNOWN)
        for holder in envelope.shares:
            path = (*here, "shares", holder)
            yield from name_known(spots, path, holder, ("holders",), Code.HOLDER_UNKNOWN)
        inference = envelope.sharing and envelope.sharing.inference
        for chip in inference.first if inference else ():
            place, chips = (
                (*here, "sharing", "inference", "first", chip),
                ("supports", name, "chips"),
            )
            yield from name_known(spots, place, chip, chips, Code.CHIP_UNKNOWN)
        if SPOT in envelope.shares and envelope.sharing and envelope.sharing.spot:
            path = (*here, "shares", SPOT)
            yield path, Code.SPOT_TAKEN.at(spots.at(*path), name=SPOT)
        total = sum(envelope.shares.values())
        if total != envelope.of:
            words = {"path": ".".join(here), "sum": total, "of": envelope.of}
            yield here, Code.SHARES_SUM.at(spots.at(*here, "shares"), **words)
        yield from _block(policy.supports.get(name), envelope.block, spots, (*here, "block"))


def _block(support: AnySupport | None, block: Mapping[str, int], spots: Spots, path: Loc) -> Found:
    """A block is one number of a unit in which the support is given."""
    if len(block) != 1:
        yield path, Code.UNIT_COUNT.at(spots.at(*path))
    for unit in block if support is not None else ():
        if support is not None and unit not in support.block_units:
            units = ", ".join(support.block_units)
            yield path, Code.UNIT_UNKNOWN.at(spots.at(*path, unit), name=unit, units=units)


def _calls(policy: Policy, spots: Spots) -> Found:
    for name, call in policy.calls.items():
        here: Loc = ("calls", name)
        path: Loc = (*here, "repeat")
        if (repeat := call.repeat) is not None and repeat.clear:
            yield here, Code.REPEAT_TAKEN.at(spots.at(*here, "repeat"), name=name)
        elif repeat is not None:
            reason = Sentence("one of months and days, and not both")
            yield here, Code.VALUE_WRONG.at(spots.at(*path), path=".".join(path), reason=reason)
        support = policy.supports.get(call.support)
        path = (*here, "support")
        yield from name_known(spots, path, call.support, ("supports",), Code.SUPPORT_UNKNOWN)
        for index, holder in enumerate(call.holders):
            path = (*here, "holders", str(index))
            yield from name_known(spots, path, holder, ("holders",), Code.HOLDER_UNKNOWN)
        yield from _block(support, call.block, spots, (*here, "block"))
        yield from _dates(call, spots, here)
        yield from _stages(call, spots, here)
        yield from _offers(call, support, spots, here)
        yield from _marks(call, spots, here)
        if call.outside_grants is not None:
            yield from name_known(
                spots,
                (*here, "outside_grants", "gate"),
                call.outside_grants.gate,
                (*here, "gates"),
                Code.GATE_UNKNOWN,
            )
        for floor in call.floors:
            path = (*here, "floors", floor.id, "holder")
            if floor.holder is not None:
                yield from name_known(spots, path, floor.holder, ("holders",), Code.HOLDER_UNKNOWN)
        shares: list[tuple[Loc, Share]] = [
            (("floors", floor.id, "share"), floor.share) for floor in call.floors
        ]
        shares += [(("concentration", c.id, "share"), c.share) for c in call.concentration]
        shares += [(("extra_block_worth",), call.extra_block_worth), (("gap",), call.gap)]
        if call.outside_grants is not None:
            shares.append((("outside_grants", "alike"), call.outside_grants.alike))
        for inner, share in shares:
            yield from within_whole(spots, (*here, *inner), share)


def _dates(call: Call, spots: Spots, here: Loc) -> Found:
    if call.closes < call.opens:
        days = {"closes": call.closes, "opens": call.opens}
        yield here, Code.OPENS_AFTER_CLOSES.at(spots.at(*here, "closes"), **days)
    if call.decides < call.closes:
        days = {"decides": call.decides, "closes": call.closes}
        yield here, Code.DECIDES_BEFORE_CLOSES.at(spots.at(*here, "decides"), **days)
    if call.starts < call.decides:
        days = {"starts": call.starts, "decides": call.decides}
        yield here, Code.STARTS_BEFORE_DECIDES.at(spots.at(*here, "starts"), **days)


def _stages(call: Call, spots: Spots, here: Loc) -> Found:
    """Stages lie in order between closing and decision, and each keeps fewer than the last."""
    earliest = call.closes
    for stage in call.stages:
        if not earliest <= stage.on <= call.decides:
            words = {"name": stage.id, "day": stage.on}
            span = {"closes": call.closes, "decides": call.decides}
            place = spots.at(*here, "stages", stage.id, "on")
            yield (*here, "stages"), Code.STAGE_DATE.at(place, **words, **span)
        earliest = max(earliest, stage.on)
    for before, stage in pairwise(call.stages):
        if stage.keeps >= before.keeps:
            words = {"name": stage.id, "keeps": stage.keeps, "before": before.keeps}
            place = spots.at(*here, "stages", stage.id, "keeps")
            yield (*here, "stages"), Code.STAGE_KEEPS.at(place, **words)


def _offers(call: Call, support: AnySupport | None, spots: Spots, here: Loc) -> Found:
    """Offers are whole blocks of classes that the support has, and no cap is above its offer."""
    size = next(iter(call.block.values()), 1)
    for name, terms in call.classes.items():
        path = (*here, "classes", name)
        among = ("supports", call.support, support.classes_at if support else "")
        if spots.names(*among):
            yield from name_known(spots, path, name, among, Code.CLASS_UNKNOWN)
        if terms.cap_blocks * size > terms.offered:
            words = {"cap": terms.cap_blocks * size, "name": name, "offered": terms.offered}
            yield path, Code.CAP_ABOVE_OFFER.at(spots.at(*path, "cap_blocks"), **words)
        if terms.offered % size:
            words = {"offered": terms.offered, "block": size}
            yield path, Code.OFFER_NOT_WHOLE.at(spots.at(*path, "offered"), **words)


def _marks(call: Call, spots: Spots, here: Loc) -> Found:
    """Criteria weigh 100 together, the pass mark can be reached, ties end, a panel has a size."""
    path = (*here, "criteria")
    yield from weigh_whole(spots, path, [criterion.weight for criterion in call.criteria])
    if call.pass_mark is not None and call.pass_mark > FULL_POINTS:
        words = {"mark": call.pass_mark, "full": FULL_POINTS}
        yield here, Code.PASS_MARK.at(spots.at(*here, "pass_mark"), **words)
    breaks, listed = [*TieBreak], ".".join((*here, "ties"))
    for index, (before, tie) in enumerate(pairwise(call.ties), 1):
        if breaks.index(tie) <= breaks.index(before):
            place = spots.at(*here, "ties", str(index))
            yield (*here, "ties"), Code.TIES_ORDER.at(place, path=listed, name=tie.value)
    if call.panel is not None:
        yield from in_order(spots, (*here, "panel"), call.panel.least, call.panel.most)


def _supply(policy: Policy, spots: Spots) -> Found:
    """All calls of a support together offer no more than its lots give, while awards may last."""
    for name, call in policy.calls.items():
        support = policy.supports.get(call.support)
        if support is None or any(lot.of not in support.classes for lot in support.lots.values()):
            continue
        sharing = {
            other: terms
            for other, terms in policy.calls.items()
            if terms.support == call.support
            and len(terms.block) == 1
            and set(terms.block) <= set(support.block_units)
        }
        for kind in call.classes if name in sharing else ():
            if kind in support.classes:
                same = {n: c for n, c in sharing.items() if kind in c.classes}
                offers = Offers(policy.programme.calendar, support, kind, same)
                place = spots.at("calls", name, "classes", kind, "offered")
                for code, words in (*offers.blocks_short(call), *offers.hours_short(call)):
                    # A lot that had to be pruned is missed here, and is told where it is faulty.
                    yield ("supports", call.support), code.at(place, name=kind, **words)


@dataclass(frozen=True, slots=True)
class Offers:
    """What all calls that share a class offer of it, held against what its lots give."""

    calendar: Calendar
    support: AnySupport
    kind: str
    calls: Mapping[str, Call]

    def blocks_short(self, call: Call) -> Iterator[Shortage]:
        """Blocks held for a time need whole blocks of sites: when the call starts, and on every day
        within its longest award on which a lot leaves.
        """
        if self._size(call) is None:
            return
        begins, ends = self._begins(call), self._ends(call)
        untils = {lot.until for lot in self.support.lots.values() if lot.of == self.kind}
        leaving = sorted(day for day in untils if day is not None and begins < day < ends)
        for day in (begins, *leaving):
            code = Code.OFFER_ABOVE_SUPPLY if day == begins else Code.OFFER_OUTLASTS_LOT
            for words in self._blocks_short(day):
                yield code, words

    def _blocks_short(self, day: date) -> Iterator[Mapping[str, object]]:
        """The first block size for which blocks of at least that size do not find their place."""
        sites = self.support.sites(day)[self.kind].values()
        held = {
            name: (size, call.classes[self.kind].offered)
            for name, call in self.calls.items()
            if (size := self._size(call)) is not None
            and self._begins(call) <= day < self._ends(call)
        }
        for block in sorted({size for size, _ in held.values()}):
            there = sum(units // block * block for units in sites)
            offers = {name: units for name, (size, units) in held.items() if size >= block}
            if sum(offers.values()) > there:
                words = {"offered": sum(offers.values()), "calls": ", ".join(offers)}
                yield {**words, "day": day, "supply": there, "block": block}
                return

    def hours_short(self, call: Call) -> Iterator[Shortage]:
        """Hours need what the lots give from the call's start to the end of the term it starts in,
        at the sites that are there on the first day, beside the blocks that are held meanwhile.
        """
        day = self._begins(call)
        until = self._turn(day)
        wanted = {
            name: amount
            for name, other in self.calls.items()
            if (amount := self._wanted(other, day, until))
        }
        granted = [call for name in wanted if self._size(call := self.calls[name]) is None]
        there = sum(
            self.support.capacity(self.kind, day, until, site)
            for site in self.support.sites(day)[self.kind]
        )
        if granted and sum(wanted.values()) > there:
            unit = next(iter(granted[0].block))
            one = self.support.amount({unit: 1}, 1, 0)
            words = {"offered": -(-sum(wanted.values()) // one), "unit": unit, "day": day}
            more = {"until": until, "calls": ", ".join(wanted), "supply": there // one}
            yield Code.HOURS_ABOVE_SUPPLY, {**words, **more}

    def _wanted(self, call: Call, day: date, until: date) -> int:
        """What a call may use of the class between two days, in the unit of awards.

        Hours granted within the time count whole; of earlier ones, what an even pace leaves.
        """
        begins, ends = self._begins(call), self._ends(call)
        ((unit, _),), offered = call.block.items(), call.classes[self.kind].offered
        if begins >= min(until, ends) or ends <= day:
            return 0
        if self._size(call) is not None:
            days = (min(ends, until) - max(begins, day)).days
            return self.support.amount({unit: 1}, offered, days * DAY_SECONDS)
        amount = self.support.amount({unit: 1}, offered, 0)
        return -(-amount * (ends - max(begins, day)).days // (ends - begins).days)

    def _size(self, call: Call) -> int | None:
        """The units of a block that is held for a time; None for hours."""
        return self.support.held_at_once(call.block, 1)

    def _begins(self, call: Call) -> date:
        """Awards of a call begin on its day, and never before the first term."""
        return max(call.starts, self.calendar.first)

    def _ends(self, call: Call) -> date:
        """The first day after a call's longest award."""
        return _after(self._begins(call), call.months_most)

    def _turn(self, day: date) -> date:
        """The first day of the term after the one that a day lies in."""
        first, months = self.calendar.first, self.calendar.months
        terms = ((day.year - first.year) * 12 + day.month - first.month) // months
        turns = (_after(first, months * (terms + later)) for later in (0, 1))
        return next((turn for turn in turns if turn > day), date.max)


def _after(day: date, months: int) -> date:
    """The day some months on; the calendar's last year for absurd lengths."""
    months_left = (date.max.year - day.year) * 12
    return add_months(day, min(months, months_left - 12))


def _reclaims(policy: Policy, spots: Spots) -> Found:
    for name, reclaim in policy.reclaim.items():
        here = ("reclaim", name)
        yield from name_known(spots, here, name, ("supports",), Code.SUPPORT_UNKNOWN)
        yield from within_whole(spots, (*here, "elapsed"), reclaim.elapsed, below_one=True)
        for step in reclaim.steps:
            yield from within_whole(spots, (*here, "steps", step.id, "used_below"), step.used_below)
            yield from within_whole(spots, (*here, "steps", step.id, "loses"), step.loses)
        if reclaim.explanation is not None:
            path = (*here, "explanation", "spares_most")
            yield from within_whole(spots, path, reclaim.explanation.spares_most)


def _clocks(policy: Policy, spots: Spots) -> Found:
    """What is invoiced is owed, and working days are counted where days of rest are known."""
    for name, call in policy.calls.items():
        path: Loc = ("calls", name, "invoice")
        if call.invoice is not None and call.fee is None:
            yield path, Code.INVOICE_WITHOUT_FEE.at(spots.at(*path), name=name)
        if policy.programme.calendar.rest is not None:
            continue
        for section in ("standby", "appeals", "invoice"):
            for clock, days in getattr(call, section) or ():
                if isinstance(days, Days) and days.working:
                    path = ("calls", name, section, clock)
                    place, told = spots.at(*path), ".".join(path)
                    yield path, Code.WORKING_DAYS_UNKNOWN.at(place, path=told)


def _reports(policy: Policy, spots: Spots) -> Found:
    """A report has one day; one that comes after the award's end can no longer end it."""
    for name, call in policy.calls.items():
        for report in (call.running or NO_RULES).reports:
            path: Loc = ("calls", name, "running", "reports", report.id)
            months, late = report.after_months, report.overdue is Overdue.ENDS_AWARD
            if (months is None) == (report.after_end_days is None) or (late and months is None):
                form = "one of after_months and after_end_days; ends_award needs the first"
                reason = Sentence(form)
                yield path, Code.VALUE_WRONG.at(spots.at(*path), path=".".join(path), reason=reason)
