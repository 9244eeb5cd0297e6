"""What calls offer together is held against what the lots give, on every day that matters."""

import pytest

from headgate.core.policy.check import check
from tests.core.policy.small import SMALL, small


def lot(name: str, gpus: int, usable: str = "2026-03-01", until: str = "") -> str:
    """One lot of h200 on a site of its own name."""
    end = f", until: {until}" if until else ""
    where = f"site: {name}, operator: N, chip: h200, gpus: {gpus}, state_gpus: {gpus}"
    return f"      {name}: {{{where}, usable: {usable}{end}}}\n"


def call(name: str, offered: int, block: str, starts: str = "2026-03-01", months: int = 6) -> str:
    """One call for h200, decided before anything starts."""
    return (
        f"  {name}:\n    name: {{en: A call}}\n    support: compute\n    opens: 2026-01-01\n"
        f"    closes: 2026-01-10\n    decides: 2026-01-20\n    starts: {starts}\n"
        f"    months_most: {months}\n    holders: [business]\n    block: {{{block}}}\n"
        f"    classes: {{h200: {{offered: {offered}, cap_blocks: 1}}}}\n"
    )


def told(lots: str, calls: str, calendar: str = "months: 6") -> list[str]:
    """The faults of a programme with these lots and calls: their codes and what they say."""
    text = SMALL.replace("    lots: {}\n", f"    lots:\n{lots}")
    text = text.replace("months: 6", calendar, 1)
    return [f"{fault.code}: {fault.what}" for fault in check(small(f"{text}calls:\n{calls}"))]


DAY = 24
BLOCKS = [
    # As much as there is, and one block more.
    (lot("a", 80), call("one", 80, "gpu: 8"), []),
    (lot("a", 80), call("one", 88, "gpu: 8"), [("offer-above-supply", 88, "2026-03-01", 80, 8)]),
    # Ten sites of twelve hold ten blocks of eight; in blocks of four they hold everything.
    ("".join(lot(f"s{n}", 12) for n in range(10)), call("one", 80, "gpu: 8"), []),
    (
        "".join(lot(f"s{n}", 12) for n in range(10)),
        call("one", 88, "gpu: 8"),
        [("offer-above-supply", 88, "2026-03-01", 80, 8)],
    ),
    ("".join(lot(f"s{n}", 12) for n in range(10)), call("one", 120, "gpu: 4"), []),
    # Blocks of eight leave four on each site: forty GPUs in blocks of four go beside them.
    (
        "".join(lot(f"s{n}", 12) for n in range(10)),
        call("one", 80, "gpu: 8") + call("two", 40, "gpu: 4", "2026-04-01", 3),
        [],
    ),
    (
        "".join(lot(f"s{n}", 12) for n in range(10)),
        call("one", 80, "gpu: 8") + call("two", 44, "gpu: 4", "2026-04-01", 3),
        [("offer-above-supply", 124, "2026-04-01", 120, 4)],
    ),
    # The call waits for its lot, or does not; the old lot's last day lies within the award, or not.
    (lot("a", 80, "2026-05-01"), call("one", 80, "gpu: 8", "2026-05-01"), []),
    (
        lot("a", 80, "2026-05-01"),
        call("one", 80, "gpu: 8", "2026-04-30"),
        [("offer-above-supply", 80, "2026-04-30", 0, 8)],
    ),
    (lot("a", 80, until="2026-06-01"), call("one", 80, "gpu: 8", months=3), []),
    (
        lot("a", 80, until="2026-05-31"),
        call("one", 80, "gpu: 8", months=3),
        [("offer-outlasts-lot", 80, "2026-05-31", 0, 8)],
    ),
    # One lot follows another on the day on which it leaves, with fewer GPUs.
    (
        lot("a", 80, until="2026-06-01") + lot("b", 72, "2026-06-01"),
        call("one", 80, "gpu: 8"),
        [("offer-outlasts-lot", 80, "2026-06-01", 72, 8)],
    ),
    # Whose awards end on the day on which a lot leaves is not told; who goes on beside them is.
    (
        lot("a", 80, until="2026-06-01") + lot("b", 32, "2026-06-01"),
        call("one", 40, "gpu: 8", months=3) + call("two", 40, "gpu: 8"),
        [("offer-outlasts-lot", 40, "2026-06-01", 32, 8)],
    ),
    # Two leave one after the other; each day is told.
    (
        lot("a", 40, until="2026-05-01") + lot("b", 40, until="2026-06-01"),
        call("one", 80, "gpu: 8"),
        [
            ("offer-outlasts-lot", 80, "2026-05-01", 40, 8),
            ("offer-outlasts-lot", 80, "2026-06-01", 0, 8),
        ],
    ),
    # A call of long ago begins with the first term, and lasts from then.
    (lot("a", 80), call("one", 80, "gpu: 8", "2026-02-01", 1), []),
    # One ends on the day on which the other begins.
    (
        lot("a", 80),
        call("one", 80, "gpu: 8", months=3) + call("two", 80, "gpu: 8", "2026-06-01", 3),
        [],
    ),
]


@pytest.mark.parametrize(("lots", "calls", "expected"), BLOCKS)
def test_blocks_on_offer_have_their_sites_for_as_long_as_they_may_be_held(
    lots: str, calls: str, expected: list[tuple[str, int, str, int, int]]
) -> None:
    """Whole blocks by site on the first day, and on every later day on which a lot leaves."""
    faults = told(lots, calls)
    assert len(expected) == len(faults)
    for (code, offered, day, supply, block), fault in zip(expected, faults, strict=True):
        assert fault.startswith(f"{code}: ")
        for word in (f"{offered} of h200", day, f"have {supply} ", f"blocks of {block}"):
            assert word in fault


HOURS = [
    # 184 days of 10 GPUs; 92 days of a lease that ends; 31 days of a lot that joins on its site.
    (lot("a", 10), call("one", 184 * 10 * DAY, "gpu_hour: 1"), None),
    (lot("a", 10), call("one", 184 * 10 * DAY + 1, "gpu_hour: 1"), 184 * 10 * DAY),
    (lot("a", 10, until="2026-06-01"), call("one", 92 * 10 * DAY, "gpu_hour: 1"), None),
    (
        lot("a", 10, until="2026-06-01"),
        call("one", 92 * 10 * DAY + 1, "gpu_hour: 1"),
        92 * 10 * DAY,
    ),
    # A site that comes later has no room on the first day.
    (
        lot("a", 10) + lot("b", 10, "2026-08-01"),
        call("one", 184 * 10 * DAY + 1, "gpu_hour: 1"),
        184 * 10 * DAY,
    ),
    # The term ends the time, not the award: 153 days from 1 April.
    (lot("a", 10), call("one", 153 * 10 * DAY, "gpu_hour: 1", "2026-04-01", 12), None),
    (
        lot("a", 10),
        call("one", 153 * 10 * DAY + 1, "gpu_hour: 1", "2026-04-01", 12),
        153 * 10 * DAY,
    ),
    # In the second term, 181 days.
    (lot("a", 10), call("one", 181 * 10 * DAY, "gpu_hour: 1", "2026-09-01", 12), None),
    (
        lot("a", 10),
        call("one", 181 * 10 * DAY + 1, "gpu_hour: 1", "2026-09-01", 12),
        181 * 10 * DAY,
    ),
    # Half of six months' hours are spent at an even pace by 1 June; as much may be given again.
    (
        lot("a", 10),
        call("one", 184 * 10 * DAY // 2, "gpu_hour: 1")
        + call("two", 92 * 10 * DAY // 2, "gpu_hour: 1", "2026-06-01", 3),
        None,
    ),
    (
        lot("a", 10),
        call("one", 184 * 5 * DAY, "gpu_hour: 1")
        + call("two", 92 * 5 * DAY + 1, "gpu_hour: 1", "2026-06-01", 3),
        92 * 10 * DAY,
    ),
    # Eight GPUs are held as a block; two are left for hours.
    (lot("a", 10), call("one", 8, "gpu: 8") + call("two", 184 * 2 * DAY, "gpu_hour: 1"), None),
    (
        lot("a", 10),
        call("one", 8, "gpu: 8", months=12)
        + call("two", 92 * 2 * DAY + 1, "gpu_hour: 1", "2026-06-01"),
        92 * 10 * DAY,
    ),
]


@pytest.mark.parametrize(("lots", "calls", "supply"), HOURS)
def test_hours_on_offer_are_those_the_lots_give_until_the_term_ends(
    lots: str, calls: str, supply: int | None
) -> None:
    """Every hour on offer can be used, beside blocks that are held and hours given earlier."""
    faults = told(lots, calls)
    found = [fault.rpartition(" ")[2] for fault in faults]
    assert ([] if supply is None else [str(supply)]) == found
    assert all(fault.startswith("hours-above-supply: ") for fault in faults)


@pytest.mark.parametrize("months", [1, 6, 120])
def test_absurd_lengths_of_awards_are_no_trouble(months: int) -> None:
    """An award of a million years is held against the lots like any other."""
    calls = call("one", 8, "gpu: 8", months=10**9) + call("two", 9, "gpu_hour: 1", months=10**9)
    assert [] == told(lot("a", 80), calls, f"months: {months}")
