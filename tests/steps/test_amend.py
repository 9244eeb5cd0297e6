"""What is asked of running awards: every kind does what it says, and nothing that it may not."""

import hashlib
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.duties.amendment import Amendment, AmendmentFault, Change
from headgate.core.duties.reports import due, overdue
from headgate.core.evaluation.conduct import Conduct, HandOver
from headgate.core.faults import Faulty
from headgate.core.policy.running_rules import Overdue, Report
from headgate.core.quantities import DAY_SECONDS, instant
from headgate.core.supports.text import Text
from headgate.steps.amend import amend, with_hand_overs
from headgate.steps.enforce import orders_of
from headgate.steps.meter import meter, reclaim
from headgate.steps.reallocate import turn
from headgate.steps.rights import give
from headgate.steps.term import Term
from tests.steps.builders import TERM_SECONDS, applicant, awarded, balances, opened, used
from tests.steps.test_supply import B200, leaving

WORDS = hashlib.sha256(b"why").hexdigest()
MAY, JUNE = date(2026, 5, 20), date(2026, 6, 1)
ENDS = ("overdue: is_shown", "overdue: ends_award")
DAY_OF_NODE = 8 * DAY_SECONDS
H200 = "      h200: {offered: 48, cap_blocks: 4}"
CHANGE_OF_CLASS = (
    ("b200: {offered: 80, cap_blocks: 2}", "b200: {offered: 72, cap_blocks: 2}"),
    (H200, f"{H200}\n      b200: {{offered: 8, cap_blocks: 1}}"),
    ("overdue: is_shown", "overdue: is_shown\n      change_class: true"),
)
"""The changes by which the open call has two classes and lets its awards change between them."""


def running(months: int = 6, *changes: tuple[str, str]) -> Term:
    """Award `a` holds two nodes of h200 from 1 March; the call's clocks are the programme's own."""
    return awarded(opened(*changes), [applicant("a", 2, months=months)], {"a": 9})


def asks(change: Change, day: date = MAY, **parts: Any) -> Amendment:
    """A request that was asked and granted on one day."""
    told: dict[str, Any] = {"granted": True, "asked": day, **parts}
    return Amendment("a", "open", change, day=day, words=WORDS, reason=WORDS, **told)


def granted(term: Term, asked: Amendment, name: str = "n-1") -> Term:
    """The term after a request."""
    return amend(term, [asked], name, asked.day)


def faults(term: Term, asked: Amendment, day: date | None = None) -> set[AmendmentFault]:
    """What keeps a request from being granted."""
    with pytest.raises(Faulty) as told:
        amend(term, [asked], "m-1", day or asked.day)
    codes = {f.code.removeprefix("amendment-") for f in told.value.faults}
    return {fault for fault in AmendmentFault if fault.value in codes}


def test_an_explanation_spares_its_part_of_the_loss() -> None:
    """Half of a quarter stays with the award, and the decision says both figures."""
    term = meter(running(), [], JUNE)
    spared = granted(term, asks(Change.EXPLANATION, JUNE, asked=MAY, spares_percent=50))
    grant = 16 * TERM_SECONDS
    assert grant - grant // 4 == reclaim(term, "compute", JUNE).holdings["a"].amount
    after = reclaim(spared, "compute", JUNE)
    assert grant - grant // 4 + grant // 8 == after.holdings["a"].amount
    result = next(one.result for one in after.decisions if one.step == "reclaim")
    assert isinstance(result, dict)
    assert (50, grant // 8) == (result["spared_percent"], result["spared"])
    assert grant // 8 == result["taken"].gpu_seconds


@pytest.mark.parametrize(
    ("asked", "percent", "expected"),
    [
        (date(2026, 5, 17), 50, AmendmentFault.EXPLAINED_OUT_OF_TIME),
        (date(2026, 5, 29), 50, AmendmentFault.EXPLAINED_OUT_OF_TIME),
        (date(2026, 5, 18), 51, AmendmentFault.SPARES_TOO_MUCH),
        (date(2026, 5, 28), 0, AmendmentFault.SPARES_TOO_MUCH),
    ],
)
def test_an_explanation_has_its_days_and_its_bound(
    asked: date, percent: int, expected: AmendmentFault
) -> None:
    """The notice goes out on 18 May; ten days later it is too late, and half is the most."""
    wanted = asks(Change.EXPLANATION, date(2026, 5, 30), asked=asked, spares_percent=percent)
    assert {expected} == faults(running(6, ("{days: 14,", "{days: 10,")), wanted)


def test_an_explanation_that_is_refused_spares_nothing() -> None:
    """The refusal stands in the journal as a decision, and the rule takes what it takes."""
    wanted = asks(Change.EXPLANATION, JUNE, asked=MAY, spares_percent=50, granted=False)
    term = reclaim(meter(granted(running(), wanted), [], JUNE), "compute", JUNE)
    assert 16 * TERM_SECONDS * 3 // 4 == term.holdings["a"].amount
    assert [False] == [
        one.result["answer"].granted
        for one in term.decisions
        if one.step == "amendment" and isinstance(one.result, dict)
    ]


def test_more_time_within_the_term_is_more_of_the_envelope() -> None:
    """Two months more of two nodes come out of capacity and envelope, in both units at once."""
    before = running(3)
    after = granted(before, asks(Change.LONGER, months=2))
    days = (date(2026, 8, 1) - date(2026, 6, 1)).days
    assert date(2026, 8, 1) == after.holdings["a"].ends
    assert 2 * days * DAY_OF_NODE == after.holdings["a"].amount - before.holdings["a"].amount
    moved = balances(after)["compute/envelope/business"][0]
    assert 2 * days * DAY_OF_NODE == moved - balances(before)["compute/envelope/business"][0]
    (order,) = orders_of(after)
    assert instant(date(2026, 8, 1)) == order.quota.ends


def test_more_time_than_the_policy_gives_is_refused_in_all() -> None:
    """Two months and two months are four; three is the most."""
    term = granted(running(3), asks(Change.LONGER, months=2))
    assert {AmendmentFault.MONTHS_TOO_MANY} == faults(term, asks(Change.LONGER, months=2))
    assert {AmendmentFault.MONTHS_TOO_MANY} == faults(running(3), asks(Change.LONGER, months=4))


def test_more_time_than_there_is_supply_for_is_refused_by_name() -> None:
    """An envelope that others hold bears no longer award, in this term or in the next."""
    term = running(3)
    spent = term.available("compute/envelope/business")
    others = replace(term.holdings["a"], award="b", amount=spent)
    term = give(term, others, spent, instant(MAY), "calls.open", "b:0")
    assert {AmendmentFault.SUPPLY_SHORT} == faults(term, asks(Change.LONGER, months=1))


def test_what_is_given_back_is_there_for_others() -> None:
    """One of two nodes for the rest of the term goes back; its order is smaller from then on."""
    before = running()
    after = granted(before, asks(Change.GIVE_BACK, blocks=1))
    rest = (date(2026, 9, 1) - MAY).days * DAY_OF_NODE
    assert rest == before.holdings["a"].amount - after.holdings["a"].amount
    assert 1 == after.holdings["a"].blocks == sum(p.blocks for p in after.holdings["a"].parts)
    assert rest == after.available("compute/capacity/h200") - before.available(
        "compute/capacity/h200"
    )
    assert 8 == sum(order.quota.gpus_most or 0 for order in orders_of(after))
    for blocks in (0, 2, 3):
        assert {AmendmentFault.BLOCKS_WRONG} == faults(
            before, asks(Change.GIVE_BACK, blocks=blocks)
        )


def test_time_begins_when_the_holder_can_work() -> None:
    """Ten late days are added at the end; what lies beyond the term is granted with the next."""
    usable = date(2026, 3, 11)
    wanted = asks(Change.HAND_OVER, MAY, asked=date(2026, 3, 4), usable=usable)
    before, after = running(3), granted(running(3), wanted)
    assert (usable, date(2026, 6, 11)) == (after.holdings["a"].starts, after.holdings["a"].ends)
    assert before.holdings["a"].amount == after.holdings["a"].amount
    over = granted(running(6), wanted)
    assert date(2026, 9, 11) == over.holdings["a"].ends
    assert 20 * DAY_OF_NODE == running(6).holdings["a"].amount - over.holdings["a"].amount
    turned = turn(granted(over, asks(Change.REPORT, JUNE, report="interim"), "n-2"))
    assert 20 * DAY_OF_NODE == turned.holdings["a"].amount


def test_an_idle_award_is_held_against_the_time_it_could_be_used() -> None:
    """The pace counts from the usable hand-over: late delivery makes nobody idle."""
    usable = date(2026, 5, 1)
    wanted = asks(Change.HAND_OVER, MAY, asked=usable, usable=usable)
    month = used("j", "a", 16, "2026-05-01T00:00:00Z", "2026-05-10T00:00:00Z", instant(JUNE))
    taken = []
    for term in (running(), granted(running(), wanted)):
        after = reclaim(meter(term, [month], JUNE), "compute", JUNE)
        result = next(one.result for one in after.decisions if one.step == "reclaim")
        assert isinstance(result, dict)
        taken.append(result["taken"].step)
    assert ["idle", None] == taken


def test_a_silent_holder_has_its_days() -> None:
    """Silence counts once the policy's seven days are over, and needs no words of the holder."""
    silent = asks(
        Change.HAND_OVER, MAY, asked=date(2026, 3, 4), usable=date(2026, 3, 11), silent=True
    )
    assert date(2026, 3, 11) == granted(running(), replace(silent, words="")).holdings["a"].starts
    early = replace(silent, usable=date(2026, 3, 10))
    assert {AmendmentFault.USABLE_WRONG} == faults(running(), early)
    for usable in (None, date(2026, 3, 3), date(2026, 5, 21)):
        wrong = replace(silent, silent=False, usable=usable)
        assert {AmendmentFault.USABLE_WRONG} == faults(running(), wrong)
    short = asks(Change.HAND_OVER, date(2026, 6, 5), usable=date(2026, 6, 2))
    assert {AmendmentFault.USABLE_WRONG} == faults(running(3), replace(short, asked=JUNE))
    once = granted(running(), silent)
    assert {AmendmentFault.HANDED_OVER_ALREADY} == faults(once, silent)


def test_a_round_counts_from_the_confirmed_hand_over() -> None:
    """What the holder confirmed stands before what is told at the round."""
    wanted = asks(Change.HAND_OVER, MAY, asked=date(2026, 3, 4), usable=date(2026, 3, 11))
    term = granted(running(), wanted)
    told = Conduct(hand_overs=(HandOver("a", date(2026, 3, 1), 16, 32), HandOver("b", JUNE)))
    found = with_hand_overs(term, ["a", "b"], told).hand_overs
    assert (HandOver("a", date(2026, 3, 11), 16, 32), HandOver("b", JUNE)) == found
    assert told is with_hand_overs(running(), ["a", "b"], told)


def test_a_report_that_ends_an_award_lets_it_go_into_no_further_term() -> None:
    """Without it the award ends as the term turns, by a decision of its own."""
    strict = running(12, ENDS)
    assert "a" not in turn(strict).holdings
    ended = next(one for one in turn(strict).decisions if one.step == "report")
    assert ("a", "calls.open.running.reports") == (ended.subject, ended.rule)
    report = asks(Change.REPORT, JUNE, report="interim")
    assert "a" in turn(granted(strict, report)).holdings


def test_what_is_overdue_bars_changes() -> None:
    """Neither more time nor other members, until the report is accepted; giving back is free."""
    late = date(2026, 6, 10)
    assert {AmendmentFault.REPORT_OVERDUE} == faults(
        running(12, ENDS), asks(Change.LONGER, late, months=1)
    )
    reported = granted(running(6, ENDS), asks(Change.REPORT, late, asked=JUNE, report="interim"))
    assert 1 == len(amend(reported, [asks(Change.LONGER, late, months=1)], "n-2", late).holdings)
    assert 1 == granted(running(), asks(Change.GIVE_BACK, late, blocks=1)).holdings["a"].blocks


def test_a_late_report_of_an_award_that_ended_is_put_on_record() -> None:
    """The award holds nothing any more; its report is entered all the same."""
    ended = turn(running(6))
    day = date(2026, 9, 20)
    after = amend(ended, [asks(Change.REPORT, day, report="interim")], "n-1", day)
    assert "amendment" == after.decisions[-1].step
    stranger = replace(asks(Change.REPORT, day, report="interim"), award="nobody")
    assert {AmendmentFault.AWARD_NOT_RUNNING} == faults(ended, stranger)


def test_a_report_of_an_award_that_ended_is_accepted_once() -> None:
    """Neither a set after that in which it was accepted nor the rest of that set repeats it."""
    day = date(2026, 9, 20)
    ended, report = turn(running(6)), asks(Change.REPORT, day, report="interim")
    refused = replace(report, granted=False)
    once = amend(ended, [refused, report], "n-1", day)
    assert [False, True] == [
        one.result["answer"].granted for one in once.decisions[-2:] if isinstance(one.result, dict)
    ]
    assert {AmendmentFault.REPORT_ACCEPTED_ALREADY} == faults(once, report)
    with pytest.raises(Faulty) as told:
        amend(ended, [report, replace(report)], "n-1", day)
    assert ["amendment-report-accepted-already"] == [f.code for f in told.value.faults]
    early = granted(running(6), asks(Change.REPORT, report="interim"))
    assert {AmendmentFault.REPORT_ACCEPTED_ALREADY} == faults(turn(early), report)


def test_members_have_parts() -> None:
    """Who is in an award is remembered with it; a member without a part is none."""
    after = granted(running(), asks(Change.MEMBERS, parts={"org-a": 2, "org-b": 1}))
    assert {"org-a": 2, "org-b": 1} == after.holdings["a"].amended[-1].parts
    for parts in ({}, {"org-a": 0}):
        assert {AmendmentFault.MEMBERS_WRONG} == faults(
            running(), asks(Change.MEMBERS, parts=parts)
        )


def test_another_class_comes_with_the_next_term() -> None:
    """Two nodes at rate 1 become one at rate 2, and the envelope bears neither more nor less."""
    term = running(12, *CHANGE_OF_CLASS)
    after = granted(term, asks(Change.CLASS, support_class="b200"))
    assert "h200" == after.holdings["a"].support_class
    plain, turned = turn(term).holdings["a"], turn(after).holdings["a"]
    assert ("b200", 1) == (turned.support_class, turned.blocks)
    assert plain.amount == turned.amount * 2
    for wrong in ("h200", "a100"):
        assert {AmendmentFault.CLASS_WRONG} == faults(term, asks(Change.CLASS, support_class=wrong))


def test_a_class_that_the_next_term_does_not_bear_is_refused() -> None:
    """Where the class's lot ends with the term its turn would fail for everybody."""
    term = running(12, *CHANGE_OF_CLASS, leaving(B200, "2026-09-01"))
    wanted = asks(Change.CLASS, support_class="b200")
    assert {AmendmentFault.SUPPLY_SHORT} == faults(term, wanted)
    turned = turn(granted(term, replace(wanted, granted=False)))
    assert "h200" == turned.holdings["a"].support_class


def test_a_round_that_has_decided_is_not_overtaken() -> None:
    """What a round gave for the next term is not given back or changed under it."""
    judged = replace(running(), next_blocks={"a": 3})
    assert {AmendmentFault.ROUND_HAS_DECIDED} == faults(judged, asks(Change.GIVE_BACK, blocks=1))


def test_what_the_policy_does_not_foresee_nobody_grants() -> None:
    """The open call lets no class be changed, and an unknown report is none."""
    assert AmendmentFault.NOT_FORESEEN in faults(
        running(), asks(Change.CLASS, support_class="b200")
    )
    assert {AmendmentFault.REPORT_UNKNOWN} == faults(running(), asks(Change.REPORT, report="x"))
    reported = granted(running(), asks(Change.REPORT, report="interim"))
    again = asks(Change.REPORT, report="interim")
    assert {AmendmentFault.REPORT_ACCEPTED_ALREADY} == faults(reported, again)


def test_a_request_has_its_form() -> None:
    """One thing at a time, with words on both sides, asked before it is answered."""
    longer = asks(Change.LONGER, months=1)
    assert {AmendmentFault.PART_ASTRAY} == faults(running(), replace(longer, blocks=1))
    assert {AmendmentFault.WORDS_MISSING} == faults(running(), replace(longer, reason="because"))
    assert {AmendmentFault.DAYS_WRONG} == faults(running(), replace(longer, asked=JUNE))
    assert {AmendmentFault.DAYS_WRONG} == faults(running(), longer, JUNE)
    assert {AmendmentFault.AWARD_NOT_RUNNING} == faults(running(), replace(longer, award="b"))
    assert {AmendmentFault.AWARD_NOT_RUNNING} == faults(running(), replace(longer, call="hours"))


@given(st.lists(st.sampled_from(["longer", "give", "hand"]), max_size=4), st.integers(1, 3))
def test_rights_and_grants_agree_whatever_is_asked(order: list[str], months: int) -> None:
    """The award's account holds its amount, and both units move together, after any requests."""
    kinds = {
        "longer": asks(Change.LONGER, months=1),
        "give": asks(Change.GIVE_BACK, blocks=1),
        "hand": asks(Change.HAND_OVER, asked=date(2026, 3, 4), usable=date(2026, 3, 20)),
    }
    term = running(months)
    for number, kind in enumerate(order):
        try:
            term = amend(term, [kinds[kind]], f"n-{number}", MAY)
        except Faulty:
            continue
    held = term.holdings["a"]
    assert held.amount == term.available("compute/award/a/h200")
    gone, came = balances(term)["compute/granted/business"]
    assert held.amount == came - gone
    assert held.blocks == sum(part.blocks for part in held.parts)


def test_a_report_has_its_day() -> None:
    """Months count from the start, days from the end; what is accepted is not overdue."""
    text = Text(en="a report")
    first = Report(id="r", name=text, holds=text, after_months=3, overdue=Overdue.IS_SHOWN)
    last = Report(id="s", name=text, holds=text, after_end_days=30)
    span = date(2026, 3, 1), date(2026, 9, 1)
    assert (date(2026, 6, 1), date(2026, 10, 1)) == (due(first, *span), due(last, *span))
    late = overdue((last, first), *span, (), date(2026, 10, 1))
    assert ["r"] == [one.report.id for one in late]


def test_every_fault_is_provoked_here() -> None:
    """There is no way to be refused that these tests, and those of fees and leads, expect not."""
    files = (Path(__file__).with_name(f"test_{name}.py") for name in ("amend", "fees", "leading"))
    texts = (file.read_text("utf-8") for file in files)
    expected = [name for text in texts for name in re.findall(r"AmendmentFault\.([A-Z_]+)", text)]
    assert {fault.name for fault in AmendmentFault} == set(expected)
