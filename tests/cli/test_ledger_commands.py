"""The commands that keep a programme: what they answer, and that they end with a named fault."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.site.records.database import create, opened
from tests.commands import HEADGATE
from tests.site.actions.metered import begin, rows, usage_file
from tests.whole.small import PROGRAMME, small, trace_text

JOB = "use:north/job-0/0"


def run(*words: str | Path) -> Result:
    """What a command says and how it ends; it never ends with a traceback."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def answered(*words: str | Path) -> str:
    """What a command says that ends well."""
    result = run(*words)
    assert 0 == result.exit_code, result.output
    return result.output


def complained(code: str, *words: str | Path) -> str:
    """What a command says that ends with 2 and a named fault."""
    result = run(*words)
    assert 2 == result.exit_code, result.output
    assert f"[{code}]" in result.output
    assert "mend:" in result.output
    return result.output


@pytest.fixture(scope="module")
def begun_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger file in which the small programme's awards may be used."""
    path = tmp_path_factory.mktemp("begun") / "ledger.db"
    database = opened(f"sqlite:///{path}")
    create(database)
    begin(database)
    database.connection.close()
    return path


@pytest.fixture
def begun(begun_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a file of this test's own, named by the environment as a service has it."""
    path = Path(shutil.copy(begun_once, tmp_path / "ledger.db"))
    monkeypatch.setenv("HEADGATE_DATABASE", f"sqlite:///{path}")
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder of the journal's keys."""
    folder = tmp_path / "keys"
    words = ("--keys", folder, "--origin", "test.headgate/small")
    answered("ledger", "create", f"sqlite:///{tmp_path / 'made.db'}", *words)
    return folder


def test_create_says_who_signs_and_may_be_repeated(tmp_path: Path, keys: Path) -> None:
    """The keys are made once; whoever asks again is told the same names to publish elsewhere."""
    address = f"sqlite:///{tmp_path / 'made.db'}"
    told = answered("ledger", "create", address, "--keys", keys)
    signed = [line for line in told.splitlines() if line.startswith("signs as ")]
    assert 2 == len(signed)
    assert all("signs as test.headgate/small+sha256:" in line for line in signed)
    assert 0o700 == keys.stat().st_mode & 0o777
    complained("origin-other", "ledger", "create", address, "--keys", keys, "--origin", "x.org/y")
    complained("origin-missing", "ledger", "create", address, "--keys", tmp_path / "others")
    complained("keys-unnamed", "ledger", "create", address, "--origin", "x.org/y")
    assert not (tmp_path / "others").exists()


def test_a_rehearsal_is_kept_published_and_verified(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of the README in their order, each on what the one before left."""
    address, trace = f"sqlite:///{tmp_path / 'made.db'}", tmp_path / "workload.swf"
    trace.write_text(trace_text(), encoding="utf-8")
    monkeypatch.setenv("HEADGATE_DATABASE", address)
    monkeypatch.setenv("HEADGATE_KEYS", str(keys))
    told = answered("ledger", "rehearse", address, "--programme", PROGRAMME, "--trace", trace)
    assert f"{len(small().term.entries):,} entries, root {small().term.root().hex()}" in told
    complained("term-ended", "ledger", "rehearse", address, "--programme", PROGRAMME,
               "--trace", trace)  # fmt: skip
    public, watch, out = tmp_path / "public", tmp_path / "watch", tmp_path / "out"
    assert "test.headgate/small\n" in answered("ledger", "publish", public)
    assert "first visit" in answered("witness", public, "--keep", watch, "--trust-first")
    assert "decisions derived again" in answered("verify", address, "--note", public / "checkpoint")
    answered("ledger", "bundle", out)
    pins = [line.split()[2] for line in answered("verify", out).splitlines() if "signed" in line]
    assert all("+sha256:" in pin for pin in pins)
    assert 2 == len(pins)
    answered("verify", out, "--key", pins[0], "--key", pins[1].replace("sha256:", ""))
    answered("ledger", "publish", public)
    assert "continues the" in answered("witness", public, "--keep", watch)


@pytest.mark.usefixtures("begun")
def test_a_letter_carries_its_proof_past_a_change_of_keys(tmp_path: Path, keys: Path) -> None:
    """The proof of one entry is one file; new keys sign from the next publication on."""
    public, proof, watch = tmp_path / "public", tmp_path / "grant.tlog-proof", tmp_path / "watch"
    answered("ledger", "publish", public, "--keys", keys)
    answered("witness", public, "--keep", watch, "--trust-first")
    words = ("--journal", public, "--keys", keys, "--out", proof)
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep")
    proof.symlink_to(precious)
    answered("ledger", "prove", "7", *words)
    assert (b"keep", False) == (precious.read_bytes(), proof.is_symlink())
    before = answered("verify", proof, "--journal", public)
    assert "entries of test.headgate/small\n" in before
    first = answered("ledger", "keys", "--keys", keys)
    assert "both pairs sign" in answered("ledger", "keys", "--rotate", "--keys", keys)
    answered("ledger", "publish", public, "--keys", keys)
    assert first.replace("signs as", "signed as") in answered("ledger", "keys", "--keys", keys)
    assert before == answered("verify", proof, "--journal", public)
    answered("ledger", "meter", usage_file(tmp_path, rows(3)), "--on", "2026-03-31")
    answered("ledger", "publish", public, "--keys", keys)
    assert "handed over" in answered("witness", public, "--keep", watch)
    complained("journal-unnamed", "verify", proof)
    address = os.environ["HEADGATE_DATABASE"]
    answered("verify", address, "--note", public / "checkpoint", "--keys", keys)
    checkpoint = (public / "checkpoint").read_text("utf-8").split("\n")
    forged = tmp_path / "forged"
    forged.write_text("\n".join([*checkpoint[:1], "7", *checkpoint[2:]]), encoding="utf-8")
    complained("note-differs", "verify", address, "--note", forged)
    result = run("ledger", "prove", "no such entry", *words)
    assert (2, True) == (result.exit_code, "[entry-unknown]" in result.output)


@pytest.mark.usefixtures("begun")
def test_a_backup_is_restored_and_verified(tmp_path: Path) -> None:
    """What was kept is kept elsewhere, entry for entry."""
    file, other = tmp_path / "ledger.backup", f"sqlite:///{tmp_path / 'other.db'}"
    saved = answered("ledger", "backup", file)
    complained("backup-file-taken", "ledger", "backup", file)
    answered("ledger", "create", other)
    assert saved == answered("ledger", "restore", file, "--database", other)
    assert saved.split()[-1] in answered("verify", other)
    complained("backup-database-full", "ledger", "restore", file, "--database", other)


@pytest.mark.usefixtures("begun")
def test_use_is_metered_once(tmp_path: Path) -> None:
    """The rows are counted by what became of them; the same command again has nothing to do."""
    file = usage_file(tmp_path, rows(20))
    words = ("ledger", "meter", file, "--on", "2026-03-31")
    due = answered("ledger", "status").splitlines()[-1]
    told = answered(*words)
    assert due == answered("ledger", "status").splitlines()[-1]
    assert "20 of 20 rows taken\n" in told
    counted = [" ".join(line.split()) for line in told.splitlines()[1:3]]
    assert ["17 closed", "3 reserved"] == counted
    assert "nothing to do: the 20 rows of march.csv are in\n" == answered(*words)


@pytest.mark.usefixtures("begun")
def test_a_bad_file_of_use_is_refused_whole(tmp_path: Path) -> None:
    """Every fault with its line, and the journal as it was."""
    before = answered("ledger", "status")
    file = usage_file(tmp_path, [*rows(3), "cut,off\n", rows(1)[0]])
    told = complained("usage-too-few-fields", "ledger", "meter", file, "--on", "2026-03-31")
    assert "march.csv:5:1:" in told
    assert "march.csv:6:1:" in told
    complained("usage-seen-later", "ledger", "meter", usage_file(tmp_path, rows(2)),
               "--on", "2026-03-08")  # fmt: skip
    assert before == answered("ledger", "status")
    assert 2 == run("ledger", "meter", tmp_path / "none.csv", "--on", "2026-03-31").exit_code


@pytest.mark.usefixtures("begun")
def test_a_correction_is_made_once(tmp_path: Path) -> None:
    """Typed twice, the second has nothing to do; said by another name, it is another."""
    answered("ledger", "meter", usage_file(tmp_path, rows(4)), "--on", "2026-03-31")
    words = ("ledger", "correct", JOB, "7", "--because", "node 7 had failed", "--on", "2026-03-31")
    told = answered(*words)
    assert f"correct:{JOB}:1: 7 gpu_second.b200 from compute/use/north/b200 to" in told
    assert "nothing to do" in answered(*words)
    assert f"correct:{JOB}:2" in answered(*words, "--name", "again")
    complained("correction-exceeds-transfer", *words[:3], "100000", *words[4:])
    complained("correction-transfer-unknown", *words[:2], "nothing", *words[3:])
    complained("event-name-bad", *words, "--name", "../../etc")


@pytest.mark.usefixtures("begun")
def test_a_statement_is_shown_or_written(tmp_path: Path) -> None:
    """On the terminal the newest lines, in a file all of them with the state of the journal."""
    answered("ledger", "meter", usage_file(tmp_path, rows(90)), "--on", "2026-03-31")
    shown = answered("ledger", "statement", "--award", "open-0001")
    assert "compute/award/open-0001/h200, in gpu_second.h200\n" in shown
    assert "use:south/job-89/0" in shown
    assert "use:south/job-1/0" not in shown
    assert "--out for all of them" in shown
    day = answered("ledger", "statement", "--award", "open-0001", "--since", "2026-03-31")
    assert "use:south/job-89/0" in day
    assert "--out for all of them" in day
    earlier = answered("ledger", "statement", "--award", "open-0001", "--until", "2026-03-31")
    assert "use:south/" not in earlier
    later = answered("ledger", "statement", "--award", "open-0001", "--since", "2026-04-01")
    assert "use:south/" not in later
    assert "--out for all of them" not in later
    table, book = tmp_path / "open.csv", tmp_path / "open.xlsx"
    path = "compute/use/south/h200"
    words = ("ledger", "statement", "--account", path, "--language", "vi", "--out")
    answered(*words, table)
    head, *told, state = table.read_text("utf-8-sig").splitlines()
    assert "Thời điểm (UTC)" in head
    assert 45 == len(told)
    assert f"Journal of {journal_size()} entries; no checkpoint was signed yet" == state
    answered(*words, table, "--since", "2026-03-31", "--until", "2026-04-01")
    assert 45 + 2 == len(table.read_text("utf-8-sig").splitlines())
    answered(*words, table, "--until", "2026-03-31")
    assert 2 == len(table.read_text("utf-8-sig").splitlines())
    answered(*words, book)
    assert book.read_bytes().startswith(b"PK")
    answered("ledger", "statement", "--award", "open-0001", "--summary", "--out", table)
    _, *accounts, _ = table.read_text("utf-8-sig").splitlines()
    assert ["compute/award/open-0001/h200", "due/open-0001"] == [a.split(",")[0] for a in accounts]
    assert [] == [path.name for path in tmp_path.iterdir() if path.name.endswith(".draft")]


def journal_size() -> int:
    """How many entries the journal has, as `status` says it."""
    first = answered("ledger", "status").splitlines()[0]
    return int(first.split()[1].replace(",", ""))


@pytest.mark.usefixtures("begun")
def test_a_statement_of_nothing_is_named(tmp_path: Path) -> None:
    """Both, neither, an unknown one, a file of another kind: each has its name."""
    complained("statement-of-what", "ledger", "statement")
    complained("statement-of-what", "ledger", "statement", "--award", "a", "--account", "b")
    complained("statement-format", "ledger", "statement", "--award", "a", "--out", "a.pdf")
    complained("summary-of-what", "ledger", "statement", "--award", "a", "--summary")
    days = ("--since", "2026-04-01", "--until", "2026-04-01")
    complained("statement-period", "ledger", "statement", "--award", "a", *days)
    for words, code in ((("--award", "no"), "award"), (("--account", "no"), "account")):
        result = run("ledger", "statement", *words, "--out", tmp_path / "no.csv")
        assert 2 == result.exit_code
        assert f"[{code}-unknown]" in result.output
    assert not (tmp_path / "no.csv").exists()


@pytest.mark.usefixtures("begun")
def test_an_export_is_the_same_on_the_terminal_and_in_a_file(tmp_path: Path) -> None:
    """Plain text for other programs, whole or not at all."""
    file = tmp_path / "all.ledger"
    assert "" == answered("ledger", "export", "--out", file)
    assert answered("ledger", "export") == file.read_text("utf-8")
    assert "compute:arrival:h200" in file.read_text("utf-8")
    assert 2 == run("ledger", "export", "--out", tmp_path / "no" / "all.ledger").exit_code


@pytest.mark.usefixtures("begun")
def test_status_says_where_everything_stands() -> None:
    """Size and root, the term, what was done and what is due."""
    told = dict(line.split(maxsplit=1) for line in answered("ledger", "status").splitlines())
    assert {"journal", "transfers", "checkpoint", "programme", "term", "events", "next"} == set(
        told
    )
    assert "1, from 2026-03-01 to 2026-09-01" == told["term"]
    assert "none was signed yet" == told["checkpoint"]
    assert told["next"].endswith("on 2026-04-01")


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("meter", "u.csv", "--on", "2026-03-31"),
        ("correct", "x", "1", "--because", "y", "--on", "2026-03-31"),
        ("publish", "public", "--keys", "keys"),
        ("bundle", "out", "--keys", "keys"),
        ("backup", "b"),
        ("restore", "b"),
        ("statement", "--award", "x"),
        ("prove", "7", "--journal", "public", "--keys", "keys"),
        ("export",),
    ],
    ids=lambda words: words[0],
)
def test_no_command_makes_a_ledger_by_accident(words: tuple[str, ...], tmp_path: Path) -> None:
    """A slip in an address is answered with how one is made, and leaves no empty file behind."""
    address = f"sqlite:///{tmp_path / 'none.db'}"
    complained("ledger-missing", "ledger", *words, "--database", address)
    complained("ledger-missing", "verify", address)
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    """An empty database and a file of another kind are told apart from a ledger."""
    empty, other = tmp_path / "empty.db", tmp_path / "other.db"
    empty.touch()
    other.write_text("a letter\n" * 100, encoding="utf-8")
    complained("database-tables-missing", "ledger", "status", "--database", f"sqlite:///{empty}")
    complained("database-damaged", "ledger", "status", "--database", f"sqlite:///{other}")
    complained("database-address", "ledger", "status", "--database", "mysql://host/name")
    complained("database-unreachable", "ledger", "status", "--database",
               "postgresql://nobody@127.0.0.1:1/none")  # fmt: skip


def test_without_the_site_every_ledger_command_says_what_to_install(tmp_path: Path) -> None:
    """On a head node without Django the word is "install", and all else runs."""
    (tmp_path / "django.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'django'\", name='django')\n", "utf-8"
    )
    for words in (
        ["ledger", "status", "--database", "sqlite:///x.db"],
        ["verify", "sqlite:///x.db"],
    ):
        ended = subprocess.run(
            [*HEADGATE, *words],
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 2 == ended.returncode, ended.stderr
        assert "[site-missing]" in ended.stderr
        assert "Install headgate[site]." in ended.stderr
        assert "Traceback" not in ended.stderr
