"""The real tools on a real model: lm-eval by likelihoods, Inspect by chat, on hidden local items.

They are looked for where HEADGATE_EVALUATION_TOOLS says (folders with their commands, by colons)
and on the path; a test whose tool is not there is skipped by name.
"""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.running.house import ITEMS, TEAMS, House
from tests.servers.model import END

PLACES = os.pathsep.join(
    [os.environ.get("HEADGATE_EVALUATION_TOOLS", ""), os.environ.get("PATH", os.defpath)]
)
LM_EVAL = """task: quiz
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/items.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: 0
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""
INSPECT = """import json
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate


@task
def quiz():
    lines = (Path(__file__).parent / "items.jsonl").read_text("utf-8").splitlines()
    said = [json.loads(line) for line in lines]
    samples = [
        Sample(one["question"], target=one["answer"], metadata={"passage": one["passage"]})
        for one in said
    ]
    return Task(dataset=MemoryDataset(samples, name="quiz"), solver=generate(), scorer=match())
"""


def tool(name: str) -> str:
    """A tool's command; skips the test where there is none."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        pytest.skip(f"no {name} here: name its folder in HEADGATE_EVALUATION_TOOLS")
    return found


def right(home: House) -> dict[str, int]:
    """How many items each team's model had right."""
    lines = (home.out / "items.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    assert 24 == len(rows)
    return {team: sum(r["score"] == "10000" for r in rows if r["team"] == team) for team in TEAMS}


def ours(home: House, program: str, **changes: str) -> None:
    """The suite for a tool as it is installed."""
    text = (home.folder / "suite.yaml").read_text(encoding="utf-8")
    for old, new in changes.items():
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{old}:"))
        text = text.replace(line, f"    {old}: {new}")
    (home.folder / "suite.yaml").write_text(text, encoding="utf-8")
    home.write_models(programs={changes.get("tool", "lm-eval"): program})


def beside(home: House) -> set[str]:
    """What lies in the house that is not the evaluator's work or evidence and tells an item."""
    told = [str(item["question"]).encode() for item in ITEMS]
    return {
        path.name
        for path in home.folder.rglob("*")
        if path.is_file() and not path.is_relative_to(home.work)
        if any(one in path.read_bytes() for one in told)
    }


def test_lm_eval_itself_runs_a_hidden_task(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choices by likelihood, with the tokenizer that the endpoint has; no cache is left behind.

    The longer choice is the less likely one, also where a model has read neither.
    """
    program = tool("lm-eval")
    own = home.folder / "own"
    lines = [{**item, "choices": [item["answer"], "một đáp án khác"]} for item in ITEMS]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (own / "items.jsonl").write_text(text, encoding="utf-8")
    (own / "quiz.yaml").write_text(LM_EVAL.replace("FOLDER", str(own)), encoding="utf-8")
    for team, model in home.models.items():
        said = [f"{one['question']} {one['answer']}" for one in ITEMS[: TEAMS[team]]]
        rest = [f"{one['question']} một đáp án khác" for one in ITEMS[TEAMS[team] :]]
        model.text, model.key = END.join([*said, *rest]), "a key"
    monkeypatch.setenv("HF_HOME", str(home.folder / "hugging-face"))
    ours(home, program, metric="acc", task="quiz\n    through: completions")
    made = home.signed("--tries", 1)
    assert 0 == made.exit_code, made.output
    assert all(count >= TEAMS[team] for team, count in right(home).items())
    assert {"items.jsonl"} == beside(home)
    assert 0 == home.evaluate().exit_code


def test_inspect_itself_runs_a_hidden_task(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task in a file of the evaluator, asked by chat; its traces are not left at home."""
    program = tool("inspect")
    (home.folder / "own" / "quiz.py").write_text(INSPECT, encoding="utf-8")
    monkeypatch.setenv("HOME", str(home.folder))
    version = (
        Path(program).resolve().parent.parent.glob("lib/*/site-packages/inspect_ai-*.dist-info")
    )
    number = next(version).name.split("-")[1].removesuffix(".dist")
    ours(home, program, tool="inspect", version=number, task="quiz.py@quiz", metric="match")
    made = home.signed("--tries", 1)
    assert 0 == made.exit_code, made.output
    assert TEAMS == right(home)
    assert {"items.jsonl"} == beside(home)
    assert 0 == home.evaluate().exit_code
