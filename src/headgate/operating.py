"""What an operator asks of the clusters: which changes they need, and to have them made.

A plan is what a person signs: its digest names exactly these changes and nothing else can be
applied under it. A plan file is one canonical line a cluster, and says all that its application
needs, so that it can be signed on one machine and applied on another.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from headgate.core import canonical
from headgate.core.enforcement.balance import balance_of
from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.kind import Said, Walls
from headgate.core.enforcement.engine import Change, Engine, Order, Plan, Quota, QuotaState
from headgate.core.enforcement.orders import OrderList
from headgate.core.enforcement.plan import Refused, admitted, applied, dated, explain, key_of, plan
from headgate.core.faults import Faulty, Mended
from headgate.engines.drive import Receipt, enforce
from headgate.engines.opening import opened, unmapped
from headgate.readers.clusters import UNKNOWN
from headgate.steps.enforce import envelopes_of, metered_of, orders_of, sharing_of
from headgate.steps.term import Term


class Code(Mended):
    """Why a cluster is not planned for at all."""

    CLUSTER_UNKNOWN = UNKNOWN, "name one of the clusters of the file"
    CLUSTER_UNMAPPED = (
        "cluster-unmapped",
        "say in the clusters file what the policy's word is called there",
    )
    CLUSTERS_NONE = "clusters-none", "name a cluster whose site the policy's lots name"
    CLUSTER_SHARES = (
        "cluster-shares-otherwise",
        "take the words out of the clusters file, or change the policy's sharing",
    )
    PLAN_WRONG = "plan-wrong", "make the plan again: headgate plan SOURCE --out FILE"
    PLAN_OTHER = "plan-other", "read the plan as it is now, and apply it under its own digest"
    PLAN_STALE = "plan-stale", "plan again: the cluster is not as it was when the plan was made"


@dataclass(frozen=True, slots=True)
class Job:
    """One cluster with its orders, and what the ledger knows to be used there."""

    name: str
    section: AnyCluster
    orders: tuple[Order, ...]
    spent: Mapping[tuple[str, str], int]
    said: Said | None

    def engine(self) -> Engine:
        """The cluster's engine."""
        return opened(self.section, self.spent)


@dataclass(frozen=True, slots=True)
class Written:
    """A line of a plan file: a cluster's plan, and what was used by the awards that it rests on.

    `said` is what the policy says of sharing there, if it does.
    """

    headgate: int
    name: str
    plan: Plan
    spent: tuple[tuple[str, str, int], ...]
    said: Said | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the line: what a person signs."""
        return canonical.digest(self.line())

    def line(self) -> bytes:
        """The canonical line."""
        return canonical.line(self)


def jobs(
    term: Term,
    clusters: Mapping[str, AnyCluster],
    logins: Mapping[str, Iterable[str]],
    now: str,
) -> list[Job]:
    """What every cluster shall hold at an instant; raises Faulty where a file does not say how."""
    return jobs_at(term, clusters, logins)(now)


def jobs_at(
    term: Term, clusters: Mapping[str, AnyCluster], logins: Mapping[str, Iterable[str]]
) -> Callable[[str], list[Job]]:
    """The same at any instant: what the ledger says is derived once, and its dates each time."""
    orders, envelopes = admitted(orders_of(term), logins), envelopes_of(term)
    metered = metered_of(term)
    spent = {one.site: metered.get(one.site, ({}, {}))[0] for one in clusters.values()}
    sites = {order.cluster for order in (*orders, *envelopes)}

    def at(now: str) -> list[Job]:
        found = []
        for name, written in clusters.items():
            section, said = _ruled(name, written, sharing_of(term, written.site, now))
            asked = tuple(_orders(section, orders, envelopes, now))
            found.append(Job(name, section, asked, spent[section.site], said))
        if sites and sites.isdisjoint(spent):
            what = f"no cluster stands on a site of the policy: {', '.join(sorted(sites))}"
            raise Code.CLUSTERS_NONE.alone("--clusters", what)
        _all_mapped(found)
        return found

    return at


def _ruled(
    name: str, section: AnyCluster, found: Collection[Said]
) -> tuple[AnyCluster, Said | None]:
    """The section as the policy's sharing has it; raises Faulty where two say it differently."""
    words = sorted({word for said in found for word in section.otherwise(said)})
    if words:
        what = f"{name}: the policy's sharing says {', '.join(words)} otherwise"
        raise Code.CLUSTER_SHARES.alone("--clusters", what)
    if len(found) > 1:
        what = f"{name}: two supports of the policy share {section.site} differently"
        raise Code.CLUSTER_SHARES.alone("--clusters", what)
    said = next(iter(found), None)
    return (section if said is None else section.under(said)), said


def job_of(
    name: str, section: AnyCluster, listed: OrderList, logins: Mapping[str, Iterable[str]], now: str
) -> Job:
    """What one cluster shall hold by its site's signed list; raises Faulty as `jobs` does.

    What is used is what the ledger has booked and what was told to the portal.
    """
    orders = admitted(listed.orders, logins)
    section, said = _ruled(name, section, listed.sharing)
    spent = balance_of(listed).spent
    asked = tuple(_orders(section, orders, listed.envelopes, now))
    job = Job(name, section, asked, spent, said)
    _all_mapped([job])
    return job


def _orders(
    section: AnyCluster, orders: Iterable[Order], envelopes: Iterable[Order], now: str
) -> Iterator[Order]:
    yield from dated((order for order in orders if order.cluster == section.site), now)
    for order in envelopes if section.envelopes is not None else ():
        if order.cluster == section.site:
            yield order if section.envelopes is Walls.WALLS else _share(order)


def _share(order: Order) -> Order:
    """An envelope that is a share of idle time and no wall."""
    q = order.quota
    rest = (q.starts, q.ends, QuotaState.OPEN, q.holder, (), q.shares)
    return Order(order.cluster, Quota("", q.support_class, None, 0, *rest), order.because)


def _all_mapped(found: Iterable[Job]) -> None:
    said = {
        f"{job.name}: {gap}"
        for job in found
        for order in job.orders
        if (gap := unmapped(job.section, order.quota.holder, order.quota.support_class))
    }
    if said:
        raise Faulty(Code.CLUSTER_UNMAPPED.of("--clusters", what) for what in said)


def planned(job: Job, *, mass_removal: bool = False) -> Written | Refused:
    """The plan of a cluster as it stands now, or why there is none; raises EngineDown."""
    engine = job.engine()
    observed = engine.observe()
    made = plan(engine.cluster, job.orders, observed, engine.owned, mass_removal=mass_removal)
    if isinstance(made, Refused):
        return made
    return Written(1, job.name, made, tuple(_rests_on(job, made, observed)), job.said)


def _rests_on(job: Job, made: Plan, observed: Iterable[Quota]) -> Iterator[tuple[str, str, int]]:
    """What was used by the awards that a plan names, and by others that look otherwise without it.

    Where a cluster's counter is behind the ledger, its limits can be read with the ledger alone.
    """
    named = {(change.award, change.support_class) for change in made.changes}
    if named:
        spent = {key: used for key, used in job.spent.items() if key in named}
        seen = opened(job.section, spent).observe()
        named |= {(quota.award, quota.support_class) for quota in {*observed} - {*seen}}
    for key in sorted(named & job.spent.keys()):
        yield *key, job.spent[key]


def told(written: Written) -> Iterator[str]:
    """A plan as lines for the person who signs it; first the cluster as options name it."""
    first, *rest = explain(written.plan)
    yield first if written.name == written.plan.cluster else f"{written.name}, {first}"
    yield from rest
    if written.plan.changes:
        yield f"digest   {written.digest}"


def carried_out(job: Job, *, expect: str | None, mass_removal: bool) -> Receipt:
    """Bring a cluster to its orders; with `expect`, under the plan of that digest or not at all."""
    allowed = None
    if expect is not None:
        made = planned(job, mass_removal=mass_removal)
        if isinstance(made, Written):
            allowed = made.plan
            if made.plan.changes and made.digest != expect:
                raise Code.PLAN_OTHER.alone(job.name, f"the plan is {made.digest}")
    engine = job.engine()
    return enforce(engine, job.orders, engine.owned, mass_removal=mass_removal, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of driving a cluster, what it held afterwards, and what it tells beside that."""

    receipt: Receipt
    held: tuple[Quota, ...]
    remarks: tuple[str, ...]


def driven(job: Job, allowed: Plan) -> Done:
    """Bring a cluster to its orders by a plan that was seen, and by no other; read it back.

    Raises EngineDown where it is not read.
    """
    engine = job.engine()
    receipt = enforce(engine, job.orders, engine.owned, mass_removal=True, allowed=allowed)
    held = tuple(quota for quota in engine.observe() if engine.owned(quota))
    return Done(receipt, held, engine.remarks(order.quota for order in job.orders))


def remarked(job: Job) -> tuple[str, ...]:
    """Who set what otherwise on a cluster, as far as it tells; raises EngineDown."""
    return job.engine().remarks(order.quota for order in job.orders)


def read_plan(file: str, data: bytes) -> tuple[Written, ...]:
    """The plans of a plan file; raises Faulty where a line is not exactly what was written."""
    found = []
    for number, text in enumerate(data.splitlines(keepends=True), start=1):
        try:
            written = TypeAdapter(Written).validate_json(text)
        except ValidationError as error:
            what = f"line {number} is no plan: {error.errors()[0]['msg']}"
            raise Code.PLAN_WRONG.alone(file, what) from error
        if written.line() != text or written.headgate != 1:
            raise Code.PLAN_WRONG.alone(file, f"line {number} is not as it was written")
        found.append(written)
    return tuple(found)


def chosen_of(plans: Sequence[Written], cluster: str | None) -> tuple[Written, ...]:
    """The plan of a cluster, or all; raises Faulty where none of them is of that cluster.

    Without a word about it, nothing would be done and all would seem well.
    """
    found = tuple(each for each in plans if cluster in (None, each.name))
    if cluster is not None and not found:
        names = ", ".join(each.name for each in plans)
        raise Code.CLUSTER_UNKNOWN.alone("--cluster", f"the plans are not of {cluster!r}: {names}")
    return found


def carried_out_as_written(
    written: Written, clusters: Mapping[str, AnyCluster], *, expect: str | None
) -> Receipt:
    """Apply a plan file's plan, if the cluster is as it was when it was made, or already as meant.

    What the plan removes was seen by whoever made and signed it.
    """
    section = clusters.get(written.name)
    if section is None or section.site != written.plan.cluster:
        raise Code.CLUSTER_UNKNOWN.alone(written.name, f"{written.name} is not in the file")
    if expect is not None and expect != written.digest:
        raise Code.PLAN_OTHER.alone(written.name, f"the plan is {written.digest}")
    if written.said is not None:
        section = section.under(written.said)
    engine = opened(section, {(award, kind): used for award, kind, used in written.spent})
    observed = [quota for quota in engine.observe() if engine.owned(quota)]
    changes = {(c.award, c.support_class, c.holder): c for c in written.plan.changes}
    if stale := _stale(changes, observed):
        raise Code.PLAN_STALE.alone(written.name, stale)
    after = applied(observed, written.plan.changes)
    because = {key: change.because for key, change in changes.items()}
    orders = [Order(engine.cluster, q, because.get(key_of(q), "held already")) for q in after]
    return enforce(engine, orders, engine.owned, mass_removal=True)


def _stale(changes: Mapping[tuple[str, str, str], Change], observed: Sequence[Quota]) -> str:
    """What of a cluster is neither as it was planned for nor as meant; empty where all is."""
    gone = dict(changes)
    for quota in observed:
        change = gone.pop(key_of(quota), None)
        known = change is not None and quota in (change.held, change.wanted)
        if not known and (change is not None or quota.state is QuotaState.PARTIAL):
            return f"{quota.award or quota.holder!r} is not as it was planned for"
    if any(one.held is not None and one.wanted is not None for one in gone.values()):
        return "what was to be changed is not there"
    return ""
