"""The folder of a private Slurm: its configuration, users and clients, as its daemons read them."""

import platform
import pwd
import re
import secrets
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.servers.slurm import Shape

CLIENTS: Final = (
    *("sacct", "sacctmgr", "salloc", "sbatch", "scancel", "scontrol", "sdiag", "sinfo", "sprio"),
    *("squeue", "sreport", "srun", "sshare"),
)
LIBRARIES: Final = Path(f"/usr/lib/{platform.machine()}-linux-gnu")
WRAPPER: Final = LIBRARIES / "libnss_wrapper.so"
CLOCK: Final = LIBRARIES / "faketime" / "libfaketimeMT.so.1"
CPUS_PER_NODE: Final = 64
BILLING_OF_ONE: Final = 1_000
"""Billing is cut to whole numbers, so a GPU of weight one is billed as a thousand."""

CLIENT: Final = """#!/bin/sh
lab='. {folder}/environment; exec {program} "$@"'
exec nsenter --target "$(cat {folder}/guard)" --net --uts -- /bin/sh -c "$lab" {program} "$@"
"""


KIND: Final = re.compile("([a-z][a-z0-9_]*:)?[a-z][a-z0-9_]*")
"""How a class of chips is written: a type of GPU, or another GRES and its type."""


class Unavailable(RuntimeError):
    """This machine has no Slurm that could be started; the message says why."""


def write_folder(folder: Path, shape: "Shape", first: str) -> None:
    """Everything that is there before the first daemon starts; `first` is the guard's process."""
    folder.chmod(0o755)
    for name in ("bin", "sbin", "dev", "etc", "run", "log", "state", "spool", "sql", "rest"):
        (folder / name).mkdir()
    if shape.rest:
        shutil.chown(folder / "rest", "nobody", "nogroup")
    for node in range(1, shape.nodes + 1):
        (folder / "spool" / f"n{node}").mkdir()
    for device in range(shape.gpus):
        (folder / "dev" / f"gpu{device}").touch()
    (folder / "guard").write_text(first, encoding="utf-8")
    for name in ("munge.key", "jwt.key"):
        (folder / "etc" / name).write_bytes(secrets.token_bytes(128))
        (folder / "etc" / name).chmod(0o600)
    (folder / "etc" / "password").write_text(secrets.token_hex(16), encoding="utf-8")
    write_environment(folder, shape, shape.clock)
    _write_programs(folder)
    _write_configuration(folder, shape)


def _write_programs(folder: Path) -> None:
    """Clients that enter the lab, and daemons under the names by which they know themselves."""
    for client in CLIENTS:
        if program := shutil.which(client):
            file = folder / "bin" / client
            file.write_text(CLIENT.format(folder=folder, program=program), encoding="utf-8")
            file.chmod(0o755)
    for daemon in ("slurmctld", "slurmd", "slurmdbd", "slurmrestd"):
        plain = Path(f"/usr/sbin/{daemon}-wlm")
        found = plain if plain.exists() else shutil.which(daemon, path="/usr/sbin:/usr/bin")
        if found:
            (folder / "sbin" / daemon).symlink_to(found)


def write_environment(folder: Path, shape: "Shape", offset: str) -> None:
    """What every program of the lab has in its environment, read anew at each start."""
    loaded = []
    lines = [f"export SLURM_CONF={folder}/etc/slurm.conf", "unset LD_PRELOAD FAKETIME"]
    if shape.users:
        loaded.append(str(WRAPPER))
        _write_users(folder, shape.users)
        lines.append(f"export NSS_WRAPPER_PASSWD={folder}/etc/passwd")
        lines.append(f"export NSS_WRAPPER_GROUP={folder}/etc/group")
    if offset:
        if not CLOCK.exists():
            raise Unavailable("no libfaketime here: run `make setup` as root")
        loaded.insert(0, str(CLOCK))
        lines.append(f"export FAKETIME={shlex.quote(offset)} DONT_FAKE_MONOTONIC=1")
        lines.append("export SBATCH_EXPORT=PATH  # libfaketime's of sbatch is not there for a job")
    if loaded:
        lines.append(f"export LD_PRELOAD={':'.join(loaded)}")
    (folder / "environment").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_users(folder: Path, users: Sequence[str]) -> None:
    """Made-up users: jobs need them, and this machine's own are left alone."""
    if not WRAPPER.exists():
        raise Unavailable("no libnss-wrapper here: run `make setup` as root")
    known = [":".join(map(str, pwd.getpwnam(name))) for name in ("root", "nobody")]
    made = [f"{name}:x:{60_000 + n}:{60_000 + n}::/:/bin/sh" for n, name in enumerate(users)]
    (folder / "etc" / "passwd").write_text("\n".join([*known, *made, ""]), encoding="utf-8")
    groups = [f"lab{n}:x:{60_000 + n}:" for n in range(len(users))]
    text = "\n".join(["root:x:0:", "nogroup:x:65534:", *groups, ""])
    (folder / "etc" / "group").write_text(text, encoding="utf-8")


def _write_configuration(folder: Path, shape: "Shape") -> None:
    texts = {
        "slurm.conf": slurm_conf(folder, shape),
        "gres.conf": gres_conf(folder, shape),
        "slurmdbd.conf": slurmdbd_conf(folder, shape),
    }
    if shape.submit_plugin:
        texts["job_submit.lua"] = shape.submit_plugin
    for name, text in texts.items():
        (folder / "etc" / name).write_text(text, encoding="utf-8")
        (folder / "etc" / name).chmod(0o600 if name == "slurmdbd.conf" else 0o644)


def slurm_conf(folder: Path, shape: "Shape") -> str:
    """slurm.conf of a lab: one cluster, typed GPUs, limits enforced and budgets held."""
    fixed = _fixed(folder)
    devices = [device(kind) for kind in dict.fromkeys(shape.kinds)]
    names = dict.fromkeys(name for name, _ in devices)
    fixed["GresTypes"] = ",".join(names)
    gres = [*names, *(f"{name}:{type_}" for name, type_ in devices)]
    fixed["AccountingStorageTRES"] = ",".join(f"gres/{each}" for each in gres)
    if shape.submit_plugin:
        fixed["JobSubmitPlugins"] = "lua"
    if shape.metered:
        fixed |= METERED
    if shape.rest:
        fixed |= _tokens(folder)
    lines = [f"{name}={value}" for name, value in fixed.items()]
    lines += [f"NodeName=n{n} Port={7000 + n} {_node(shape, kind)}" for n, kind in _real(shape)]
    lines += [
        f"NodeName=g{n} Port=9 State=CLOUD {_node(shape, kind)}" for n, kind in _ghosts(shape)
    ]
    return "\n".join([*lines, *_partitions(shape), shape.extra, ""])


def gres_conf(folder: Path, shape: "Shape") -> str:
    """gres.conf: empty plain files stand for the devices; slurmd looks only whether they exist."""
    files = f"{folder}/dev/gpu[0-{shape.gpus - 1}]"
    lines = []
    for n, kind in _real(shape):
        name, type_ = device(kind)
        lines.append(f"NodeName=n{n} Name={name} Type={type_} File={files}")
    return "\n".join(["AutoDetect=off", *lines, ""])


def slurmdbd_conf(folder: Path, shape: "Shape") -> str:
    """slurmdbd.conf: the private database, by a password that was drawn for this lab."""
    password = (folder / "etc" / "password").read_text(encoding="utf-8")
    tokens = "".join(f"{name}={value}\n" for name, value in _tokens(folder).items())
    return f"""{tokens if shape.rest else ""}DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=6819
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=3306
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct
LogFile={folder}/log/slurmdbd
PidFile={folder}/run/slurmdbd-own
DebugLevel=info
"""


METERED: Final = {
    "AcctGatherEnergyType": "acct_gather_energy/pm_counters",
    "AcctGatherNodeFreq": "1",
    "JobAcctGatherType": "jobacct_gather/linux",
    "JobAcctGatherFrequency": "task=1,energy=1",
}


def _tokens(folder: Path) -> dict[str, str]:
    """Tokens beside munge, for slurmrestd."""
    return {"AuthAltTypes": "auth/jwt", "AuthAltParameters": f"jwt_key={folder}/etc/jwt.key"}


def _fixed(folder: Path) -> dict[str, str]:
    """The lines that every lab has; each of the odd ones cost a failed start to find out.

    AccountingStoragePass repeats munge's socket, as AuthInfo is not used towards slurmdbd. A wide
    tree gives every node a credential of its own, where one munged would see the same one twice.

    A message may take 30 seconds: after the 10 that Slurm gives by itself, and a busy machine
    needs, a job whose start was not acknowledged is ended and waits two minutes more. Clients ask a
    controller that is down again for as long, so that it is no more.
    """
    return {
        "ClusterName": "lab",
        "SlurmctldHost": "localhost(127.0.0.1)",
        "SlurmUser": "root",
        "SlurmdUser": "root",
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={folder}/run/munge",
        "StateSaveLocation": f"{folder}/state",
        "SlurmdSpoolDir": f"{folder}/spool/%n",
        "SlurmctldPidFile": f"{folder}/run/slurmctld-own",
        "SlurmdPidFile": f"{folder}/run/slurmd-own.%n",
        "SlurmctldLogFile": f"{folder}/log/slurmctld",
        "SlurmdLogFile": f"{folder}/log/slurmd.%n",
        "MpiDefault": "none",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "SlurmdParameters": "config_overrides",
        "ReturnToService": "2",
        "SlurmdTimeout": "300",
        "KillWait": "2",
        "MessageTimeout": "30",
        "BatchStartTimeout": "100",
        "UnkillableStepTimeout": "500",
        "TreeWidth": "65533",
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": "bf_interval=2,sched_interval=2,sched_min_interval=200000,"
        "batch_sched_delay=0,bf_continue",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU",
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageHost": "127.0.0.1",
        "AccountingStoragePass": f"{folder}/run/munge",
        "AccountingStorageEnforce": "limits,qos,safe",
        "PriorityType": "priority/multifactor",
        "PriorityCalcPeriod": "1",
        "PriorityWeightFairshare": "100000",
        "PriorityWeightQOS": "10000",
        "PreemptType": "preempt/qos",
        "PreemptMode": "REQUEUE",
        "PrivateData": "cloud",  # By this word sinfo shows ghosts that sleep.
        "ResumeProgram": "/bin/true",
        "SuspendProgram": "/bin/true",
        "ResumeTimeout": "60000",
        "ResumeRate": "0",
    }


def device(kind: str) -> tuple[str, str]:
    """The GRES of a kind and its type; a kind that names none is a type of GPU."""
    name, _, type_ = kind.rpartition(":")
    return name or "gpu", type_


def _node(shape: "Shape", kind: str) -> str:
    name, type_ = device(kind)
    known = f"NodeAddr=127.0.0.1 CPUs={CPUS_PER_NODE} RealMemory=20000"
    return f"{known} Gres={name}:{type_}:{shape.gpus} Feature={type_}"


def _real(shape: "Shape") -> list[tuple[int, str]]:
    return _spread(shape, shape.nodes)


def _ghosts(shape: "Shape") -> list[tuple[int, str]]:
    return _spread(shape, shape.ghosts)


def _spread(shape: "Shape", nodes: int) -> list[tuple[int, str]]:
    """Nodes by number, the kinds over them in equal blocks."""
    return [(n + 1, shape.kinds[n * len(shape.kinds) // nodes]) for n in range(nodes)]


def _partitions(shape: "Shape") -> list[str]:
    """All nodes in `main`, and one partition for each kind, whose weight is of any GPU there."""
    billing = {kind: shape.weights.get(kind, 1) * BILLING_OF_ONE for kind in shape.kinds}
    rest = "MaxTime=INFINITE DefaultTime=60 State=UP TRESBillingWeights=CPU=0"
    typed = "".join(f",GRES/{':'.join(device(kind))}={of}" for kind, of in billing.items())
    lines = [f"PartitionName=main Nodes=ALL Default=YES {rest}{typed}"]
    for kind, weight in billing.items():
        names = [f"n{n}" for n, own in _real(shape) if own == kind]
        names += [f"g{n}" for n, own in _ghosts(shape) if own == kind]
        if names:
            nodes, (name, type_) = ",".join(names), device(kind)
            lines.append(f"PartitionName={type_} Nodes={nodes} {rest},GRES/{name}={weight}")
    return lines
