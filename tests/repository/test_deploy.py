"""What stands in `deploy/` is what the commands understand, so that it starts where it is put."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from headgate.cli import app
from headgate.site.settings import Site
from tests.commands import environment

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
STARTED = "ExecStart=/opt/headgate/bin/headgate "


def understood(words: list[str]) -> None:
    """Every option and argument is one of the command's; raises where one is not."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("headgate", list(words))
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(context, context._protected_args)
        context = command.make_context(name, [*rest, *context.args], parent=context)


def settings_in(text: str) -> set[str]:
    """Every setting that a file names."""
    return set(re.findall(r"\bHEADGATE_[A-Z_]+", text))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No unit fails on its first start because an option was renamed."""
    told = f"{unit.read_text()}\n{(DEPLOY / 'headgate.env').read_text()}"
    for name, value in re.findall(r"(?m)^(?:Environment=)?(HEADGATE_\w+)=(.*)$", told):
        monkeypatch.setenv(name, value)
    lines = [line for line in unit.read_text().splitlines() if line.startswith(STARTED)]
    assert lines
    for line in lines:
        understood(shlex.split(line.removeprefix(STARTED)))


def test_a_command_that_there_is_not_would_be_seen() -> None:
    """The check above can fail."""
    with pytest.raises(Exception, match="--portt"):
        understood(["serve", "--portt", "80"])


def test_the_compose_file_starts_commands_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service of the image, with secrets and volumes that the file itself defines."""
    told = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())
    ours = {k: v for k, v in told["services"].items() if v.get("image") == "headgate"}
    assert {"migrate", "portal", "worker", "publisher"} == set(ours)
    monkeypatch.setenv("HEADGATE_DATABASE", "as the secret file says")
    holding = [k for k, v in ours.items() if any("keys" in name for name in v["volumes"])]
    assert holding == ["publisher"], "who answers the web must hold no key of the journal"
    for service in ours.values():
        for name, value in service["environment"].items():
            monkeypatch.setenv(name, value)
        understood(service["command"])
        named = {s["source"] if isinstance(s, dict) else s for s in service["secrets"]}
        assert named <= set(told["secrets"])


def test_a_shell_reads_the_settings_as_systemd_does(tmp_path: Path) -> None:
    """The commands of the guide are typed with the service's own settings, lists among them."""
    script = (
        f"set -a && . {DEPLOY}/headgate.env && set +a && HEADGATE_SECRETS={tmp_path} exec"
        f" {sys.executable} -c 'from headgate.site.settings import SITE; print(SITE.hosts)'"
    )
    said = subprocess.check_output(["sh", "-c", script], env=environment(), text=True)
    assert "['gpu.example.org']\n" == said


def test_every_setting_named_is_one() -> None:
    """A misspelt setting would be ignored in silence."""
    known = {f"HEADGATE_{name.upper()}" for name in Site.model_fields}
    known |= {"HEADGATE_SECRETS", "HEADGATE_KEYS", "HEADGATE_PORTAL", "HEADGATE_DATABASE_OWNER"}
    for path in DEPLOY.iterdir():
        assert settings_in(path.read_text()) <= known, path.name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_units() -> None:
    """Nothing to complain of but that the program is not installed here."""
    files = [str(path) for path in [*UNITS, *DEPLOY.glob("*.timer")]]
    command = ["systemd-analyze", "verify", "--man=no", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "headgate" in line]
    assert [] == [line for line in said if "is not executable" not in line]
