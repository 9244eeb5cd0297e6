"""A round is frozen, conducted, decided, and heard again: history stays, strangers derive it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256

import pytest

from headgate.bundle.layout import published
from headgate.bundle.verify import verify
from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.decide import Decision, Reason, RoundOutcome, TeamDecision
from headgate.core.evaluation.evidence import ItemScore
from headgate.core.evaluation.hearings import Ground, Hearing, HearingFault, lot_of
from headgate.core.faults import Faulty
from headgate.cycle import begin, replay, take
from headgate.readers.facts import Recorded, read_events, read_facts
from headgate.steps.agenda import agenda
from headgate.steps.event import EVENTS
from headgate.steps.term import Term
from tests.whole.heard import (
    CLOSES,
    DOCUMENT,
    TWO_STAGES,
    Heard,
    after,
    decided,
    drawn,
    failing,
    further,
    heard_term,
    objection,
    votes,
    withdrawal,
)
from tests.whole.mended import bundle_of_term
from tests.whole.small import pages

LOT_WON, ABOVE = Reason.LOT_WON, Reason.ABOVE_THE_LINE
MORE_ITEMS = ("remedy: lot", "remedy: more_items")
TWO_OF_SIX = ("stay: {least: 3, most: 3}", "stay: {least: 9, most: 9}")


def verdicts(term: Term) -> dict[str, Reason]:
    """The reason that holds now for each team."""
    return {each.team: each.reason for each in term.closed["stage"].outcome.decisions}


def test_who_signed_and_how_it_was_conducted_is_public() -> None:
    """The method, every signature, last days, models with private trials: facts and decisions."""
    term = decided()
    teams = term.closed["stage"].teams
    assert b'"method":' in term.facts["frozen/stage"].data
    assert len(teams) == term.facts["frozen/stage"].data.count(b'"signature"')
    (told,) = (d for d in term.decisions if d.step == "conducted")
    assert {"frozen/stage", "conduct/stage"} <= set(told.facts)
    line = told.line().decode()
    assert len(teams) == line.count('"private_trials":3')
    assert f'"{teams[0]}":"2026-07-01"' in line


def test_an_upheld_objection_has_the_round_decided_again_and_history_stays() -> None:
    """The team is back by its points; the first decision stands in the journal before it."""
    before, team = decided(), failing(decided())
    term = after(before, objection(before), date(2026, 7, 31))
    assert Reason.GATE_FAILED is verdicts(before)[team]
    assert Reason.GATE_FAILED is not verdicts(term)[team]
    rounds = [d for d in term.decisions if d.step == "round" and d.subject == "stage"]
    first, lot, again = rounds
    assert before.closed["stage"].outcome == first.result
    assert term.closed["stage"].outcome == again.result
    assert ["2026-07-20", "2026-07-20", "2026-07-31"] == [one.at[:10] for one in rounds]
    heard = {"lots/stage", "hearings/again"}
    assert [set(), {"lots/stage"}, heard] == [heard & set(one.facts) for one in (first, lot, again)]
    assert term.entries[: len(before.entries)] == before.entries


def test_what_was_freed_is_divided_again_from_what_was_held_before() -> None:
    """Who is back keeps its blocks, and nobody keeps what was freed by a mistake."""
    before, team = decided(TWO_OF_SIX), failing(decided(TWO_OF_SIX))
    assert 0 == before.next_blocks[team]
    term = after(before, objection(before))
    assert 0 < term.next_blocks.get(team, term.holdings[team].blocks)
    held = {name: h.blocks for name, h in term.holdings.items() if h.call == "alliance"}
    assert sum(held.values()) == sum({**held, **term.next_blocks}.values())
    assert 1 == sum(n == 0 for n in before.next_blocks.values())


def test_the_same_draws_are_used_again() -> None:
    """A hearing that changes nothing for the others leaves their intervals to the byte."""
    before = decided()
    term = after(before, objection(before))
    first, second = (d.result for d in term.decisions if d.step == "standings")
    assert {getattr(r, "seed", "") for r in (first, second)} == {before.closed["stage"].seed}


def test_the_lot_comes_from_the_root_after_the_tie_and_from_all_secrets() -> None:
    """Neither the office nor a team knows the digest before both are fixed."""
    before = decided()
    term = drawn(before)
    assert before.root().hex() == term.closed["stage"].lot
    reasons = verdicts(term)
    tied = [team for team, why in verdicts(before).items() if why is Reason.TIED_AWAITS_LOT]
    assert {Reason.LOT_WON, Reason.LOT_LOST} == {reasons[team] for team in tied}
    world = Heard(term.document, {})
    shown = dict(world.secrets("stage", term.closed["stage"].teams))
    lines = [before.root().hex(), *(f"{team} {shown[team]}" for team in sorted(shown))]
    digest = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    drew = Hearing("stage", Ground.LOT, secrets=shown)
    lot = lot_of(before.root().hex(), drew, None, term.closed["stage"].teams)
    assert digest == lot.digest
    order = sorted(tied, key=lambda team: sha256(f"{digest}:{team}".encode()).hexdigest())
    won = sorted(team for team in tied if reasons[team] is Reason.LOT_WON)
    assert won == sorted(order[: len(won)])


def test_a_secret_kept_back_is_drawn_last() -> None:
    """Whoever waits to see the others' secrets and likes the result less gains nothing."""
    term = decided()
    tied = [team for team, why in verdicts(term).items() if why is Reason.TIED_AWAITS_LOT]
    shown = dict(Heard(term.document, {}).secrets("stage", term.closed["stage"].teams))
    for team in tied:
        some = {name: secret for name, secret in shown.items() if name != team}
        again = after(term, Hearing("stage", Ground.LOT, secrets=some), name="lot")
        assert Reason.LOT_LOST is verdicts(again)[team]


def test_who_waits_for_further_items_is_told_how_many_and_judged_with_them() -> None:
    """The decision names clusters for each pillar; when the items are in, it is made again."""
    before = decided(MORE_ITEMS)
    waiting = [d for d in before.closed["stage"].outcome.decisions if d.decision is Decision.TIE]
    assert waiting
    assert all(1_000 < dict(d.numbers)["all_evidence_times_milli"] for d in waiting)
    best = waiting[0].team
    term = after(before, further(before, best))
    assert Reason.ABOVE_THE_LINE is verdicts(term)[best]


def test_all_tied_stay_and_what_leavers_held_is_split_among_more() -> None:
    """More teams than places go on, and the formula divides what is freed among them all."""
    term = decided(("remedy: lot", "remedy: all_tied_stay"))
    staying = [
        d.team for d in term.closed["stage"].outcome.decisions if d.decision is Decision.ADVANCE
    ]
    assert len(staying) > 3
    (moved,) = (d.result for d in term.decisions if d.step == "reallocation")
    assert isinstance(moved, dict)
    gained = {m.award for m in moved["movements"] if m.destination.value == "survivor"}
    assert gained <= set(staying)


def test_a_wildcard_is_added_and_gets_the_wildcards_part() -> None:
    """A majority takes the open place; who misses it does not; the freed part names the added."""
    before = decided(TWO_OF_SIX)
    assert 1 == before.closed["stage"].outcome.places_left
    opens = CLOSES + timedelta(days=20)
    term = after(before, votes(("motif", 7, 10), ("trillion", 5, 10)), opens)
    assert Reason.MAJORITY_REACHED is verdicts(term)["motif"]
    assert "trillion" not in verdicts(term)
    assert 0 == term.closed["stage"].outcome.places_left
    told = {d.subject: d.result for d in term.decisions if d.step == "wildcard"}
    assert isinstance(told["trillion"], TeamDecision)
    assert Reason.MAJORITY_MISSED is told["trillion"].reason
    later = after(term, objection(term), opens, "later")
    assert Reason.MAJORITY_REACHED is verdicts(later)["motif"]


def test_suppliers_receive_none_of_what_is_freed() -> None:
    """A supplier that goes on keeps what it holds; without the rule it would have received more."""

    class Supplied(Heard):
        """The rehearsed world with a supplier among the teams."""

        def conduct(self, round_id: str, teams: Sequence[str]) -> Conduct:
            """The same, and one of the teams supplies the programme."""
            return replace(super().conduct(round_id, teams), suppliers=(best,))

    before = decided()
    best = next(t for t, why in verdicts(before).items() if why is Reason.ABOVE_THE_LINE)
    assert before.next_blocks[best] > before.holdings[best].blocks
    events = [e for e in agenda(before.document) if e.day <= CLOSES][: len(before.taken)]
    term = replay(before.document, events, Supplied(before.document, {}))
    assert best not in term.next_blocks


def test_a_term_with_hearings_is_derived_again_by_a_stranger() -> None:
    """Bundle, events and facts give the same journal; one changed word of a hearing is caught."""
    term = heard_term()
    files = bundle_of_term(term)
    assert () == verify(files, pages).faults
    events = read_events(EVENTS, files[EVENTS])
    named = {n: read_facts(n, n.split("/")[0], f.data) for n, f in term.facts.items()}
    again = replay(term.document, events, Recorded(named))
    assert published(term, {}) == published(again, {})
    path = "facts/hearings/again.jsonl"
    files[path] = files[path].replace(b'"passed":true', b'"passed":false')
    assert [path] == [fault.file for fault in verify(files, pages).faults]


def refused(term: Term, hearing: Hearing, day: date = CLOSES) -> set[str]:
    """The names by which a hearing is refused; the term is left as it was."""
    root = term.root()
    with pytest.raises(Faulty) as error:
        after(term, hearing, day)
    assert root == term.root()
    assert {"facts/hearings/again.jsonl"} == {fault.file for fault in error.value.faults}
    return {fault.code for fault in error.value.faults}


def _known(term: Term) -> Hearing:
    row = next(v["item"] for v in term.facts["evidence/stage"].values if "item" in v)  # type: ignore[operator, index]
    assert isinstance(row, ItemScore)
    return Hearing("stage", Ground.FURTHER_ITEMS, items={"items": (row,)})


def _nobodys(term: Term) -> Hearing:
    return replace(objection(term), findings=(GateFinding("x", "own", True, "", (), True),))


REFUSED: list[tuple[HearingFault, tuple[tuple[str, str], ...], Callable[[Term], Hearing]]] = [
    (HearingFault.ROUND_NOT_CLOSED, (), lambda t: replace(objection(t), round="final")),
    (HearingFault.PART_ASTRAY, (), lambda t: replace(objection(t), secrets={"a": "b"})),
    (
        HearingFault.NO_RIGHT_TO_OBJECT,
        (("    appeals: {object_days: 10, answer_days: 20}\n", ""),),
        objection,
    ),
    (HearingFault.OBJECTOR_UNKNOWN, (), lambda t: replace(objection(t), objector="somebody")),
    (HearingFault.OBJECTED_LATE, (), lambda t: replace(objection(t), objected=date(2026, 7, 31))),
    (HearingFault.OBJECTED_LATE, (), lambda t: replace(objection(t), objected=date(2026, 7, 19))),
    (HearingFault.DOCUMENT_MISSING, (), lambda t: replace(objection(t), evidence=())),
    (HearingFault.DOCUMENT_MISSING, (), lambda t: replace(objection(t), evidence=("a letter",))),
    (HearingFault.NOTHING_CHANGES, (), lambda t: replace(objection(t), findings=())),
    (HearingFault.FINDING_UNKNOWN, (), _nobodys),
    (HearingFault.NOTHING_WITHDRAWN, (), lambda t: withdrawal(t, "experts", "nobody")),
    (HearingFault.NOTHING_AWAITS_ITEMS, (), lambda t: further(t, t.closed["stage"].teams[0], 4)),
    (
        HearingFault.NO_FURTHER_ITEMS,
        (MORE_ITEMS,),
        lambda _: Hearing("stage", Ground.FURTHER_ITEMS),
    ),
    (HearingFault.ITEM_KNOWN, (MORE_ITEMS,), _known),
    (
        HearingFault.NOTHING_AWAITS_A_LOT,
        (MORE_ITEMS,),
        lambda _: Hearing("stage", Ground.LOT),
    ),
    (
        HearingFault.SECRET_WRONG,
        (),
        lambda t: Hearing("stage", Ground.LOT, secrets={t.closed["stage"].teams[0]: "mine"}),
    ),
    (
        HearingFault.NO_WILDCARD_CALL,
        (("    wildcard: {open_days: 20, majority: 1/2, may_choose_none: true}\n", ""),),
        lambda _: votes(("motif", 7, 10)),
    ),
    (HearingFault.NO_PLACE_OPEN, (), lambda _: votes(("motif", 7, 10))),
    (HearingFault.WILDCARD_CALL_OPEN, (TWO_OF_SIX,), lambda _: votes(("motif", 7, 10))),
    (HearingFault.VOTE_WRONG, (TWO_OF_SIX,), lambda _: votes(("motif", 11, 10))),
    (HearingFault.VOTE_WRONG, (TWO_OF_SIX,), lambda _: votes(("m", 1, 10), ("m", 2, 10))),
]


@pytest.mark.parametrize(("code", "changes", "made"), REFUSED, ids=range(len(REFUSED)))
def test_a_hearing_that_cannot_be_is_refused_by_name(
    code: HearingFault, changes: tuple[tuple[str, str], ...], made: Callable[[Term], Hearing]
) -> None:
    """Every name occurs, and nothing has happened where one does."""
    term = decided(*changes)
    assert f"hearing-{code.value}" in refused(term, made(term))


def test_every_name_of_a_refusal_occurs() -> None:
    """The names are a closed list, and each is provoked here; two by themselves."""
    elsewhere = {HearingFault.ROUND_OVERTAKEN, HearingFault.TERM_TURNED}
    assert {*HearingFault} == {code for code, *_ in REFUSED} | elsewhere


def test_a_later_stage_judges_who_stayed_and_ends_what_can_be_heard_of_the_first() -> None:
    """Two stages: nine enter, then those who stayed; what was heard of the first is history."""
    first = drawn(decided(TWO_STAGES))
    term = first
    for event in agenda(term.document)[first.done :]:
        if event.day <= date(2026, 8, 20):
            term = take(term, Heard(term.document, {}), event)
    stayed = {team for team, why in verdicts(first).items() if why in (LOT_WON, ABOVE)}
    assert 3 == len(stayed)
    assert stayed == set(term.closed["final"].teams)
    with pytest.raises(Faulty) as error:
        after(term, objection(first), date(2026, 8, 20))
    assert {"hearing-round-overtaken"} == {fault.code for fault in error.value.faults}


def test_after_the_turn_it_is_too_late() -> None:
    """What was freed is held by others then, and the refusal says so by name."""
    policy = decided().document
    term, first = begin(policy), agenda(policy)[0].day
    assert {"hearing-round-not-closed"} == refused(term, objection(decided()), first)
    turned = replace(drawn(decided()), closed={})
    assert {"hearing-term-turned"} == refused(turned, objection(decided()))


def test_an_empty_outcome_waits_for_nothing() -> None:
    """A round without teams has no lot to draw."""
    term = decided()
    nobody = replace(term.closed["stage"], outcome=RoundOutcome((), 0, None))
    bare = replace(term, closed={"stage": nobody})
    after_it = drawn(bare)
    assert bare.closed == after_it.closed
    assert b"" == after_it.facts["lots/stage"].data


def test_a_document_is_known_by_its_digest() -> None:
    """The objection of these tests rests on a document, and the journal holds only its digest."""
    assert DOCUMENT.encode() in after(decided(), objection(decided())).facts["hearings/again"].data
