"""How long a Slurm takes to be looked at, compared and changed.

Two things are measured. The first is our own work: 20,000 associations as sacctmgr lists them are
read and compared with their orders. The ratio is to the least that any reader must do, splitting
the same lines into fields, in the same run. The second is the way to a real Slurm, where one can
be started: awards with one member each go to an empty cluster as one batch, beside one sacctmgr
for each object. Of these a few are timed on the empty cluster, on one that is half full and on the
full one, because each costs more the more there is, and the whole is their sum by Simpson's rule.

All is core time: our own, the clients', and that of the lab's daemons and database.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any, Final

from bench.ledger.bench_ledger import measure
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Order, Plan, Quota, QuotaState
from headgate.core.enforcement.plan import plan
from headgate.engines.drive import Enforced, enforce
from headgate.engines.slurm.command import Answer
from headgate.engines.slurm.engine import Slurm
from headgate.engines.slurm.observed import ACCOUNT_FORMAT, NESTED_FORMAT, QOS_FORMAT
from headgate.engines.slurm.things import Counted, Key, Kind, Things, things_of
from headgate.readers.clusters import Clusters
from tests.servers.slurm import Lab, Shape, Unavailable, private_slurm

ASSOCIATIONS: Final = 20_000
AWARDS: Final = 1_000
ONE_BY_ONE: Final = 10
PAIRS: Final = 200
SECTORS: Final = ("national", "business", "academia")
STARTS, ENDS = "2026-03-16T00:00:00Z", "2026-09-16T00:00:00Z"


def section(**more: object) -> SlurmCluster:
    """A cluster of one chip class, three classes of holders, and no standby."""
    given = {
        "engine": "slurm", "site": "here", "cluster": "lab", "lock": "/dev/null",
        "programme": "p", "sectors": {name: f"p_{name}" for name in SECTORS},
        "chips": {"h200": {"gres": "gpu:h200"}},
    }  # fmt: skip
    whole = {"headgate": 1, "clusters": {"c": {**given, **more}}}
    cluster = Clusters.model_validate(whole, strict=False).clusters["c"]
    if not isinstance(cluster, SlurmCluster):
        raise TypeError("the section is not one of a Slurm")
    return cluster


def orders(count: int) -> list[Order]:
    """Awards with one member each, and the envelopes they come from."""
    rest = (STARTS, ENDS, QuotaState.OPEN)
    found = [
        Quota(f"award-{n}", "h200", 8, 86_400, *rest, SECTORS[n % 3], (f"u{n % 500}",))
        for n in range(count)
    ]
    found += [Quota("", "h200", 8 * count, 0, *rest, name, (), 30) for name in SECTORS]
    return [Order("here", quota, "calls.open") for quota in found]


def listed(things: Things, kind: str) -> Iterator[str]:
    """What sacctmgr prints of things that stand."""
    children: dict[str, list[Key]] = {}
    for key, fields in things.items():
        if key[0] is not Kind.QOS:
            children.setdefault(key[1] if key[2] else fields["parent"], []).append(key)
    places = dict(intervals(children, "root", count(2)))
    for (which, name, login), fields in things.items():
        row = {**fields, "name": name, "account": name, "user": login}
        row |= dict(zip(("lft", "rgt"), places.get((which, name, login), ()), strict=False))
        wanted = {"qos": (QOS_FORMAT, Kind.QOS), "account": (ACCOUNT_FORMAT, Kind.ACCOUNT)}
        format_, only = wanted.get(kind, (NESTED_FORMAT, None))
        if which is only or (only is None and which is not Kind.QOS):
            yield "|".join(row.get(field, "") for field in format_.split(","))


def intervals(
    children: Mapping[str, list[Key]], parent: str, numbers: Iterator[int]
) -> Iterator[tuple[Key, tuple[str, str]]]:
    """Where each association lies in the nested intervals of the tree."""
    for key in children.get(parent, ()):
        left = next(numbers)
        if not key[2]:
            yield from intervals(children, key[1], numbers)
        yield key, (str(left), str(next(numbers)))


def own_seconds() -> tuple[float, float]:
    """CPU seconds of one look and plan of the associations, and of bare splitting."""
    cluster, given = section(), orders(ASSOCIATIONS // 2)
    things = things_of(cluster, (order.quota for order in given), Counted())
    shown = {kind: "\n".join(listed(things, kind)) for kind in ("qos", "account", "assoc")}
    shown["assoc"] += f"\nroot||1|{10 * ASSOCIATIONS}||||||"

    def told(command: Any, _: str) -> Answer:
        return Answer(shown.get(command[3], "") if command[0] == "sacctmgr" else "")

    begun = process_time()
    engine = Slurm(cluster, run=told)
    made = plan("here", given, engine.observe(), engine.owned)
    whole = process_time() - begun
    if not isinstance(made, Plan) or made.changes:
        raise RuntimeError(f"an unchanged cluster needs changes: {str(made)[:300]}")
    begun = process_time()
    rows = [line.split("|") for text in shown.values() for line in text.split("\n")]
    bare = process_time() - begun
    if len(rows) < ASSOCIATIONS:
        raise RuntimeError(f"{len(rows)} rows were made")
    return whole, bare


def core_seconds(lab: Lab) -> float:
    """The core time of this process, of its children that have ended, and of all of a lab."""
    told = sum(os.times()[:4])
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(lab.folder).encode() in (process / "cmdline").read_bytes():
                words = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                told += sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")
    return told


def timed(lab: Lab, work: Callable[[], object]) -> float:
    """The core time that something takes, a lab's included."""
    begun = core_seconds(lab)
    work()
    return core_seconds(lab) - begun


def written(lab: Lab, count: int, outcome: Enforced) -> float:
    """The core seconds of plan and apply of some awards."""
    path = f"{lab.programs}:/usr/bin:/bin"
    cluster = section(environment={"PATH": path}, lock=str(lab.folder / "lock"))
    given = orders(count)

    def apply() -> None:
        engine = Slurm(cluster)
        receipt = enforce(engine, given, engine.owned)
        if receipt.outcome is not outcome:
            raise RuntimeError(f"{count} awards: {receipt.outcome.value}")

    return timed(lab, apply)


def real_seconds() -> dict[str, float]:
    """Core seconds on a real Slurm: one batch, a second plan, one call an object."""
    with private_slurm(Shape(nodes=1)) as lab:
        half_way = written(lab, AWARDS // 2, Enforced.CONVERGED)
        half_full = timed(lab, lambda: one_by_one(lab, "h"))
    with private_slurm(Shape(nodes=1)) as lab:
        empty = timed(lab, lambda: one_by_one(lab, "e"))
        batch = written(lab, AWARDS, Enforced.CONVERGED)
        again = written(lab, AWARDS, Enforced.NOTHING_TO_DO)
        full = timed(lab, lambda: one_by_one(lab, "f"))
    one = (empty + 4 * half_full + full) / 6 * AWARDS / ONE_BY_ONE
    return {"half": half_way, "batch": batch, "again": again, "one": one}


def one_by_one(lab: Lab, name: str) -> None:
    """A call for each budget, account and member of a few awards."""
    for n in range(ONE_BY_ONE):
        for words in (
            ("qos", f"q{name}{n}", "GrpTRESMins=gres/gpu:h200=1440", "Flags=DenyOnLimit,NoDecay"),
            ("account", f"{name}{n}", "parent=root", f"QOS=q{name}{n}", "GrpTRES=gres/gpu:h200=8"),
            ("user", f"w{name}{n}", f"account={name}{n}"),
        ):
            command = [str(lab.programs / "sacctmgr"), "-i", "add", *words]
            subprocess.run(command, check=True, capture_output=True)


def lists_to_file(lab: Lab) -> float:
    """Accounts with a member each: by a comma list and one input, to the same by one load file.

    Limits, budgets and marks, which differ from award to award, a comma list cannot say at all.
    """
    lists, file = ([f"{way}{n}" for n in range(PAIRS)] for way in "lf")
    command = [str(lab.programs / "sacctmgr"), "-i"]
    add = [*command, "add", "account", ",".join(lists), "parent=root"]
    members = "".join(f"add user m{n} account={name}\n" for n, name in enumerate(lists))
    accounts = "".join(f"Account - '{name}'\n" for name in file)
    users = "".join(f"Parent - '{name}'\nUser - 'n{n}'\n" for n, name in enumerate(file))
    load, whole = [*command, "load", "file=/dev/stdin"], "Cluster - 'lab'\nParent - 'root'\n"
    times = [core_seconds(lab)]
    for words, told in ((load, f"{whole}{accounts}{users}"), (add, ""), (command, members)):
        subprocess.run(words, input=told.encode(), check=True, capture_output=True)
        times.append(core_seconds(lab))
    return (times[3] - times[1]) / (times[1] - times[0])


def run() -> list[dict[str, Any]]:
    """Measure our own work, and the way to a real Slurm where there is one."""
    whole, bare = own_seconds()
    name = f"{ASSOCIATIONS:,} associations"
    found = [
        measure(name, "observe and plan, CPU", whole, "s"),
        measure(name, "observe and plan / split", whole / bare, "ratio"),
    ]
    with suppress(Unavailable):
        with private_slurm(Shape(nodes=1)) as lab:
            ways = lists_to_file(lab)
        real = real_seconds()
        sys.stderr.write(f"{AWARDS} awards, core seconds: {real}\n")
        name = f"{AWARDS:,} awards with a member each, real Slurm"
        found += [
            measure(name, "one call an object / one batch", real["one"] / real["batch"], "ratio"),
            measure(name, "second plan / one batch", real["again"] / real["batch"], "ratio"),
            measure(name, "second plan, core time of all", real["again"], "s"),
            measure(f"{PAIRS} accounts, real Slurm", "comma lists / one file", ways, "ratio"),
        ]
    return found
