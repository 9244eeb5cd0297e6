"""A round as the policy has it is the method of its evaluation, word for word."""

from fractions import Fraction

from headgate.core.evaluation.method import Bar, Gate, Method, Pillar, check_method
from headgate.core.policy.dated import at
from headgate.core.policy.schema import BarOn, PillarKind, Remedy, Scaling
from headgate.steps.agenda import first_day
from headgate.steps.evaluate import method_of
from tests.steps.builders import document


def method_with(*changes: tuple[str, str], teams: int = 3) -> Method:
    """The small programme's round with some of its words changed, for so many teams."""
    policy = document(*changes)
    return method_of(at(policy, first_day(policy)).policy.rounds["stage"], teams)


def test_every_word_of_a_round_reaches_its_method() -> None:
    """Pillars, remedy, tie-breakers, gates and bars: what a state wrote is what decides."""
    items = "kind: items, weight: 60, scaling: share_of_maximum"
    changed = "kind: users, weight: 60, scaling: anchored, anchor: 90 %, adjust_harshness: true"
    asked = "named_tie_breakers\n    tie_breakers: [experts, items]\n"
    bars = "    bars:\n      - {id: low, points: 40, on: lower_limit}\n"
    bars += "      - {id: mean, points: 60, on: estimate}"
    expected = Method(
        (
            Pillar(
                "items", 60, PillarKind.USERS, Scaling.ANCHORED, (("items", 1),), True, True, 9_000
            ),
            Pillar("experts", 40, PillarKind.EXPERTS, Scaling.SHARE_OF_MAXIMUM, (("experts", 1),)),
        ),
        200,
        Fraction(95, 100),
        2,
        2,
        Remedy.NAMED_TIE_BREAKERS,
        ("experts", "items"),
        (Gate("own"),),
        (
            Bar("low", Fraction(2, 5), BarOn.LOWER_LIMIT),
            Bar("mean", Fraction(3, 5), BarOn.ESTIMATE),
        ),
    )
    method = method_with((items, changed), ("remedy: lot", f"remedy: {asked}{bars}"))
    assert expected == method
    assert () == check_method(method)


def test_no_more_teams_are_asked_for_than_there_are() -> None:
    """Where there are fewer teams than must stay, all of them are all that can."""
    assert 1 == method_with(teams=1).stay_min
