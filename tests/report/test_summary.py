"""What a page shows is what the ledger holds and the decisions say, to the last second."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from headgate.core.awards.reasons import Outcome
from headgate.core.evaluation.hearings import Ground
from headgate.core.ledger.entry import Kind
from headgate.core.ledger.post import Balance
from headgate.core.quantities import instant
from headgate.report.blocks import Paragraph
from headgate.report.published import group_of, published_of
from headgate.report.section_rights import heard
from headgate.report.section_round import decisions
from headgate.report.speaker import speaker_of
from headgate.report.summary import section_of, summaries_of, summary_of
from headgate.report.summary_calls import Fate
from headgate.steps.adopt import adopt
from headgate.steps.term import Term
from tests.report.builders import SHIPPED, SMALL, rehearsal, summary
from tests.whole.heard import heard_term

KOREA = SHIPPED[0]
EVERY = (SMALL, *SHIPPED)

each = pytest.mark.parametrize("folder", EVERY)


def balances(term: Term, *pattern: str) -> list[Balance]:
    """The balances of all accounts whose path fits; `*` fits any segment."""
    return [
        balance
        for path, balance in term.books.balances.items()
        if len(parts := path.split("/")) == len(pattern)
        and all(want in ("*", part) for want, part in zip(pattern, parts, strict=True))
    ]


@each
def test_use_by_sector_is_the_ledgers(folder: str) -> None:
    """The sum over sectors is what the use accounts were credited, reservations included."""
    term, _ = rehearsal(folder)
    for support in summary(folder).supports:
        found = balances(term, support.id, "use", "*", "*")
        credited = sum(balance.credits_posted + balance.credits_pending for balance in found)
        assert credited == sum(line.used_units for line in support.holders)
        assert credited > 0


@each
def test_use_by_week_is_the_ledgers(folder: str) -> None:
    """The weeks add up to the same use, holder by holder."""
    for support in summary(folder).supports:
        for line in support.holders:
            weeks = sum(b.gpu_seconds for b in support.weeks if b.group == line.holder)
            assert line.used_units == weeks


@each
def test_what_was_granted_is_accounted_for(folder: str) -> None:
    """Granted is used, taken back or unused; what lapsed is part of the unused."""
    term, _ = rehearsal(folder)
    for support in summary(folder).supports:
        for use in support.uses:
            assert use.granted == use.used - use.over + use.back + use.unused
            assert 0 <= use.unused
        lapsed = sum(b.credits_posted for b in balances(term, support.id, "lapsed", "*"))
        assert lapsed <= sum(use.unused for use in support.uses)


def test_what_was_not_used_lapsed() -> None:
    """Where no award carries over, what is shown as unused is what the ledger let lapse."""
    term, _ = rehearsal(KOREA)
    support = summary(KOREA).supports[0]
    lapsed = sum(b.credits_posted for b in balances(term, "compute", "lapsed", "*"))
    assert lapsed == sum(use.unused for use in support.uses)


@pytest.mark.parametrize("folder", [SMALL, KOREA, SHIPPED[2]])
def test_what_was_taken_back_is_what_the_rule_took(folder: str) -> None:
    """The sectors' sum, the rule's decisions and the ledger's returns agree."""
    support = summary(folder).supports[0]
    assert support.reclaim is not None
    taken = sum(one.amount for one in support.reclaim.taken)
    assert taken == sum(line.back_units for line in support.holders)
    assert taken > 0


def test_the_envelopes_are_those_of_the_term() -> None:
    """Promised is what the ledger put into each envelope for this term, and for no other."""
    term, data = rehearsal(KOREA)
    shown = summary_of(term, data).supports[0].holders
    posted = {
        t.credit.rpartition("/")[2]: t.amount
        for t in term.books.history()
        if t.id.startswith("envelope:compute:") and t.id.endswith(":0")
    }
    assert posted == {line.holder: line.promised for line in shown}


def test_what_is_measured_by_the_rate_table_is_not_told_in_nodes() -> None:
    """A GPU of the stronger class counts as several, and no such node stands anywhere."""
    assert {"weighted_gpu": 8} == summary(SMALL).supports[0].block
    assert {"gpu": 8} == summary(KOREA).supports[0].block


def test_envelopes_come_in_whole_blocks() -> None:
    """50, 30 and 20 per cent of 1,307 nodes, with the node that is left where the rule puts it."""
    assert [654, 392, 261] == [n.blocks for n in summary(KOREA).supports[0].holders]


@each
def test_fees_are_what_the_ledger_holds_as_income(folder: str) -> None:
    """The fees shown add up to what was billed in the term that ended, less what was credited;
    what is billed as the next one begins is that one's.
    """
    term, _ = rehearsal(folder)
    moved = [entry for entry in term.entries if entry.kind is Kind.TRANSFER]
    billed, begun = 0, 0
    for entry in moved:
        debit, credit, amount = entry.fields[:3]
        signed = int(amount) * (credit.startswith("income/") - debit.startswith("income/"))
        if entry.at < instant(term.starts):
            billed += signed
        else:
            begun += signed
    assert billed == sum(fee.amount or 0 for call in summary(folder).calls for fee in call.fees)
    owed = sum(one.credits_posted - one.debits_posted for one in balances(term, "income", "*"))
    assert owed == billed + begun


@each
def test_the_funnel_counts_every_application(folder: str) -> None:
    """Nobody is lost on the way: every stage is part of the one before it."""
    term, _ = rehearsal(folder)
    for call in summary(folder).calls:
        assert len(term.facts[f"applications/{call.id}"].values) == call.funnel[0]
        assert list(call.funnel) == sorted(call.funnel, reverse=True)
        in_field = sum(person.fate is Fate.IN_FIELD for person in call.applicants)
        assert in_field == call.funnel[3]
        assert all(person.reason is not None for person in call.applicants) or in_field < len(
            call.applicants
        )


def _blocks(result: Any) -> int:
    """The blocks of an award's decision."""
    return int(result["reason"].blocks)


def test_awards_are_the_final_ones() -> None:
    """Whoever declined has nothing, and whoever was promoted in their place has an award."""
    term, _ = rehearsal(KOREA)
    for call in summary(KOREA).calls:
        declined = {str(name) for name in term.facts[f"declined/{call.id}"].values}
        assert declined == {person.id for person in call.applicants if person.declined}
        listed = {
            d.subject
            for d in term.decisions
            if d.step == "award" and d.rule == f"calls.{call.id}" and _blocks(d.result)
        }
        held = {person.id for person in call.applicants if person.blocks}
        promoted = {person.id for person in call.applicants if person.promoted}
        assert held == (listed - declined) | promoted
        assert promoted.isdisjoint(listed)


def test_blocks_awarded_are_the_lists() -> None:
    """By sector, by group and by class, the same blocks were awarded."""
    for call in summary(KOREA).calls:
        by_class = sum(line.awarded for line in call.classes)
        assert by_class == sum(call.blocks_by("holder").values())
        assert by_class == sum(call.blocks_by("group").values())
        assert all(line.awarded <= line.offered for line in call.classes)


def test_the_published_drift_is_the_data_files() -> None:
    """The published shares are those of the programme's own data: 62.1, 30.5 and 7.4 per cent."""
    call = next(c for c in summary(KOREA).calls if c.id == "open-1")
    total = sum(group.blocks for group in call.groups)
    assert 4224 == total * 8
    assert {
        "academia": Fraction(328, 528),
        "industry": Fraction(161, 528),
        "research": Fraction(39, 528),
    } == {group.id: Fraction(group.blocks, total) for group in call.groups}  # fmt: skip


def test_every_assumed_path_is_listed_once() -> None:
    """A value that any decision rests on without a source is in the list, with its article."""
    term, _ = rehearsal(KOREA)
    paths = {path for decision in term.decisions for path in decision.assumed}
    listed = [one.path for found in summary(KOREA).assumptions.values() for one in found]
    assert sorted(paths) == sorted(listed)
    assert summary(KOREA).assumption_count == len(paths)
    assert all(one.source for found in summary(KOREA).assumptions.values() for one in found)


def test_sections_of_paths() -> None:
    """Assumptions are grouped by the call, round or support they belong to."""
    assert "calls.open-1" == section_of("calls.open-1.criteria.effect.weight")
    assert "programme" == section_of("programme")


def test_a_programme_without_rounds_or_envelopes_is_told_as_it_is() -> None:
    """What a policy does not have is absent, not zero."""
    uk = summary(SHIPPED[1])
    assert () == uk.rounds
    assert uk.supports[0].reclaim is None
    assert all(line.blocks is None and line.promised is None for line in uk.supports[0].holders)


def test_a_term_in_which_nothing_happened_has_a_summary() -> None:
    """A policy that was adopted and nothing more can be shown too."""
    term, _ = rehearsal(SMALL)
    adopted = adopt(term.document, date(2026, 1, 5), date(2026, 3, 1), "policy owner")
    nothing = summary_of(adopted, {})
    assert ((), (), 0) == (nothing.calls, nothing.rounds, nothing.decision_count)
    assert (0, date(2026, 3, 1)) == (nothing.past.index, nothing.past.starts)


@pytest.mark.parametrize(
    "text",
    [
        b"\xff", b"[", b"[" * 100_000, b"- 1", b"call: open", b"call: open\ngroups: 3",
        b"groups: [{}]",
        b"call: open\ngroups: [1, {id: a, selected_blocks: many}]",
        b"call: open\ngroups: [{id: a, holder: h, selected_blocks: 1, organisation: {}, name: 3}]",
        b"call: [1]\ngroups: [{holder: h, selected_blocks: 1, organisation: {}, name: {en: A}}]",
    ],
)  # fmt: skip
def test_a_data_file_of_another_shape_is_left_aside(text: bytes) -> None:
    """A file that states no selection, or is no such file, adds nothing and breaks nothing."""
    assert {} == published_of({"data/x.yaml": text})


def test_an_applicant_belongs_to_the_group_of_its_holders_and_kind() -> None:
    """Groups are told apart by their class of holders and their kinds of organisation."""
    groups = published_of(rehearsal(KOREA)[1])["open-1"]
    pairs = [("academia", "university"), ("academia", "institute"), ("business", "firm")]
    assert ["academia", "research", "industry"] == [group_of(groups, *pair) for pair in pairs]
    assert "" == group_of(groups, "academia", "firm")


def test_a_declined_award_is_not_an_award() -> None:
    """An applicant who declined counts with no blocks, whatever the list had given."""
    person = next(p for c in summary(KOREA).calls for p in c.applicants if p.reason)
    assert person.reason is not None
    gone = replace(person, reason=replace(person.reason, outcome=Outcome.DECLINED, blocks=0))
    assert (True, 0) == (gone.declined, gone.blocks)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "was upheld, and the round was decided"), ("vi", "chấp nhận"), ("ko", "인용되어")],
)
def test_a_round_that_was_heard_again_says_by_what(language: str, said: str) -> None:
    """The report of the term names the lot and then the objection, with its team and day."""
    (told,) = summaries_of(heard_term(), {})
    (evaluation,) = told.rounds
    assert [Ground.LOT, Ground.OBJECTION] == [one.ground for one in evaluation.heard]
    say = speaker_of(told.policy, language)
    lot, upheld = (block for block in heard(evaluation, say) if isinstance(block, Paragraph))
    assert say.say("heard.lot") == str(lot.text)
    assert said in str(upheld.text)
    assert evaluation.heard[1].objector in str(upheld.text)
    shown = list(decisions(evaluation, say, {}, titled=False))
    assert [lot, upheld] == shown[:2], "before who goes on"
