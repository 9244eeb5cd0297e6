"""A clusters file is refused as a whole, with every fault at its line, or understood exactly."""

from pathlib import Path

import pytest

from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.rehearsal import RehearsalCluster
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.faults import Faulty
from headgate.readers.clusters import Code, read_clusters

GOOD = """
headgate: 1
clusters:
  naver:
    engine: slurm
    site: naver-cloud
    cluster: naver
    reach: [ssh, ops@login]
    lock: /run/lock/headgate-naver
    programme: korea-2025
    sectors: {national: national, business: business}
    chips:
      h200: {gres: "gpu:h200"}
    envelopes: shares
    standby: true
  dry:
    engine: rehearsal
    site: kakao
    gpus: {b200: 2040}
"""

SECTION = GOOD.partition("clusters:\n")[2].partition("  dry:")[0]
OTHER = SECTION.replace("  naver:", "  other:").replace("naver-cloud", "other")
"""The same Slurm and programme under another site's name."""

BAD = {
    Code.KEY_UNKNOWN: GOOD.replace("standby: true", "standbye: true"),
    Code.KEY_MISSING: GOOD.replace("    cluster: naver\n", ""),
    Code.ENGINE_UNKNOWN: GOOD.replace("engine: slurm", "engine: pbs"),
    Code.VALUE_WRONG: GOOD.replace("gpu:h200", "gpu h200; rm"),
    Code.SITE_TWICE: GOOD.replace("site: kakao", "site: naver-cloud"),
    Code.CLUSTER_TWICE: GOOD + OTHER,
    Code.UNREADABLE: "\n",
}


def read(tmp_path: Path, text: str) -> tuple[AnyCluster, ...]:
    """The clusters of a text."""
    path = tmp_path / "clusters.yaml"
    path.write_text(text)
    return tuple(read_clusters(path).values())


def test_each_cluster_is_of_its_kind(tmp_path: Path) -> None:
    """An operator's file names Slurm clusters and rehearsed ones side by side."""
    naver, dry = read(tmp_path, GOOD)
    assert isinstance(naver, SlurmCluster)
    assert isinstance(dry, RehearsalCluster)
    assert ("naver-cloud", "gpu:h200", True) == (
        naver.site,
        naver.chips["h200"].gres,
        naver.standby,
    )


@pytest.mark.parametrize("code", Code)
def test_every_fault_has_a_name_and_a_line(tmp_path: Path, code: Code) -> None:
    """Each code occurs, at a line of the file unless the file as a whole is meant."""
    with pytest.raises(Faulty) as caught:
        read(tmp_path, BAD[code])
    assert {code.value} == {fault.code for fault in caught.value.faults}
    assert (code is Code.UNREADABLE) == any(fault.line == 0 for fault in caught.value.faults)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """Two mistakes in two clusters are told together."""
    text = GOOD.replace("cluster: naver", "cluster: -naver").replace("b200: 2040", "b200: 0")
    with pytest.raises(Faulty) as caught:
        read(tmp_path, text)
    assert [7, 19] == [fault.line for fault in caught.value.faults]


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    with pytest.raises(Faulty):
        read_clusters(tmp_path / "none.yaml")
