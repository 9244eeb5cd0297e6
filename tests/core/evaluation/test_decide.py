"""Decisions: gates before points, places by points, and the agreed remedy where chance rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.evaluation.decide import (
    Decision,
    Lot,
    Reason,
    RoundOutcome,
    TeamDecision,
    WildcardVote,
    decide,
    decide_wildcards,
    lot_number,
)
from headgate.core.evaluation.estimate import BarFinding, Difference, Standing, Standings
from headgate.core.evaluation.method import Gate, GateFinding, GateOutcome, Method
from headgate.core.policy.schema import Remedy, Wildcard
from tests.core.evaluation.rounds import METHOD

LOT = Lot("5eed")
RULE = Wildcard(open_days=20, majority=Fraction(1, 2), may_choose_none=True)
MUST = RULE.model_copy(update={"may_choose_none": False})

TOTALS = {"a": 90_000, "b": 80_000, "c": 70_000, "d": 69_000, "e": 50_000}


def round_of(
    totals: Mapping[str, int] = TOTALS,
    tied: Sequence[str] = (),
    out: Sequence[str] = (),
    stay_max: int = 3,
    bars: tuple[BarFinding, ...] = (),
    points: Mapping[str, tuple[tuple[str, int], ...]] | None = None,
) -> Standings:
    """Standings written by hand; `tied` lists pairs such as "cd" that are not separated."""
    order = sorted(totals, key=lambda team: -totals[team])
    qualified = [team for team in order if team not in out]
    last = qualified[: min(stay_max, len(qualified))][-1] if qualified else None
    pairs = {frozenset(pair) for pair in tied}
    return Standings(
        standings=tuple(
            Standing(
                team=team,
                place=1 + order.index(team),
                points_milli=(points or {}).get(team, ()),
                total_milli=totals[team],
                standard_error_milli=500,
                closed_form_milli=500,
                low_milli=totals[team] - 1_000,
                high_milli=totals[team] + 1_000,
                rank_ppm=(),
                stays_ppm=0,
                qualified=team in qualified,
                tied_with_last_staying=team in qualified
                and (team == last or frozenset((team, last)) in pairs),
            )
            for team in order
        ),
        differences=tuple(
            Difference(
                first,
                second,
                totals[first] - totals[second],
                500,
                500,
                2_000_000,
                -1,
                1,
                frozenset((first, second)) not in pairs,
            )
            for at, first in enumerate(order)
            for second in order[at + 1 :]
        ),
        last_staying=last,
        bars=bars,
        effective_weights=(),
        panels=(),
        seed="5eed",
    )


def method_of(remedy: Remedy, stay_min: int = 3, stay_max: int = 3) -> Method:
    """Three places, and this remedy."""
    return replace(METHOD, tie_remedy=remedy, stay_min=stay_min, stay_max=stay_max)


def short(outcome: RoundOutcome) -> dict[str, tuple[Decision, Reason]]:
    """Decision and reason by team."""
    return {item.team: (item.decision, item.reason) for item in outcome.decisions}


STAYS = (Decision.ADVANCE, Reason.ABOVE_THE_LINE)
LEAVES = (Decision.CUT, Reason.BELOW_THE_LINE)
MORE = (Decision.TIE, Reason.TIED_AWAITS_MORE_ITEMS)
TIED = (Decision.ADVANCE, Reason.TIED_AND_STAYS)
FAILED = GateFinding("b", "own-design", GateOutcome.FAILED, ("d1",), replied=True)


def test_a_clear_line_needs_no_remedy() -> None:
    """The best three of five stay, and the others leave, each with its numbers."""
    outcome = decide(method_of(Remedy.MORE_ITEMS), round_of(), ())
    assert {"a": STAYS, "b": STAYS, "c": STAYS, "d": LEAVES, "e": LEAVES} == short(outcome)
    assert (0, None) == (outcome.places_left, outcome.remedy_applied)
    numbers = dict(outcome.decisions[3].numbers)
    assert (4, 69_000, -1_000) == (
        numbers["place"],
        numbers["total_milli"],
        numbers["to_last_staying_milli"],
    )


def test_all_tied_stay() -> None:
    """d cannot be told from c, the last that stays: four stay where three places were."""
    outcome = decide(method_of(Remedy.ALL_TIED_STAY), round_of(tied=["cd"]), ())
    assert {"a": STAYS, "b": STAYS, "c": TIED, "d": TIED, "e": LEAVES} == short(outcome)
    assert Remedy.ALL_TIED_STAY is outcome.remedy_applied


def test_more_items_leave_the_tied_undecided() -> None:
    """Only those at the line wait for fresh items; who is clear of it is decided."""
    outcome = decide(method_of(Remedy.MORE_ITEMS), round_of(tied=["cd"]), ())
    assert {"a": STAYS, "b": STAYS, "c": MORE, "d": MORE, "e": LEAVES} == short(outcome)
    assert 0 == outcome.places_left


def test_a_remedy_never_turns_the_order_round() -> None:
    """e is tied with c by its own wide error: d, who stands above e, contests as well; and b, tied
    with both, does not fall behind c, but a is clear of all.
    """
    standings = round_of(tied=["ce", "bd", "be"])
    outcome = decide(method_of(Remedy.MORE_ITEMS), standings, ())
    assert {"a": STAYS, "b": MORE, "c": MORE, "d": MORE, "e": MORE} == short(outcome)


@pytest.mark.parametrize("remedy", [Remedy.LOT, Remedy.ALL_TIED_STAY, Remedy.MORE_ITEMS])
@pytest.mark.parametrize(("tied", "safe"), [(["cd", "ad", "bc", "bd"], "a"), (["ce", "be"], "ab")])
def test_one_wide_interval_below_makes_no_secured_place_doubtful(
    tied: list[str], safe: str, remedy: Remedy
) -> None:
    """Whatever the few votes for one below may hide, a lot sends nobody home who is surely above c.

    Even where that one truly stands above, c does not: the team is third at worst.
    """
    outcome = short(decide(method_of(remedy), round_of(tied=tied), (), LOT))
    assert set(safe) == {team for team, found in outcome.items() if found == STAYS}


def test_two_wide_intervals_below_may_push_a_team_out() -> None:
    """d and e may both truly stand above b, and a stands above it: b may be fourth, and waits."""
    outcome = short(decide(method_of(Remedy.MORE_ITEMS), round_of(tied=["ce", "bd", "be"]), ()))
    assert {"a": STAYS} == {team: found for team, found in outcome.items() if found == STAYS}


def test_a_safe_team_makes_everybody_above_it_safe() -> None:
    """e contests d's place; b's wide error touches e, but c, below b, is clear of it."""
    outcome = decide(
        method_of(Remedy.MORE_ITEMS, stay_max=4), round_of(tied=["de", "be"], stay_max=4), ()
    )
    assert {"a": STAYS, "b": STAYS, "c": STAYS, "d": MORE, "e": MORE} == short(outcome)


def test_the_lot_falls_by_its_published_rule() -> None:
    """The smaller SHA-256 of digest and team goes on; before the lot is drawn nobody is cut."""
    method, standings = method_of(Remedy.LOT), round_of(tied=["cd"])
    waiting = decide(method, standings, ())
    awaits = (Decision.TIE, Reason.TIED_AWAITS_LOT)
    assert {"a": STAYS, "b": STAYS, "c": awaits, "d": awaits, "e": LEAVES} == short(waiting)
    winners = set()
    for lot in ("00", "01", "02", "03", "04", "05"):
        drawn = short(decide(method, standings, (), Lot(lot)))
        winner, loser = sorted("cd", key=lambda team: lot_number(lot, team))
        assert (Decision.ADVANCE, Reason.LOT_WON) == drawn[winner]
        assert (Decision.CUT, Reason.LOT_LOST) == drawn[loser]
        winners.add(winner)
    assert {"c", "d"} == winners
    assert "892625af" == lot_number("5eed", "c")[:8]


def test_named_tie_breakers_decide_in_their_order() -> None:
    """Equal in the panel, d is ahead of c with the users: d takes the place."""
    method = replace(method_of(Remedy.NAMED_TIE_BREAKERS), tie_breakers=("panel", "users"))
    points = {
        "c": (("panel", 30_000), ("users", 20_000)),
        "d": (("panel", 30_000), ("users", 20_001)),
    }
    outcome = short(decide(method, round_of(tied=["cd"], points=points), ()))
    assert (Decision.ADVANCE, Reason.TIE_BREAKER_WON) == outcome["d"]
    assert (Decision.CUT, Reason.TIE_BREAKER_LOST) == outcome["c"]


def test_equal_tie_breakers_come_down_to_the_lot() -> None:
    """b wins outright, c and d are equal in everything named: the lot decides between these two."""
    method = replace(method_of(Remedy.NAMED_TIE_BREAKERS), tie_breakers=("panel",))
    points = {"b": (("panel", 9),), "c": (("panel", 5),), "d": (("panel", 5),)}
    standings = round_of(tied=["cd", "bd", "bc"], points=points)
    waiting = short(decide(method, standings, ()))
    assert (Decision.ADVANCE, Reason.TIE_BREAKER_WON) == waiting["b"]
    assert {Reason.TIED_AWAITS_LOT} == {waiting["c"][1], waiting["d"][1]}
    drawn = short(decide(method, standings, (), LOT))
    assert {Reason.LOT_WON, Reason.LOT_LOST} == {drawn["c"][1], drawn["d"][1]}


def test_a_gate_disqualifies_the_second_and_lifts_the_fourth() -> None:
    """b is second on points and fails the gate: it leaves, d takes the third place, e is cut."""
    method = replace(method_of(Remedy.ALL_TIED_STAY), gates=(Gate("own-design"),))
    outcome = decide(method, round_of(out=["b"]), (FAILED,))
    assert {
        "a": STAYS,
        "b": (Decision.DISQUALIFIED, Reason.GATE_FAILED),
        "c": STAYS,
        "d": STAYS,
        "e": LEAVES,
    } == short(outcome)
    assert ("own-design",) == outcome.decisions[1].names


def test_fewer_than_the_minimum_leave_wildcard_places() -> None:
    """Four should stay, one of four is disqualified: one place is open for a wildcard."""
    totals = {team: TOTALS[team] for team in "abcd"}
    method = method_of(Remedy.ALL_TIED_STAY, stay_min=4, stay_max=4)
    outcome = decide(method, round_of(totals, out=["b"], stay_max=4), (FAILED,))
    assert 1 == outcome.places_left
    assert {Reason.PLACES_SUFFICE, Reason.GATE_FAILED} == {r for _, r in short(outcome).values()}


def test_a_missed_bar_stops_support_whatever_the_place() -> None:
    """a leads and is short of 95 % of the reference: support stops, with the margin as reason."""
    bars = (BarFinding("world", "a", -1_200, -2_400, False), BarFinding("world", "b", 9, 9, True))
    outcome = decide(method_of(Remedy.LOT), round_of(out=["a"], bars=bars), ())
    first = outcome.decisions[0]
    assert (
        TeamDecision(
            "a",
            Decision.STOP,
            Reason.BAR_NOT_MET,
            ("world",),
            (("margin_milli", -1_200), ("margin_low_milli", -2_400)),
        )
        == first
    )


def test_a_team_that_handed_in_nothing_is_stopped() -> None:
    """It passed the gates and was not measured: it has no standing, and no place."""
    passed = GateFinding("z", "own-design", GateOutcome.PASSED)
    outcome = short(decide(method_of(Remedy.LOT), round_of(), (passed,)))
    assert (Decision.STOP, Reason.NOTHING_MEASURED) == outcome["z"]


def test_nobody_qualifies() -> None:
    """All fail: every place is open, and nothing crashes."""
    gates = [replace(FAILED, team=team) for team in TOTALS]
    outcome = decide(method_of(Remedy.LOT), round_of(out=list(TOTALS)), gates)
    assert {Decision.DISQUALIFIED} == {item.decision for item in outcome.decisions}
    assert 3 == outcome.places_left


MAJORITY = (Decision.WILDCARD, Reason.MAJORITY_REACHED)
MISSED = (Decision.CUT, Reason.MAJORITY_MISSED)


@pytest.mark.parametrize(
    ("votes", "lot", "expected"),
    [
        ({"x": 6}, None, {"x": MAJORITY}),
        ({"x": 5}, None, {"x": MISSED}),
        ({"x": 6, "y": 7}, None, {"x": (Decision.CUT, Reason.NO_PLACE_LEFT), "y": MAJORITY}),
        ({"x": 5, "y": 4}, None, {"x": MISSED, "y": MISSED}),
        (
            {"x": 7, "y": 7},
            None,
            dict.fromkeys("xy", (Decision.TIE, Reason.TIED_AWAITS_LOT)),
        ),
        (
            {"x": 7, "y": 7},
            LOT,
            {"x": (Decision.CUT, Reason.LOT_LOST), "y": (Decision.WILDCARD, Reason.LOT_WON)},
        ),
    ],
)
def test_one_wildcard_place_of_a_panel_of_ten(
    votes: dict[str, int], lot: Lot | None, expected: dict[str, tuple[Decision, Reason]]
) -> None:
    """More than half of the panel must want the applicant, and the place may stay empty."""
    given_votes = [WildcardVote(team, count, 10) for team, count in votes.items()]
    decided = decide_wildcards(1, given_votes, RULE, lot)
    assert expected == {item.team: (item.decision, item.reason) for item in decided}


def test_one_must_be_chosen_where_the_rule_says_so() -> None:
    """Without a majority the applicant with the most votes is taken, and one only."""
    votes = [WildcardVote("x", 3, 10), WildcardVote("y", 4, 10)]
    decided = {each.team: each for each in decide_wildcards(2, votes, MUST)}
    assert Reason.ONE_HAD_TO_BE_CHOSEN is decided["y"].reason
    assert Decision.CUT is decided["x"].decision


def test_two_thirds_are_two_thirds() -> None:
    """The majority is the policy's, to be passed and not only reached."""
    rule = RULE.model_copy(update={"majority": Fraction(2, 3)})
    votes = [WildcardVote("x", 6, 9), WildcardVote("y", 7, 9)]
    decided = {each.team: each.decision for each in decide_wildcards(2, votes, rule)}
    assert {"x": Decision.CUT, "y": Decision.WILDCARD} == decided


def test_who_does_not_show_a_secret_is_drawn_last() -> None:
    """A team cannot better its lot by keeping its secret back, whatever the digest is."""
    method, standings = method_of(Remedy.LOT), round_of(tied=["cd"])
    for digest in ("00", "01", "02", "03", "04", "05"):
        drawn = short(decide(method, standings, (), Lot(digest, frozenset("c"))))
        assert Reason.LOT_WON is drawn["d"][1]


def test_no_place_means_no_wildcard() -> None:
    """A majority takes no place that is not there."""
    (only,) = decide_wildcards(0, [WildcardVote("x", 10, 10)], RULE)
    assert (Decision.CUT, Reason.NO_PLACE_LEFT) == (only.decision, only.reason)


def test_every_decision_and_reason_is_reached() -> None:
    """No code that reports translate is only decoration; one is a hearing's after the turn."""
    passed = GateFinding("z", "own-design", GateOutcome.PASSED)
    bars = (BarFinding("world", "a", -1, -1, False),)
    tied, points = round_of(tied=["cd"]), {"c": (("panel", 1),), "d": (("panel", 2),)}
    named = replace(method_of(Remedy.NAMED_TIE_BREAKERS), tie_breakers=("panel",))
    decided = [
        *decide(
            method_of(Remedy.LOT), round_of(out=["a", "b"], bars=bars), (FAILED, passed)
        ).decisions,
        *decide(method_of(Remedy.LOT), tied, ()).decisions,
        *decide(method_of(Remedy.LOT), tied, (), LOT).decisions,
        *decide(method_of(Remedy.MORE_ITEMS), tied, ()).decisions,
        *decide(method_of(Remedy.ALL_TIED_STAY), tied, ()).decisions,
        *decide(named, round_of(tied=["cd"], points=points), ()).decisions,
        *decide_wildcards(1, [WildcardVote("x", 6, 10), WildcardVote("y", 7, 10)], RULE),
        *decide_wildcards(1, [WildcardVote("x", 5, 10)], RULE),
        *decide_wildcards(1, [WildcardVote("x", 5, 10)], MUST),
    ]
    assert set(Decision) == {item.decision for item in decided}
    assert set(Reason) - {Reason.NOT_TAKEN_BACK} == {item.reason for item in decided}


@given(
    st.sets(st.sampled_from(["ab", "ac", "ad", "ae", "bc", "bd", "be", "cd", "ce", "de"])),
    st.sets(st.sampled_from("abcde")),
    st.sampled_from(Remedy),
    st.integers(1, 5),
    st.sampled_from([None, LOT]),
)
def test_the_laws_of_a_cut(
    tied: set[str], out: set[str], remedy: Remedy, places: int, lot: Lot | None
) -> None:
    """Every team is decided once; places are kept but by "all tied stay"; who is safe stands above
    who contests, and who contests above who is cut; an unqualified team never stays.
    """
    method = replace(method_of(remedy, stay_min=places, stay_max=places), tie_breakers=("panel",))
    points = {team: (("panel", ord(team) % 2),) for team in TOTALS}
    gates = [replace(FAILED, team=team) for team in sorted(out)]
    standings = round_of(tied=sorted(tied), out=sorted(out), stay_max=places, points=points)
    outcome = decide(method, standings, gates, lot)
    assert list(TOTALS) == [item.team for item in outcome.decisions]
    decided = short(outcome)
    assert {team for team in TOTALS if decided[team][0] is Decision.DISQUALIFIED} == out
    inside = [team for team in TOTALS if team not in out]
    rank = [
        {Reason.ABOVE_THE_LINE: 0, Reason.PLACES_SUFFICE: 0, Reason.BELOW_THE_LINE: 2}.get(
            decided[team][1], 1
        )
        for team in inside
    ]
    assert sorted(rank) == rank
    staying = sum(decided[team][0] is Decision.ADVANCE for team in inside)
    undecided = sum(decided[team][0] is Decision.TIE for team in inside)
    if remedy is Remedy.ALL_TIED_STAY:
        assert staying >= min(places, len(inside))
    elif undecided:
        assert staying < places < staying + undecided
    else:
        assert min(places, len(inside)) == staying
