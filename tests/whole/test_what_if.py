"""A what-if from the command line: a trace tried under a policy, and real findings found again."""

import csv
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate.cli import app

PROGRAMME = Path(__file__).parents[1] / "programmes" / "small"
OVERLAY = """
overlay: split
because: {en: What if the split were another?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.shares: {national: 20, business: 60, academia: 20}
"""
POLICY = """
headgate: 1
from: 2017-01-01
source: law/act.md#art-1
status: assumed
programme:
  id: philly
  name: {en: Tenants with quotas of their own}
  country: US
  currency: USD
  timezone: Etc/UTC
  calendar: {first: 2017-09-01, months: 6}
supports:
  compute:
    kind: compute
    name: {en: GPU computing}
    chips: {gpu: {name: GPU}}
    rates: {gpu: 1}
    measure_by: count
    node_gpus: 8
    lots:
      all: {site: one, operator: One, chip: gpu, gpus: %(gpus)d, state_gpus: %(gpus)d,
        usable: 2017-01-01}
organisations: {kinds: [team], sizes: [any]}
holders:
%(holders)s
envelopes:
  compute:
    of: %(gpus)d
    shares: {%(shares)s}
    block: {gpu: 2}
    method: largest_remainder
"""


def simulate(*words: object) -> str:
    """What `headgate simulate` prints; it must succeed."""
    made = CliRunner().invoke(app, ["simulate", *map(str, words)])
    assert 0 == made.exit_code, made.output
    return made.stdout


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Three tenants who are busy in turn, in gangs of up to 16 GPUs, for five weeks."""
    rows = [
        f"{n} {n * 600} 0 {7200 * (1 + n % 5)} {1 << n % 5} -1 -1 1 -1 -1 1 1 {1 + n // 800 % 3}"
        " 1 1 1 -1 -1"
        for n in range(1, 5000)
    ]
    path = tmp_path / "busy.swf"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_trace_is_tried_under_every_variant(tmp_path: Path, trace: Path) -> None:
    """Each variant has its walls and its sharing; files, seeds and digests are named; the same
    command gives the same bytes.
    """
    overlay = tmp_path / "split.yaml"
    overlay.write_text(OVERLAY, encoding="utf-8")
    words = (PROGRAMME, "--overlay", overlay, "--trace", trace, "--no-term", "--seeds", 2)
    table = simulate(*words, "--load", 90, "--out", tmp_path / "out")
    again = simulate(*words, "--load", 90, "--out", tmp_path / "again")
    assert table == again
    assert "4,999 jobs in 4,999 rows of busy.swf" in table
    told = table.splitlines()
    at = told.index("wait, mean (s)")
    names = ["as it stands, walls", "as it stands, shared", "split, walls", "split, shared"]
    assert names == [line.rpartition("  ")[2] for line in told[at + 1 : at + 5]]
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert {"comparison.json", "report.html", "report.vi.html", "report.ko.html"} == set(files)
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    told = json.loads(files["comparison.json"])
    assert {"split.yaml", "busy.swf"} == set(told["files"])
    seeds = [run["seed"] for run in told["replays"][0]["runs"]]
    assert ["as it came", "headgate/1", "headgate/2"] == seeds
    page = files["report.html"].decode()
    assert all(digest in page for digest in (*told["files"].values(), told["policy"]))


@pytest.mark.parametrize("words", [(), ("--shards", 2, "--out", "sweep")])
def test_every_overlay_is_checked_before_a_term_is_rehearsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]
) -> None:
    """Who mistypes the second overlay is told at once, with the faults of the first; nothing is
    rehearsed, no trace is read and no folder is left.
    """
    begun: list[object] = []
    monkeypatch.chdir(tmp_path)
    for work in ("headgate.comparing.rehearse", "headgate.comparing.workload"):
        monkeypatch.setattr(work, lambda *these: begun.append(these))
    monkeypatch.setattr("headgate.sweeping.workload", lambda *these: begun.append(these))
    overlays = []
    for name, path in {"a": "envelopes.compute.sharing.idle", "b": "calls.nobody.gap"}.items():
        overlays += ["--overlay", f"{name}.yaml"]
        head = OVERLAY.partition("set:")[0]
        Path(f"{name}.yaml").write_text(f"{head}set: {{{path}: kept}}\n", encoding="utf-8")
    told = CliRunner().invoke(
        app, ["simulate", str(PROGRAMME), *overlays, "--trace", "a.swf", *map(str, words)]
    )
    places = [line.partition(":")[0] for line in told.stderr.splitlines() if "[overlay-" in line]
    assert (2, ["overlays/01-a.yaml", "overlays/01-b.yaml"]) == (told.exit_code, places)
    assert [] == begun
    assert not Path("sweep").exists()


def test_supply_that_comes_after_its_call_is_replayed_and_not_rehearsed(
    tmp_path: Path, trace: Path
) -> None:
    """A page's overlay may have chips arrive later than a call offers them: the jobs can be
    replayed, and the term cannot, which is said before one is begun.
    """
    overlay = tmp_path / "later.yaml"
    text = OVERLAY + "  supports.compute.lots.north-b200.usable: 2026-06-01\n"
    overlay.write_text(text, encoding="utf-8")
    assert "later" in simulate(PROGRAMME, "--overlay", overlay, "--trace", trace, "--no-term")
    words = [str(PROGRAMME), "--overlay", str(overlay)]
    for command in (["simulate", *words], ["check", *words]):
        told = CliRunner().invoke(app, command)
        assert (2, True) == (told.exit_code, "[offer-above-supply]" in told.stderr), told.output


def test_a_draft_is_checked_though_cases_expect_the_policy_as_it_stands(tmp_path: Path) -> None:
    """Another split answers other numbers of servers: which cases say so, and no fault."""
    overlay = tmp_path / "split.yaml"
    shares = "{national: 29, business: 42, academia: 29}"
    text = OVERLAY.partition("set:")[0] + f"set: {{envelopes.compute.shares: {shares}}}\n"
    overlay.write_text(text, encoding="utf-8")
    told = CliRunner().invoke(app, ["check", "korea-2025", "--overlay", str(overlay)])
    assert 0 == told.exit_code, told.output
    assert "3 cases are answered otherwise under overlays: the state's 1,307 servers" in told.stdout


def test_sharing_wastes_less_than_walls_and_waits_are_told_by_envelope(trace: Path) -> None:
    """Idle time that waiting jobs would have filled shrinks where quota is lent."""
    text = simulate(PROGRAMME, "--trace", trace, "--no-term", "--load", 90, "--json")
    run = json.loads(text)["replays"][0]["runs"][0]
    walls, shared = run["walls"], run["shared"]
    assert walls["fillable"] > 2 * shared["fillable"]
    assert walls["waits"]["mean"] > shared["waits"]["mean"]
    assert 0 == walls["borrowed"] < shared["borrowed"]
    assert {"national", "business", "academia"} == set(shared["by_envelope"])
    assert sum(w["jobs"] for w in shared["by_envelope"].values()) == shared["waits"]["jobs"]
    assert sum(w["jobs"] for w in shared["by_size"].values()) == shared["waits"]["jobs"]
    assert shared["offered"] == shared["held"] + shared["idle"]
    for figure in ("promised", "held"):
        whole = sum(amount for month in shared["months"] for amount in month[figure].values())
        assert shared["offered" if figure == "promised" else "held"] == whole


def test_every_rule_of_sharing_can_be_said(trace: Path) -> None:
    """Limits, no reclaim, no checkpoints, look ahead and fair share each change a figure."""
    plain = (PROGRAMME, "--trace", trace, "--no-term", "--load", 95, "--json")
    seen = {json.dumps(_shared(simulate(*plain)))}
    for words in (
        ("--borrow", 10), ("--lend", 50), ("--no-reclaim",), ("--checkpoint", 0),
        ("--restart", 9000), ("--look-ahead", 0), ("--half-life", 24), ("--load", 50), ("--nodes",),
    ):  # fmt: skip
        seen.add(json.dumps(_shared(simulate(*plain, *words))))
    assert 10 == len(seen)


RICH = """
overlay: rich
because: {en: What if lending earned credits, budgets ended and energy counted?}
from: 2026-01-01
onwards: true
set:
  supports.compute.energy: {price_per_mwh: 100000, overhead_percent: 30}
  supports.compute.chips:
    h200: {name: H200, price_per_gpu_hour: 3190, busy_watts: 1000, idle_watts: 150}
    b200: {name: B200, price_per_gpu_hour: 3190, busy_watts: 1400, idle_watts: 200}
  supports.compute.lots.north-b200.maintenance: [{begins: 2026-03-10, ends: 2026-03-12, gpus: 40}]
  envelopes.compute.sharing:
    turns: credits
    budgets: {gpu_hours: 9000, when_spent: %s}
"""


FIRST = """
overlay: npu-first
because: {en: What if inference ran on the B200 first?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.sharing:
    inference: {first: {b200: {speed_percent: 60, tariff_percent: 50}}, spill_seconds: 0}
"""


def test_inference_first_is_tried_beside_the_policy(tmp_path: Path) -> None:
    """Both replays tell the same of where inference ran, went on and was charged; and so does the
    page, in its own words.
    """
    overlay = tmp_path / "npu-first.yaml"
    overlay.write_text(FIRST, encoding="utf-8")
    trace = ("--trace", "generated:philly:160:1:60", "--largest", 200)
    words = (PROGRAMME, "--overlay", overlay, *trace, "--no-term")
    table = simulate(*words, "--out", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    plain = json.loads(simulate(*words, "--plain", "--json"))
    assert plain["replays"] == told["replays"]
    base, first = (replay["runs"][0]["shared"]["inference"] for replay in told["replays"])
    assert base["jobs"] == first["jobs"] > first["first"] > 0 == base["first"]
    assert first["spilled"] >= first["jobs"] - first["first"]
    assert first["held"] // 2 < first["charged"]
    assert "times inference went on to other chips" in table
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "b200 (60 %, 50 %)" in page
    assert "changes-chart" in page


SPOT = """
overlay: spot
because: {en: What if who needs no promise ran on what lies idle, for less?}
from: 2026-01-01
onwards: true
set:
  supports.compute.chips:
    h200: {name: H200, price_per_gpu_hour: 3000}
    b200: {name: B200, price_per_gpu_hour: 3000}
  envelopes.compute.sharing:
    borrow_percent: 0
    spot: {tenants: [group-2], tariff_percent: 40}
"""


def test_spot_tenants_run_on_what_lies_idle_at_a_price_of_their_own(
    tmp_path: Path, trace: Path
) -> None:
    """They hold what others leave and delay nobody: whoever has a right waits no longer than behind
    walls, where nothing is left to them. What they pay is what they held at their tariff.
    """
    overlay = tmp_path / "spot.yaml"
    overlay.write_text(SPOT, encoding="utf-8")
    words = (PROGRAMME, "--overlay", overlay, "--trace", trace, "--no-term", "--largest", 500)
    table = simulate(*words, "--out", tmp_path / "out")
    assert "income from spot tenants" in table
    told = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    assert told["replays"] == json.loads(simulate(*words, "--plain", "--json"))["replays"]
    base, spot = told["replays"]
    assert ("spot", None) == (spot["tenants"]["group-2"], base["runs"][0]["shared"]["spot"])
    walls, shared = (spot["runs"][0][name] for name in ("walls", "shared"))
    for name in {*shared["by_envelope"]} - {"spot"}:
        behind, beside = (told["by_envelope"][name] for told in (walls, shared))
        assert all(beside[figure] <= behind[figure] for figure in ("unserved", "mean", "p95"))
    assert {"held": 0, "stops": 0, "income": 0} == walls["spot"]
    held = sum(month["held"]["spot"] for month in shared["months"])
    assert held == shared["spot"]["held"] == shared["borrowed"] > 0 < shared["spot"]["stops"]
    assert abs(held * 3000 * 40 // 100 // 3600 - shared["spot"]["income"]) <= 1
    pages = [(tmp_path / "out" / f"report{end}.html").read_text("utf-8") for end in ("", ".ko")]
    for page, own in zip(pages, ("Spot tenants, median", "스팟 이용자, 중앙값"), strict=True):
        assert own in page


def test_a_queue_of_the_trace_says_which_jobs_are_spot(tmp_path: Path, trace: Path) -> None:
    """The same as a tenant named by the policy where all its jobs are in that queue; a policy that
    knows no spot class takes them as any jobs of their tenant; and a sweep gives the same bytes.
    """
    queue = tmp_path / trace.name
    rows = [row.split() for row in trace.read_text("utf-8").splitlines()]
    for row in rows:
        row[14] = "7" if row[12] == "2" else "1"
    queue.write_text("".join(" ".join(row) + "\n" for row in rows), encoding="utf-8")
    named, marked = tmp_path / "named.yaml", tmp_path / "marked.yaml"
    named.write_text(SPOT, encoding="utf-8")
    marked.write_text(SPOT.replace("tenants: [group-2], ", ""), encoding="utf-8")
    words = (PROGRAMME, "--no-term", "--largest", 500, "--trace", queue)
    by_tenant = json.loads(simulate(*words, "--overlay", named, "--json"))
    every = (*words, "--overlay", marked, "--spot", "queue-7")
    by_queue = json.loads(simulate(*every, "--json"))
    assert {"spot": ["queue-7"]} == by_queue["trace"]["named"]
    assert by_queue["trace"]["spot"] > 0 == by_tenant["trace"]["spot"]
    for one, other in zip(by_tenant["replays"], by_queue["replays"], strict=True):
        assert one["runs"] == other["runs"]
        assert "group-2 (spot)" in other["tenants"]
    assert by_queue["replays"] == json.loads(simulate(*every, "--plain", "--json"))["replays"]
    sweep = tmp_path / "sweep"
    simulate(*every, "--shards", 1, "--out", sweep)
    simulate("shard", "1/1", sweep)
    assert by_queue == json.loads(simulate("merge", sweep, "--json"))


@pytest.mark.parametrize("made", [False, True])
def test_a_name_that_no_job_of_the_trace_has_is_told(trace: Path, made: bool) -> None:
    """On the terminal and in the JSON, of a file and of a made workload; others are not told."""
    of = "generated:philly:160:1" if made else str(trace)
    words = [PROGRAMME, "--no-term", "--largest", 500, "--trace", of, "--spot", "queue-77"]
    assert "no job is called 'queue-77', as --spot says [trace-name-unmet]" in simulate(*words)
    told = json.loads(simulate(*words, "--inference", "queue-1", "--json"))["trace"]["unmet"]
    assert {"spot": ["queue-77"]} | ({"inference": ["queue-1"]} if made else {}) == told
    refused = CliRunner().invoke(app, ["simulate", *map(str, words), "--strict"])
    assert (2, True) == (refused.exit_code, "[trace-name-unmet]" in refused.stderr)


def test_a_class_of_holders_that_has_the_name_of_spot_tenants_is_named(
    tmp_path: Path,
) -> None:
    """Two envelopes never have one name; and one of nothing is dealt no tenant, whatever its name.

    A tenant with the name of an empty envelope once ended the command without a reason.
    """
    text = (PROGRAMME / "programme.yaml").read_text("utf-8")
    text = text.replace("academia: 20}", "academia: 20, spot: 0}").replace(
        "envelopes:\n", "  - {id: spot, name: {en: Spot}, when: 'false'}\nenvelopes:\n", 1
    )
    folder = shutil.copytree(PROGRAMME, tmp_path / "taken")
    (folder / "programme.yaml").write_text(text, encoding="utf-8")
    named = tmp_path / "named.csv"
    rows = [f"2026-03-01 0{n}:00:00,60,8,{whose}" for n, whose in enumerate(("spot", "b"))]
    named.write_text("\n".join(("submit_time,duration,gpus,vc", *rows)), encoding="utf-8")
    assert "2 jobs in 2 rows" in simulate(folder, "--trace", named, "--no-term")
    overlay = tmp_path / "spot.yaml"
    overlay.write_text(SPOT, encoding="utf-8")
    words = ["simulate", folder, "--overlay", overlay, "--trace", named, "--no-term"]
    made = CliRunner().invoke(app, [str(word) for word in words])
    assert 2 == made.exit_code
    assert "a class of holders is called spot" in made.output
    assert "[spot-taken]" in made.output


@pytest.mark.parametrize("spent", ["wait", "end"])
def test_budgets_credits_and_energy_are_words_of_an_overlay(
    tmp_path: Path, trace: Path, spent: str
) -> None:
    """What the policy as it stands does not say is told of the overlay alone, on page and table;
    what is lent is what is borrowed, and no tenant uses more than its budget.
    """
    overlay = tmp_path / "rich.yaml"
    overlay.write_text(RICH % spent, encoding="utf-8")
    words = (PROGRAMME, "--overlay", overlay, "--trace", trace, "--no-term", "--load", 60)
    table = simulate(*words, "--out", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    plain = json.loads(simulate(*words, "--plain", "--json"))
    assert plain["replays"] == told["replays"]
    base, rich = (replay["runs"][0]["shared"] for replay in told["replays"])
    assert (0, 0, None) == (base["unpaid"], base["cut"], base["costs"]["energy"])
    assert rich["borrowed"] == sum(rich["lent"].values()) > 0 == sum(base["lent"].values())
    owed, lent = rich["credit_balances"], rich["lent"]
    assert 0 == sum(owed.values()) < sum(map(abs, owed.values()))
    assert rich["borrowed"] >= sum(t["amount"] for t in rich["credit_transfers"])
    assert set(owed) <= {*(f"credit/of/{name}" for name in lent), "credit/nobody"}
    assert rich["unpaid" if spent == "wait" else "cut"] > 0
    assert rich["held"] <= 3 * 9000 * 3600 + 200 < base["held"]
    assert rich["costs"]["energy_cost"] == round(rich["costs"]["energy"] / 10)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "costs-table" in page
    assert "energy (kWh)" in table
    assert "days from signature to first job, most" in table


def _shared(text: str) -> Any:
    return json.loads(text)["replays"][0]["runs"][0]["shared"]


def test_an_auditor_may_replay_by_the_rules_as_they_are_defined(trace: Path) -> None:
    """Plain Python and machine code give the same figures, all of them."""
    words = (PROGRAMME, "--trace", trace, "--no-term", "--load", 60, "--half-life", 24, "--json")
    fast, plain = (json.loads(simulate(*words, *more)) for more in ((), ("--plain",)))
    assert plain["replays"] == fast["replays"]


def test_a_folder_that_is_taken_is_left_alone(tmp_path: Path, trace: Path) -> None:
    """Nothing that is there is written over, and that is said before anything is computed."""
    words = ["simulate", str(PROGRAMME), "--trace", str(trace), "--no-term", "--out", str(tmp_path)]
    made = CliRunner().invoke(app, words)
    assert 2 == made.exit_code
    assert "out-taken" in made.stderr


def test_philly_waits_an_order_of_magnitude_longer_behind_walls(
    shared_data: Path, tmp_path: Path
) -> None:
    """Hard walls cost: at a quarter of its size, Philly's mean wait is over ten times as long."""
    folder = shared_data / "data" / "traces" / "philly"
    with (folder / "philly_vc_nodes.csv").open(encoding="utf-8") as file:
        quotas = {row["vc"]: int(row["node num"]) * 8 // 4 for row in csv.DictReader(file)}
    values = {
        "gpus": sum(quotas.values()),
        "holders": "\n".join(
            f"  - {{id: '{n}', name: {{en: '{n}'}}, when: 'true'}}" for n in quotas
        ),
        "shares": ", ".join(f"'{name}': {gpus}" for name, gpus in quotas.items()),
    }
    (tmp_path / "programme.yaml").write_text(POLICY % values, encoding="utf-8")
    with gzip.open(folder / "philly_jobs.csv.gz", "rt", encoding="utf-8") as file:
        known = {*quotas, "cluster"}
        lines = [line for line in file if line.rstrip().rpartition(",")[2] in known]
    (tmp_path / "philly.csv").write_text("".join(lines), encoding="utf-8")
    words = ("--trace", tmp_path / "philly.csv", "--no-term", "--look-ahead", -1, "--json")
    run = json.loads(simulate(tmp_path, *words))["replays"][0]["runs"][0]
    assert 704 == sum(quotas.values())
    assert (82_229, 0) == (run["shared"]["waits"]["jobs"], run["too_large"])
    assert run["walls"]["waits"]["mean"] > 10 * run["shared"]["waits"]["mean"]
    assert 77_334 == pytest.approx(run["walls"]["waits"]["mean"], rel=0.01)


def test_a_policy_is_tried_on_a_workload_that_was_never_run(tmp_path: Path) -> None:
    """A made workload has a digest like a file's, and its tenants come under every envelope."""
    words = (PROGRAMME, "--trace", "generated:philly:64:4", "--no-term", "--out", tmp_path / "out")
    assert "generated:philly:64:4" in simulate(*words)
    told = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert 64 == len(told["files"]["generated:philly:64:4"])
    assert {"national", "business", "academia"} == set(told["replays"][0]["tenants"].values())
