"""Every outcome can be told in every language, with the rule and the numbers it rests on."""

import re
from dataclasses import replace
from datetime import date

import pytest

from headgate.core.awards.reasons import Change, ChangeKind, Outcome, Reason
from headgate.core.awards.sentences import sentence as english
from headgate.core.calls.field import Place, Standing
from headgate.core.calls.scoring import Score
from headgate.core.calls.screening import Finding, Refusal
from headgate.core.policy.dated import at
from headgate.core.policy.schema import Gate, Stage
from headgate.core.supports.text import Text
from headgate.readers.policy_files import read_programme
from headgate.report.reasons import ground, sentence, told
from headgate.report.speaker import speaker, speaker_of
from headgate.report.summary_calls import Applicant, Fate
from tests.report.builders import ROOT, SMALL, summary

CHANGES = tuple(Change(kind, "h200", 72_500, 71_700, "app-9") for kind in ChangeKind)


def reason(outcome: Outcome) -> Reason:
    """A reason with every part it can have."""
    awarded = outcome in (Outcome.AWARDED, Outcome.AWARDED_IN_PART)
    lost = not awarded and outcome is not Outcome.DECLINED
    return Reason(
        "app-1", outcome, 71_700, "h200", 12 if awarded else 0, 24, ("academia", "h200"),
        80_000 if lost else None, CHANGES if lost else (),
    )  # fmt: skip


@pytest.mark.parametrize("language", ["vi", "ko"])
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_told_with_its_numbers(outcome: Outcome, language: str) -> None:
    """An applicant reads the rule, the line to reach, the own score and the nearest change."""
    words = sentence(reason(outcome), speaker(language, {}, "KRW"))
    assert "{" not in words
    if reason(outcome).nearest:
        points = ("71,7", "72,5") if language == "vi" else ("71.7", "72.5")
        for part in ("academia", "80", *points, "app-9", "h200"):
            assert part in words


@pytest.mark.parametrize("language", ["en", "vi", "ko"])
def test_a_class_has_its_name_before_its_code(language: str) -> None:
    """Who reads why they were not awarded reads what the class is called, not a code alone."""
    resolved = at(read_programme(ROOT / "programmes" / "korea-2025"), date(2026, 3, 1))
    say = speaker_of(resolved.policy, language)
    words = sentence(reason(Outcome.POOL_SPENT), say)
    assert "h200" not in words.replace("NVIDIA H200 (h200)", "")


@pytest.mark.parametrize(
    ("language", "envelope", "limit"),
    [
        ("en", "the envelope Universities (academia) is spent", "limit lead of FIRM-007"),
        ("vi", "hạn mức Universities (academia) đã hết", "giới hạn tập trung lead của FIRM-007"),
        ("ko", "(Universities (academia))", "집중 제한 FIRM-007의 lead"),
    ],
)
def test_an_envelope_has_its_name_and_a_limit_says_of_whom_it_is(
    language: str, envelope: str, limit: str
) -> None:
    """What stood in the way is told as people call it, not by codes that the solver has."""
    say = speaker(language, {"academia": Text(en="Universities")}, "KRW")
    spent = replace(reason(Outcome.ENVELOPE_SPENT), rules=("academia",))
    assert envelope in sentence(spent, say)
    concentrated = replace(reason(Outcome.CONCENTRATION_LIMIT), rules=("lead:FIRM-007",))
    assert limit in sentence(concentrated, say)


@pytest.mark.parametrize("outcome", Outcome)
def test_english_is_the_decision_itself(outcome: Outcome) -> None:
    """The English page quotes the sentence of the decision, to the letter."""
    assert english(reason(outcome)) == sentence(reason(outcome), speaker("en", {}, "KRW"))


def test_points_are_written_without_needless_zeros() -> None:
    """80 points are 80, not 80.000, and a hundred keeps its own zeros."""
    won = Reason("a", Outcome.POOL_SPENT, 100_000, "h200", 0, 1, ("h200",), 80_000, ())
    words = sentence(won, speaker("ko", {}, "KRW"))
    assert "이 신청은 100점입니다. 해당 한도에서 80점까지 배정되었으나" in words


@pytest.mark.parametrize("language", ["vi", "ko"])
@pytest.mark.parametrize("score", [79_000, 80_000, 81_000])
def test_the_line_to_reach_is_told_for_every_standing(score: int, language: str) -> None:
    """Below, at or above the lowest score awarded: the sentence has both scores and its own words,
    and only who was below reads of a line that was missed.
    """
    say = speaker(language, {}, "KRW")
    lost = Reason("a", Outcome.POOL_SPENT, score, "h200", 0, 1, ("h200",), 80_000, ())
    words = sentence(lost, say)
    assert {"80", str(score // 1000)} <= set(re.findall("[0-9]+", words))
    assert (score < 80_000) == (
        say.say("outcome.cutoff", own=f"{score // 1000}", cutoff="80") in words
    )


def applicant(fate: Fate, standing: Standing, *findings: Finding) -> Applicant:
    """An applicant that fell out before the award list."""
    place = None if findings else Place("a", 7, standing, "written-review", 60_000)
    score = None if findings else Score("a", 59_950, 59_950, 5)
    return Applicant("a", "business", "", fate, findings, score, place, None, False, 3)


@pytest.mark.parametrize(
    ("fate", "standing", "expected"),
    [
        (
            Fate.BELOW_PASS_MARK, Standing.BELOW_PASS_MARK,
            "Its score is 59.95; the pass mark is 60.",
        ),
        (
            Fate.OUT_AT_STAGE, Standing.OUT_AT_STAGE,
            "Its score of 59.95 was not enough for stage 2 of the selection ({}), which needed 60.",
        ),
        (Fate.NOT_SCORED, Standing.NOT_SCORED, "No reviewer gave it a complete sheet."),
    ],
)  # fmt: skip
def test_who_fell_out_before_the_list_is_told_why(
    fate: Fate, standing: Standing, expected: str
) -> None:
    """The stage or mark is named, with the score that was needed, exact enough to see the gap."""
    days = {"paper": date(2026, 2, 5), "written-review": date(2026, 3, 5)}
    stages = tuple(Stage(id=name, on=day, keeps=9) for name, day in days.items())
    section = summary(SMALL).calls[0].section.model_copy(update={"stages": stages})
    say = speaker("en", {}, "KRW")
    day = say.locale.day(days["written-review"])
    assert expected.format(day) == told(section, applicant(fate, standing).why, say)


def test_a_refusal_names_every_ground() -> None:
    """Somebody refused on two grounds reads both."""
    findings = (Finding(Refusal.LATE, "2026"), Finding(Refusal.ABOVE_CAP, "h200"))
    words = told(
        summary(SMALL).calls[0].section,
        applicant(Fate.REFUSED, Standing.NOT_SCORED, *findings).why,
        speaker("en", {}, "KRW"),
    )
    assert (
        "Refused before review: It came in after the call had closed; "
        "It asks for more of h200 than one application may have."
    ) == words


def test_a_silent_gate_is_told_apart_from_a_failed_one() -> None:
    """Who was never looked at does not read that a condition was not met."""
    call = summary(SMALL).calls[0]
    gate = Gate(id="audit", name=Text(en="Audited"), evidence=Text(en="-"), reply_days=1)
    gated = call.section.model_copy(update={"gates": (gate,)})
    told_of = [
        ground(gated, Finding(Refusal.GATE, rule), speaker("en", {}, "KRW"))
        for rule in ("audit", "audit?")
    ]
    expected = ["Condition not met: Audited", "Nothing was found on the condition: Audited"]
    assert expected == told_of


def test_a_rule_is_told_in_the_policys_own_words() -> None:
    """A refusal by a rule of the policy quotes the rule, in the reader's language."""
    call = next(c for c in summary("programmes/korea-2025").calls if c.id == "open-1")
    finding = Finding(Refusal.RULE, "same-work")
    words = [
        ground(call.section, finding, speaker(language, {}, "KRW")) for language in ("en", "ko")
    ]
    expected = [
        "The same work already has GPUs from the state",
        "동일한 과제로 이미 국가 GPU를 지원받고 있습니다",
    ]
    assert expected == words
