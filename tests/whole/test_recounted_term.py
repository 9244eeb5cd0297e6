"""A rehearsed term counted again from the files that a stranger gets, by rules written here.

Only JSON is read: applications, orders, the meter's rows and what was decided. What Korea's policy
says of fees, prices and nodes is repeated by hand.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from headgate.bundle.layout import published
from headgate.outcomes import figures_of
from headgate.report.summary import summary_of
from tests.whole.korea import korea

Row = Mapping[str, Any]
NODE, HOUR, PRICE = 8, 3600, 3190
ENDS, DECIDED = "2026-09-16T00:00:00Z", "2026-08-07T00:00:00Z"


@cache
def files() -> Mapping[str, bytes]:
    """The published files of the term, by path."""
    return published(korea().term, korea().data)


def rows(start: str) -> list[Row]:
    """The rows of all files whose path starts so, in order."""
    named = sorted(name for name in files() if name.startswith(start))
    return [json.loads(line) for name in named for line in files()[name].splitlines()]


def quotas(*, after: bool) -> dict[str, Row]:
    """The quota that is ordered first of each award: in the term, or for the next one."""
    orders = [row for row in rows("decisions/order") if (row["at"] >= ENDS) is after]
    by_day = [row["result"]["order"]["quota"] for row in sorted(orders, key=lambda r: r["at"])]
    return {quota["award"]: quota for quota in reversed(by_day)}


def seconds(moment: str) -> int:
    """A moment as seconds."""
    return int(datetime.fromisoformat(moment).timestamp())


def used() -> Counter[str]:
    """GPU-seconds of each award's jobs, by the last that the meter saw of each."""
    last = {(r["cluster"], r["job"], r["attempt"]): r for r in rows("facts/usage")}
    found = Counter[str]()
    for row in last.values():
        ended = min(row["ended"] or row["seen"], ENDS)
        found[row["award"]] += row["gpus"] * (seconds(ended) - seconds(row["started"]))
    return found


def told() -> Mapping[str, int]:
    """What a comparison says of the term as the policy stands."""
    return figures_of(summary_of(korea().term, korea().data))


def test_hours_of_each_class_of_holders_are_those_of_orders_and_of_the_meter() -> None:
    """Granted by the first orders, used by jobs, taken back by decisions; the rest is idle."""
    amounts, by_award = {name: Counter[str]() for name in ("granted", "used", "back")}, used()
    ordered = quotas(after=False)
    for award, quota in ordered.items():
        amounts["granted"][quota["holder"]] += quota["gpu_seconds_budget"]
        amounts["used"][quota["holder"]] += by_award[award]
    for row in rows("decisions/reclaim"):
        holder = ordered[row["subject"].partition("@")[0]]["holder"]
        amounts["back"][holder] += row["result"]["taken"]["gpu_seconds"]
    for holder in ("national", "business", "academia"):
        granted, spent, back = (amounts[name][holder] for name in ("granted", "used", "back"))
        known = [told()[f"compute, {holder}: hours {x}"] for x in ("granted", "used", "taken back")]
        assert [granted // HOUR, spent // HOUR, back // HOUR] == known
        assert (granted - spent - back) // HOUR == told()[f"compute, {holder}: hours idle"]
    assert min(sum(counter.values()) for counter in amounts.values()) > 0


def test_who_is_cut_has_no_gpus_from_the_next_term_on_and_others_have_theirs() -> None:
    """One of five alliances goes, on the round's day; its nodes are divided to the last, its jobs
    end with the term, and the next orders are what everybody had and got.
    """
    decided = {row["subject"]: row for row in rows("decisions/go-on")}
    cut = [n for n, row in decided.items() if row["result"]["decision"] in ("cut", "disqualified")]
    assert {DECIDED} == {row["at"] for row in decided.values()}
    assert (5, 1) == (len(decided), len(cut))
    assert 5 - len(cut) == told()["stage: teams going on"]
    before, after = quotas(after=False), quotas(after=True)
    assert cut[0] in before
    assert cut[0] not in after
    (row,) = rows("decisions/reallocation")
    moved = Counter[str]()
    for movement in row["result"]["movements"]:
        moved[movement["award"]] += movement["blocks"]
    assert before[cut[0]]["gpus_most"] == NODE * sum(moved.values())
    for team in decided.keys() - set(cut):
        assert before[team]["gpus_most"] + NODE * moved[team] == after[team]["gpus_most"]
    theirs = [r for r in rows("facts/usage") if r["award"] == cut[0]]
    assert max(r["ended"] or r["started"] for r in theirs) <= ENDS


def share_of(applicant: Row) -> Fraction:
    """The part of the market price that Korea's policy asks of an applicant."""
    small, young = applicant["size"] in ("micro", "small"), applicant["facts"]["youth_led"]
    if applicant["kind"] in ("university", "institute"):
        return Fraction(0)
    if small:
        return Fraction(1, 40) if young else Fraction(1, 20)
    return Fraction(1, 20) if young and applicant["size"] == "medium" else Fraction(1, 10)


def test_fees_are_the_policys_part_of_the_hours_granted() -> None:
    """3,190 won an hour on either class, for every award of the open call but no alliance."""
    applicants = {row["id"]: row["applicant"] for row in rows("facts/applications/open-1")}
    ordered, fees = quotas(after=False), rows("decisions/fee")
    shares = Counter[Fraction]()
    for row in fees:
        share, fee = share_of(applicants[row["subject"]]), row["result"]
        price = Fraction(fee["granted"] * PRICE, HOUR)
        assert (share, price) == (Fraction(fee["share"]), Fraction(fee["price"]))
        assert abs(price * share - fee["amount"]) <= Fraction(1, 2)
        shares[share] += 1
    billed = {row["subject"] for row in fees}
    assert {award for award in ordered if award.startswith("open-1")} <= billed
    assert {Fraction(0), Fraction(1, 40), Fraction(1, 20), Fraction(1, 10)} == set(shares)
