"""A private Slurm with accounting: real, in a network of its own, gone with whoever started it.

munge, MariaDB, slurmdbd, slurmctld and several slurmd with made-up GPUs run in namespaces of their
own (network, processes, host name) under a guard. The guard is the first process there and reads
its commands from a pipe: when the starting process closes it, by leaving the block or by dying in
whatever way, the kernel ends all that ran there, and the folder goes. So labs never meet: each has
its own ports, its own loopback, and no address outside.

`Lab.programs` is a folder of clients (sbatch, sacct, sacctmgr, ...) that reach this lab and no
other, whatever the caller's environment says; put it first on PATH or name it in a clusters file.

`python -m tests.servers.lab` (`make lab`) keeps one until Ctrl-C. This module needs no pytest.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.servers.slurm_files import Unavailable, write_environment, write_folder

__all__ = ("DidNotStart", "Lab", "Shape", "Unavailable", "needed", "private_slurm")

DAEMONS: Final = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd")
NEEDED: Final = (*DAEMONS, "mariadb", "mariadb-install-db", "unshare", "nsenter", "ip", "bash")
START_SECONDS_MAX: Final = 120
CONTROLLER_TRIES_MAX: Final = 5
CLUSTER: Final = "lab"
PORT_DATABASE, PORT_REST = 3306, 6820

# The outer shell removes the folder once the inner one, process 1 of the namespaces, has ended.
# The second address is for getaddrinfo, which knows no family of which only loopback is there;
# quickack, because Slurm before 24.05 waits for a delayed acknowledgement with every question.
# libfaketime names what it shares by process, and ends one whose name is taken: numbers of
# processes are the lab's own, so /dev/shm is too.
GUARD: Final = """
trap '' HUP INT TERM
exec 3<&0
unshare --net --uts --ipc --pid --mount-proc --fork --kill-child=KILL bash -c '
hostname localhost
mount -t tmpfs headgate /dev/shm
ip link set lo up
ip addr add 192.0.2.1/32 dev lo
for to in 127.0.0.0/8 127.0.0.1; do
    ip route replace local $to dev lo proto kernel scope host src 127.0.0.1 table local quickack 1
done
echo ready
while read -r line; do eval "$line"; echo; done
' headgate-slurm <&3
rm -rf "$1"
"""

STATE: Final = (
    ("squeue", "-t", "all", "-o", "%i %a %q %u %T %r %S"),
    ("sinfo", "-N", "-o", "%N %T %E"),
    ("scontrol", "-o", "show", "job"),
    ("scontrol", "-o", "show", "node"),
    ("scontrol", "-o", "show", "assoc_mgr", "flags=assoc,qos"),
    ("sdiag",),
)
"""What a lab is asked when a test on it has failed."""

# Slurm's plugin for the counters of HPE Cray nodes reads them at one fixed place below /sys.
SENSOR: Final = """mkdir -p {folder}/sys; mount -t tmpfs none {folder}/sys;
for there in /sys/*; do mkdir {folder}/sys/${{there##*/}};
mount --rbind $there {folder}/sys/${{there##*/}}; done; mount --rbind {folder}/sys /sys;
mkdir -p {counters}; echo 300 W >{counters}/power"""
COUNTERS: Final = "/sys/cray/pm_counters"


class DidNotStart(RuntimeError):
    """A daemon ended, or was not ready in time; the message is its own log."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a lab consists of: real nodes and ghosts, GPUs, and who may submit.

    `kinds` are types of GPU, or of another GRES as "npu:rngd", spread over the nodes in equal
    blocks; each is a partition too, named by its type. `ghosts` are nodes without a daemon: jobs
    are allocated there, count, and run until cancelled. `users` are names that `sbatch --uid`
    takes. `extra` is added to slurm.conf. `rest` starts slurmrestd too; where nodes are `metered`,
    `Lab.draw` moves the counter that they share.
    """

    nodes: int = 4
    gpus: int = 8
    ghosts: int = 0
    kinds: tuple[str, ...] = ("h200",)
    weights: Mapping[str, int] = field(default_factory=dict)
    users: tuple[str, ...] = ()
    rest: bool = False
    metered: bool = False
    extra: str = ""
    submit_plugin: str = ""
    """The text of job_submit.lua; empty for a cluster without one."""

    clock: str = ""
    """At which offset to now its clocks begin, as "+183d"; `Lab.travel` sets them later."""


@dataclass(slots=True)
class Lab:
    """A running Slurm; `folder` holds its configuration, database, logs and programs."""

    folder: Path
    shape: Shape
    guard: "subprocess.Popen[str]"

    @property
    def programs(self) -> Path:
        """The folder of clients that reach this lab."""
        return self.folder / "bin"

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment with the lab's clients first on PATH."""
        return {**os.environ, "PATH": f"{self.programs}:{os.environ.get('PATH', os.defpath)}"}

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        """What a client of this lab writes; raises CalledProcessError where it fails."""
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if check and done.returncode:
            failed = subprocess.CalledProcessError(
                done.returncode, command, done.stdout, done.stderr
            )
            failed.add_note(f"It said: {done.stderr.strip() or 'nothing'}")
            raise failed
        return done.stdout

    def wait(self, holds: Callable[[], bool], what: str, seconds: float = 180) -> None:
        """Until something comes true; raises TimeoutError that says what did not."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come within {seconds} s")
            time.sleep(0.05)

    def state(self) -> str:
        """All that says why a job waits or a daemon does not answer, for whoever reads a failure.

        A client that does not answer says so, and the others are asked all the same.
        """
        told = []
        for program, *words in STATE:
            command = ["timeout", "10", str(self.programs / program), *words]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            told.append(f"$ {program} {' '.join(words)}\n{done.stdout}{done.stderr}")
        logs = [f"$ tail {name}\n{self.log(name)[-4_000:]}" for name in ("slurmctld", "slurmdbd")]
        return "\n".join([*told, *logs])

    def log(self, daemon: str) -> str:
        """What a daemon wrote so far."""
        file = self.folder / "log" / daemon
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def start(self, daemon: str) -> None:
        """Start a daemon (slurmctld, slurmdbd, mariadbd, munged, slurmrestd, slurmd.n1)."""
        command = shlex.join(self._command(daemon))
        source = "" if daemon in {"munged", "mariadbd"} else f". {self.folder}/environment;"
        log, pid = self.folder / "log" / daemon, self._pid(daemon)
        self._tell(f"({source} exec {command}) </dev/null >>{log} 2>&1 & echo $! >{pid}")
        self.wait(lambda: self._answers(daemon), f"{daemon} up", START_SECONDS_MAX)

    def stop(self, daemon: str) -> None:
        """End a daemon as an administrator does, and wait until it is gone."""
        self._end(daemon, "TERM")

    def kill(self, daemon: str) -> None:
        """End a daemon as a crash does: nothing is saved."""
        self._end(daemon, "KILL")

    def hang(self, daemon: str) -> None:
        """Let a daemon keep its connections and answer nothing until `resume`."""
        self._signal(daemon, "STOP")

    def resume(self, daemon: str) -> None:
        """Let a hung daemon go on."""
        self._signal(daemon, "CONT")

    def restart(self, daemon: str) -> None:
        """Stop and start a daemon."""
        self.stop(daemon)
        self.start(daemon)

    def lose(self, node: str) -> None:
        """A node dies with its jobs, and the controller is told so."""
        self.kill(f"slurmd.{node}")
        for stepd in self._steps_of(node):
            self._tell(f"kill -KILL {stepd}")
        self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")

    def draw(self, joules: int) -> None:
        """The energy that the nodes have drawn since they were built, as their counter has it."""
        new = f"{COUNTERS}/energy.new"
        self._tell(f"echo {joules} J >{new} && mv {new} {COUNTERS}/energy")

    def sql(self, statement: str) -> None:
        """Change the accounting's tables as no command does: what a crash leaves in them."""
        command = [*self._sql(), "slurm_acct"]
        subprocess.run(command, input=statement, text=True, check=True, capture_output=True)

    def travel(self, offset: str) -> None:
        """Stop all clocks of this lab and go on at an offset to now, as "+183d"."""
        write_environment(self.folder, self.shape, offset)
        nodes = [f"slurmd.n{n}" for n in range(1, self.shape.nodes + 1)]
        self.stop("slurmctld")
        for node in nodes:
            self.kill(node)
        self.stop("slurmdbd")
        self._start_slurm()

    @property
    def token(self) -> str:
        """What slurmrestd asks for in X-SLURM-USER-TOKEN, good for a day of the lab's clock."""
        return self.run("scontrol", "token", "lifespan=86400").strip().partition("=")[2]

    def _start_slurm(self) -> None:
        self.start("slurmdbd")
        if CLUSTER not in self.run("sacctmgr", "-nP", "show", "cluster", "format=cluster"):
            self.run("sacctmgr", "-iQ", "add", "cluster", CLUSTER)
        self._start_controller(CONTROLLER_TRIES_MAX)
        for number in range(1, self.shape.nodes + 1):
            self.start(f"slurmd.n{number}")
        self.wait(self._nodes_up, "all nodes up", START_SECONDS_MAX)

    def _start_controller(self, tries_max: int) -> None:
        """A first start ends at once where slurmdbd is still making its tables."""
        try:
            self.start("slurmctld")
        except DidNotStart as error:
            if tries_max == 1 or "must be up" not in str(error):
                raise
            time.sleep(0.5)
            self._start_controller(tries_max - 1)

    def _nodes_up(self) -> bool:
        idle = self.run("sinfo", "-h", "-N", "-p", "main", "-t", "idle,alloc,mix", "-o", "%N")
        return sum(name.startswith("n") for name in idle.split()) >= self.shape.nodes

    def _command(self, daemon: str) -> list[str]:
        f, name = self.folder, daemon.partition(".")[0]
        configuration = ["-f", f"{f}/etc/slurm.conf"]
        commands = {
            "munged": [
                *("munged", "--foreground", "--force", f"--key-file={f}/etc/munge.key"),
                *(f"--socket={f}/run/munge", f"--pid-file={f}/run/munged-own"),
                *(f"--log-file={f}/log/munge-own", f"--seed-file={f}/run/seed"),
            ],
            "mariadbd": [
                *("mariadbd", "--no-defaults", f"--user={_me()}", f"--datadir={f}/sql"),
                *(f"--socket={f}/run/sql", f"--pid-file={f}/run/mariadbd-own", f"--tmpdir={f}/run"),
                *("--bind-address=127.0.0.1", f"--port={PORT_DATABASE}", "--skip-name-resolve"),
                *("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=64M"),
                *("--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=2"),
            ],
            "slurmdbd": [f"{f}/sbin/slurmdbd", "-D"],
            "slurmctld": [f"{f}/sbin/slurmctld", "-D", *configuration],
            "slurmd": [f"{f}/sbin/slurmd", "-D", *configuration, "-N", daemon.partition(".")[2]],
            "slurmrestd": [
                *(
                    *("env", "-u", "LD_PRELOAD"),  # nobody may not share root's clock
                    "SLURM_JWT=daemon",
                    "setpriv",
                    "--reuid=nobody",
                    "--regid=nogroup",
                    "--clear-groups",
                ),
                *(f"{f}/sbin/slurmrestd", *configuration, "-a", "rest_auth/jwt"),
                *(f"unix:{f}/rest/socket", f"127.0.0.1:{PORT_REST}"),
            ],
        }
        return commands[name]

    def _answers(self, daemon: str) -> bool:
        """Whether a daemon is ready; raises DidNotStart when it has ended."""
        if not self._alive(daemon):
            raise DidNotStart(f"{daemon} did not start. Its log:\n{self.log(daemon)[-4_000:]}")
        probes: dict[str, Sequence[str]] = {
            "munged": ["munge", "-n", "-S", f"{self.folder}/run/munge"],
            "mariadbd": [*self._sql(), "-e", "select 1"],
            "slurmdbd": [str(self.programs / "sacctmgr"), "-n", "show", "cluster"],
            "slurmctld": [str(self.programs / "scontrol"), "ping"],
            "slurmrestd": ["test", "-S", f"{self.folder}/rest/socket"],
        }
        probe = probes.get(daemon, ["true"])
        done = subprocess.run(probe, capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def _sql(self) -> list[str]:
        return ["mariadb", "--no-defaults", f"--socket={self.folder}/run/sql", f"--user={_me()}"]

    def _prepare_database(self) -> None:
        self.start("mariadbd")
        word = (self.folder / "etc" / "password").read_text(encoding="utf-8")
        statements = f"""create database if not exists slurm_acct;
            create user if not exists 'slurm'@'127.0.0.1' identified by '{word}';
            grant all on slurm_acct.* to 'slurm'@'127.0.0.1';"""
        subprocess.run(self._sql(), input=statements, text=True, check=True, capture_output=True)

    def _steps_of(self, node: str) -> list[int]:
        """The step daemons of a node, by their numbers in the lab's own namespace."""
        log, found = self.folder / "log" / f"slurmd.{node}", []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if b"slurmstepd" not in (process / "cmdline").read_bytes():
                    continue
                if log in [link.readlink() for link in (process / "fd").iterdir()]:
                    found.append(_inner_pid(process))
            except OSError:
                continue
        return found

    def _pid(self, daemon: str) -> Path:
        return self.folder / "run" / f"{daemon}.pid"

    def _alive(self, daemon: str) -> bool:
        return self._tell(f"kill -0 $(cat {self._pid(daemon)}) 2>/dev/null && echo alive") != ""

    def _signal(self, daemon: str, name: str) -> None:
        self._tell(f"kill -{name} $(cat {self._pid(daemon)}) 2>/dev/null")

    def _end(self, daemon: str, name: str) -> None:
        """Signal again and again: a daemon is deaf until it has set its own handler."""

        def ended() -> bool:
            self._signal(daemon, name)
            time.sleep(0.05)
            return not self._alive(daemon)

        self.wait(ended, f"{daemon} ended", START_SECONDS_MAX)

    def _tell(self, line: str) -> str:
        """Let the guard carry out one line of shell; what it printed, up to its empty line."""
        if self.guard.stdin is None or self.guard.stdout is None or "\n" in line:
            raise ValueError("one line to a guard with pipes")
        self.guard.stdin.write(line + "\n")
        self.guard.stdin.flush()
        told = []
        while (answer := self.guard.stdout.readline()) not in {"\n", ""}:
            told.append(answer)
        return "".join(told)


@contextmanager
def private_slurm(shape: Shape | None = None) -> Iterator[Lab]:
    """A Slurm for the length of the block.

    Raises Unavailable where the packages or the rights are missing, DidNotStart with a log.
    """
    needed()
    folder = Path(tempfile.mkdtemp(prefix="headgate-slurm-"))
    with (folder / "guard.log").open("w") as log:
        guard = subprocess.Popen(
            ["bash", "-c", GUARD, "headgate-slurm", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd="/",
            env={"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )
    lab = Lab(folder, shape or Shape(), guard)
    try:
        _begin(lab)
        yield lab
    except (AssertionError, TimeoutError, subprocess.SubprocessError) as error:
        error.add_note(lab.state())
        raise
    finally:
        guard.communicate(timeout=START_SECONDS_MAX)
        shutil.rmtree(folder, ignore_errors=True)


def needed() -> None:
    """Raise Unavailable, saying why, where no lab can be started."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    missing = [program for program in NEEDED if shutil.which(program, path=path) is None]
    if missing:
        raise Unavailable(f"no Slurm here ({', '.join(missing)}): run `make setup` as root")
    own = ["unshare", "--net", "--uts", "--ipc", "--pid", "--mount-proc", "--fork", "true"]
    if subprocess.run(own, capture_output=True, check=False).returncode:
        raise Unavailable("a private Slurm needs the right to make namespaces: run as root")


def _begin(lab: Lab) -> None:
    """Write the configuration and start everything in its order."""
    if lab.guard.stdout is None or lab.guard.stdout.readline() != "ready\n":
        raise DidNotStart((lab.folder / "guard.log").read_text(encoding="utf-8"))
    children = Path(f"/proc/{lab.guard.pid}/task/{lab.guard.pid}/children")
    unshare = children.read_text(encoding="utf-8").split()[0]
    first = Path(f"/proc/{unshare}/task/{unshare}/children").read_text(encoding="utf-8")
    write_folder(lab.folder, lab.shape, first.split()[0])
    lab.start("munged")
    made = subprocess.run(
        [
            *("mariadb-install-db", "--no-defaults", f"--user={_me()}", "--skip-test-db"),
            *(f"--datadir={lab.folder}/sql", f"--tmpdir={lab.folder}/run"),
            "--auth-root-authentication-method=normal",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise DidNotStart(made.stderr)
    lab._prepare_database()
    if lab.shape.metered:
        lab._tell(SENSOR.format(folder=lab.folder, counters=COUNTERS).replace("\n", " "))
        lab.draw(1)
    lab._start_slurm()
    if lab.shape.rest:
        lab.start("slurmrestd")


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _inner_pid(process: Path) -> int:
    """A process's number in the innermost namespace it is in."""
    for line in (process / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    raise OSError(f"{process} has no number")
