"""An objection that is upheld after the turn: its team is given back what others do not lose."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from headgate.bundle.layout import published
from headgate.bundle.verify import verify
from headgate.core.duties.amendment import Amendment, Change
from headgate.core.evaluation.decide import Decision, Reason
from headgate.core.evaluation.hearings import Hearing
from headgate.core.faults import Faulty
from headgate.core.policy.check import check
from headgate.core.quantities import instant
from headgate.core.reallocation.restored import Restored, Returned
from headgate.core.supports.kind import Accounts
from headgate.cycle import replay, take
from headgate.readers.facts import Recorded, read_events, read_facts
from headgate.steps.agenda import agenda
from headgate.steps.awards import amount_in_term
from headgate.steps.called import call_of
from headgate.steps.enforce import orders_of
from headgate.steps.event import EVENTS, Event, What
from headgate.steps.placing import room_of
from headgate.steps.restore import restore
from headgate.steps.rights import give
from headgate.steps.term import Holding, Owed, Term
from tests.steps.builders import document
from tests.whole.heard import Heard, after, decided, drawn, failing, further, objection, votes
from tests.whole.mended import bundle_of_term
from tests.whole.small import pages

DAY = date(2026, 9, 15)
NEW = "alliance-9999"
"""An award of a later call: it is none of the round's teams."""


class Answered(Heard):
    """The rehearsed world in which the new award gives blocks back, as many as the name says."""

    def amendments(self, name: str) -> Sequence[Amendment]:
        """So many blocks, given back on the day in the name."""
        blocks, _, day = name.removeprefix("back-").partition("-on-")
        on, words = date.fromisoformat(day), "0" * 64
        asked = Amendment(NEW, "alliance", Change.GIVE_BACK, on, on, True, words, words)
        return [replace(asked, blocks=int(blocks))]


@cache
def turned(*changes: tuple[str, str]) -> Term:
    """The term after the one in which the round was decided and its lot drawn."""
    return turned_after(drawn(decided(*changes)))


def turned_after(term: Term) -> Term:
    """The term after this one."""
    for event in agenda(term.document, term.index)[term.done :]:
        term = take(term, Heard(term.document, {}), event)
    return term


def upheld(term: Term, day: date = DAY, name: str = "late") -> Term:
    """The term after the team that failed the gate was found to have passed it."""
    return after(term, objection(decided()), day, name)


def filled(term: Term, blocks: int = 3) -> Term:
    """The term in which a new award holds so many blocks: by default all that the envelope has."""
    other = next(h for h in term.holdings.values() if h.call == "alliance")
    call = call_of(term, "alliance")
    amount = amount_in_term(term, call, blocks, term.starts, other.ends)
    parts = tuple(replace(part, award=NEW, blocks=blocks) for part in other.parts)
    new = replace(other, award=NEW, blocks=blocks, amount=amount, parts=parts)
    return give(term.holding(new), new, amount, instant(term.starts), "test", "filled")


def gives_back(term: Term, blocks: int, day: date) -> Term:
    """The term after the new award has given blocks back."""
    world = Answered(term.document, {})
    return take(term, world, Event(day, What.AMEND, f"back-{blocks}-on-{day}"))


def told(term: Term, since: Term) -> list[tuple[str, str, int, int]]:
    """What became of what was owed, as decided since: subject, outcome, blocks, still owed."""
    made = [d for d in term.decisions[len(since.decisions) :] if d.step == "restored"]
    results = [(d.subject, d.result) for d in made if isinstance(d.result, Returned)]
    return [(team, r.outcome.value, r.blocks, r.owed) for team, r in results]


def test_who_was_wrongly_sent_home_runs_for_what_is_left_of_the_term() -> None:
    """It holds what the decision made again gives, on a site, from the day on which it was heard.

    The amount is what is left of the term; it comes out of what was free, and nobody else's moves.
    """
    before, team = turned(), failing(decided())
    assert team not in before.holdings
    term = upheld(before)
    held = term.holdings[team]
    assert (2, DAY, date(2027, 3, 1)) == (held.blocks, held.starts, held.ends)
    assert amount_in_term(term, call_of(term, "alliance"), 2, DAY, held.ends) == held.amount
    assert held.amount == term.available(held.right)
    capacity = Accounts("compute").capacity("b200")
    assert held.amount == before.available(capacity) - term.available(capacity)
    assert {**before.holdings, team: held} == term.holdings
    assert [(team, "whole", 2, 0)] == told(term, before)
    assert () == term.owed
    assert 16 == next(o.quota.gpus_most for o in orders_of(term) if o.quota.award == team)


def test_nobody_who_stays_loses_by_it() -> None:
    """Whom the decision made again would cut stays, with a reason of its own; so do the tied.

    One place less is drawn for again: which of the two that won before wins it is the lot's.
    """
    term = upheld(turned())
    decisions = {each.team: each for each in term.closed["stage"].outcome.decisions}
    before = turned().closed["stage"].outcome.decisions
    earlier = {d.team for d in before if d.decision is Decision.ADVANCE}
    drawn_again = [decisions[d.team].reason for d in before if d.reason is Reason.LOT_WON]
    assert {Reason.NOT_TAKEN_BACK, Reason.LOT_WON} == set(drawn_again)
    assert 2 == len(drawn_again)
    now = {team for team, each in decisions.items() if each.decision is Decision.ADVANCE}
    assert earlier | {failing(decided())} == now
    tied = [d for d in decisions.values() if d.decision is Decision.TIE]
    assert [] == tied


def test_what_was_received_by_the_mistake_is_held_until_the_term_ends() -> None:
    """The next term gives the survivors what the decision made again gives; no block is made.

    Four divide three blocks, and equal remainders go in the order of the names.
    """
    term = upheld(turned())
    decided_again = term.closed["stage"].outcome.decisions
    stay = [each.team for each in decided_again if each.decision is Decision.ADVANCE]
    assert (4, {max(stay): 1}) == (len(stay), term.next_blocks)
    assert [2] * 4 == [term.holdings[team].blocks for team in stay]


def test_what_is_not_free_is_owed_and_comes_first_when_something_is() -> None:
    """Nothing is free: it waits. What somebody gives back goes to it, before anything else."""
    team, before = failing(decided()), filled(turned())
    waits = upheld(before)
    assert [(team, "waits", 0, 2)] == told(waits, before)
    assert team not in waits.holdings
    part = gives_back(waits, 1, DAY + timedelta(days=5))
    assert [(team, "part", 1, 1)] == told(part, waits)
    metered = take(part, Heard(part.document, {}), agenda(part.document, 1)[0])
    assert [] == told(metered, part)
    whole = gives_back(metered, 1, date(2026, 10, 9))
    assert [(team, "whole", 1, 0)] == told(whole, metered)
    held = whole.holdings[team]
    assert (2, date(2026, 9, 20)) == (held.blocks, held.starts)
    assert [("north", 2)] == [(p.site, p.blocks) for p in held.parts]
    assert held.amount == whole.available(held.right)
    room = room_of(whole, call_of(whole, "alliance"), date(2026, 10, 9))
    assert 1 == room["b200"]["north"]


def test_what_is_still_owed_as_the_term_turns_comes_first_in_the_next() -> None:
    """The debt outlives the turn while the award's own time does, and is told when it is over.

    A reclaim in between frees enough for one of the two blocks.
    """
    team, before = failing(decided()), filled(turned())
    longer = replace(before.closed["stage"].held[team], ends=date(2027, 6, 1))
    held = {**before.closed["stage"].held, team: longer}
    stage = replace(before.closed["stage"], held=held)
    waits = upheld(replace(before, closed={"stage": stage}))
    turned_again = turned_after(waits)
    assert [(team, "part", 1, 1), (team, "whole", 1, 0)] == told(turned_again, waits)
    assert date(2027, 6, 1) == turned_again.holdings[team].ends
    short = upheld(before)
    over = turned_after(short)
    assert [(team, "part", 1, 1), (team, "award-over", 0, 0)] == told(over, short)
    assert () == over.owed


def test_a_team_whose_own_time_was_over_is_right_and_given_nothing() -> None:
    """The decision is made again all the same, and says that there is nothing to give."""
    team, before = failing(decided()), turned()
    stage = before.closed["stage"]
    over = {**stage.held, team: replace(stage.held[team], ends=date(2026, 9, 1))}
    term = upheld(replace(before, closed={"stage": replace(stage, held=over)}))
    assert [(team, "award-over", 0, 0)] == told(term, before)
    assert team not in term.holdings


def test_a_report_that_was_missing_as_the_term_turned_still_ends_an_award() -> None:
    """Not the round ended it then; nor that of who wins the lot that is drawn again."""
    ends = ("overdue: bars_changes", "overdue: ends_award")
    before = turned(ends)
    found = told(upheld(before), before)
    assert failing(decided()) in {team for team, *_ in found}
    assert {("report-missing", 0, 0)} == {(why, *blocks) for _, why, *blocks in found}


def owed(holding: Holding, blocks: int) -> Owed:
    """A debt to somebody, on facts that there are."""
    return Owed("stage", "evidence/stage", holding, blocks)


def test_what_was_given_and_has_ended_since_is_owed_no_more() -> None:
    """A later round that sends the team home, rightly, ends what the first one owed."""
    term = turned()
    left = replace(term.closed["stage"].held[failing(decided())], blocks=3)
    after_it = restore(replace(term, owed=(owed(left, 1),)), DAY)
    assert [(left.award, "left-since", 0, 0)] == told(after_it, term)
    assert {Restored(name) for name in ("whole", "part", "waits", "award-over")} | {
        Restored.REPORT_MISSING,
        Restored.LEFT_SINCE,
    } == {*Restored}


def test_the_oldest_debt_comes_first() -> None:
    """Whose objection was upheld first is given first; what is left goes to the next."""
    term = filled(turned(), 2)
    held = term.closed["stage"].held
    *_, later, earlier = sorted(held.keys() - term.holdings.keys())
    first, second = (replace(held[team], ends=term.ends) for team in (earlier, later))
    both = restore(replace(term, owed=(owed(first, 1),)), DAY, [owed(second, 1)])
    assert [(first.award, "whole", 1, 0), (second.award, "waits", 0, 1)] == told(both, term)
    assert [second.award] == [one.holding.award for one in both.owed]


def test_hours_come_back_as_many_as_were_left() -> None:
    """Of hours, what lapsed with the award is given back, in parts that add up to it."""
    term = turned()
    name, held = next((n, h) for n, h in term.holdings.items() if h.call == "hours")
    gone = replace(term, holdings={n: h for n, h in term.holdings.items() if n != name})
    debt = owed(replace(held, blocks=3, amount=1001), 3)
    given = restore(gone, DAY, [debt])
    assert (3, 1001) == (given.holdings[name].blocks, given.holdings[name].amount)
    assert given.available(held.right) == gone.available(held.right) + 1001


def test_what_no_longer_is_there_waits() -> None:
    """A class or support that the programme gave up has nothing free, and nothing breaks."""
    term = turned()
    held = term.closed["stage"].held[failing(decided())]
    for other in (replace(held, support_class="a100"), replace(held, support="cloud")):
        waits = restore(term, DAY, [owed(other, 1)])
        assert [(held.award, "waits", 0, 1)] == told(waits, term)
        assert 1 == len(waits.owed)


def test_a_policy_may_hear_objections_after_the_turn() -> None:
    """Days to object and to answer may outlast the term: the check has nothing against it."""
    days = "    equal_development_days: 30\n    appeals: {object_days: 10, answer_days: 20}\n"
    assert [] == check(document(("    equal_development_days: 30\n", days)))


def code(term: Term, hearing: Hearing) -> set[str]:
    """By which name a hearing is refused."""
    with pytest.raises(Faulty) as error:
        after(term, hearing, DAY)
    return {fault.code for fault in error.value.faults}


def test_only_an_objection_is_heard_after_the_turn_and_only_in_the_next_term() -> None:
    """Everything else would take from somebody; a right to object ends with the term after."""
    term = turned()
    for hearing in (further(decided(), "alliance-0057", 4), votes(("motif", 7, 10))):
        assert {"hearing-term-turned"} == code(term, hearing)
    twice = turned_after(term)
    assert {} == twice.closed
    with pytest.raises(Faulty) as error:
        after(twice, objection(decided()), date(2027, 3, 1))
    assert {"hearing-term-turned"} == {fault.code for fault in error.value.faults}
    unheard = turned(("    appeals: {object_days: 10, answer_days: 20}\n", ""))
    assert {} == unheard.closed


def test_a_second_objection_after_the_turn_is_heard_on_top_of_the_first() -> None:
    """What the first one mended stays mended, and nobody is given anything twice."""
    first = upheld(turned())
    second = upheld(first, name="once-more")
    assert [] == told(second, first)
    assert first.holdings == second.holdings
    heard = second.closed["stage"].heard
    assert ("lots/stage", "hearings/late", "hearings/once-more") == heard


def test_a_stranger_derives_what_was_given_back() -> None:
    """The bundle of the term that turned has it; both terms replayed give the same bytes."""
    first = upheld(turned())
    files = bundle_of_term(first)
    assert () == verify(files, pages).faults
    path = "facts/hearings/late.jsonl"
    files[path] = files[path].replace(b'"passed":true', b'"passed":false')
    assert [path] == [fault.file for fault in verify(files, pages).faults]
    term = turned_after(first)
    events = read_events(EVENTS, bundle_of_term(term)[EVENTS])
    named = {n: read_facts(n, n.split("/")[0], f.data) for n, f in term.facts.items()}
    again = replay(term.document, events, Recorded(named))
    assert published(term, {}) == published(again, {})
    assert (term.owed, term.holdings) == (again.owed, again.holdings)
