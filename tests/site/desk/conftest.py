"""The desk on an empty site of each database, and the small programme's cast in it."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from secrets import token_hex

import pytest
from django.test import override_settings

from headgate.site.records.database import opened
from headgate.site.serving import make_tables
from tests.servers.postgres import Cluster
from tests.site.conftest import SITE_USER
from tests.site.desk.cast import Cast, facts_of
from tests.whole.small import small


@pytest.fixture(scope="session")
def site_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty site in one file, with nobody connected: copy the file to have another."""
    path = tmp_path_factory.mktemp("site") / "site.db"
    shutil.copy(sqlite_template, path)
    _make(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_site(postgres: Cluster, postgres_template: str) -> str:
    """The name of an empty site on PostgreSQL, made by its owner, to make others from."""
    name = f"site_template_{token_hex(4)}"
    postgres.create(name, postgres_template)
    _make(postgres.url(name))
    return name


def _make(address: str) -> None:
    database = opened(address)
    make_tables(database)
    database.connection.close()


@pytest.fixture
def lone_site(site_template: Path, tmp_path: Path) -> Iterator[str]:
    """An empty site on SQLite alone, for rules that no database has a part in."""
    address = f"sqlite:///{shutil.copy(site_template, tmp_path / 'site.db')}"
    opened(address)
    yield address
    opened("sqlite:///nothing")


@pytest.fixture
def served_site(
    postgres: Cluster, postgres_site: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """An empty site on PostgreSQL, as the service's role has it."""
    name = f"site_{abs(hash(request.node.nodeid)):x}"
    postgres.create(name, postgres_site)
    opened(postgres.url(name, SITE_USER))
    yield postgres.url(name, SITE_USER)
    opened("sqlite:///nothing")
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest) -> str:
    """An empty site on each database in turn."""
    fixture = {"sqlite": "lone_site", "postgresql": "served_site"}[request.param]
    told: str = request.getfixturevalue(fixture)
    return told


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, site_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Cast]:
    """What the module's `scene` plays on an empty site, once; nobody is connected."""
    path = Path(shutil.copy(site_template, tmp_path_factory.mktemp("played") / "site.db"))
    database = opened(f"sqlite:///{path}")
    with override_settings(HEADGATE_DEMO=True):
        cast: Cast = request.module.scene()
    database.connection.close()
    return path, cast


@pytest.fixture
def copied(played: tuple[Path, Cast], tmp_path: Path) -> Iterator[Cast]:
    """The module's scene as this test's own, before a portal whose clock stands there."""
    path, cast = played
    opened(f"sqlite:///{shutil.copy(path, tmp_path / 'site.db')}")
    shared = {id(one): one for one in (cast.document, cast.facts)}
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield deepcopy(cast, shared)
    opened("sqlite:///nothing")


@pytest.fixture
def cast(lone_site: str) -> Cast:
    """The people of the small programme on the day on which its policy was adopted."""
    del lone_site
    term = small().term
    return Cast(term.document, facts_of(term))


@pytest.fixture
def shown(cast: Cast) -> Iterator[Cast]:
    """The cast before a portal whose clock stands where its programme does."""
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield cast
