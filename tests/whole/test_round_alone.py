"""A round in a folder: judged by what was signed, verified by a stranger, tampering named."""

import json
import shutil
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.bundle.verify import read_bundle_files
from headgate.core.evaluation.conduct import ConductFault
from headgate.core.evaluation.freeze import FreezeFault
from headgate.core.faults import Faulty
from headgate.evaluating import EARLIER, RESULT, Evaluated, evaluate_folder, verify_round
from headgate.reporting import earlier_of, with_earlier
from tests.steps.builders import document
from tests.whole.alone import Change, Told, folder_of, objection, programme, run
from tests.whole.heard import TWO_STAGES
from tests.whole.small import small


def judged(base: Path, change: Change = lambda _: None, *changes: tuple[str, str]) -> Evaluated:
    """The round from a folder."""
    policy, folder = folder_of(base, change, *changes)
    return evaluate_folder(str(policy), "stage", folder, (), None)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `headgate evaluate --out` wrote, with an objection heard."""
    base = tmp_path_factory.mktemp("round")
    policy, folder = folder_of(base, lambda t: t.update(hearings=[objection()]))
    words = ("--programme", str(policy), "--evidence", str(folder), "--out", str(base / "out"))
    assert "check  headgate verify" in run("evaluate", "stage", *words)
    return base / "out"


def test_a_stranger_verifies_a_round_without_the_term(published: Path) -> None:
    """The folder alone is enough: signatures, files, and every decision derived again."""
    output = run("verify", str(published))
    assert "signed by" in output
    assert "standings" in output
    assert "NOT" not in output


def test_history_and_what_was_set_aside_stand_in_the_result(published: Path) -> None:
    """First disqualified, then short of its own target; a rater in conflict counts for others."""
    result: dict[str, Any] = json.loads((published / RESULT).read_bytes())
    reasons = [
        {d["team"]: d["reason"] for d in one["outcome"]["decisions"]} for one in result["history"]
    ]
    assert ["gate-failed", "bar-not-met"] == [each["c"] for each in reasons]
    assert [[], ["hearings/c-objects"]] == [one["after"] for one in result["history"]]
    (aside,) = result["conducted"]["set_aside"]
    assert ("r5", "conflict", "a", 1) == tuple(aside[k] for k in ("source", "why", "team", "rows"))
    assert {"a": "2026-07-01", "b": "2026-07-01", "c": "2026-07-01"} == result["conducted"][
        "last_days"
    ]


TAMPERED = [
    ("items.csv", "i7,i7,b,1,0", "i7,i7,b,1,10000"),
    ("experts.csv", "r3,b,5,10", "r3,b,9,10"),
    ("evidence.yaml", "'c': {passed: false", "'c': {passed: true"),
    ("round.yaml", '"private_trials":3', '"private_trials":1'),
    ("policy/programme.yaml", "weight: 60", "weight: 61"),
    (RESULT, '"reason":"bar-not-met"', '"reason":"above-the-line"'),
]


@pytest.mark.parametrize(("name", "old", "new"), TAMPERED, ids=[t[0] for t in TAMPERED])
def test_one_changed_word_is_caught_in_its_file_and_line(
    name: str, old: str, new: str, published: Path, tmp_path: Path
) -> None:
    """Whoever changes a row, a finding, a rule or the result is told of by file, and by line."""
    folder = Path(shutil.copytree(published, tmp_path / "tampered"))
    text = (folder / name).read_text("utf-8")
    line = text[: text.index(old)].count("\n") + 1 if name != RESULT else 0
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    verdict = verify_round(read_bundle_files(folder), folder)
    assert [(name, line)] == [(fault.file, fault.line) for fault in verdict.faults]
    assert f"{name}" in run("verify", str(folder))


def test_a_folder_signed_again_after_a_change_derives_another_result(
    published: Path, tmp_path: Path
) -> None:
    """Who signs anew with keys of his own still cannot keep the result: it is not what comes out.

    Changed evidence with the old result is what this catches; that the keys are others is what
    `--key` catches.
    """
    folder, again = tmp_path / "evidence", tmp_path / "again"
    shutil.copytree(published, folder)
    text = (folder / "items.csv").read_text("utf-8")
    (folder / "items.csv").write_text(text.replace("i7,i7,b,1,0", "i7,i7,b,1,10000"), "utf-8")
    forged = Path(shutil.copytree(published / "policy", tmp_path / "policy"))
    words = ("--programme", str(forged), "--evidence", str(folder), "--out", str(again))
    run("evaluate", "stage", *words)
    (again / RESULT).write_bytes((published / RESULT).read_bytes())
    files = read_bundle_files(again)
    assert {RESULT} == {fault.file for fault in verify_round(files, again).faults}


def test_a_folder_with_no_round_in_its_result_is_refused(published: Path, tmp_path: Path) -> None:
    """Nonsense in place of a result is a fault of it and no traceback."""
    folder = Path(shutil.copytree(published, tmp_path / "nonsense"))
    (folder / RESULT).write_text("[]", "utf-8")
    assert "NOT what was published" in run("verify", str(folder))


def _signer(sections: Told, number: int) -> Told:
    found: Told = sections["freeze"]["signed"][number]
    return found


FREEZES: list[tuple[FreezeFault, Change]] = [
    (FreezeFault.NOT_FROZEN, lambda t: t.pop("freeze")),
    (FreezeFault.FROZEN_FOR_ANOTHER, lambda t: t["freeze"].update(round="final")),
    (FreezeFault.METHOD_DIFFERS, lambda t: t["freeze"]["parts"].update(pillars="0" * 64)),
    (FreezeFault.METHOD_DIFFERS, lambda t: t["freeze"].update(method="0" * 64)),
    (FreezeFault.NOT_SIGNED, lambda t: t["freeze"]["signed"].pop()),
    (FreezeFault.SIGNED_TWICE, lambda t: t["freeze"]["signed"].append(_signer(t, 0))),
    (FreezeFault.KEY_SHARED, lambda t: _signer(t, 1).update(key=_signer(t, 0)["key"])),
    (FreezeFault.SIGNATURE_WRONG, lambda t: _signer(t, 1)["targets"].update(own=1)),
    (FreezeFault.SIGNATURE_WRONG, lambda t: _signer(t, 1).update(signature="no")),
    (FreezeFault.COMMITMENT_BAD, lambda t: _signer(t, 1).update(lot="a secret")),
    (FreezeFault.TARGET_MISSING, lambda t: _signer(t, 1).update(targets={})),
    (FreezeFault.TARGET_UNKNOWN, lambda t: _signer(t, 1)["targets"].update(other=1)),
    (FreezeFault.TARGET_OUT_OF_RANGE, lambda t: _signer(t, 1)["targets"].update(own=101)),
]


@pytest.mark.parametrize(("code", "change"), FREEZES, ids=range(len(FREEZES)))
def test_a_round_that_is_not_as_it_was_signed_is_refused_by_name(
    code: FreezeFault, change: Change, tmp_path: Path
) -> None:
    """No signature, another's, under another text: nobody is judged by what was not agreed."""
    with pytest.raises(Faulty) as refused:
        judged(tmp_path, change)
    assert code.value in {fault.code for fault in refused.value.faults}


def test_every_name_of_a_refused_freeze_occurs() -> None:
    """The names are a closed list; a signer who is no team cannot be wrong for the round."""
    assert {*FreezeFault} == {code for code, _ in FREEZES}


def test_a_method_that_was_changed_after_the_freeze_is_named_part_by_part(tmp_path: Path) -> None:
    """The policy file says something else than what was signed: which part, and nothing else."""
    policy, folder = folder_of(tmp_path)
    text = (policy / "programme.yaml").read_text("utf-8")
    text = text.replace("weight: 60", "weight: 70").replace("weight: 40", "weight: 30")
    (policy / "programme.yaml").write_text(text, "utf-8")
    with pytest.raises(Faulty) as refused:
        evaluate_folder(str(policy), "stage", folder, (), None)
    named = {(fault.code, fault.file) for fault in refused.value.faults}
    assert {("method-differs", "rounds.stage.pillars")} == named


def _late(sections: Told) -> None:
    sections["hand_overs"][1].update(usable="2026-04-20")


CONDUCTS: list[tuple[ConductFault, Change]] = [
    (ConductFault.NAME_UNKNOWN, lambda t: t["hand_overs"][0].update(team="x")),
    (ConductFault.NAME_UNKNOWN, lambda t: t["conflicts"][0].update(pillar="x")),
    (ConductFault.TOLD_TWICE, lambda t: t["submissions"].append(t["submissions"][0])),
    (ConductFault.HAND_OVER_MISSING, lambda t: t["hand_overs"].pop()),
    (ConductFault.HAND_OVER_WRONG, lambda t: t["hand_overs"][0].update(gpus=0)),
    (ConductFault.DEVELOPMENT_NOT_OVER, _late),
    (ConductFault.SUBMISSION_MISSING, lambda t: t["submissions"].pop()),
    (ConductFault.SUBMISSION_LATE, lambda t: t["submissions"][0].update(on="2026-07-02")),
    (ConductFault.MODEL_HASH_BAD, lambda t: t["submissions"][0].update(model="v2-final")),
    (ConductFault.TRIALS_WRONG, lambda t: t["submissions"][0].update(private_trials=-1)),
    (ConductFault.TRIALS_TOO_MANY, lambda t: t["submissions"][0].update(private_trials=27)),
    (
        ConductFault.REPLY_TIME_RUNS,
        lambda t: t["notices"][0].update(told="2026-07-16", replied=None),
    ),
    (ConductFault.NOT_BLIND, lambda t: t.update(blind=[])),
    (ConductFault.ATTENTION_NOT_TOLD, lambda t: t["attention"].pop()),
    (ConductFault.KNOWN_WRONG, lambda t: t.update(known=[{"pillar": "experts", "work": "w"}])),
    (
        ConductFault.KNOWN_DIFFERS,
        lambda t: t.update(known=[{"pillar": "experts", "work": "w", "high": 40}]),
    ),
    (
        ConductFault.TOO_FEW_RATERS_COUNT,
        lambda t: [each.update(passed=7) for each in t["attention"][:2]],
    ),
]


@pytest.mark.parametrize(("code", "change"), CONDUCTS, ids=range(len(CONDUCTS)))
def test_a_round_that_was_not_conducted_by_its_rules_is_refused_by_name(
    code: ConductFault, change: Change, tmp_path: Path
) -> None:
    """Late, unnamed, not blind, a gate failed before its reply: the round waits, and says why."""
    with pytest.raises(Faulty) as refused:
        judged(tmp_path, change)
    assert code.value in {fault.code for fault in refused.value.faults}


def test_known_works_check_experts_and_anybody_derives_it_again(tmp_path: Path) -> None:
    """Named by digest in the policy, marked like a team's: each is a check, and no team gains."""
    known = {"pillar": "experts", "work": "w-c41e", "low": 0, "high": 40}
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / "round.yaml").write_text(json.dumps({"known": [known]}))
    line = run("freeze", "stage", "--programme", "any", "--known", str(tmp_path / "k")).strip()
    named = ("attention: 80 %,", f"attention: 80 %, {line.removeprefix('experts: ')},")
    policy, folder = folder_of(tmp_path, lambda t: t.update(known=[known]), named)
    with (folder / "experts.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"experts,r{n},w-c41e,{9 if n == 0 else 2},10\n" for n in range(6))
    words = ("--programme", str(policy), "--evidence", str(folder), "--out", str(tmp_path / "out"))
    told = run("evaluate", "stage", *words)
    assert "aside  experts: 6 rows of w-c41e, known" in told
    result: dict[str, Any] = json.loads((tmp_path / "out" / RESULT).read_bytes())
    passed = {a["rater"]: (a["passed"], a["checks"]) for a in result["conducted"]["attention"]}
    assert {(10, 11), (11, 11)} == set(passed.values())
    assert (10, 11) == passed["r0"]
    assert "NOT" not in run("verify", str(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Attention checks by who judged" in page
    assert {"a", "b", "c"} == set(result["teams"])


@pytest.fixture(scope="module")
def two_rounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A programme of two rounds, the folder of the first as published, the second's evidence."""
    base = tmp_path_factory.mktemp("rounds")
    policy, folder = folder_of(base, lambda _: None, TWO_STAGES)
    words = ("--programme", str(policy), "--evidence", str(folder), "--out", str(base / "first"))
    assert "check  headgate verify" in run("evaluate", "stage", *words)
    for name in ("round.yaml", "experts.csv", "evidence.yaml"):
        (folder / name).unlink()
    return policy, base / "first", folder


def test_a_later_round_shows_those_before_it_from_folders_that_verify(
    two_rounds: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """Standings of every round stand in the report, in what is signed, and come out again."""
    policy, first, folder = two_rounds
    words = ["final", "--programme", str(policy), "--evidence", str(folder)]
    told = run("evaluate", *words, "--out", str(tmp_path / "out"), "--earlier", str(first))
    assert "before  stage on 2026-07-20: a " in told
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Standings over the rounds" in page
    (kept,) = json.loads((tmp_path / "out" / EARLIER).read_bytes())
    root = read_bundle_files(first)["journal/checkpoint"].decode().splitlines()[2]
    assert root == b64encode(bytes.fromhex(kept["root"])).decode()
    assert "NOT" not in run("verify", str(tmp_path / "out"))
    alone = run("evaluate", *words, "--out", str(tmp_path / "alone"))
    assert "before" not in alone
    assert not (tmp_path / "alone" / EARLIER).exists()
    assert "Standings over the rounds" not in (tmp_path / "alone" / "report.html").read_text()


def test_a_team_that_an_earlier_round_sent_home_is_told_where_it_stands_again(
    two_rounds: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """Its rows may be there by mistake or by a decision; a reader is told, in three languages."""
    policy, first, folder = two_rounds
    gone = [d["team"] for d in outcome_of(first) if d["decision"] in ("cut", "disqualified")]
    words = ["final", "--programme", str(policy), "--evidence", str(folder)]
    told = run("evaluate", *words, "--out", str(tmp_path / "out"), "--earlier", str(first))
    flagged = [line for line in told.splitlines() if "sent-home-before" in line]
    assert gone
    assert len(gone) == len(flagged)
    assert f"{gone[0]} was sent home in stage on 2026-07-20." in flagged[0]
    page = (tmp_path / "out" / "report.vi.html").read_text("utf-8")
    assert f"{gone[0]} đã bị loại ở vòng stage" in page
    assert "NOT" not in run("verify", str(tmp_path / "out"))


def outcome_of(folder: Path) -> list[dict[str, Any]]:
    """What a published round decided of each team."""
    decisions: list[dict[str, Any]] = json.loads((folder / RESULT).read_bytes())["outcome"][
        "decisions"
    ]
    return decisions


def test_a_folder_that_was_changed_or_is_no_earlier_round_is_no_history(
    two_rounds: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """A history is what was signed, of this programme, and decided before."""
    policy, first, folder = two_rounds
    changed = Path(shutil.copytree(first, tmp_path / "changed"))
    result = (changed / RESULT).read_text("utf-8")
    (changed / RESULT).write_text(result.replace('"total_milli":', '"total_milli":1', 1), "utf-8")
    words = ["--programme", str(policy), "--evidence", str(folder)]
    assert "earlier-not-verified" in run("evaluate", "final", *words, "--earlier", str(changed))
    assert "no journal/checkpoint" in run("evaluate", "final", *words, "--earlier", str(folder))
    told = evaluate_folder(str(policy), "final", folder, (), None)
    other = replace(told, asked=replace(told.asked, round_id="stage"))
    with pytest.raises(Faulty, match="earlier-astray"):
        with_earlier(other, [first], lambda _: None)


def test_a_round_of_a_term_is_told_as_the_policy_had_it_in_that_term() -> None:
    """What the next term calls the round changes nothing of the one that was held."""
    old, term = "name: {en: The stage evaluation}", small().term
    told, later = "{value: {en: The stage evaluation}, until", "{value: {en: Another}, from"
    day = term.starts.isoformat()
    changed = document((old, f"name: [{told}: {day}}}, {later}: {day}}}]"))
    (before,) = earlier_of(term, "root")
    assert [before] == [*earlier_of(replace(term, document=changed), "root")]


def test_a_panel_that_agrees_too_little_decides_nothing(tmp_path: Path) -> None:
    """The least agreement is the policy's, and a panel below it is sent to calibrate."""
    with pytest.raises(Faulty) as refused:
        judged(tmp_path, lambda _: None, ("agreement: 1 %", "agreement: 99 %"))
    assert {ConductFault.AGREEMENT_TOO_LOW.value} == {f.code for f in refused.value.faults}


def test_every_name_of_a_refused_conduct_occurs() -> None:
    """The names are a closed list, and each is provoked here."""
    provoked = {code for code, _ in CONDUCTS} | {ConductFault.AGREEMENT_TOO_LOW}
    assert {*ConductFault} == provoked


def test_late_gpu_days_are_credited_and_move_everybodys_last_day(tmp_path: Path) -> None:
    """641 GPU-days late of 64 GPUs are eleven days, and all have them, so that time is equal."""

    def change(sections: Told) -> None:
        sections["hand_overs"][1].update(usable="2026-03-20", gpus=64, late_gpu_days=641)

    told = judged(tmp_path, change).judged.conducted
    assert {"2026-07-09"} == {day.isoformat() for day in told.last_days.values()}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda t: t.update(submision=[]), "'submision' is unknown"),
        (lambda t: t["hand_overs"][0].update(gpu=3), "'gpu' is unknown"),
        (lambda t: t["submissions"][0].update(on="soon"), "submissions.0.on"),
        (lambda t: t.update(hearings=[{"name": "x"}]), "a day `on`"),
        (lambda t: t.update(hearings=[{**objection(), "round": "final"}]), "The round is known"),
        (lambda t: t.update(hearings=[objection(), objection()]), "one name"),
        (lambda t: t.update(hearings=[{**objection(), "ground": "mercy"}]), "ground"),
    ],
    ids=range(7),
)
def test_a_round_file_that_cannot_be_read_is_told_with_its_line(
    change: Change, word: str, tmp_path: Path
) -> None:
    """A typing error is never passed over: what is not understood is not judged."""
    with pytest.raises(Faulty) as refused:
        judged(tmp_path, change)
    assert any(word in fault.what and fault.line for fault in refused.value.faults)


def test_hearings_are_told_in_their_order(tmp_path: Path) -> None:
    """A hearing before the round, or before the one above it, has no place in the journal."""
    with pytest.raises(Faulty, match="hearing-before"):
        judged(tmp_path, lambda t: t.update(hearings=[{**objection(), "on": "2026-07-19"}]))


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    """Whoever signs with a file that holds no key learns how to make one."""
    path = tmp_path / "team.pem"
    path.write_text("no key", "utf-8")
    words = ("freeze", "stage", "--programme", str(programme(tmp_path)))
    assert "key-unreadable" in run(*words, "--team", "a", "--key", str(path))
    assert "team-unnamed" in run(*words, "--lot", "x")
    assert "target-wrong" in run(*words, "--team", "a", "--target", "own=high")
    assert run(*words, "--team", "a").startswith("headgate-freeze-1\n")


def test_a_statement_that_would_be_refused_is_not_printed(tmp_path: Path) -> None:
    """A lot that is no digest, and targets that no bar asks for, are named before anybody signs."""
    words = ("freeze", "stage", "--programme", str(programme(tmp_path)), "--team", "a")
    refused = run(*words, "--lot", "zz", "--target", "other=40", "--target", "own=101")
    for code in (
        FreezeFault.COMMITMENT_BAD,
        FreezeFault.TARGET_UNKNOWN,
        FreezeFault.TARGET_OUT_OF_RANGE,
    ):
        assert f"[{code.value}]" in refused
    assert "headgate-freeze-1" not in refused
