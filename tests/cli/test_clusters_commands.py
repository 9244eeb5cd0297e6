"""The commands on clusters: what a person signs, what a script can tell, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.cli.clusters import CHANGES, DOWN, DRIFTING
from headgate.cli.shared import BAD_INPUT
from headgate.core.enforcement.engine import Action, Change, Plan
from headgate.core.policy.document import Document
from headgate.demo import publish
from headgate.engines.rehearsal import Rehearsal
from headgate.report.pages import pages
from tests.whole.korea import korea

CLUSTERS = """
headgate: 1
clusters:
  naver:
    engine: {engine}
    site: naver-cloud
    {rest}
"""
DRY = CLUSTERS.format(engine="rehearsal", rest="gpus: {h200: 2296, b200: 8}")
SLURM = CLUSTERS.format(
    engine="slurm",
    rest="""cluster: naver
    reach: [/no/such/program]
    lock: /no/such/lock
    programme: korea
    sectors: {national: national, business: business, academia: academia}
    chips: {h200: {gres: "gpu:h200"}}""",
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published term of a real programme."""
    folder = tmp_path_factory.mktemp("published") / "bundle"
    done = korea()
    publish(done, pages(done.term, done.data), folder)
    return folder


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """The term as it is after its bundle has been verified, which the first test does in full."""
    monkeypatch.setattr("headgate.cli.clusters._bundle_term", lambda *_: korea().term)


def run(tmp_path: Path, text: str, *words: str | Path) -> Result:
    """A command with a clusters file."""
    path = tmp_path / "clusters.yaml"
    path.write_text(text)
    return CliRunner().invoke(app, [*map(str, words), "--clusters", str(path)])


def test_a_plan_is_shown_written_signed_and_applied(bundle: Path, tmp_path: Path) -> None:
    """The digest that was printed is the only one under which the plan file is applied."""
    out = tmp_path / "plan.jsonl"
    shown = run(tmp_path, DRY, "plan", bundle, "--out", out)
    assert CHANGES == shown.exit_code
    digest = shown.stdout.split()[-1]
    assert "because calls.open-1" in shown.stdout
    wrong = run(tmp_path, DRY, "apply", out, "--expect", "0" * 64)
    assert (BAD_INPUT, True) == (wrong.exit_code, "plan-other" in wrong.stderr)
    assert shown.stdout.startswith("naver, naver-cloud: "), "the name that --cluster takes"
    for other in ("naver-cloud", "none"):
        none = run(tmp_path, DRY, "apply", out, "--cluster", other)
        named = f"the plans are not of '{other}': naver" in none.stderr
        assert (BAD_INPUT, True) == (none.exit_code, named), "nothing done is not done well"
    done = run(tmp_path, DRY, "apply", out, "--expect", digest)
    assert (0, True) == (done.exit_code, "holds its orders now" in done.stdout)


@pytest.mark.usefixtures("verified")
@pytest.mark.parametrize(("day", "ahead"), [("2026-09-15", True), ("2026-09-16", False)])
def test_who_plans_by_a_term_that_has_not_begun_is_told_of_the_one_before(
    day: str, ahead: bool, tmp_path: Path
) -> None:
    """A rehearsed bundle ends with the turn into the next term: its awards are not those of now."""
    at = f"{day}T00:00:00Z"
    shown = run(tmp_path, DRY, "plan", "bundle", "--at", at)
    assert ahead == (f"the term before: --at {at}" in shown.stderr)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--cluster", "none"), "cluster-unknown"),
        (("--expect", "0" * 64), "expect-many"),
        (("--logins", "logins.csv"), "column-missing"),
    ],
)
def test_what_is_quickly_said_does_not_wait_for_a_bundle_to_be_verified(
    words: tuple[str, ...], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who mistyped a cluster reads so at once and not after the whole term was derived again."""
    monkeypatch.setattr("headgate.cli.clusters._bundle_term", lambda *_: pytest.fail("too early"))
    monkeypatch.chdir(tmp_path)
    Path("logins.csv").write_text("award,name\n", encoding="utf-8")
    two = f"{DRY}  south:\n    engine: rehearsal\n    site: south\n    gpus: {{h200: 8}}\n"
    told = run(tmp_path, two, "apply", "bundle", *words)
    assert (BAD_INPUT, True) == (told.exit_code, code in told.stderr), told.stderr


@pytest.mark.usefixtures("verified")
def test_json_is_the_same_plan(tmp_path: Path) -> None:
    """A program reads what a person reads."""
    shown = run(tmp_path, DRY, "plan", "bundle", "--json")
    (line,) = shown.stdout.splitlines()
    assert run(tmp_path, DRY, "plan", "bundle").stdout.split()[-1] == json.loads(line)["digest"]


@pytest.mark.usefixtures("verified")
def test_a_plan_that_was_touched_is_refused(tmp_path: Path) -> None:
    """No byte of a plan file may change."""
    out = tmp_path / "plan.jsonl"
    run(tmp_path, DRY, "plan", "bundle", "--out", out)
    out.write_text(out.read_text().replace('"headgate":1', '"headgate": 1'))
    assert "plan-wrong" in run(tmp_path, DRY, "apply", out).stderr


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (DRY, ("--cluster", "none"), "cluster-unknown"),
        (DRY.replace("naver-cloud", "elsewhere"), (), "clusters-none"),
        (DRY.replace("h200: 2296, ", ""), (), "cluster-unmapped"),
    ],
)
@pytest.mark.usefixtures("verified")
def test_what_a_file_does_not_say_is_a_fault(
    tmp_path: Path, text: str, words: tuple[str, ...], code: str
) -> None:
    """A cluster that is not known, not at any site, or has no word for a class."""
    told = run(tmp_path, text, "plan", "bundle", *words)
    assert (BAD_INPUT, True) == (told.exit_code, f"[{code}]" in told.stderr)


KEPT = """
overlay: kept
because: {en: What if idle quota were kept?}
from: 2025-06-20
onwards: true
set:
  envelopes.compute.sharing: {idle: kept}
"""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same term under a policy that says how envelopes share."""
    term = korea().term
    document = Document.read({**term.document.texts, "overlays/kept.yaml": KEPT})
    monkeypatch.setattr(
        "headgate.cli.clusters._bundle_term", lambda *_: replace(term, document=document)
    )


@pytest.mark.usefixtures("kept")
def test_the_policy_says_how_a_cluster_shares(tmp_path: Path) -> None:
    """Its word is in the plan that is signed; a clusters file that says otherwise is refused."""
    shown = run(tmp_path, DRY, "plan", "bundle", "--json")
    said = {"lent": False, "lend_percent": 0, "borrow_percent": 0, "reclaim": True}
    assert said == json.loads(shown.stdout.splitlines()[0])["said"]
    told = run(tmp_path, f"{SLURM}    standby: true\n", "plan", "bundle")
    assert (BAD_INPUT, True) == (told.exit_code, "[cluster-shares-otherwise]" in told.stderr)
    assert "standby" in told.stderr


@pytest.mark.usefixtures("verified")
def test_a_cluster_that_is_down_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """A script can tell an outage from a mistake."""
    told = run(tmp_path, SLURM, "plan", "bundle")
    assert (DOWN, True) == (told.exit_code, "is down" in told.stderr)


@pytest.mark.usefixtures("verified")
def test_a_plan_whose_cluster_has_changed_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was signed was another plan: a quota that is otherwise, or gone, refuses the whole."""
    out = tmp_path / "plan.jsonl"
    engine = Rehearsal("naver-cloud", {"h200": 2296, "b200": 8}, [])
    monkeypatch.setattr("headgate.operating.opened", lambda *_: engine)
    run(tmp_path, DRY, "apply", "bundle")
    first = next(quota for quota in engine.observe() if quota.award)
    change = Change(Action.CHANGE, first.award, first.support_class, first, None, "by hand")
    by_hand = replace(change, wanted=replace(first, gpus_most=1))
    engine.apply(Plan("naver-cloud", (by_hand,)))
    assert CHANGES == run(tmp_path, DRY, "plan", "bundle", "--out", out).exit_code
    for other in (replace(first, gpus_most=2), None):
        action = Action.REMOVE if other is None else Action.CHANGE
        engine.apply(Plan("naver-cloud", (replace(change, action=action, wanted=other),)))
        told = run(tmp_path, DRY, "apply", out)
        assert (BAD_INPUT, True) == (told.exit_code, "[plan-stale]" in told.stderr)
    assert first.award not in {quota.award for quota in engine.observe()}


@pytest.mark.usefixtures("verified")
def test_a_plan_says_who_set_what_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a cluster tells beside its quotas stands first; the last line stays the digest."""
    engine = Rehearsal("naver-cloud", {"h200": 2296, "b200": 8}, [])
    said = "ClusterQueue q: spec.cohort: a -> b (set by 'kubectl')"
    monkeypatch.setattr(engine, "remarks", lambda _: (said,))
    monkeypatch.setattr("headgate.operating.opened", lambda *_: engine)
    shown = run(tmp_path, DRY, "plan", "bundle").stdout.splitlines()
    assert f"naver: {said}" == shown[0]
    assert shown[-1].startswith("digest ")
    as_json = run(tmp_path, DRY, "plan", "bundle", "--json")
    assert (1, True) == (len(as_json.stdout.splitlines()), said in as_json.stderr)


@pytest.mark.usefixtures("verified")
def test_an_apply_that_does_not_hold_says_what_the_cluster_said_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads which setting to mend, and not only that something is otherwise."""
    engine = Rehearsal("naver-cloud", {"h200": 2296, "b200": 8}, [])
    monkeypatch.setattr(engine, "apply", lambda _: None)
    monkeypatch.setattr(engine, "remarks", lambda _: ("new accounts: no such type",))
    monkeypatch.setattr("headgate.operating.opened", lambda *_: engine)
    told = run(tmp_path, DRY, "apply", "bundle")
    assert (DRIFTING, True) == (told.exit_code, "naver: new accounts: no such type" in told.stderr)
