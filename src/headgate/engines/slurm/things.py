"""What stands on a Slurm cluster for some quotas: accounts, budgets and associations, as values.

Pure. The tree is programme -> sectors (one a class of holders) -> awards -> associations of those
who may run; beside the sectors stands the standby account, under which each award may borrow. The
budget of an award and term is a QOS of its own: it never decays, and a new term begins with a new
one. A field that is not named here belongs to the site and is never read or written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.engines.slurm.names import account_of, mark, organisation_of, qos_of, standby_of

OWNERS_FIRST: Final = 1000
"""The priority of an award's own jobs; those on standby have none."""

SHARE_MOST: Final = 10**6
PERCENT: Final = 100


class Kind(IntEnum):
    """What a thing is, in the order in which things are made; they go in the reverse order."""

    QOS = 0
    ACCOUNT = 1
    USER = 2


Key = tuple[Kind, str, str]
"""Kind, account or QOS, and the login of an association."""

Fields = Mapping[str, str]
Things = Mapping[Key, Fields]


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of use: Slurm's counters in whole minutes, by QOS and GRES, and the ledger's.

    `spent` is GPU-seconds by award and class.
    """

    minutes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    spent: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def lost(self, qos: str, gres: str, quota: Quota) -> int:
        """GPU-seconds the ledger knows and the counter does not: it falls back with slurmctld.

        The counter shows whole minutes, so that less than one is not seen to be lost.
        """
        counted = self.minutes.get((qos, gres), 0) * 60 + 59
        return max(self.spent.get((quota.award, quota.support_class), 0) - counted, 0)


def account(cluster: SlurmCluster, quota: Quota) -> str:
    """The account of an award's quota, or the sector of an envelope."""
    if not quota.award:
        return cluster.sectors[quota.holder]
    return account_of(cluster.programme, quota.award, quota.support_class)


def gres(cluster: SlurmCluster, support_class: str) -> str:
    """A chip class as sacctmgr counts it."""
    return f"gres/{cluster.chips[support_class].gres}"


def limit(cluster: SlurmCluster, quota: Quota, counted: Counted) -> int:
    """The whole minutes to write: what Slurm has counted and what the ledger says is left.

    Where the counter knows more than the ledger, which is read later, the budget itself is the
    limit: a lagging meter hands nothing out twice.
    """
    name = qos_of(account(cluster, quota), quota.starts)
    lost = counted.lost(name, gres(cluster, quota.support_class), quota)
    return max(quota.gpu_seconds_budget - lost, 0) // 60


def mapped(cluster: SlurmCluster, quota: Quota) -> bool:
    """Whether the clusters file has an account for the quota's holder and a GRES for its class."""
    return quota.holder in cluster.sectors and quota.support_class in cluster.chips


def things_of(cluster: SlurmCluster, quotas: Iterable[Quota], counted: Counted) -> Things:
    """Everything that stands for the quotas; those the clusters file does not map have nothing."""
    known = [quota for quota in quotas if mapped(cluster, quota)]
    found: dict[Key, Fields] = {}
    if known:
        found.update(_tree(cluster, known))
    sectors: dict[str, list[Quota]] = {}
    for quota in known:
        if quota.award:
            found.update(_award(cluster, quota, counted))
        else:
            sectors.setdefault(quota.holder, []).append(quota)
    for quota in known:
        sectors.setdefault(quota.holder, [])
    for holder, envelopes in sectors.items():
        found[Kind.ACCOUNT, cluster.sectors[holder], ""] = _sector(cluster, holder, envelopes)
    return found


def own_of(cluster: SlurmCluster, quota: Quota, counted: Counted) -> Things:
    """What stands for one award alone, without the accounts above it."""
    return dict(_award(cluster, quota, counted)) if mapped(cluster, quota) else {}


def names_of(cluster: SlurmCluster, quota: Quota) -> frozenset[Key]:
    """The names of all that a quota needs: its own, its holder's account, the programme's."""
    if not mapped(cluster, quota):
        return frozenset()
    own = keys_of(cluster, quota) if quota.award else ()
    above = [cluster.programme, cluster.sectors[quota.holder]]
    found = {*own, *((Kind.ACCOUNT, name, "") for name in above)}
    if cluster.standby:
        standby = standby_of(cluster.programme)
        found |= {(Kind.QOS, standby, ""), (Kind.ACCOUNT, standby, "")}
    return frozenset(found)


def _tree(cluster: SlurmCluster, quotas: Iterable[Quota]) -> Iterator[tuple[Key, Fields]]:
    """The programme's account and, where awards may borrow, what they borrow under.

    Slurm does not know who lends, so what is kept of each envelope is kept of all together.
    """
    programme, standby = cluster.programme, standby_of(cluster.programme)
    facts = mark({"programme": programme})
    own = {"description": facts, "organization": organisation_of(cluster.programme)}
    yield (Kind.ACCOUNT, programme, ""), {**own, "parent": "root"}
    if cluster.standby:
        rank = {"priority": "0", "preemptmode": "requeue", "usagefactor": "0"}
        yield (Kind.QOS, standby, ""), {"description": facts, "flags": "DenyOnLimit", **rank}
        service = {"qos": standby, "defaultqos": standby, "fairshare": "1"}
        service["grptres"] = tres(_lent(cluster, quotas))
        yield (Kind.ACCOUNT, standby, ""), {**own, "parent": programme, **service}


def _lent(cluster: SlurmCluster, quotas: Iterable[Quota]) -> dict[str, int]:
    """The most that is lent of each class of chips, where envelopes keep a part of their walls."""
    found: dict[str, int] = {}
    for quota in quotas if cluster.lend_percent < PERCENT else ():
        if not quota.award and quota.gpus_most is not None:
            name = gres(cluster, quota.support_class)
            lent = quota.gpus_most * cluster.lend_percent // PERCENT
            found[name] = found.get(name, 0) + lent
    return found


def _sector(cluster: SlurmCluster, holder: str, envelopes: Iterable[Quota]) -> Fields:
    """The account of a class of holders; a wall for each class of chips that has one."""
    listed = sorted(envelopes, key=lambda quota: quota.support_class)
    walls = {gres(cluster, q.support_class): q.gpus_most for q in listed}
    shares = max((quota.shares or 1 for quota in listed), default=1)
    facts = {"holder": holder, "envelopes": [[q.support_class, q.starts, q.ends] for q in listed]}
    return {
        "description": mark(facts),
        "organization": organisation_of(cluster.programme),
        "parent": cluster.programme,
        "fairshare": str(shares),
        "grptres": tres({name: most for name, most in walls.items() if most is not None}),
    }


def _award(cluster: SlurmCluster, quota: Quota, counted: Counted) -> Iterator[tuple[Key, Fields]]:
    """An award's budget, its account, the same under the standby account, and who may run."""
    facts = {"programme": cluster.programme, "award": quota.award, "class": quota.support_class}
    closed = "" if quota.state is QuotaState.OPEN else "0"
    own = {
        "description": mark(facts),
        "organization": organisation_of(cluster.programme),
        "grpjobs": closed,
        "grpsubmitjobs": closed,
    }
    budget, home, *rest = keys_of(cluster, quota)
    yield budget, _budget(cluster, quota, facts, counted)
    most = {} if quota.gpus_most is None else {gres(cluster, quota.support_class): quota.gpus_most}
    others = _others(cluster, quota)
    yield (
        home,
        {
            **own,
            "parent": cluster.sectors[quota.holder],
            "fairshare": str(min(max(quota.gpus_most or 1, 1), SHARE_MOST)),
            "grptres": tres({**others, **most}),
            "qos": budget[1],
            "defaultqos": budget[1],
        },
    )
    for key in rest:
        borrows = key[0] is Kind.ACCOUNT
        yield key, {**own, **_borrowing(cluster, most, others)} if borrows else {}


def _others(cluster: SlurmCluster, quota: Quota) -> dict[str, int]:
    """None of the cluster's other classes: its budget counts its own alone."""
    own = gres(cluster, quota.support_class)
    return {name: 0 for each in cluster.chips if (name := gres(cluster, each)) != own}


def _borrowing(cluster: SlurmCluster, most: Mapping[str, int], others: Mapping[str, int]) -> Fields:
    """Where an award borrows, and how much it may borrow at most."""
    bound = cluster.borrow_percent
    borrowed = {} if bound is None else {d: n * bound // PERCENT for d, n in most.items()}
    return {"parent": standby_of(cluster.programme), "grptres": tres({**others, **borrowed})}


def keys_of(cluster: SlurmCluster, quota: Quota) -> Iterator[Key]:
    """The names of what stands for an award: budget, account, standby account, associations."""
    name = account(cluster, quota)
    yield Kind.QOS, qos_of(name, quota.starts), ""
    accounts = [name, standby_of(name)] if cluster.standby else [name]
    for each in accounts:
        yield Kind.ACCOUNT, each, ""
    for each in accounts:
        for login in quota.logins:
            yield Kind.USER, each, login


def _budget(
    cluster: SlurmCluster, quota: Quota, facts: Mapping[str, object], counted: Counted
) -> Fields:
    """The class of service that holds an award's budget of a term."""
    term = {"starts": quota.starts, "ends": quota.ends, "budget": quota.gpu_seconds_budget}
    left = {gres(cluster, quota.support_class): limit(cluster, quota, counted)}
    return {
        "description": mark({**facts, **term}),
        "flags": "DenyOnLimit,NoDecay",
        "grptresmins": tres(left),
        "priority": str(OWNERS_FIRST),
        "preempt": standby_of(cluster.programme) if cluster.standby and cluster.reclaim else "",
    }


def tres(amounts: Mapping[str, int]) -> str:
    """Amounts as sacctmgr writes them, in order."""
    return ",".join(f"{name}={amount}" for name, amount in sorted(amounts.items()))


def amounts(text: str) -> dict[str, int]:
    """What such a text says; a limit that is no whole number is one of its own, below zero."""
    pairs = (part.rpartition("=") for part in text.split(",") if part)
    return {name: int(value) if value.isdecimal() else -1 for name, _, value in pairs}
