"""Every dishonest statement that we could think of is tried, and the published page says the truth.

Each is tried on a copy of a small honest database, as whoever has SQLite's file and as three roles
of PostgreSQL. What the schema does not refuse must be revealed, from inside or from outside.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from headgate.site.records.database import opened
from tests.servers.postgres import Cluster
from tests.site.attacks import changes
from tests.site.attacks.audit import NO_CHANGE, UNSEEN
from tests.site.attacks.changes import GUARDS, Change
from tests.site.attacks.expected import EXPECTED
from tests.site.attacks.forging import forged, move, resolve
from tests.site.attacks.honest import fill
from tests.site.attacks.page import ATTACKS, USERS, expected, page
from tests.site.attacks.trial import OnPostgres, OnSqlite, told
from tests.site.proof import never, record

PAGE: Final = Path(__file__).parents[3] / "docs/operating/attacks.md"
ALL: Final[Mapping[str, Change]] = {
    name: attack for attacks in ATTACKS.values() for name, attack in attacks.items()
}


@pytest.fixture(scope="session")
def sqlite_honest(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The honest database in one file, with nobody connected."""
    path = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("honest") / "ledger.db"))
    database = opened(f"sqlite:///{path}", "honest")
    fill(database)
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    database.connection.close()
    return path


@pytest.fixture(scope="session")
def postgres_honest(postgres: Cluster, postgres_template: str) -> str:
    """The honest database on PostgreSQL, written by the service's role, with nobody connected."""
    name = "attacks_honest"
    postgres.create(name, postgres_template)
    database = opened(postgres.url(name, "site"), "honest")
    fill(database)
    database.connection.close()
    return name


@contextmanager
def _attackers(request: pytest.FixtureRequest, user: str) -> Iterator[OnSqlite | OnPostgres]:
    if user == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        yield OnSqlite(request.getfixturevalue("sqlite_honest"), folder)
        return
    honest: str = request.getfixturevalue("postgres_honest")
    attacker = OnPostgres(request.getfixturevalue("postgres"), honest, user)
    try:
        yield attacker
    finally:
        attacker.close()


@pytest.mark.parametrize("user", USERS)
def test_each_attack_ends_as_published(request: pytest.FixtureRequest, user: str) -> None:
    """Whoever attacks meets the rule that the page names, or leaves the trace that it names."""
    came: dict[str, str] = {}
    counts: Counter[str] = Counter()
    with _attackers(request, user) as attacker:
        for name, attack in ALL.items():
            scripts = attack.sqlite if user == "sqlite" else attack.postgresql
            outcomes = [attacker.attacked(script) for script in scripts]
            counts.update(word[1:] if word[0] == "+" else "refused" for word in outcomes)
            came[name] = told(outcomes)
    record(f"Dishonest statements, {user}", counts)
    assert [] == never(counts, ("refused", "journal", "ledger", "values", "checkpoints"))
    assert {name: expected(name, USERS.index(user)) for name in ALL} == came


@pytest.mark.parametrize("user", USERS)
def test_honest_statements_are_not_refused(request: pytest.FixtureRequest, user: str) -> None:
    """The attacks differ from honest rows in one lie each: without it, nothing is refused."""
    with _attackers(request, user) as attacker:
        for script in (forged(move()), forged(resolve()), forged(move(id="more"), resolve())):
            assert UNSEEN == attacker.attacked(script)


def test_page_is_what_came_of_the_attacks() -> None:
    """What is published is what is tried: `python -m tests.site.attacks.page` writes it."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_every_attack_is_expected_and_every_expectation_is_tried() -> None:
    """No outcome is left on the page for an attack that nobody tries any more."""
    assert set(ALL) == set(EXPECTED)
    assert len(ALL) == sum(map(len, ATTACKS.values()))


def test_no_attack_stays_unseen() -> None:
    """Whatever gets through is revealed by somebody."""
    assert [] == [name for name, words in EXPECTED.items() if UNSEEN in " ".join(words)]


def test_the_service_cannot_change_what_stands() -> None:
    """Whoever breaks into the service can add rows, and neither change nor remove one."""
    standing = (changes.STANDING, changes.SWITCHED, changes.HISTORY)
    words = {word for names in standing for n in names for word in expected(n, 1).split()}
    assert {NO_CHANGE, "permission", "leg_of_transfer"} == words


def test_every_rule_of_the_schema_refuses_something() -> None:
    """A constraint that no lie ever meets would be one that nobody knows to work."""
    schema = (GUARDS / "schema.sql").read_text(encoding="utf-8")
    rules = set(re.findall(r"CONSTRAINT (\w+)|CREATE UNIQUE INDEX (\w+)", schema))
    met = {word for words in EXPECTED.values() for told in words for word in told.split()}
    assert {one or other for one, other in rules} | {"leg_of_transfer"} <= met
    assert {"leg_pkey", "entry_pkey", "leg_was_half_key", "kept_pkey", "checkpoint_pkey"} <= met
    assert {"append-only", "guards-off", "permission", "not-null", "type"} <= met
