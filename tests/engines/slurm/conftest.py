"""A Slurm that the tests of one file share, each with a programme of its own."""

from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import pytest

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.readers.clusters import Clusters
from tests.engines.slurm.site import Site
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape

NUMBERS = count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure stands what the Slurm under it was doing: a busy machine repeats nothing."""
    report = yield
    lab = item.funcargs.get("lab")
    if report.failed and isinstance(lab, Lab):
        report.sections.append(("the Slurm under test", lab.state()))
    return report


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A Slurm of two nodes, started when first asked for."""
    with slurm_or_skip(Shape(nodes=2, users=("alice", "bob"))) as running:
        yield running


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    """A new programme on the shared Slurm; its jobs are ended afterwards."""
    programme = f"p{next(NUMBERS)}"
    section = {
        "engine": "slurm",
        "site": "here",
        "cluster": "lab",
        "environment": {"PATH": f"{lab.programs}:/usr/bin:/bin"},
        "lock": f"{tmp_path}/lock",
        "programme": programme,
        "sectors": {name: f"{programme}_{name}" for name in ("national", "business", "academia")},
        "chips": {"h200": {"gres": "gpu:h200"}},
        "standby": True,
    }
    read = Clusters.model_validate({"headgate": 1, "clusters": {"c": section}}, strict=False)
    cluster = read.clusters["c"]
    assert isinstance(cluster, SlurmCluster)
    yield Site(lab, cluster)
    lab.run("scancel", "--user=alice", check=False)
