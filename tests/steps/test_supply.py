"""Supply that changes within a term, whole blocks by site, and hours that carry over its end."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from headgate.core.faults import Faulty
from headgate.core.quantities import DAY_SECONDS
from headgate.steps.meter import meter
from headgate.steps.placing import Shortage, parts_of
from headgate.steps.reallocate import turn
from headgate.steps.term import Holding, Term
from tests.steps.builders import TERM_SECONDS, opened, used
from tests.steps.test_reallocate import applying, running

NEXT_SECONDS = 181 * DAY_SECONDS
"""From 1 September 2026 to 1 March 2027."""

NODE_HALF = 8 * 92 * DAY_SECONDS
"""A node of eight from 1 June to 1 September 2026, half of the term's 184 days."""

B200 = "chip: b200, gpus: 80, state_gpus: 80,\n        usable: 2026-02-01"
SOUTH = "chip: h200, gpus: 48, state_gpus: 32,\n        usable: 2026-02-01"
NORTH = "chip: h200, gpus: 64, state_gpus: 48,\n        usable: 2026-02-01"
ALLIANCE = "decides: 2026-02-10\n    starts: 2026-03-01"


def later(lot: str, day: str) -> tuple[str, str]:
    """The change by which a lot arrives on a day."""
    return lot, lot.replace("2026-02-01", day)


def leaving(lot: str, day: str) -> tuple[str, str]:
    """The change by which a lot's lease ends on a day."""
    return lot, f"{lot}, until: {day}"


def alliance_in_june() -> tuple[str, str]:
    """The change by which the alliances start in the middle of the term."""
    return ALLIANCE, ALLIANCE.replace("2026-03-01", "2026-06-01")


def faults_of_turn(term: Term) -> list[str]:
    """What is said when a term cannot turn; the journal has not grown by then."""
    entries, tree = term.entries, term.tree
    with pytest.raises(Faulty) as refused:
        turn(term)
    assert (entries, tree) == (term.entries, term.tree)
    assert all(f.file == "programme.yaml" and f.line and f.mend for f in refused.value.faults)
    return [f"{fault.code}: {fault.what}" for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("changes", "h200_days", "b200_days", "national"),
    [
        ((), 80 * 184, 80 * 184, 18),
        # From 1 June, b200 serve 92 of 184 days: 80 h200 and 2 x 40 b200 are 20 blocks of 8.
        ((later(B200, "2026-06-01"),), 80 * 184, 80 * 92, 12),
        # Two lots arrive, on 1 June and 1 August: 48 + 32 x 31 / 184 + 80 = 133.4, 16 blocks.
        (
            (later(B200, "2026-06-01"), later(SOUTH, "2026-08-01")),
            48 * 184 + 32 * 31,
            80 * 92,
            10,
        ),
        # A lease ends on 1 April after 31 days: 80 + 2 x 80 x 31 / 184 = 106.9, 13 blocks.
        ((leaving(B200, "2026-04-01"),), 80 * 184, 80 * 31, 8),
    ],
)
def test_a_term_has_what_the_lots_give_between_its_first_and_last_day(
    changes: tuple[tuple[str, str], ...], h200_days: int, b200_days: int, national: int
) -> None:
    """GPUs count for the days they serve, and the envelopes divide no more than that."""
    term = opened(*changes)
    capacity = {c: term.available(f"compute/capacity/{c}") for c in ("h200", "b200")}
    assert {"h200": h200_days * DAY_SECONDS, "b200": b200_days * DAY_SECONDS} == capacity
    names = [f"compute/envelope/{holder}" for holder in ("national", "business", "academia")]
    envelopes = [term.available(name) for name in names]
    assert national * 8 * TERM_SECONDS == envelopes[0]
    assert sum(envelopes) <= capacity["h200"] + 2 * capacity["b200"]
    assert sum(envelopes) > capacity["h200"] + 2 * capacity["b200"] - 8 * TERM_SECONDS


@pytest.mark.parametrize(("base", "blocks"), [(80, 10), (1000, 20)])
def test_a_stated_base_is_divided_but_never_more_than_there_is(base: int, blocks: int) -> None:
    """80 GPUs are ten blocks; a base of 1000 divides the 20 blocks of half a term's b200."""
    stated = ("of: 100\n", f"of: 100\n    base: {base}\n")
    term = opened(stated, later(B200, "2026-06-01"))
    names = [f"compute/envelope/{holder}" for holder in ("national", "business", "academia")]
    assert blocks * 8 * TERM_SECONDS == sum(map(term.available, names))


def test_a_lot_that_arrives_within_the_term_serves_the_call_that_starts_then() -> None:
    """Two alliances hold two nodes each from 1 June, at the site that arrives on that day."""
    term = opened(later(B200, "2026-06-01"), alliance_in_june())
    term = running(term, "alliance", [applying(name, "alliance", 12) for name in "ab"])
    assert {2 * NODE_HALF} == {holding.amount for holding in term.holdings.values()}
    parts = [(p.site, p.blocks) for h in term.holdings.values() for p in h.parts]
    assert [("north", 2), ("north", 2)] == parts
    assert 6 * NODE_HALF == term.available("compute/capacity/b200")


def test_a_second_lot_adds_its_blocks_from_its_day_on() -> None:
    """Before 10 May only the north has room, six nodes; from then on the south has four more."""
    term = opened(later(SOUTH, "2026-05-10"))
    open_call = term.policy(term.starts).calls["open"]
    (part,) = parts_of(term, open_call, [("a", "h200", 6)])
    assert ("north", 6) == (part.site, part.blocks)
    with pytest.raises(Faulty, match=r"7 blocks of 8 gpu of h200 .* have 6 whole blocks"):
        parts_of(term, open_call, [("a", "h200", 4), ("b", "h200", 3)])
    later_call = open_call.model_copy(update={"starts": date(2026, 5, 10)})
    parts = parts_of(term, later_call, [("a", "h200", 6), ("b", "h200", 4)])
    assert [("a", "north", 6), ("b", "south", 4)] == [(p.award, p.site, p.blocks) for p in parts]


def test_a_site_whose_lease_has_ended_has_no_room() -> None:
    """On the day on which a lease ends its lot serves nobody any more, and the policy's line says
    where more could come from.
    """
    term = opened(leaving(B200, "2026-04-01"))
    call = term.policy(term.starts).calls["alliance"]
    assert 10 == sum(p.blocks for p in parts_of(term, call, [("a", "b200", 10)]))
    ended = call.model_copy(update={"starts": date(2026, 4, 1)})
    with pytest.raises(Faulty) as refused:
        parts_of(term, ended, [("a", "b200", 1), ("b", "b200", 1)])
    (fault,) = refused.value.faults
    assert ("room-short", 26) == (fault.code, fault.line)
    assert "2 blocks of 8 gpu of b200 are to start on 2026-04-01" in fault.what
    assert "0 whole blocks" in fault.what


def test_sites_are_counted_in_whole_blocks() -> None:
    """Ten sites of twelve GPUs hold ten blocks of eight, not fifteen."""
    sites = "".join(
        f"      s{n}: {{site: s{n}, operator: S, chip: b200, gpus: 12, state_gpus: 12,\n"
        "        usable: 2026-02-01}\n"
        for n in range(10)
    )
    term = opened(("    lots:\n", f"    lots:\n{sites}"), leaving(B200, "2026-02-02"))
    call = term.policy(term.starts).calls["alliance"]
    asked = [(f"a{n}", "b200", 1) for n in range(11)]
    assert 10 == len(parts_of(term, call, asked[:10]))
    with pytest.raises(Faulty, match=r"11 blocks .* have 10 whole blocks free"):
        parts_of(term, call, asked)


def test_an_award_that_has_ended_leaves_its_room_to_the_next() -> None:
    """Six nodes held until 1 April are free for a call that starts then, and not before."""
    term = opened()
    call = term.policy(term.starts).calls["alliance"]
    parts = parts_of(term, call, [("a", "b200", 10)])
    ten = Holding(
        "a", "alliance", "national", "compute", "b200", 10, 0, term.starts, date(2026, 4, 1), parts
    )
    term = replace(term, holdings={"a": ten})
    in_april = call.model_copy(update={"starts": date(2026, 4, 1)})
    assert 10 == sum(p.blocks for p in parts_of(term, in_april, [("b", "b200", 10)]))
    before = call.model_copy(update={"starts": date(2026, 3, 31)})
    with pytest.raises(Faulty, match=r"10 blocks .* have 0 whole blocks free"):
        parts_of(term, before, [("b", "b200", 10)])


def carrying(*changes: tuple[str, str]) -> Term:
    """x and y have 400 hours of h200 each for six months from 10 May, and have used none."""
    in_time = [replace(applying(n, "hours", 6), at="2026-03-15T00:00:00Z") for n in "xy"]
    return running(opened(*changes), "hours", in_time)


def test_hours_given_earlier_keep_what_an_even_pace_leaves() -> None:
    """On 31 August 71 of 184 days are left of 800 hours at the southern site: 308.7 of the day's
    768 hours are kept there, which leaves two nodes beside the northern six.
    """
    term = carrying()
    call = term.policy(term.starts).calls["open"].model_copy(update={"starts": date(2026, 8, 31)})
    asked = [(f"a{n}", "h200", 1) for n in range(9)]
    sites = Counter(part.site for part in parts_of(term, call, asked[:8]))
    assert {"north": 6, "south": 2} == sites
    with pytest.raises(Faulty, match=r"9 blocks .* have 8 whole blocks free"):
        parts_of(term, call, asked)


def test_hours_that_carry_over_are_promised_once() -> None:
    """With 800 hours carried, the next term has 800 hours less to give, and so has the envelope."""
    term = turn(carrying())
    carried = 800 * 3600
    assert 80 * NEXT_SECONDS - carried == term.available("compute/capacity/h200")
    assert 6 * 8 * NEXT_SECONDS - carried == term.available("compute/envelope/academia")
    assert 6 * 8 * NEXT_SECONDS == term.available("compute/envelope/business")
    moved = {
        t.id: (t.debit, t.credit, t.amount) for t in term.books.history() if t.why == "carried"
    }
    taken = ("compute/capacity/h200", "compute/arrival/h200", 400 * 3600)
    divided = ("compute/envelope/academia", "compute/supply", 400 * 3600)
    assert {
        "carry:x:1": taken,
        "carry-envelope:x:1": divided,
        "carry:y:1": taken,
        "carry-envelope:y:1": divided,
    } == moved


def test_carried_hours_count_in_their_envelope_by_their_rate() -> None:
    """Hours of a chip that is worth two take twice as much out of the envelope."""
    term = turn(carrying(("rates: {h200: 1, b200: 2}", "rates: {h200: 2, b200: 2}")))
    assert 80 * NEXT_SECONDS - 800 * 3600 == term.available("compute/capacity/h200")
    assert 8 * 8 * NEXT_SECONDS - 2 * 800 * 3600 == term.available("compute/envelope/academia")


def test_books_stay_balanced_over_a_carry() -> None:
    """Unit by unit all debits are all credits, with rights that went over the term's end."""
    sums: Counter[str] = Counter()
    term = turn(carrying())
    for path, balance in term.books.balances.items():
        account = term.books.chart.find(path)
        assert account is not None
        sums[account.unit] += balance.debits_posted - balance.credits_posted
    assert {"gpu_second.h200", "gpu_second.b200", "weighted_gpu_second"} <= sums.keys()
    assert {0} == set(sums.values())


def test_what_was_used_up_is_not_carried() -> None:
    """Who has used all hours goes on with none; nothing is taken out for nothing."""
    term = carrying()
    row = used("j", "x", 40, "2026-05-10T00:00:00Z", "2026-05-10T10:00:00Z", "2026-06-01T00:00:00Z")
    term = turn(meter(term, [row], term.ends))
    assert 0 == term.holdings["x"].amount
    moved = [t.id for t in term.books.history() if t.why == "carried"]
    assert ["carry:y:1", "carry-envelope:y:1"] == moved


def test_hours_whose_site_has_gone_are_placed_anew() -> None:
    """Carried hours stay where they are; where their site has left they go to one that is there."""
    sites = {p.site for h in turn(carrying()).holdings.values() for p in h.parts}
    assert {"south"} == sites
    term = turn(carrying(leaving(SOUTH, "2026-09-01")))
    assert [4, 4] == [sum(p.blocks for p in h.parts) for h in term.holdings.values()]
    assert {"north"} == {p.site for h in term.holdings.values() for p in h.parts}


def two_alliances(*changes: tuple[str, str]) -> Term:
    """a and b hold two nodes of b200 each for a year."""
    return running(opened(*changes), "alliance", [applying(n, "alliance", 12) for n in "ab"])


def test_a_lot_that_is_gone_is_said_by_class_and_rule() -> None:
    """Four nodes for 181 days go on, of a class of which no lot is left: not a word of ledgers.

    Ten blocks are left to divide, of which six are national; four nodes at rate two are eight.
    """
    node = 8 * NEXT_SECONDS
    assert [
        (
            f"capacity-short: {4 * node:,} gpu_second.b200 go on into the term from 2026-09-01 by"
            " calls.alliance; the lots give 0 until 2027-03-01"
        ),
        (
            "room-short: 4 blocks of 8 gpu of b200 are to start on 2026-09-01; its sites have"
            " 0 whole blocks free then"
        ),
        (
            f"envelope-short: {8 * node:,} weighted_gpu_second of national go on into the term from"
            f" 2026-09-01 by calls.alliance; its envelope has {6 * node:,}"
        ),
    ] == faults_of_turn(two_alliances(leaving(B200, "2026-09-01")))


def test_a_smaller_envelope_is_said_by_holder_and_rule() -> None:
    """Four nodes at rate two are eight blocks, and a tenth of thirty blocks are three."""
    shares = "    shares: {national: 60, business: 20, academia: 20}\n"
    dated = (
        "    shares:\n"
        "      - {value: {national: 60, business: 20, academia: 20}, until: 2026-09-01}\n"
        "      - {value: {national: 10, business: 70, academia: 20}, from: 2026-09-01}\n"
    )
    node = 8 * NEXT_SECONDS
    assert [
        (
            f"envelope-short: {8 * node:,} weighted_gpu_second of national go on into the term from"
            f" 2026-09-01 by calls.alliance; its envelope has {3 * node:,}"
        )
    ] == faults_of_turn(two_alliances((shares, dated)))


def test_blocks_that_no_site_holds_whole_are_said() -> None:
    """Eighty GPUs in twenty sites of four are enough seconds, and not one node of eight."""
    pieces = "".join(
        f"      p{n}: {{site: p{n}, operator: P, chip: b200, gpus: 4, state_gpus: 4,\n"
        "        usable: 2026-09-01}\n"
        for n in range(20)
    )
    lots = ("    lots:\n", f"    lots:\n{pieces}")
    assert [
        (
            "room-short: 4 blocks of 8 gpu of b200 are to start on 2026-09-01; its sites have"
            " 0 whole blocks free then"
        )
    ] == faults_of_turn(two_alliances(lots, leaving(B200, "2026-09-01")))


def test_hours_that_nothing_can_bear_any_more_are_said() -> None:
    """All h200 leave with the term, and 800 hours were to go on."""
    changes = leaving(NORTH, "2026-09-01"), leaving(SOUTH, "2026-09-01")
    told = faults_of_turn(carrying(*changes))
    assert (
        f"capacity-short: {800 * 3600:,} gpu_second.h200 go on into the term from 2026-09-01 by"
        " calls.hours; the lots give 0 until 2027-03-01"
    ) == told[0]
    assert ["capacity-short", "room-short"] == [line.partition(":")[0] for line in told]


def test_every_shortage_is_provoked() -> None:
    """The codes of shortages are those that the tests above expect, and no others."""
    assert {"room-short", "capacity-short", "envelope-short"} == {s.value for s in Shortage}
