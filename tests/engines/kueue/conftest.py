"""A stand-in API server for every test that asks, and the CRDs where the shared data has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.core.enforcement.clusters.kueue import KueueChip, KueueCluster
from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.engines.kueue.engine import Kueue, arrangement_of
from headgate.engines.kueue.manifests import Maker
from tests.servers.crds import Schemas, read
from tests.servers.kubernetes import Store, api_server, kubeconfig

STARTS, NOW, ENDS = "2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z", "2027-03-01T00:00:00Z"
BUDGET = 10**9


@pytest.fixture(scope="session")
def schemas(shared_data: Path) -> Schemas:
    """Kueue's published CRDs; a test that needs them is skipped where they are not."""
    folder = shared_data / "data" / "kueue-crds"
    if not folder.is_dir():
        pytest.skip(f"no CRDs of Kueue at {folder}")
    return read(folder)


@dataclass
class Lab:
    """A stand-in, and an engine on it."""

    address: str
    store: Store
    folder: Path

    def settings(self, **more: object) -> KueueCluster:
        """The cluster's section, reaching the stand-in."""
        config = self.folder / "kubeconfig"
        config.write_text(kubeconfig(self.address))
        looks = str(self.folder / "looks.json")
        return cluster(**{"kubeconfig": str(config), "looks": looks, "timeout_seconds": 30, **more})

    def engine(self, now: str = NOW, used: int = 0, **more: object) -> Kueue:
        """An engine at an instant, with so many GPU-seconds used of every award's h200."""
        return Kueue(self.settings(**more), booked(used), lambda: now)


@pytest.fixture
def lab(tmp_path: Path, shared_data: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A stand-in that validates by the CRDs, with nothing in it."""
    del shared_data
    with api_server(request.getfixturevalue("schemas")) as (address, store):
        yield Lab(address, store, tmp_path)


def cluster(**more: object) -> KueueCluster:
    """A cluster of two chip classes."""
    npu = KueueChip(gpus=50, resource="example.com/npu")
    chips = {"h200": KueueChip(gpus=100), "npu_x": npu}
    given: dict[str, object] = {"engine": "kueue", "site": "north", "programme": "small"}
    return KueueCluster.model_validate({**given, "chips": chips, **more})


def booked(used: int) -> dict[tuple[str, str], int]:
    """What the ledger says is used of some awards."""
    return {(award, "h200"): used for award in ("a-1", "a-2", "a-3")}


def maker(now: str = NOW, used: int = 0, **more: object) -> Maker:
    """What makes the manifests of that cluster."""
    section = cluster(**more)
    return Maker(section, arrangement_of(section, booked(used)), now)


def quota(award: str = "a-1", gpus: int | None = 16, chip: str = "h200") -> Quota:
    """A quota of an award that is held by the class `national`."""
    return Quota(award, chip, gpus, BUDGET, STARTS, ENDS, QuotaState.OPEN, "national")


def envelope(gpus: int = 60, shares: int = 50, holder: str = "national") -> Quota:
    """The envelope of a class of holders."""
    return Quota("", "h200", gpus, 0, STARTS, ENDS, QuotaState.OPEN, holder, (), shares)


def orders(*quotas: Quota) -> list[Order]:
    """Orders for the cluster."""
    return [Order("north", one, "calls.open-1") for one in quotas]
