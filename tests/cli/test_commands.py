"""The commands as a person types them: what they answer, and that they answer at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.comparing import unchanged
from headgate.core.policy.jsonschema import json_schema
from headgate.readers.policy_files import read_programme
from headgate.report.trial import AS_IT_STANDS
from tests.simulation.replay.worlds import HALVES
from tests.whole.small import PROGRAMME, trace_text

OVERLAY = """\
overlay: fewer
because: {en: What if half as much were offered?}
from: 2026-01-01
onwards: true
set:
  calls.open.classes.h200: {offered: 24, cap_blocks: 2}
"""


def run(*words: str | Path) -> Result:
    """What a command says and how it ends."""
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The small workload as a file."""
    path = tmp_path / "workload.swf"
    path.write_text(trace_text(), encoding="utf-8")
    return path


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A what-if on the small programme."""
    path = tmp_path / "fewer.yaml"
    path.write_text(OVERLAY, encoding="utf-8")
    return path


def test_help_lists_exactly_the_commands() -> None:
    """There is one door, and every room behind it is on the sign."""
    printed = run("--help")
    listed = printed.stdout.partition("Commands:")[2].split("\n")
    assert 0 == printed.exit_code
    known = (
        "demo verify check explain demand foresee freeze evaluate witness plan apply "
        "manifests admit usage reconcile agent serve worker migrate owner backup restore simulate "
        "suite ledger"
    )
    shown = [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "]
    assert known.split() == shown


def test_no_command_at_all_is_help() -> None:
    """Who types `headgate` alone learns what it can do."""
    assert "Commands:" in run().output


def test_help_loads_nothing_heavy() -> None:
    """Help answers at once because what is slow to load is loaded by whoever needs it."""
    heavy = ["pydantic", "numpy", "highspy", "ruamel.yaml", "cryptography", "jinja2", "rich.live"]
    heavy += ["django", "psycopg", "xlsxwriter"]
    script = (
        "import sys\n"
        "from headgate.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "[]" == printed.stdout.splitlines()[-1]


def test_demo_writes_a_bundle_that_verify_derives_again(tmp_path: Path, trace: Path) -> None:
    """The two commands of the README: one takes a term through, the other derives it again."""
    out = tmp_path / "out"
    made = run("demo", "--programme", PROGRAMME, "--trace", trace, "--out", out)
    assert 0 == made.exit_code, made.output
    assert f"headgate verify {out}" in made.stdout
    assert {"report.html", "report.vi.html", "report.ko.html"} <= {p.name for p in out.iterdir()}
    checked = run("verify", out)
    assert 0 == checked.exit_code, checked.output
    assert "decisions derived again, byte for byte" in checked.stdout
    signed = [line.split()[2] for line in checked.stdout.splitlines() if line.startswith("signed")]
    assert 2 == len(signed)
    assert 0 == run("verify", out, "--key", signed[0], "--key", signed[1]).exit_code
    other = run("verify", out, "--key", signed[0][:-1] + ("0" if signed[0][-1] != "0" else "1"))
    assert 2 == other.exit_code
    assert "has not signed" in other.output


def test_a_real_workload_and_what_became_of_it_are_named(tmp_path: Path, trace: Path) -> None:
    """A trace takes the generated workload's place, and its rows are accounted for."""
    run("demo", "--programme", PROGRAMME, "--trace", trace, "--out", tmp_path / "out")
    text = (tmp_path / "out" / "facts" / "notes" / "world.jsonl").read_text("utf-8")
    notes = {note["code"]: note["values"] for note in map(json.loads, text.splitlines())}
    assert {"rows": 480, "jobs": 480, "left_out": 0} == notes["trace_rows"]
    jobs = notes["trace_jobs"]
    assert 480 == jobs["mapped"] + jobs["outside"] + jobs["too_large"]
    assert 12 == len(notes["trace_dealt"]["dealt"].split(", "))


@pytest.mark.parametrize("programme", ["uk-airr-2026", "us-alcc-2026", "vietnam-2027"])
def test_demo_runs_the_other_programmes(programme: str, tmp_path: Path, trace: Path) -> None:
    """Another country needs no Python: the same command, the same bundle."""
    made = run("demo", "--programme", programme, "--trace", trace, "--out", tmp_path / "out")
    assert 0 == made.exit_code, made.output
    assert 0 == run("verify", tmp_path / "out").exit_code


def test_demo_under_an_overlay_publishes_the_overlay(
    tmp_path: Path, trace: Path, overlay: Path
) -> None:
    """A what-if is part of the policy that the bundle shows, so nobody takes it for the law."""
    out = tmp_path / "out"
    words = ("--programme", PROGRAMME, "--trace", trace, "--overlay", overlay, "--out", out)
    made = run("demo", *words)
    assert 0 == made.exit_code, made.output
    assert OVERLAY == (out / "policy/overlays/01-fewer.yaml").read_text("utf-8")
    assert 0 == run("verify", out).exit_code


def test_who_reads_no_further_is_told_nothing() -> None:
    """`headgate explain ... | head -1` is no fault of the policy, and no traceback."""
    code = "from headgate.cli import main; main()"
    words = (sys.executable, "-c", code, "explain", "korea-2025", "calls.open-1.fee")
    asked = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert asked.stdout is not None
    assert asked.stderr is not None
    asked.stdout.close()
    said = asked.stderr.read()
    asked.stderr.close()
    assert (1, b"") == (asked.wait(), said)


def test_simulate_lays_the_figures_side_by_side(tmp_path: Path, trace: Path, overlay: Path) -> None:
    """What differs is told of each variant, with the difference; what does not, once for all."""
    out = tmp_path / "out"
    made = run("simulate", PROGRAMME, "--overlay", overlay, "--trace", trace, "--out", out)
    assert 0 == made.exit_code, made.output
    told = made.stdout.splitlines()
    assert any("as it stands, walls" in line for line in told)
    written = json.loads((out / "comparison.json").read_text("utf-8"))
    variants = [outcome["variant"] for outcome in written["outcomes"]]
    assert ["as it stands", "fewer"] == variants
    first, second = (outcome["figures"] for outcome in written["outcomes"])
    assert first["open: applications"] == second["open: applications"] == 9
    assert second["open: awarded"] < first["open: awarded"]
    at = told.index("open: awarded")
    base, fewer = first["open: awarded"], second["open: awarded"]
    rows = [line.split() for line in told[at + 1 : at + 3]]
    assert [[str(base), "as", "it", "stands"], [str(fewer), str(fewer - base), "fewer"]] == rows
    assert ["open:", "applications", "9"] in [line.split() for line in told]
    moved = next(each for each in written["moved"] if each["call"] == "open")
    names = [*first, *second, "open: applications that lose blocks"]
    assert all(1 == sum(line.partition("  ")[0] == name for line in told) for name in names)
    before, after = (outcome["awards"]["open"] for outcome in written["outcomes"])
    assert "fewer" == moved["variant"]
    assert {a: n for a, n in before.items() if a not in after}.items() <= moved["loses"].items()
    gained, lost = (sum(moved[word].values()) for word in ("gains", "loses"))
    assert gained - lost == sum(after.values()) - sum(before.values()) < 0


CUT = """
overlay: %s
because: {en: What if teams were judged on so many questions?}
from: 2026-01-01
onwards: true
set:
  rounds.stage.plan:
    teams: 3
    gaps: [5 %%]
    pillars: {items: {clusters: %d, spread: 25 %%}, experts: {clusters: %d, spread: 10 %%}}
"""


def test_simulate_says_how_often_each_rule_cuts_the_wrong_team(tmp_path: Path) -> None:
    """A policy without a plan has no table; more questions make fewer mistakes; the same rule has
    the same table in every variant.
    """
    words: list[str] = []
    for name, clusters in (("few", 5), ("many", 400), ("twin", 5)):
        (tmp_path / f"{name}.yaml").write_text(CUT % (name, clusters, clusters), "utf-8")
        words += ["--overlay", str(tmp_path / f"{name}.yaml")]
    made = run("simulate", PROGRAMME, *words, "--json")
    assert 0 == made.exit_code, made.output
    base, few, many, twin = (each["cut_rules"] for each in json.loads(made.stdout)["outcomes"])
    assert {} == base
    assert few == twin
    wrong = [
        next(r for r in t["stage"][0]["errors"] if not r["threshold_milli"]) for t in (few, many)
    ]
    assert wrong[0]["wrong_ppm"] > wrong[1]["wrong_ppm"]
    figures = json.loads(made.stdout)["outcomes"][1]["figures"]
    assert any("wrong of a million cuts" in name for name in figures)
    for name in figures:
        assert (
            not name.endswith("wrong of a million cuts")
            or figures[name.replace("wrong of a million cuts", "cuts in a million")]
        )
    short = [each["short"] for each in json.loads(made.stdout)["outcomes"]]
    assert {"alliance": 83_950, "open": 77_586, "hours": 0} == short[0]
    assert short[0] == short[1]
    assert [] == json.loads(made.stdout)["unchanged"]


SAME = """
overlay: same
because: {en: What the policy says already.}
from: 2026-01-01
onwards: true
set:
  calls.open.classes.h200.cap_blocks: 4
"""


def test_an_overlay_that_changes_nothing_is_named() -> None:
    """What sets the policy's own values has no effect; what changes a later day alone has one."""
    later = SAME.replace("2026-01-01", "2026-05-01").replace("4\n", "3\n")
    base = read_programme(PROGRAMME)
    laid = {name: base.laid(name, text) for name, text in (("same", SAME), ("later", later))}
    assert ("same",) == unchanged({AS_IT_STANDS: base, **laid})


LATE = """
overlay: late
because: {en: What if nothing came before the others had gone?}
from: 2026-01-01
onwards: true
set:
  supports.compute.lots.isambard-ai.usable: 2040-01-01
"""


def test_what_is_not_divided_is_one_queue_beside_an_overlay_that_divides_it(
    trace: Path, tmp_path: Path
) -> None:
    """What a split would cost is told to who has none yet."""
    halves = tmp_path / "halves.yaml"
    halves.write_text(HALVES)
    words = ("simulate", "uk-airr-2026", "--trace", trace, "--no-term", "--overlay", halves)
    made = run(*words)
    assert 0 == made.exit_code, made.output
    told = [line.split("  ") for line in made.stdout.splitlines()]
    both = "halves, walls; halves, shared"
    for name, having in (
        ("everybody", "as it stands, walls"), ("business", both), ("research", both)
    ):  # fmt: skip
        (line,) = (line for line in told if line[0] == f"{name}: wait, mean (s)")
        assert ["0", having] == [cell.strip() for cell in line[1:] if cell]
    (held,) = (line for line in told if line[0] == "GPU-hours held")
    assert 1 == len([cell for cell in held[1:] if cell]), "in halves the same jobs run"


def test_simulate_says_where_a_trace_has_no_gpus_to_run_on(trace: Path, tmp_path: Path) -> None:
    """By name, and with what mends it."""
    late = tmp_path / "late.yaml"
    late.write_text(LATE)
    words = ("simulate", "uk-airr-2026", "--trace", trace, "--overlay", late)
    refused = run(*words, "--no-term")
    assert 2 == refused.exit_code
    assert "replay-no-envelopes" in refused.stderr


def test_check_says_what_was_checked() -> None:
    """A sound programme is said to be one, with the digest that an adoption would name."""
    made = run("check", PROGRAMME)
    assert 0 == made.exit_code
    assert made.stdout.startswith("A small programme: no faults\n")
    assert "digest " in made.stdout


def test_schema_is_json_and_the_grammars() -> None:
    """An editor reads the schema that the loader keeps to."""
    assert json.loads(json.dumps(json_schema())) == json.loads(
        run("check", PROGRAMME, "--schema").stdout
    )


def test_korea_may_not_be_adopted_as_it_stands() -> None:
    """What no source gives is assumed, and an assumption is no law: adoption lists each of them."""
    made = run("check", "korea-2025", "--adopt")
    assert 2 == made.exit_code
    assert "[not-in-force]" in made.output
    assert "mend:" in made.output


def test_explain_says_where_a_value_comes_from() -> None:
    """Value, article and rule with file and line; with an input, the exception that applies."""
    made = run("explain", PROGRAMME, "calls.open.fee", "--given", "applicant.kind=firm",
               "--given", "applicant.youth_led=true")  # fmt: skip
    assert 0 == made.exit_code, made.output
    assert "youth" in made.stdout
    assert "programme.yaml:" in made.stdout
    assert "law/act.md" in made.stdout
