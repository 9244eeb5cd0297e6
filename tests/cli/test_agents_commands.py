"""The commands around agents: what an operator types once, and what is said of mistakes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.cli.shared import BAD_INPUT
from headgate.journal import keys

CLUSTERS = """headgate: 1
clusters:
  dry: {engine: rehearsal, site: north, gpus: {h200: 8}}
"""


def run(*words: str | Path) -> Result:
    """A command."""
    return CliRunner().invoke(app, [*map(str, words)])


def test_enrolling_signing_and_revoking_need_a_portal(tmp_path: Path) -> None:
    """A ledger alone has nobody to hand anything out: the message says what to start."""
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    assert 0 == run("ledger", "create", address).exit_code
    keys.create(tmp_path / "ring", "example.org/log")
    for words in (("enrol", "north"), ("revoke", "north"), ("orders", "--keys", tmp_path / "ring")):
        told = run("ledger", *words, "--database", address)
        assert (BAD_INPUT, True) == (told.exit_code, "[portal-missing]" in told.stderr), words


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Everything that an agent is started with."""
    ring = keys.create(tmp_path / "ring", "example.org/log").keys
    (tmp_path / "clusters.yaml").write_text(CLUSTERS)
    (tmp_path / "token").write_text("hga_x\n")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "keys").write_text("".join(f"{key.vkey()}\n" for key in ring.listed))
    named = {name: str(tmp_path / name) for name in ("token", "keys", "spool")}
    there = {"portal": "http://127.0.0.1:9", "clusters": str(tmp_path / "clusters.yaml")}
    return {**there, "cluster": "dry", **named}


def started(files: dict[str, str]) -> Result:
    """An agent that looks once."""
    return run("agent", "--once", *(w for n, v in files.items() for w in (f"--{n}", v)))


def test_an_agent_without_its_portal_says_so_and_loses_nothing(files: dict[str, str]) -> None:
    """The exit code is that of an outage, and the spool is there."""
    told = started(files)
    assert (5, True) == (told.exit_code, "[portal-down]" in told.stdout)
    assert "[nothing-followed]" in told.stdout
    assert 0o600 == Path(files["spool"]).stat().st_mode & 0o777


def test_each_mistake_of_a_file_is_named(files: dict[str, str], tmp_path: Path) -> None:
    """No traceback, and what mends it."""
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "empty").touch(0o600)
    (tmp_path / "half").write_text(Path(files["keys"]).read_text().splitlines()[0] + "\n")
    (tmp_path / "junk").write_text("junk" * 2_000)
    wrong = {
        "token-open": {"token": str(tmp_path / "open")},
        "token-bad": {"token": str(tmp_path / "empty")},
        "keys-bad": {"keys": str(tmp_path / "half")},
        "cluster-unknown": {"cluster": "none"},
        "address-bad": {"portal": "http://portal.example"},
        "spool-bad": {"spool": str(tmp_path / "junk")},
    }
    for code, changed in wrong.items():
        told = started({**files, **changed})
        assert (BAD_INPUT, True) == (told.exit_code, f"[{code}]" in told.stderr), told.output
    started(files)
    other = CLUSTERS.replace("north", "south")
    (tmp_path / "other.yaml").write_text(other)
    told = started({**files, "clusters": str(tmp_path / "other.yaml")})
    assert "[spool-foreign]" in told.stderr


def test_one_agent_a_spool(files: dict[str, str]) -> None:
    """A second agent on the same spool does not start."""
    from headgate.agent.spool import opened

    with opened(Path(files["spool"]), "north"):
        told = started(files)
    assert (BAD_INPUT, True) == (told.exit_code, "[spool-busy]" in told.stderr)


KUEUE = """headgate: 1
clusters:
  yard: {engine: kueue, site: north, programme: small, chips: {h200: {gpus: 8}},
    kubeconfig: none, looks: none, budget_check: true, member_role: edit}
"""


def test_a_spool_that_admits_nobody_is_named(files: dict[str, str], tmp_path: Path) -> None:
    """What is no spool, what cannot be opened and what is another's: no traceback for any."""
    deep = tmp_path.joinpath(*["deep" * 40] * 4)
    deep.mkdir(parents=True)
    (tmp_path / "junk").write_text("junk" * 2_000)
    (deep / "spool").touch()
    (tmp_path / "yard.yaml").write_text(KUEUE.replace("north", "south"))
    started(files)
    for spool, code in (
        (tmp_path / "junk", "spool-bad"),
        (deep / "spool", "spool-bad"),
        (files["spool"], "spool-foreign"),
    ):
        named = ("--clusters", tmp_path / "yard.yaml", "--cluster", "yard", "--once")
        told = run("admit", spool, *named, "--keys", files["keys"])
        assert (BAD_INPUT, True) == (told.exit_code, f"[{code}]" in told.stderr), told.output
    named = ("--clusters", tmp_path / "yard.yaml", "--cluster", "yard", "--once")
    for spool, pinned, code in (
        (tmp_path / "mistyped", files["keys"], "source-missing"),
        (files["spool"], tmp_path / "mistyped", "keys-missing"),
    ):
        told = run("admit", spool, *named, "--keys", pinned)
        assert (BAD_INPUT, True) == (told.exit_code, f"[{code}]" in told.stderr), told.output
