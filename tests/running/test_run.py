"""An evaluator runs a suite on every team's model, signs what came of it, and a round takes it."""

import csv
import stat
from collections import Counter
from pathlib import Path

from tests.running.house import ITEMS, TEAMS, House, headgate


def test_a_round_is_judged_by_what_the_evaluator_ran(home: House) -> None:
    """From models behind endpoints to a decision that a stranger derives again."""
    pins = headgate("suite", "keys", home.folder / "keys").output.split()
    digest = headgate("suite", "check", home.folder / "suite.yaml").output.split()[-1]
    home.programme(f"{{keys: ['{pins[0]}', '{pins[1]}'], suite: {digest}}}")
    made = home.signed()
    assert 0 == made.exit_code, made.output
    rows = list(csv.DictReader((home.out / "items.csv").read_text("utf-8").splitlines()))
    right = Counter(row["team"] for row in rows if row["score"] == "10000")
    assert (TEAMS, 24) == (dict(right), len(rows))
    judged = home.evaluate("--out", home.folder / "round", "--language", "en")
    assert 0 == judged.exit_code, judged.output
    assert "items: 8 items, 3 teams" in judged.output
    assert "decided  c: " in judged.output
    verified = headgate("verify", home.folder / "round")
    assert 0 == verified.exit_code, verified.output


def test_no_hidden_item_leaves_the_evaluator(home: House) -> None:
    """What leaves is rows by content hash; what stays is for the evaluator's eyes alone."""
    assert 0 == home.signed().exit_code
    left = b"".join(path.read_bytes() for path in home.out.rglob("*") if path.is_file())
    for item in ITEMS:
        assert str(item["question"]).encode() not in left
        assert str(item["answer"]).encode() not in left
    inside = [path for name in ("runs", "tasks") for path in (home.work / name).rglob("*")]
    for path in (home.work, *inside):
        assert 0 == path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_nothing_is_run_twice(home: House) -> None:
    """The same command again finds all done, and the evidence where it was."""
    assert 0 == home.signed("--shards", 3).exit_code
    before = {path: path.read_bytes() for path in home.out.iterdir()}
    again = home.signed()
    assert (0, 3) == (again.exit_code, home.starts()), again.output
    assert "has this evidence already" in again.output
    assert before == {Path(path): path.read_bytes() for path in home.out.iterdir()}
