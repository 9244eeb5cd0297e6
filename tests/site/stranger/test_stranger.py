"""What a stranger who had never seen the program broke: each promise that did not hold.

The promises here are those of the README, of docs/ and of `--help`, tried through the command line.
"""

import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.core.ledger.text import is_plain
from headgate.site.records.database import create, opened
from tests.site.actions.metered import begin, rows, usage_file

JOB = "use:north/job-0/0"
DAY = ("--on", "2026-03-31")


def run(*words: str | Path) -> Result:
    """What a command says and how it ends."""
    return CliRunner().invoke(app, [str(word) for word in words])


def named(result: Result) -> str:
    """The answer of a command that ended with 2 and a fault that has a name and a mend."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert 2 == result.exit_code, result.output
    assert "mend:" in result.output
    return result.output


def answered(*words: str | Path) -> str:
    """The answer of a command that ended well."""
    result = run(*words)
    assert 0 == result.exit_code, result.output
    return result.output


@pytest.fixture(scope="module")
def begun_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which awards run and some use was metered."""
    folder = tmp_path_factory.mktemp("stranger")
    path = folder / "ledger.db"
    database = opened(f"sqlite:///{path}")
    create(database)
    begin(database)
    database.connection.close()
    address = f"sqlite:///{path}"
    answered("ledger", "meter", usage_file(folder, rows(4)), *DAY, "--database", address)
    answered("ledger", "correct", JOB, "1", "--because", "a finding", *DAY, "--database", address)
    return path


@pytest.fixture
def begun(begun_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a ledger of this test's own, named by the environment."""
    path = Path(shutil.copy(begun_once, tmp_path / "ledger.db"))
    monkeypatch.setenv("HEADGATE_DATABASE", f"sqlite:///{path}")
    monkeypatch.delenv("HEADGATE_KEYS", raising=False)
    return path


def added(path: Path, kind: str, key: str) -> bool:
    """Whether a database takes a kept row without data from a connection with its guards on."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")
    row = "INSERT INTO kept SELECT ?, ?, max(seq), NULL FROM entry"
    try:
        connection.execute(row, [kind, key])
    except sqlite3.IntegrityError:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("holdings", ""),
        ("known", "north\tjob-0"),
        ("decision", "000000000003"),
        ("event", "000000003"),
        ("policy", "law/act.md"),
        ("fact", "marks/alliance"),
    ],
)
def test_a_kept_row_without_data_is_refused_or_named(begun: Path, kind: str, key: str) -> None:
    """Whoever may add rows cannot make awards, facts or events vanish and still pass `verify`."""
    if added(begun, kind, key):
        assert "[kept-differs]" in named(run("verify", f"sqlite:///{begun}"))


@pytest.mark.usefixtures("begun")
def test_a_day_beyond_what_is_due_is_refused() -> None:
    """A slip of the pen in --on does not end the ledger: time never runs backwards again."""
    correction = ("ledger", "correct", JOB, "1", "--because", "another finding", "--on")
    named(run(*correction, "9999-12-31"))
    answered(*correction, "2026-03-31")


@pytest.mark.usefixtures("begun")
def test_metering_does_not_overtake_what_is_due(tmp_path: Path) -> None:
    """What the calendar holds before a day is taken first; else it can never be taken."""
    file = usage_file(tmp_path, rows(2, first=10), "late.csv")
    named(run("ledger", "meter", file, "--on", "2026-08-01"))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bob:s3cret@127.0.0.1:1/ledger",
        "postgresql://bob:s3cret@127.0.0.1:99999/ledger",
        "postgresql:/bob:s3cret@127.0.0.1/ledger",
    ],
)
def test_verify_never_prints_a_password(address: str) -> None:
    """What a command says when it fails may be mailed about."""
    assert "s3cret" not in run("verify", address).output


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bob:s3#cret@127.0.0.1/ledger",
        "postgresql://bob:s3/cret@127.0.0.1/ledger",
        "postgres//bob:s3cret@127.0.0.1/ledger",
    ],
)
def test_an_address_that_cannot_be_read_keeps_its_password(address: str) -> None:
    """A password with a character that should have been quoted is none the less a password."""
    output = named(run("ledger", "status", "--database", address))
    assert "s3" not in output


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bob@127.0.0.1:99999/ledger",
        "postgresql://bob@127.0.0.1:port/ledger",
        "postgresql://[::1/ledger",
        "postgresql://bob@127.0.0.1:1/ledger?sslmod=verify-full",
        "sqlite:///:memory:",
        "sqlite:///file:ledger.db?mode=memory",
        "sqlite:///a%00b.db",
    ],
)
def test_an_address_is_understood_whole_or_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No part of an address is dropped in silence: not TLS, and not that nothing is kept."""
    monkeypatch.chdir(tmp_path)
    assert "[database-address]" in named(run("ledger", "create", address))


def test_another_programme_does_not_go_on_a_begun_one(begun: Path) -> None:
    """The wrong --programme on a database that has begun is named, and no traceback."""
    rehearse = ("ledger", "rehearse", f"sqlite:///{begun}", "--programme", "us-alcc-2026")
    assert "[programme-begun]" in named(run(*rehearse))


def test_a_term_that_cannot_be_read_is_a_named_fault(begun: Path) -> None:
    """A kept row that a person or an older version wrote is told by its place, with a mend."""
    connection = sqlite3.connect(begun, isolation_level=None)
    connection.execute("DROP TRIGGER kept_never_changes")
    connection.execute("UPDATE kept SET data = '{}' WHERE kind = 'term'")
    connection.close()
    named(run("ledger", "status"))


def test_one_ring_never_signs_two_roots_of_one_size(begun: Path, tmp_path: Path) -> None:
    """A journal restored from a backup is not signed again under the same keys (backup.md)."""
    ring = ("--keys", tmp_path / "keys")
    create_keys = ("ledger", "create", f"sqlite:///{begun}", *ring, "--origin", "example.org/log")
    answered(*create_keys)
    old = Path(shutil.copy(begun, tmp_path / "old.db"))
    correction = ("ledger", "correct", JOB, "1", *DAY, "--because")
    answered(*correction, "first")
    answered("ledger", "publish", tmp_path / "public", *ring)
    elsewhere = ("--database", f"sqlite:///{old}")
    answered(*correction, "second", *elsewhere)
    assert 2 == run("ledger", "publish", tmp_path / "other", *ring, *elsewhere).exit_code


@pytest.mark.usefixtures("begun")
def test_a_statement_follows_no_link_that_lies_in_its_way(tmp_path: Path) -> None:
    """In a folder that others may write to, a draft's name cannot be made to hit another file."""
    precious = tmp_path / "precious.txt"
    precious.write_text("keep\n", encoding="utf-8")
    (tmp_path / ".out.csv.draft").symlink_to(precious)
    run("ledger", "statement", "--award", "open-0001", "--out", tmp_path / "out.csv")
    assert "keep\n" == precious.read_text(encoding="utf-8")


@pytest.mark.usefixtures("begun")
def test_a_statement_shows_the_period_that_was_asked_for() -> None:
    """--since and --until are of the terminal's lines as of the file's; a period is not empty."""
    statement = ("ledger", "statement", "--award", "alliance-0002", "--until", "2026-03-01")
    assert JOB not in answered(*statement)
    backwards = ("--since", "2026-05-01", "--until", "2026-01-01")
    named(run("ledger", "statement", "--award", "alliance-0002", *backwards))


def test_create_leaves_nothing_when_the_keys_cannot_be_made(tmp_path: Path) -> None:
    """A command ends with 0, or with 2 and nothing half done."""
    path, ring = tmp_path / "ledger.db", tmp_path / "keys"
    words = ("ledger", "create", f"sqlite:///{path}", "--keys", ring, "--origin", "a b")
    assert 2 == run(*words).exit_code
    assert [] == list(tmp_path.iterdir())


@pytest.mark.usefixtures("begun")
def test_a_correction_told_again_is_known() -> None:
    """Who was cut off before the answer is told that it is in, not to send it once more."""
    told = run("ledger", "correct", JOB, "1", "--because", "a finding", *DAY).output
    assert "receive the rest under another name" not in told


def test_a_mark_that_reorders_a_line_is_no_plain_text() -> None:
    """The Arabic letter mark turns a line round as the other marks do, which are refused."""
    assert not is_plain("job\u061c7")


def test_a_file_that_is_taken_away_under_an_import_is_missed(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row is told as taken that went into a file which nobody can find again."""
    from headgate.site.actions import usage

    taken = usage._take

    def take(*words: object) -> object:
        begun.unlink(missing_ok=True)
        return taken(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(usage, "_take", take)
    file = usage_file(tmp_path, rows(2, first=20), "more.csv")
    assert "database-gone" in named(run("ledger", "meter", file, *DAY))
