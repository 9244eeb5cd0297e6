"""A method is refused before the round, never during it, and each refusal has its name."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from headgate.core.evaluation.method import (
    Bar,
    Gate,
    GateFault,
    GateFinding,
    GateOutcome,
    Method,
    MethodFault,
    check_gates,
    check_method,
    check_seed,
)
from headgate.core.policy.schema import BarOn, PillarKind, Remedy, Scaling
from tests.core.evaluation.rounds import EXAM, METHOD, PANEL, SEED, USERS, only

BAR = Bar("world", Fraction(19, 20), BarOn.ESTIMATE, "exam", "world-model")


def with_exam(**changes: object) -> Method:
    """The method with its exam changed."""
    return replace(METHOD, pillars=(replace(EXAM, **changes), PANEL, USERS))  # type: ignore[arg-type]


def with_panel(**changes: object) -> Method:
    """The method with its panel changed."""
    return replace(METHOD, pillars=(EXAM, replace(PANEL, **changes), USERS))  # type: ignore[arg-type]


FAULTY: dict[MethodFault, Method] = {
    MethodFault.NO_PILLAR: replace(METHOD, pillars=()),
    MethodFault.NAME_TWICE: replace(METHOD, gates=(Gate("own"), Gate("own"))),
    MethodFault.WEIGHT_NEGATIVE: with_exam(weight=-40),
    MethodFault.WEIGHTS_DO_NOT_ADD_UP: with_exam(weight=41),
    MethodFault.NO_TASK: with_exam(tasks=()),
    MethodFault.TASK_WEIGHT_NOT_POSITIVE: with_exam(tasks=(("mathematics", 0),)),
    MethodFault.REFERENCE_SCORE_OUT_OF_RANGE: with_exam(
        scaling=Scaling.ANCHORED, reference_score=0
    ),
    MethodFault.HARSHNESS_OF_ITEMS: with_exam(adjust_harshness=True),
    MethodFault.RATINGS_NOT_MACRO: with_panel(macro=False),
    MethodFault.OWN_ITEMS_OF_RATINGS: with_panel(common_items=False),
    MethodFault.STYLE_WITHOUT_VOTES: with_exam(style=("length",)),
    MethodFault.REPLICATES_OUT_OF_RANGE: replace(METHOD, replicates=10),
    MethodFault.CONFIDENCE_OUT_OF_RANGE: replace(METHOD, confidence=Fraction(1)),
    MethodFault.REPLICATES_TOO_FEW_FOR_CONFIDENCE: replace(
        METHOD, replicates=100, confidence=Fraction(999, 1000)
    ),
    MethodFault.STAY_RANGE_EMPTY: replace(METHOD, stay_min=3, stay_max=2),
    MethodFault.TIE_BREAKER_UNKNOWN: replace(METHOD, tie_breakers=("beauty",)),
    MethodFault.TIE_BREAKERS_MISSING: replace(METHOD, tie_remedy=Remedy.NAMED_TIE_BREAKERS),
    MethodFault.BAR_PILLAR_UNKNOWN: replace(METHOD, bars=(replace(BAR, pillar="beauty"),)),
    MethodFault.BAR_NEEDS_COMMON_ITEMS: replace(METHOD, bars=(replace(BAR, pillar="panel"),)),
    MethodFault.BAR_SHARE_OUT_OF_RANGE: replace(METHOD, bars=(replace(BAR, share=Fraction(0)),)),
}


def test_a_sound_method_has_no_fault() -> None:
    """What the programmes use is not refused."""
    assert () == check_method(replace(METHOD, bars=(BAR,), gates=(Gate("own"),)))
    assert () == check_seed(SEED)


@pytest.mark.parametrize("fault", FAULTY, ids=lambda fault: fault.value)
def test_each_fault_is_named(fault: MethodFault) -> None:
    """A method with one fault is refused by that name, with a place and a mend."""
    findings = [item for item in check_method(FAULTY[fault]) if item.code is fault]
    assert 1 == len(findings)
    assert findings[0].place
    assert findings[0].mend


def test_every_fault_of_a_method_is_provoked() -> None:
    """No name of a fault is only decoration."""
    seeds = {finding.code for seed in ("", "SEED", "0x5") for finding in check_seed(seed)}
    assert set(MethodFault) == FAULTY.keys() | seeds


def test_all_faults_come_at_once() -> None:
    """A policy's author sees the whole list and not the first line of it."""
    faulty = replace(with_exam(weight=41, tasks=()), replicates=1, stay_max=0)
    expected = {
        MethodFault.WEIGHTS_DO_NOT_ADD_UP,
        MethodFault.NO_TASK,
        MethodFault.REPLICATES_OUT_OF_RANGE,
        MethodFault.REPLICATES_TOO_FEW_FOR_CONFIDENCE,
        MethodFault.STAY_RANGE_EMPTY,
    }
    assert expected == {finding.code for finding in check_method(faulty)}


def test_a_bar_on_the_total_needs_no_pillar() -> None:
    """A bar without a pillar stands on the total, and one with a reference must name a pillar."""
    total = replace(BAR, pillar=None, reference=None)
    assert () == check_method(replace(METHOD, bars=(total,)))
    nowhere = replace(BAR, pillar=None)
    found = check_method(replace(METHOD, bars=(nowhere,)))
    assert [MethodFault.BAR_NEEDS_COMMON_ITEMS] == [finding.code for finding in found]


def test_one_pillar_may_weigh_everything() -> None:
    """A programme may judge by experts alone."""
    assert () == check_method(only(replace(PANEL, kind=PillarKind.USERS)))


GATED = replace(METHOD, gates=(Gate("own-design", evidence_min=2),))
FAILED = GateFinding("a", "own-design", GateOutcome.FAILED, ("d1", "d2"), replied=True)
PASSED = GateFinding("b", "own-design", GateOutcome.PASSED)


def gate_faults(*rows: GateFinding) -> Iterator[object]:
    """Codes of what is wrong with these findings for teams a and b."""
    return (finding.code for finding in check_gates(GATED, rows, ["a", "b"]))


def test_a_failure_needs_evidence_and_a_heard_reply() -> None:
    """Nobody is disqualified on one paper of two, nor before being heard."""
    assert [] == list(gate_faults(FAILED, PASSED))
    thin = replace(FAILED, evidence=("d1", "d1"))
    assert [GateFault.EVIDENCE_TOO_LITTLE] == list(gate_faults(thin, PASSED))
    unheard = replace(FAILED, replied=False)
    assert [GateFault.REPLY_NOT_HEARD] == list(gate_faults(unheard, PASSED))


def test_each_team_has_one_finding_for_each_gate() -> None:
    """A gate left open, judged twice or invented stops the round."""
    assert [GateFault.NOT_FOUND] == list(gate_faults(FAILED))
    assert [GateFault.FOUND_TWICE] == list(gate_faults(FAILED, FAILED, PASSED))
    odd = replace(PASSED, gate="charm")
    assert [GateFault.GATE_UNKNOWN] == list(gate_faults(FAILED, PASSED, odd))
    provoked = {
        *gate_faults(replace(FAILED, evidence=(), replied=False)),
        *gate_faults(FAILED, FAILED, PASSED, odd),
    }
    assert set(GateFault) == provoked
