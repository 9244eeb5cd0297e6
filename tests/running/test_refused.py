"""Every run that does not count, every folder and every signature in doubt is refused by name."""

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import pytest

from headgate.core.evaluation.runs import RunsFault
from headgate.core.ledger.checkpoint import Checkpoint, sign
from headgate.journal.keys import keep_signed, load
from headgate.running.work import Code
from tests.running.house import House, headgate, model_of

Told = dict[str, Any]
OTHER = sha256(b"weights of another").hexdigest()


def codes(text: str) -> set[str]:
    """The codes of the faults in a command's answer."""
    return set(re.findall(r"\[([a-z-]+)\]", text))


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("fail", Code.RUN_FAILED),
        ("partial", "log-partial"),
        ("no log", "log-totals-only"),
        ("other version", Code.VERSION_OTHER),
    ],
)
def test_a_run_that_went_wrong_is_named_and_tried_again(home: House, mode: str, code: str) -> None:
    """It leaves no evidence; when the fault is mended, only what is not done is run."""
    home.mode(mode)
    refused = home.signed("--tries", 1)
    assert 2 == refused.exit_code
    assert not home.out.exists()
    assert codes(refused.output) & {str(code), "task-not-run"}, refused.output
    home.mode("")
    again = home.signed()
    assert (0, 6) == (again.exit_code, home.starts()), again.output


def test_teams_that_ran_another_version_of_the_task_are_refused(home: House) -> None:
    """Each run is well by itself; together they are not comparable."""
    assert 0 == home.run().exit_code
    work = home.work / "runs"
    (done,) = [path for path in work.glob("*/done.json") if model_of("a") in _run(path)]
    for path in done.parent.glob("1/log/*/*"):
        path.unlink()
    home.mode("other task")
    assert {"task-hash-differs"} == codes(home.signed().output)


def _run(done: Any) -> str:
    return str((done.parent / "run.json").read_text(encoding="utf-8"))


def test_a_folder_that_others_can_enter_is_refused(home: House) -> None:
    """Hidden items, and the work on them, are for the evaluator alone."""
    (home.folder / "own").chmod(0o755)
    assert {"suite-hidden-open"} == codes(home.run("--tries", 0).output)
    (home.folder / "own").chmod(0o700)
    home.work.mkdir(mode=0o755)
    assert {Code.WORK_OPEN.value} == codes(home.run("--tries", 0).output)


def test_items_that_were_changed_after_the_plan_are_refused(home: House) -> None:
    """A shard runs what was planned, or nothing."""
    home.run("--tries", 0)
    (items,) = home.work.glob("tasks/*/items.jsonl")
    items.write_text("{}", encoding="utf-8")
    assert {Code.TASKS_OTHER.value} == codes(headgate("suite", "shard", "1/1", home.work).output)


def test_an_endpoint_without_its_key_is_refused(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable that the evaluator's file names must be set."""
    monkeypatch.delenv("TINY_KEY")
    assert {Code.KEY_MISSING.value} == codes(home.run("--tries", 1).output)


def test_a_tool_that_is_not_there_is_refused(home: House) -> None:
    """No traceback, and what mends it."""
    home.write_models(programs={"lm-eval": "/nowhere/lm-eval"})
    assert {Code.PROGRAM_MISSING.value} == codes(home.run("--tries", 1).output)


def test_a_journals_keys_sign_no_runs(home: House) -> None:
    """They sign one history, and a tree of runs is none of it."""
    ring = load(home.folder / "keys")
    note = sign(Checkpoint("evaluator", 1, bytes(32)), ring.signers)
    keep_signed(home.folder / "keys", note)
    assert {Code.KEYS_OF_JOURNAL.value} == codes(home.signed("--tries", 0).output)


def rule(home: House, **more: str) -> str:
    """The policy's rule for this evaluator."""
    first, second = headgate("suite", "keys", home.folder / "keys").output.split()
    own = "".join(f", {name}: {value}" for name, value in more.items())
    return f"{{keys: ['{first}', '{second}']{own}}}"


def test_a_trial_is_counted_or_refused_by_the_policys_word(home: House) -> None:
    """Another model of a team is a private trial, told with the final one."""
    submissions = "submissions: {by: 2026-08-15, trials_most: 0}"
    trial = {
        "team": "a", "model": OTHER, "endpoint": home.urls["a"], "served": "tiny-a",
        "key": "TINY_KEY", "final": False,
    }  # fmt: skip
    home.programme(rule(home), submissions)
    home.write_models([trial])
    assert 0 == home.signed().exit_code
    assert '"private_trials":1' in (home.out / "round.yaml").read_text(encoding="utf-8")
    assert "trials-too-many" in codes(home.evaluate().output)
    home.programme(rule(home, others="refused"), submissions)
    assert {Code.MODEL_REFUSED.value} == codes(home.run("--tries", 0).output)
    assert RunsFault.TRIAL_REFUSED.value in codes(home.evaluate().output)


SPOILT: Mapping[RunsFault, Callable[[Told], object]] = {
    RunsFault.RUNS_MISSING: lambda told: told.pop("runs"),
    RunsFault.SIGNATURE_WRONG: lambda told: told["runs"][0]["ran"][0].update(tries=7),
    RunsFault.KEYS_OTHER: lambda told: told["runs"][0].update(keys=[]),
    RunsFault.SUITE_OTHER: lambda told: told["runs"][0].update(suite="0" * 64),
    RunsFault.TASK_UNSIGNED: lambda told: told["runs"][0]["scored"][0].update(task="other"),
    RunsFault.RUN_MISSING: lambda told: told["runs"][0]["ran"].pop(),
    RunsFault.MODEL_OTHER: lambda told: told["submissions"][0].update(model=OTHER),
    RunsFault.TRIALS_UNTOLD: lambda told: told["runs"][0]["ran"].append(
        {**told["runs"][0]["ran"][0], "model": OTHER, "final": False}
    ),
}


def test_signed_runs_that_were_changed_are_named(home: House) -> None:
    """Whatever is taken out of the log, or put in, is seen by whoever judges the round."""
    digest = headgate("suite", "check", home.folder / "suite.yaml").output.split()[-1]
    submissions = "submissions: {by: 2026-08-15}"
    home.programme(rule(home, suite=digest), submissions)
    assert 0 == home.signed().exit_code
    path = home.out / "round.yaml"
    whole = path.read_text(encoding="utf-8")
    items = home.out / "items.csv"
    rows = items.read_text(encoding="utf-8")
    for code, spoil in SPOILT.items():
        told = sections(whole)
        spoil(told)
        path.write_text(written(told), encoding="utf-8")
        assert code.value in codes(home.evaluate().output), code
    path.write_text(whole, encoding="utf-8")
    items.write_text(rows.replace(",10000,", ",0,", 1), encoding="utf-8")
    assert {RunsFault.ROWS_OTHER.value} == codes(home.evaluate().output)
    assert {RunsFault.ROWS_OTHER, RunsFault.TRIAL_REFUSED, *SPOILT} == set(RunsFault)


def sections(text: str) -> Told:
    """round.yaml by section."""
    return {
        line.split(": ", 1)[0]: json.loads(line.split(": ", 1)[1]) for line in text.splitlines()
    }


def written(told: Told) -> str:
    """round.yaml again."""
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in told.items())
