"""A private Slurm with accounting, real and whole, in namespaces of its own.

Everything runs under one first process in its own network, process and host-name space: nothing is
reachable from outside, ports never clash, and when that process ends (its standard input closes
with whoever started it, SIGKILL included) the kernel ends all the others. A test reaches it as an
operator reaches a cluster, through a prefix before every command.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECONDS_MOST: Final = 60
NODES: Final = 2
GPUS: Final = 8

# A second address, because getaddrinfo answers nothing where loopback has the only one; quickack,
# because Slurm 22.05 writes a message in two parts and waits 40 ms for each acknowledgement.
FIRST = """
hostname localhost && ip link set lo up && ip addr add 192.0.2.1/32 dev lo
for net in 127.0.0.0/8 127.0.0.1; do
    ip route replace local $net dev lo proto kernel scope host src 127.0.0.1 table local quickack 1
done
echo ready
read -r _
"""

SLURM = """
ClusterName=lab
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=1
MessageTimeout=3
TreeWidth=65533
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=100000,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
GresTypes=gpu
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePass={folder}/munge.sock
AccountingStorageEnforce=limits,qos,safe
AccountingStorageTRES=gres/gpu,gres/gpu:h200
PriorityType=priority/multifactor
PriorityCalcPeriod=1
PriorityWeightQOS=10000
PreemptType=preempt/qos
PreemptMode=REQUEUE
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=1 State=UP
"""

DATABASE = """
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
"""


@dataclass(frozen=True, slots=True)
class Lab:
    """A running Slurm; `reach` is what stands before a command, `environment` what it is given."""

    folder: Path
    reach: tuple[str, ...]
    environment: dict[str, str]
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *command: str, text: str = "") -> str:
        """What a command prints inside; its complaints are part of it."""
        done = subprocess.run(
            [*self.reach, *command],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS_MOST,
            env={**os.environ, **self.environment},
        )
        return done.stdout

    def start(self, name: str, ready: Sequence[str], answer: str) -> None:
        """Start one daemon, and wait until a question is answered as it shall be."""
        command = COMMANDS[name].format(folder=self.folder, name=name.partition("-")[2])
        with (self.folder / f"{name}.out").open("ab") as log:
            self.started[name] = subprocess.Popen(
                [*self.reach, *command.split()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        self.until(ready, answer)

    def stop(self, name: str, how: str = "TERM") -> None:
        """End one daemon by its own pid, and wait until it is gone."""
        pid = (self.folder / f"{name}.pid").read_text().strip()
        self.run("kill", f"-{how}", pid)
        self.started.pop(name).wait(SECONDS_MOST)

    def until(self, command: Sequence[str], answer: str) -> str:
        """Ask until the answer holds a text; fails with the last answer when it never does."""
        end = time.monotonic() + SECONDS_MOST
        while True:
            said = self.run(*command)
            if answer in said:
                return said
            if time.monotonic() > end:
                logs = "\n".join(p.read_text()[-1500:] for p in self.folder.glob("*.log"))
                raise TimeoutError(f"{command} never said {answer!r}: {said}\n{logs}")
            time.sleep(0.1)

    def database(self) -> None:
        """Start MariaDB."""
        self.start("mariadbd", (*self._sql, "select 1 + 1 as two"), "two")

    def slurmdbd(self) -> None:
        """Start slurmdbd."""
        self.start("slurmdbd", ("sacctmgr", "-n", "show", "qos", "format=name"), "normal")

    def slurmctld(self) -> None:
        """Start slurmctld."""
        self.start("slurmctld", ("scontrol", "ping"), "is UP")

    @property
    def _sql(self) -> tuple[str, ...]:
        socket = f"--socket={self.folder}/sql.sock"
        return "mariadb", "--no-defaults", socket, "--user=root", "-e"

    def create(self, password: str) -> None:
        """Everything from nothing, in the order in which it needs each other."""
        self.start("munged", ("munge", "-n", "-S", f"{self.folder}/munge.sock"), "MUNGE:")
        data, auth = f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal"
        self.run("mariadb-install-db", "--no-defaults", "--user=root", data, auth)
        self.database()
        grant = (
            "create database slurm_acct;"
            f"create user 'slurm'@'127.0.0.1' identified by '{password}';"
            "grant all on slurm_acct.* to 'slurm'@'127.0.0.1'"
        )
        self.run(*self._sql, grant)
        self.slurmdbd()
        self.run("sacctmgr", "-i", "add", "cluster", "lab")
        self.slurmctld()
        for number in range(1, NODES + 1):
            (self.folder / "spool" / f"n{number}").mkdir(parents=True)
            self.start(f"slurmd-n{number}", ("sinfo", "-hNn", f"n{number}", "-o", "%T"), "idle")


COMMANDS: Final = {
    "munged": (
        "munged --foreground --force --key-file={folder}/munge.key --socket={folder}/munge.sock"
        " --pid-file={folder}/munged.pid --log-file={folder}/munged.log"
        " --seed-file={folder}/munged.seed"
    ),
    "mariadbd": (
        "mariadbd --no-defaults --user=root --datadir={folder}/data --socket={folder}/sql.sock"
        " --pid-file={folder}/mariadbd.pid --bind-address=127.0.0.1 --skip-name-resolve"
        " --innodb-flush-log-at-trx-commit=2 --innodb-lock-wait-timeout=900"
    ),
    "slurmdbd": "{folder}/bin/slurmdbd -D",
    "slurmctld": "{folder}/bin/slurmctld -D",
    **{f"slurmd-n{n}": "{folder}/bin/slurmd -D -N {name}" for n in range(1, NODES + 1)},
}


def _write(folder: Path, password: str) -> None:
    """The configuration; empty files stand for the devices, as slurmd only sees that they exist."""
    for name in ("bin", "state", "spool"):
        (folder / name).mkdir()
    for daemon in ("slurmctld", "slurmd", "slurmdbd"):
        plain = Path(f"/usr/sbin/{daemon}-wlm")
        target = plain if plain.exists() else Path(shutil.which(daemon) or f"/usr/sbin/{daemon}")
        (folder / "bin" / daemon).symlink_to(target)
    nodes = [f"n{number}" for number in range(1, NODES + 1)]
    lines = [
        f"NodeName={n} NodeAddr=127.0.0.1 Port={27000 + at} CPUs=64 RealMemory=1000"
        f" Gres=gpu:h200:{GPUS}"
        for at, n in enumerate(nodes)
    ]
    devices = [folder / f"gpu{number}" for number in range(GPUS)]
    for device in devices:
        device.touch()
    gres = [f"NodeName={n} Name=gpu Type=h200 File={folder}/gpu[0-{GPUS - 1}]" for n in nodes]
    (folder / "slurm.conf").write_text(SLURM.format(folder=folder, nodes="\n".join(lines)))
    (folder / "gres.conf").write_text("\n".join(["AutoDetect=off", *gres]) + "\n")
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "slurmdbd.conf").write_text(DATABASE.format(folder=folder, password=password))
    for secret in ("munge.key", "slurmdbd.conf"):
        (folder / secret).chmod(0o600)


@contextmanager
def private_slurm() -> Iterator[Lab]:
    """A whole Slurm that is gone, files too, when the block is left."""
    password = secrets.token_hex(16)
    folder = Path(tempfile.mkdtemp(prefix="headgate-slurm-"))
    folder.chmod(0o755)
    spaces = ("--net", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child")
    guard = subprocess.Popen(
        ["unshare", *spaces, "sh", "-c", FIRST], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        _write(folder, password)
        assert guard.stdout is not None
        assert b"ready\n" == guard.stdout.readline()
        children = Path(f"/proc/{guard.pid}/task/{guard.pid}/children").read_text().split()
        reach = ("nsenter", "-t", children[0], "-n", "-u", "-p", "-m", "--")
        lab = Lab(folder, reach, {"SLURM_CONF": f"{folder}/slurm.conf"})
        lab.create(password)
        yield lab
    finally:
        guard.communicate()
        for process in lab.started.values() if "lab" in locals() else ():
            process.wait(SECONDS_MOST)
        shutil.rmtree(folder)
