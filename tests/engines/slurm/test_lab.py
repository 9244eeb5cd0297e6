"""`make lab`: a national cluster in half a year, within seconds, and nothing left of it."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.servers.slurm import Unavailable, needed

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.servers.lab", "--gpus", "13000", "--clock", "+183d"]
CHIPS = ["--chips", "h200,npu:rngd", "--users", "minh"]


def ask(path: Path, what: str, token: str) -> Any:
    """What slurmrestd answers to root on its own socket."""
    who = f"X-SLURM-USER-NAME: root\r\nX-SLURM-USER-TOKEN: {token}\r\nConnection: close"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(f"GET {what} HTTP/1.1\r\nHost: localhost\r\n{who}\r\n\r\n".encode())
        with HTTPResponse(connection) as answer:
            answer.begin()
            return json.loads(answer.read())


def processes(folder: Path) -> list[str]:
    """The command lines of all that still runs from a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in line:
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_the_lab_is_a_national_cluster_in_half_a_year_and_goes_as_it_came() -> None:
    """Its own command makes 13,000 GPUs, answers by clients and REST, and leaves nothing."""
    try:
        needed()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with subprocess.Popen([*COMMAND, *CHIPS], cwd=ROOT, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        told = [lab.stdout.readline()]
        while told[-1] and not told[-1].startswith("stop it"):
            told.append(lab.stdout.readline())
        try:
            programs = Path(told[1].partition("PATH=")[2].partition(":")[0])
            _is_as_told(told, programs)
        finally:
            lab.send_signal(signal.SIGINT)
            left = lab.stdout.read()
    assert ("the lab is gone\n", 0) == (left, lab.returncode)
    assert not programs.parent.exists()
    assert [] == processes(programs.parent)


def _is_as_told(told: list[str], programs: Path) -> None:
    def run(*command: str) -> str:
        environment = {**os.environ, "PATH": f"{programs}:{os.defpath}"}
        return subprocess.check_output(command, text=True, env=environment, timeout=120)

    assert told[0].startswith("Slurm with 13,000 made-up GPUs after ")
    nodes = [line.split() for line in run("sinfo", "-h", "-p", "main", "-o", "%D %G").splitlines()]
    for device, count in (("gpu:h200:8", 6_504), ("npu:rngd:8", 6_496)):
        assert count == sum(8 * int(many) for many, gres in nodes if gres.startswith(device))
    booted = run("scontrol", "show", "config").partition("BOOT_TIME")[2].split()[1]
    ahead = datetime.fromisoformat(booted).replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(days=182) < ahead < timedelta(days=184)
    job = run(*told[2].split("job")[1].replace("'sleep 60'", "true").split())
    assert job.startswith("Submitted batch job ")
    assert told[3].startswith("its chips    gpu:h200, npu:rngd: ")
    run("sacctmgr", "-i", "add", "account", "own")
    run("sacctmgr", "-i", "add", "user", "minh", "account=own")
    job = run(
        "sbatch", "--uid=minh", "-prngd", "--gres=npu:rngd:8", "-D/", "-o/dev/null", "--wrap=ls"
    )
    assert job.startswith("Submitted batch job ")
    if not told[4].startswith("its REST"):
        pytest.skip("no slurmrestd here: run `make setup` as root")
    token = run("scontrol", "token", "lifespan=600").strip().partition("=")[2]
    answer = ask(programs.parent / "rest" / "socket", "/slurm/v0.0.38/ping", token)
    assert ["UP"] == [each["ping"] for each in answer["pings"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--chips", "h200,x y"], "'x y' is no type"),
        (["--chips", "h200,main"], "name each type once"),
        (["--chips", "h200,npu:h200"], "name each type once"),
        (["--chips", "a,b,c", "--nodes", "2"], "no more than --nodes"),
        (["--chips", ","], "name each type once"),
        (["--users", "minh,a:b"], "'a:b' is no login"),
    ],
)
def test_a_lab_that_cannot_be_is_refused_before_anything_starts(
    options: list[str], said: str
) -> None:
    """What was typed is named, and nothing reaches slurm.conf that could be a line of its own."""
    command = [sys.executable, "-m", "tests.servers.lab", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert said in done.stderr
