"""Awards reach Kueue from the command line: as files for GitOps, or planned and applied."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from headgate.bundle.write import bundle_files
from headgate.cli import app
from headgate.core.enforcement.engine import EngineDown
from headgate.engines.kueue.engine import Kueue
from headgate.readers.usage_csv import read_usage
from headgate.report.pages import pages
from tests.engines.kueue.conftest import schemas
from tests.engines.kueue.test_admission import asking
from tests.engines.kueue.test_attempts import condition, workload
from tests.servers.crds import Schemas
from tests.servers.kubernetes import Store, api_server, kubeconfig
from tests.whole.small import signers, small

__all__ = ["schemas"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The small programme, published."""
    folder, made = tmp_path_factory.mktemp("bundle"), small()
    files = bundle_files(made.term, made.data, pages(made.term, made.data), signers())
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return str(folder)


def run(*words: str, code: int = 0) -> str:
    """A command's output; it must end with the code."""
    result = CliRunner().invoke(app, list(words))
    assert code == result.exit_code, result.output
    return result.output


def read(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_bundle_becomes_files_that_the_schemas_take(
    bundle: str, tmp_path: Path, schemas: Schemas
) -> None:
    """Each site has a folder of valid manifests and Headgate's own rights; the bytes repeat."""
    said = run("manifests", bundle, "--out", str(tmp_path / "a"))
    run("manifests", bundle, "--out", str(tmp_path / "b"))
    assert "north: 3 queues" in said
    assert read(tmp_path / "a") == read(tmp_path / "b")
    kinds = {"namespaces", "resourceflavors", "cohorts", "clusterqueues", "localqueues", "rights"}
    kinds |= {"admissionchecks", "rolebindings"}
    assert {f"{kind}.yaml" for kind in kinds} == set(read(tmp_path / "a" / "north"))
    for path in sorted((tmp_path / "a").rglob("*.yaml")):
        things = [one for one in YAML(typ="safe").load_all(path) if one is not None]
        assert bool(things) == (path.stem not in ("admissionchecks", "rolebindings"))
        assert [] == [fault for thing in things for fault in schemas.faults(thing, None)]


def test_a_bundle_is_taken_as_it_stood_on_an_earlier_day(bundle: str, tmp_path: Path) -> None:
    """Before anything was decided there is nothing; in the term stand the awards that ran in it."""
    said = run("manifests", bundle, "--on", "2026-02-01", "--out", str(tmp_path / "before"))
    assert "north: 0 queues" in said
    assert "no award runs there on 2026-02-01: --on names another day" in said
    lines = (Path(bundle) / "decisions/order.jsonl").read_bytes().splitlines()
    ordered = [json.loads(line) for line in lines]
    first = [one for one in ordered if one["at"].startswith("2026-03-01")]
    north = sum(one["subject"].endswith("@north") for one in first)
    assert f"north: {north} queues" in run(
        "manifests", bundle, "--on", "2026-03-15", "--out", str(tmp_path / "within")
    )


def clusters(folder: Path, address: str, **more: object) -> Path:
    """A clusters file of one Kueue cluster on the stand-in."""
    (folder / "kubeconfig").write_text(kubeconfig(address))
    chips = {chip: {"gpus": 1000} for chip in ("h200", "b200")}
    section = {
        "engine": "kueue", "site": "north", "programme": "small", "chips": chips,
        "kubeconfig": str(folder / "kubeconfig"), "looks": str(folder / "looks.json"), **more,
    }  # fmt: skip
    path = folder / "clusters.yaml"
    path.write_text(json.dumps({"headgate": 1, "clusters": {"one": section}}))
    return path


def test_a_plan_is_shown_applied_and_then_there_is_nothing_to_do(
    bundle: str, tmp_path: Path
) -> None:
    """The commands that serve Slurm serve Kueue: the plan, the apply, and no second change."""
    with api_server() as (address, store):
        file = str(clusters(tmp_path, address))
        said = run("plan", bundle, "--clusters", file, code=3)
        assert "0 to remove" in said
        assert [] == list(store.things)
        run("apply", bundle, "--clusters", file)
        assert 3 == queues(store)
        assert "nothing to do" in run("plan", bundle, "--clusters", file)
    run("plan", bundle, "--clusters", file, code=5)


def test_use_is_collected_into_the_file_that_the_ledger_meters(bundle: str, tmp_path: Path) -> None:
    """A Workload under an award's queue becomes a row that the reader of usage takes."""
    out = tmp_path / "use.csv"
    window = ("--since", "2026-10-01T00:00:00Z", "--until", "2026-11-01T00:00:00Z")
    with api_server() as (address, store):
        file = str(clusters(tmp_path, address))
        run("apply", bundle, "--clusters", file)
        queue = next(title[2] for title in store.things if title[0] == "ClusterQueue")
        done = condition("Admitted", True, 10), condition("Finished", True, 40)
        store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
        store.write(workload(*done, queue=queue), "kueue")
        said = run("usage", "--cluster", "one", "--clusters", file, "--out", str(out), *window)
        run("usage", "--cluster", "two", "--clusters", file, "--out", str(out), *window, code=2)
    assert "1 attempts, 0 of them running" in said
    (row,) = read_usage(out.read_bytes(), out.name)
    assert (8, "w-1", "north") == (row.gpus, row.job, row.cluster)
    run("usage", "--cluster", "one", "--clusters", file, "--out", str(out), *window, code=5)


def test_work_is_admitted_by_what_is_left_of_its_award(bundle: str, tmp_path: Path) -> None:
    """One pass answers who waits and names the reason; no pass without the word in the file."""
    with api_server() as (address, store):
        plain = str(clusters(tmp_path, address))
        named = ("--cluster", "one", "--at", "2026-10-01T00:00:00Z", "--once")
        said = run("admit", bundle, "--clusters", plain, *named, code=2)
        assert "[budget-check-off]" in said
        file = str(clusters(tmp_path, address, budget_check=True, member_role="edit"))
        run("apply", bundle, "--clusters", file)
        check = next(title[2] for title in store.things if title[0] == "AdmissionCheck")
        queue = next(title[2] for title in store.things if title[0] == "ClusterQueue")
        store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
        for name, most in (("short", 60), ("endless", None), ("long", 2 * 10**9)):
            thing = asking(name, most=most, queue=queue)
            thing["status"]["admissionChecks"][0]["name"] = check
            store.write(thing, "kueue")
        said = run("admit", bundle, "--clusters", file, *named)
        assert ["Rejected n/endless", "Ready    n/short"] == [
            line.partition(":")[0] for line in said.splitlines() if "n/long" not in line
        ]
        assert "" == run("admit", bundle, "--clusters", file, *named)
        rights = run("manifests", bundle, "--out", str(tmp_path / "out"), "--clusters", file)
        assert "north" not in rights
        assert "bind" in (tmp_path / "out" / "one" / "rights.yaml").read_text()
    run("admit", bundle, "--clusters", file, *named, code=5)


def test_after_a_pass_that_failed_the_next_one_waits_for_its_turn(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed before a pass that came to nothing is no reason for another one at once."""
    passes = iter([None, EngineDown("not now"), KeyboardInterrupt()])
    watched: list[float] = []

    def admit(*_: object) -> tuple[()]:
        if (ends := next(passes)) is not None:
            raise ends
        return ()

    def stirred(_: Kueue, seconds: float) -> bool:
        watched.append(seconds)
        return True

    monkeypatch.setattr(Kueue, "admit", admit)
    monkeypatch.setattr(Kueue, "stirred", stirred)
    file = str(clusters(tmp_path, "http://127.0.0.1:9", budget_check=True, member_role="edit"))
    said = run("admit", bundle, "--clusters", file, "--cluster", "one", "--every", "0.1")
    assert ("not now" in said, [0.1]) == (True, watched), said


def queues(store: Store) -> int:
    """How many queues stand."""
    return sum(title[0] == "ClusterQueue" for title in store.things)


def test_a_file_without_kueue_is_refused_by_name(bundle: str, tmp_path: Path) -> None:
    """Bad input ends with the list of its faults, and nothing is written."""
    file = tmp_path / "clusters.yaml"
    file.write_text(
        "headgate: 1\nclusters: {a: {engine: rehearsal, site: north, gpus: {h200: 8}}}\n"
    )
    out = tmp_path / "out"
    said = run("manifests", bundle, "--out", str(out), "--clusters", str(file), code=2)
    assert "[kueue-none]" in said
    assert not out.exists()
