"""A round of three teams in a folder, under every rule: policy, keys, evidence and round.yaml."""

import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from typer.testing import CliRunner

from headgate.cli import app
from tests.whole.heard import RULES
from tests.whole.small import PROGRAMME

TEAMS = ("a", "b", "c")
BARS = "    confidence: 95 %\n"
DECLARED = "    bars: [{id: own, declared: true, on: estimate}]\n"
CHANGES = (*RULES, ("stay: {least: 3, most: 3}", "stay: {least: 2, most: 2}"))
DOCUMENT = sha256(b"a licence").hexdigest()

Told = dict[str, Any]
Change = Callable[[Told], object]


def programme(folder: Path, *changes: tuple[str, str]) -> Path:
    """The small programme's folder with a round that has every rule, and what is changed in it."""
    copied = Path(shutil.copytree(PROGRAMME, folder / "programme"))
    text = (copied / "programme.yaml").read_text("utf-8")
    for old, new in (*CHANGES, (BARS, DECLARED + BARS), *changes):
        assert old in text, old
        text = text.replace(old, new)
    (copied / "programme.yaml").write_text(text, "utf-8")
    return copied


def run(*words: str) -> str:
    """What a command prints, or the faults that it ends with."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code in (0, 2), result.exception
    return result.output


@cache
def _signed(*changes: tuple[str, str]) -> str:
    """The freeze as every team has signed it, through the command that a team types."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        policy = programme(folder, *changes)
        declares = "declared: true" in (policy / "programme.yaml").read_text("utf-8")
        words = ["freeze", "stage", "--programme", str(policy)]
        frozen: Told = json.loads(run(*words).partition(": ")[2].replace("signed:", '"signed":'))
        for number, team in enumerate(TEAMS, start=1):
            path = folder / f"{team}.pem"
            key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
            path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            lot = sha256(f"secret of {team}".encode()).hexdigest()
            own = ["--team", team, "--lot", lot, "--key", str(path)]
            own += ["--target", "own=40"] if declares else []
            frozen["signed"].append(json.loads(run(*words, *own).removeprefix("- ")))
        return json.dumps(frozen)


def told(*changes: tuple[str, str]) -> Told:
    """Everything that is told of the round: signed, conducted in time, one team's gate failed."""
    raters = [f"r{n}" for n in range(6)]
    return {
        "freeze": json.loads(_signed(*changes)),
        "hand_overs": [{"team": team, "usable": "2026-03-05"} for team in TEAMS],
        "submissions": [
            {
                "team": team,
                "model": sha256(team.encode()).hexdigest(),
                "on": "2026-06-30",
                "private_trials": 3,
            }
            for team in TEAMS
        ],
        "notices": [{"team": "c", "gate": "own", "told": "2026-07-01", "replied": "2026-07-03"}],
        "blind": ["experts"],
        "conflicts": [{"pillar": "experts", "rater": "r5", "team": "a"}],
        "attention": [
            {"pillar": "experts", "rater": rater, "passed": 10, "checks": 10} for rater in raters
        ],
    }


MANIFEST = f"""teams: {{a: {{}}, b: {{}}, c: {{}}}}
gates:
  own:
    a: {{passed: true}}
    b: {{passed: true}}
    c: {{passed: false, evidence: ['{DOCUMENT}'], replied: true}}
"""
MARKS: Mapping[str, int] = {"a": 7, "b": 5, "c": 3}


def evidence(folder: Path) -> None:
    """Items that the teams got right in this order, and six raters who see it alike."""
    rows = ["task,item,cluster,team,attempt,score"]
    rows += [
        f"items,i{n},i{n},{team},1,{10_000 * (n % 10 < MARKS[team])}"
        for n in range(40)
        for team in TEAMS
    ]
    (folder / "items.csv").write_text("\n".join(rows) + "\n", "utf-8")
    rows = ["criterion,rater,team,score,scale_max"]
    rows += [f"experts,r{n},{team},{MARKS[team] + n % 3},10" for n in range(6) for team in TEAMS]
    (folder / "experts.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "evidence.yaml").write_text(MANIFEST, "utf-8")


def write(folder: Path, sections: Told) -> None:
    """`round.yaml` out of its sections."""
    lines = (f"{name}: {json.dumps(section)}\n" for name, section in sections.items())
    (folder / "round.yaml").write_text("".join(lines), "utf-8")


def folder_of(
    base: Path, change: Change = lambda _: None, *changes: tuple[str, str]
) -> tuple[Path, Path]:
    """The programme and the folder of evidence, with what is told of the round changed."""
    policy, folder = programme(base, *changes), base / "evidence"
    folder.mkdir()
    evidence(folder)
    sections = told(*changes)
    change(sections)
    write(folder, sections)
    return policy, folder


def objection() -> Told:
    """The team that failed the gate is heard, and passes it after all."""
    return {
        "name": "c-objects",
        "on": "2026-07-31",
        "ground": "objection",
        "objector": "c",
        "objected": "2026-07-22",
        "evidence": [DOCUMENT],
        "findings": [
            {
                "subject": "c",
                "gate": "own",
                "passed": True,
                "remark": "licences shown",
                "evidence": [DOCUMENT],
                "replied": True,
            }
        ],
    }
