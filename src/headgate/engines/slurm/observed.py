"""What sacctmgr and scontrol print, as the same things, and the quotas that they amount to.

Pure. A row that does not have its fields (a foreign description may hold a line break) is no row.
A quota is read from the limits themselves, not from what Headgate remembers of them; where the
things are not exactly those that stand for the quota so read, it is partial.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.engines.slurm.names import account_of, marked, organisation_of, qos_of, standby_of
from headgate.engines.slurm.things import (
    Counted,
    Fields,
    Key,
    Kind,
    amounts,
    gres,
    limit,
    mapped,
    own_of,
    things_of,
    tres,
)

QOS_FORMAT: Final = "name,flags,grptresmins,priority,preempt,preemptmode,usagefactor,description"
ACCOUNT_FORMAT: Final = "account,organization,description"
_LIMITS: Final = "fairshare,grptres,grpjobs,grpsubmitjobs,qos,defaultqos"
NESTED_FORMAT: Final = f"account,user,lft,rgt,{_LIMITS}"
"""For `wopi`, which does not look every parent up and so is 25 times as quick on Slurm 22.05."""

PARENT_FORMAT: Final = f"account,user,parentname,{_LIMITS}"
"""For a Slurm from 23.11 on, which keeps the tree otherwise and has no such numbers."""

DEFAULT_FORMAT: Final = "user,account"

_COUNTED: Final = re.compile(r"(gres/[^=,\s]+)=[^(,\s]*\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was read of a cluster.

    `ours` are the things with Headgate's mark, `foreign` the names of the others. `defaults` is the
    default account of every user, `counted` the use of budgets, `busy` the accounts that have jobs,
    and `running` those of them whose jobs run.
    """

    ours: Mapping[Key, Fields]
    foreign: frozenset[Key]
    parents: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    counted: Counted = field(default_factory=Counted)
    busy: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()


def rows(text: str, format_: str) -> Iterator[dict[str, str]]:
    """The rows of a parsable listing; the last field may hold the delimiter."""
    names = format_.split(",")
    for line in text.split("\n"):
        values = line.split("|", len(names) - 1)
        if len(values) == len(names) and values[0]:
            yield dict(zip(names, values, strict=True))


def nested(text: str) -> list[dict[str, str]]:
    """Associations with the name of every account's parent, from where its interval lies."""
    found = list(rows(text, NESTED_FORMAT))
    above: list[tuple[int, str]] = []
    for row in sorted(found, key=lambda row: _number(row["lft"])):
        while above and above[-1][0] < _number(row["lft"]):
            above.pop()
        row["parentname"] = above[-1][1] if above and not row["user"] else ""
        if not row["user"]:
            above.append((_number(row["rgt"]), row["account"]))
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def read(
    programme: str,
    qos: str,
    accounts: str,
    assocs: Iterable[Mapping[str, str]],
    defaults: str = "",
) -> Seen:
    """The things of four listings; a programme's are known by organisation and mark."""
    ours_is = organisation_of(programme)
    known = {row["account"]: row for row in rows(accounts, ACCOUNT_FORMAT)}
    ours: dict[Key, Fields] = {}
    foreign: set[Key] = set()
    for row in rows(qos, QOS_FORMAT):
        key = (Kind.QOS, row["name"], "")
        if (marked(row["description"]) or {}).get("programme") != programme:
            foreign.add(key)
        else:
            ours[key] = _qos(row)
    parents = {}
    for assoc in assocs:
        name, user = assoc["account"], assoc["user"]
        about = known.get(name, {})
        own = about.get("organization") == ours_is
        key = (Kind.USER, name, user) if user else (Kind.ACCOUNT, name, "")
        if not user:
            parents[name] = assoc["parentname"]
        if not own:
            foreign.add(key)
        else:
            ours[key] = {} if user else _account(assoc, about)
    for name, about in known.items():
        if about["organization"] != ours_is:
            foreign.add((Kind.ACCOUNT, name, ""))
    homes = {row["user"]: row["account"] for row in rows(defaults, DEFAULT_FORMAT)}
    return Seen(ours, frozenset(foreign), parents, homes)


def _qos(row: Mapping[str, str]) -> Fields:
    factor = row["usagefactor"]
    return {
        "description": row["description"],
        "flags": ",".join(sorted(filter(None, row["flags"].split(",")))),
        "grptresmins": tres(amounts(row["grptresmins"])),
        "priority": row["priority"],
        "preempt": ",".join(sorted(filter(None, row["preempt"].split(",")))),
        "preemptmode": row["preemptmode"].lower(),
        "usagefactor": factor.rstrip("0").rstrip(".") if "." in factor else factor,
    }


def _account(row: Mapping[str, str], about: Mapping[str, str]) -> Fields:
    return {
        "description": about["description"],
        "organization": about["organization"],
        "parent": row["parentname"],
        "fairshare": row["fairshare"],
        "grptres": tres(amounts(row["grptres"])),
        "grpjobs": row["grpjobs"],
        "grpsubmitjobs": row["grpsubmitjobs"],
        "qos": ",".join(sorted(filter(None, row["qos"].split(",")))),
        "defaultqos": row["defaultqos"],
    }


def minutes(text: str) -> dict[tuple[str, str], int]:
    """The used minutes of every QOS and GRES, of `scontrol show assoc_mgr flags=qos`."""
    found: dict[tuple[str, str], int] = {}
    name = ""
    for line in text.split("\n"):
        word = line.strip()
        if word.startswith("QOS="):
            name = word.removeprefix("QOS=").partition("(")[0]
        elif word.startswith("GrpTRESMins="):
            found |= {(name, device): int(used) for device, used in _COUNTED.findall(word)}
    return found


def quotas_of(cluster: SlurmCluster, seen: Seen) -> tuple[Quota, ...]:
    """The quotas that the things amount to, in order."""
    found = [*_awards(cluster, seen), *_envelopes(cluster, seen)]
    return tuple(sorted(found, key=lambda q: (q.award, q.support_class, q.holder)))


def _awards(cluster: SlurmCluster, seen: Seen) -> Iterator[Quota]:
    """Every award that something of ours is marked with; a damaged mark leaves the thing's name."""
    parts: dict[tuple[str, str], set[Key]] = {}
    accounts: dict[str, tuple[str, str]] = {}
    trunk = _trunk(cluster)
    for key, fields in seen.ours.items():
        if key[0] is not Kind.USER and key[1] not in trunk:
            facts = marked(fields["description"]) or {}
            named = str(facts.get("award", key[1])), str(facts.get("class", ""))
            parts.setdefault(named, set()).add(key)
            if key[0] is Kind.ACCOUNT:
                accounts[key[1]] = named
    for key in seen.ours:
        if key[0] is Kind.USER and key[1] in accounts:
            parts[accounts[key[1]]].add(key)
    owners = {name: holder for holder, name in cluster.sectors.items()}
    for named, keys in parts.items():
        yield _award(cluster, seen, named, keys, owners)


def _award(
    cluster: SlurmCluster,
    seen: Seen,
    named: tuple[str, str],
    keys: set[Key],
    owners: Mapping[str, str],
) -> Quota:
    award, support_class = named
    name = account_of(cluster.programme, award, support_class)
    fields = seen.ours.get((Kind.ACCOUNT, name, ""), {})
    budget, facts = _budget(seen, fields.get("defaultqos", ""), keys)
    holder = owners.get(fields.get("parent", ""), "")
    known = support_class in cluster.chips
    most = amounts(fields.get("grptres", "")).get(gres(cluster, support_class)) if known else None
    closed = (fields.get("grpjobs", "-"), fields.get("grpsubmitjobs", "-"))
    states = {("", ""): QuotaState.OPEN, ("0", "0"): QuotaState.SUSPENDED}
    quota = Quota(
        award,
        support_class,
        most,
        _whole(facts.get("budget")),
        str(facts.get("starts", "")),
        str(facts.get("ends", "")),
        states.get(closed, QuotaState.PARTIAL),
        holder,
        tuple(sorted(login for kind, at, login in keys if kind is Kind.USER and at == name)),
    )
    whole = mapped(cluster, quota) and budget == qos_of(name, quota.starts)
    if whole:
        own = own_of(cluster, quota, seen.counted)
        whole = _same(seen, own, keys) and not _runs_on(cluster, seen, quota)
        quota = replace(quota, gpu_seconds_budget=_in_effect(cluster, seen, budget, quota))
    return quota if whole else replace(quota, state=QuotaState.PARTIAL)


def _budget(seen: Seen, default: str, keys: Iterable[Key]) -> tuple[str, Mapping[str, Any]]:
    """The budget in force: the account's own, or the latest there is."""
    names = sorted(name for kind, name, _ in keys if kind is Kind.QOS)
    name = default if default in names else (names[-1] if names else "")
    fields = seen.ours.get((Kind.QOS, name, ""), {})
    return name, marked(fields.get("description", "")) or {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _in_effect(cluster: SlurmCluster, seen: Seen, qos: str, quota: Quota) -> int:
    """What the limit lets be used in all, with what the ledger knows and the counter has lost."""
    device = gres(cluster, quota.support_class)
    held = amounts(seen.ours[Kind.QOS, qos, ""].get("grptresmins", "")).get(device)
    if held == limit(cluster, quota, seen.counted):
        return quota.gpu_seconds_budget
    if held is None:
        return -1
    return held * 60 + seen.counted.lost(qos, device, quota)


def _same(seen: Seen, wanted: Mapping[Key, Fields], keys: set[Key]) -> bool:
    """Whether an award's things stand as wanted, and no others of its own.

    The limit is left out: its difference is told as that of the budget. The tree above is told by
    the envelopes.
    """
    return wanted.keys() == keys and all(
        seen.ours[key].get(name) == value
        for key, fields in wanted.items()
        for name, value in fields.items()
        if name != "grptresmins" or set(amounts(value)) != set(amounts(seen.ours[key][name]))
    )


def _trunk(cluster: SlurmCluster) -> frozenset[str]:
    programme = cluster.programme
    return frozenset((programme, standby_of(programme), *cluster.sectors.values()))


def _runs_on(cluster: SlurmCluster, seen: Seen, quota: Quota) -> bool:
    """Whether jobs run under a quota that is suspended, where a suspension ends them."""
    name = account_of(cluster.programme, quota.award, quota.support_class)
    ends = cluster.ends_running and quota.state is QuotaState.SUSPENDED
    return ends and not seen.running.isdisjoint((name, standby_of(name)))


def _envelopes(cluster: SlurmCluster, seen: Seen) -> Iterator[Quota]:
    """The envelopes that the sectors are marked with."""
    found: list[Quota] = []
    for name in sorted(set(cluster.sectors.values())):
        fields = seen.ours.get((Kind.ACCOUNT, name, ""), {})
        facts = marked(fields.get("description", "")) or {}
        listed = facts.get("envelopes")
        for item in listed if isinstance(listed, list) else ():
            support_class, starts, ends = map(str, item)
            if support_class in cluster.chips:
                most = amounts(fields["grptres"]).get(gres(cluster, support_class))
                shares = int(fields["fairshare"]) if fields["fairshare"].isdecimal() else None
                held = (support_class, most, 0, starts, ends, QuotaState.OPEN)
                found.append(Quota("", *held, str(facts.get("holder", "")), (), shares))
    wanted = things_of(cluster, found, seen.counted)
    whole = all(
        seen.ours.get(key, {}).get(name) == value
        for key, fields in wanted.items()
        for name, value in fields.items()
    )
    for quota in found:
        yield quota if whole else replace(quota, state=QuotaState.PARTIAL)
