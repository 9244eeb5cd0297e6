"""The configuration of a private Slurm, as its daemons read it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.servers.slurm import Shape

CPUS_PER_NODE: Final = 64
BILLING_OF_ONE: Final = 1_000
"""Billing is cut to whole numbers, so a GPU of weight one is billed as a thousand."""


def slurm_conf(folder: Path, shape: "Shape") -> str:
    """slurm.conf of a lab: one cluster, typed GPUs, limits enforced and budgets held."""
    fixed = _fixed(folder)
    gres = ["gres/gpu", *(f"gres/gpu:{kind}" for kind in dict.fromkeys(shape.kinds))]
    fixed["AccountingStorageTRES"] = ",".join(gres)
    if shape.submit_plugin:
        fixed["JobSubmitPlugins"] = "lua"
    lines = [f"{name}={value}" for name, value in fixed.items()]
    lines += [f"NodeName=n{n} Port={7000 + n} {_node(shape, kind)}" for n, kind in _real(shape)]
    lines += [
        f"NodeName=g{n} Port=9 State=CLOUD {_node(shape, kind)}" for n, kind in _ghosts(shape)
    ]
    return "\n".join([*lines, *_partitions(shape), shape.extra, ""])


def gres_conf(folder: Path, shape: "Shape") -> str:
    """gres.conf: empty plain files stand for the devices; slurmd looks only whether they exist."""
    files = f"{folder}/dev/gpu[0-{shape.gpus - 1}]"
    lines = [f"NodeName=n{n} Name=gpu Type={kind} File={files}" for n, kind in _real(shape)]
    return "\n".join(["AutoDetect=off", *lines, ""])


def slurmdbd_conf(folder: Path) -> str:
    """slurmdbd.conf: the private database, by a password that was drawn for this lab."""
    password = (folder / "etc" / "password").read_text(encoding="utf-8")
    return f"""DbdHost=localhost
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


def _fixed(folder: Path) -> dict[str, str]:
    """The lines that every lab has; each of the odd ones cost a failed start to find out.

    AccountingStoragePass repeats munge's socket, as AuthInfo is not used towards slurmdbd. A wide
    tree gives every node a credential of its own, where one munged would see the same one twice.
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
        "TreeWidth": "65533",
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": "bf_interval=2,sched_interval=2,sched_min_interval=200000,"
        "batch_sched_delay=0,bf_continue",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU",
        "GresTypes": "gpu",
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
        "ResumeProgram": "/bin/true",
        "SuspendProgram": "/bin/true",
        "ResumeTimeout": "60000",
        "ResumeRate": "0",
    }


def _node(shape: "Shape", kind: str) -> str:
    known = f"NodeAddr=127.0.0.1 CPUs={CPUS_PER_NODE} RealMemory=20000"
    return f"{known} Gres=gpu:{kind}:{shape.gpus} Feature={kind}"


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
    typed = "".join(f",GRES/gpu:{kind}={weight}" for kind, weight in billing.items())
    lines = [f"PartitionName=main Nodes=ALL Default=YES {rest}{typed}"]
    for kind, weight in billing.items():
        names = [f"n{n}" for n, own in _real(shape) if own == kind]
        names += [f"g{n}" for n, own in _ghosts(shape) if own == kind]
        if names:
            nodes = ",".join(names)
            lines.append(f"PartitionName={kind} Nodes={nodes} {rest},GRES/gpu={weight}")
    return lines
