"""An evaluator's house: models on loopback, a suite with hidden items, a programme, keys."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from typer.testing import CliRunner, Result

from headgate.cli import app
from tests.servers.model import END, Model, served
from tests.whole.small import PROGRAMME

TOOL = Path(__file__).with_name("tool.py")
TEAMS = {"a": 7, "b": 5, "c": 2}
"""How many of the items each team's model has read."""

SUITE = """headgate: 1
suite: own
name: {en: Own items, vi: Câu hỏi riêng, ko: 자체 문항}
include: own
tasks:
  items:
    tool: lm-eval
    version: 0.4.13
    task: quiz
    language: ko
    items: 8
    hidden: true
    metric: exact_match
    cluster: passage
"""
RATINGS = "criterion,rater,team,score,scale_max\n" + "".join(
    f"experts,r{rater},{team},{mark + rater},9\n"
    for rater in range(3)
    for team, mark in (("a", 6), ("b", 5), ("c", 1))
)
GATES = "gates: {own: {a: {passed: true}, b: {passed: true}, c: {passed: true}}}\n"
PILLAR = "{id: items, name: {en: Benchmarks}, kind: items, weight: 60, scaling: share_of_maximum}"
ITEMS = [
    {
        "question": f"Câu hỏi bí mật {n}: {n} + {n} = ?",
        "answer": f"đáp án {2 * n}",
        "passage": f"p{n // 2}",
    }
    for n in range(8)
]


def model_of(team: str) -> str:
    """The digest of a team's weights."""
    return sha256(f"weights of {team}".encode()).hexdigest()


def read_by(team: str) -> str:
    """What a team's model has read: so many of the items, with their answers."""
    return END.join(f"{one['question']}{one['answer']}" for one in ITEMS[: TEAMS[team]]) + END


@dataclass(slots=True)
class House:
    """The folder in which everything lies, and the models that are served."""

    folder: Path
    models: dict[str, Model]
    urls: dict[str, str]

    @property
    def work(self) -> Path:
        """The evaluator's private folder."""
        return self.folder / "work"

    @property
    def out(self) -> Path:
        """The evidence."""
        return self.folder / "evidence"

    def starts(self) -> int:
        """How often the tool was started."""
        path = self.folder / "starts"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def mode(self, word: str) -> None:
        """What the tool does wrong from now on."""
        (self.folder / "mode").write_text(word, encoding="utf-8")

    def write_models(
        self,
        more: Sequence[Mapping[str, object]] = (),
        programs: Mapping[str, str] = MappingProxyType({}),
    ) -> Path:
        """The evaluator's file: every team's final model, and more."""
        finals = [
            {
                "team": team,
                "model": model_of(team),
                "endpoint": url,
                "served": f"tiny-{team}",
                "on": "2026-08-01",
                "key": "TINY_KEY",
            }
            for team, url in self.urls.items()
        ]
        known = {"lm-eval": str(self.folder / "lm-eval"), **programs}
        said = {"headgate": 1, "programs": known, "connections": 1, "models": [*finals, *more]}
        path = self.folder / "models.yaml"
        path.write_text(json.dumps(said), encoding="utf-8")
        return path

    def programme(self, rule: str = "", submissions: str = "") -> Path:
        """The small programme, whose pillar of items has a rule for its runner."""
        folder = self.folder / "programme"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(PROGRAMME, folder)
        text = (folder / "programme.yaml").read_text("utf-8")
        assert PILLAR in text
        if rule:
            text = text.replace(PILLAR, f"{PILLAR.removesuffix('}')}, runner: {rule}}}")
        if submissions:
            text = text.replace("    remedy: lot\n", f"    remedy: lot\n    {submissions}\n")
        (folder / "programme.yaml").write_text(text, "utf-8")
        return folder

    def run(self, *words: object) -> Result:
        """`headgate suite run` on all of it."""
        return headgate(
            "suite", "run", "stage", "--programme", self.folder / "programme",
            "--suite", self.folder / "suite.yaml", "--models", self.folder / "models.yaml",
            "--work", self.work, "--every", "0.05", *words,
        )  # fmt: skip

    def signed(self, *words: object) -> Result:
        """The same with keys and a folder for the evidence."""
        return self.run("--keys", self.folder / "keys", "--out", self.out, *words)

    def evaluate(self, *words: object) -> Result:
        """`headgate evaluate` on the evidence, to which a panel's marks have come."""
        (self.out / "experts.csv").write_text(RATINGS, encoding="utf-8")
        manifest = self.out / "evidence.yaml"
        if "gates:" not in (text := manifest.read_text(encoding="utf-8")):
            manifest.write_text(text + GATES, encoding="utf-8")
        evidence = ("--programme", self.folder / "programme", "--evidence", self.out)
        return headgate("evaluate", "stage", *evidence, *words)


def headgate(*words: object) -> Result:
    """What a command came to."""
    return CliRunner().invoke(app, [str(word) for word in words])


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """The house, with its models served for the length of the block."""
    own = folder / "own"
    own.mkdir(mode=0o700)
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in ITEMS)
    (own / "items.jsonl").write_text(lines, encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    program = folder / "lm-eval"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {TOOL} {folder} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    with ExitStack() as stack:
        models = {team: Model(read_by(team), f"tiny-{team}", "a key") for team in TEAMS}
        urls = {team: stack.enter_context(served(model)) for team, model in models.items()}
        made = House(folder, models, urls)
        made.write_models()
        made.programme()
        assert 0 == headgate("suite", "keys", folder / "keys", "--name", "evaluator").exit_code
        yield made
