"""What every test may lean on: repeatable examples, the shared data, and skips that give a name.

Random examples are the same on every run (`ci`); `make nightly` draws many more and new ones
(`nightly`). A test that needs data or a Debian package that is not here is skipped by name, so that
a green run says what it did not look at.
"""

import gc
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.servers.postgres import Cluster

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent

# Whole minutes in one test or module: begun first, so that no worker is left alone with one.
LONGEST = ("site/year", "site/histories", "site/portal/test_browser.py", "engines/fidelity")

# Django reads its settings once a process, and no test knows whether it is the first to ask.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headgate.site.settings")
os.environ.setdefault("HEADGATE_SECRET_KEY", "only for tests")
os.environ.setdefault("HEADGATE_HTTPS", "false")
# What asks a provider is loaded where there is one; a test of signing in has a real one.
os.environ.setdefault("HEADGATE_OIDC_ISSUER", "https://provider.invalid")

MEMORY, MEMORY_BYTES_MIN = Path("/dev/shm"), 2**32


def in_memory() -> Path | None:
    """Linux's folder in memory, where databases are copied and committed without waiting.

    None where it has little room, and where somebody has said by TMPDIR what to use. A test kills
    processes and cuts no power: what is promised of the disk is for `postgres_durable`. Folders of
    tests stay out of it: the jobs of a real Slurm do not see it.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None


settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real traces and evaluations: HEADGATE_SHARED, or ../shared beside this one."""
    folder = Path(os.environ.get("HEADGATE_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set HEADGATE_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator["Cluster"]:
    """A private PostgreSQL, started when first asked for, that does not wait for the disk."""
    yield from _private_postgres(fast=True)


@pytest.fixture(scope="session")
def postgres_durable() -> Iterator["Cluster"]:
    """A private PostgreSQL that loses nothing it acknowledged: for what is proved by killing."""
    yield from _private_postgres(fast=False)


def _private_postgres(fast: bool) -> Iterator["Cluster"]:
    from tests.servers.postgres import Unavailable, private_postgres, programs

    try:
        programs()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with private_postgres(fast, in_memory() if fast else None) as cluster:
        yield cluster


def packages_by_suite(text: str) -> dict[str, list[str]]:
    """Suite folder -> Debian packages, from the lines `package suite` of system-packages.txt."""
    suites: dict[str, list[str]] = {}
    for line in text.splitlines():
        if words := line.partition("#")[0].split():
            package, suite = words
            suites.setdefault(suite, []).append(package)
    return suites


def installed(packages: Iterable[str]) -> set[str]:
    """Those of the packages that dpkg holds installed; none where there is no dpkg."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return set()
    states = (line.split() for line in answer.stdout.splitlines())
    return {package for package, state in states if state == "installed"}


def skips(suites: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Suite folder -> why it is skipped, for the suites that lack a package."""
    here = installed({package for packages in suites.values() for package in packages})
    lacking = {suite: sorted(set(packages) - here) for suite, packages in suites.items()}
    return {
        suite: f"{suite} needs the Debian packages {', '.join(packages)}: run `make setup` as root"
        for suite, packages in lacking.items()
        if packages
    }


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest; skip, by name, the suites whose system packages are not here."""
    longest = [config.rootpath / "tests" / name for name in LONGEST]
    items.sort(key=lambda item: not any(map(item.path.is_relative_to, longest)))
    listed = config.rootpath / "tests" / "system-packages.txt"
    suites = packages_by_suite(listed.read_text(encoding="utf-8"))
    concerned = {
        item: suite
        for item in items
        for suite in suites
        if item.path.is_relative_to(config.rootpath / suite)
    }
    reasons = skips(suites) if concerned else {}
    for item, suite in concerned.items():
        if suite in reasons:
            item.add_marker(pytest.mark.skip(reason=reasons[suite]))


def pytest_collection_finish() -> None:
    """Leave the half million objects of the tests themselves to no collection of garbage."""
    gc.collect()
    gc.freeze()
