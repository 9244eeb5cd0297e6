"""Kueue as an engine: observe, apply a plan with server-side apply, meter Workloads."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from headgate.alone import alone
from headgate.core import canonical
from headgate.core.enforcement.balance import Balance
from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.engine import Action, Change, EngineDown, Plan, Quota, QuotaState
from headgate.core.enforcement.plan import applied
from headgate.core.enforcement.waiting import Waiting
from headgate.core.metering.usage import Usage
from headgate.engines.kueue.admission import Answer, Ground, active, answers, told_of, works
from headgate.engines.kueue.attempts import (
    Attempt,
    Attempts,
    Meter,
    attempt_key,
    condition,
    within,
    without,
)
from headgate.engines.kueue.door import CONFLICT, Door, Refused, talk
from headgate.engines.kueue.drift import Drift, What, differences, drift, held, told_all
from headgate.engines.kueue.manifests import (
    SHARED_KINDS,
    Arrangement,
    Maker,
    Manifest,
    key,
    told,
)
from headgate.engines.kueue.names import is_marked
from headgate.engines.kueue.pending import pending

FIXED: Final = "roleRef", "spec.clusterQueue"
"""Fields that Kubernetes lets nobody change: a way in that has one otherwise is made anew."""

_LOOKS: Final = TypeAdapter(tuple[Attempt, ...])


@dataclass(frozen=True, slots=True)
class Complaint:
    """An object that the API server did not take, and its reason."""

    thing: tuple[str, str, str]
    reason: str


class Kueue:
    """An `Engine` over one cluster; `used` is the ledger's word, `clock` gives the present instant.

    Objects without Headgate's mark are never changed; `complaints` says what the last apply could
    not bring about, and `retaken` which fields it took back from whom.
    """

    def __init__(
        self,
        settings: KueueCluster,
        used: Mapping[tuple[str, str], int],
        clock: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._arrangement = arrangement_of(settings, used)
        self._clock = clock
        self.complaints: tuple[Complaint, ...] = ()
        self.retaken: tuple[Drift, ...] = ()
        self._version = ""
        self._workloads: list[Manifest] | None = None

    @property
    def cluster(self) -> str:
        """The cluster's name, as orders and usage records have it."""
        return self._settings.site

    def owned(self, quota: Quota) -> bool:
        """Every quota observed carries our mark; others' objects are never read as quotas."""
        del quota
        return True

    def observe(self) -> tuple[Quota, ...]:
        """What the cluster holds now, of this programme; raises EngineDown."""
        return held(talk(self._settings, Door.live), self._maker())

    def drift(self, orders: Iterable[Quota] = ()) -> tuple[Drift, ...]:
        """Where the cluster is not as ordered, field by field, with who set it."""
        return drift(talk(self._settings, Door.live), self._maker(), orders)

    def remarks(self, wanted: Iterable[Quota]) -> tuple[str, ...]:
        """What the last apply could not bring about or took back, and who set what otherwise."""
        kind = [f"{' '.join(filter(None, one.thing))}: {one.reason}" for one in self.complaints]
        back = [f"taken back: {one}" for one in self.retaken]
        return (*kind, *back, *map(str, self.drift(wanted)))

    def apply(self, plan: Plan) -> None:
        """Make the changes, removals last; raises EngineDown, and Faulty for more than there is.

        What no award holds is lowered first and raised last, and what shrinks goes before what
        grows: no more GPUs are promised than there are, but for what is only removed at the end.
        """
        if plan.cluster != self.cluster:
            raise ValueError(f"a plan for {plan.cluster!r} is not one for {self.cluster!r}")
        hand = _Hand(self._maker())
        try:
            talk(self._settings, lambda door: hand.apply(door, plan))
        finally:
            self.complaints, self.retaken = tuple(hand.complaints), tuple(hand.retaken)

    def usage(self, since: str, until: str) -> Sequence[Usage]:
        """Look at the Workloads, remember, and give every attempt that touches the window."""

        async def seen(door: Door) -> Attempts:
            attempts, _, self._workloads = await self._look(door)
            return attempts

        return within(talk(self._settings, seen), since, until)

    def forget(self, before: str) -> None:
        """Remember no longer what ended before an instant: for whoever keeps the use elsewhere.

        Nobody else: a run whose Workload was deleted is in no other place. Raises EngineDown.
        """
        path = Path(self._settings.looks)
        with looking(path):
            remember(path, without(remembered(path), before))

    def waiting(self, quotas: Iterable[Quota]) -> Iterator[Waiting]:
        """How many Workloads of each award wait for which reason; raises EngineDown.

        They are those that `usage` saw last; where it has seen none, they are listed.
        """
        workloads = self._workloads
        if workloads is None:
            workloads = talk(self._settings, lambda door: door.listed("Workload"))
        return pending(workloads, self._maker(), quotas)

    def admit(
        self, quotas: Iterable[Quota], balance: Balance, known: Iterable[Usage] = ()
    ) -> tuple[Answer, ...]:
        """Answer every Workload that waits for the budget's word; raises EngineDown.

        `known` are attempts that others have seen here. Nothing is remembered: the next pass sees
        from the cluster what this one came to. What the server did not take is a complaint and no
        answer, and waits for that next pass.
        """
        given, maker = tuple(quotas), self._maker()
        hand, earlier = _Hand(maker), {attempt_key(one): one for one in known}

        async def answered(door: Door) -> tuple[Answer, ...]:
            attempts, meter, workloads = await self._look(door)
            held = works(workloads, meter, maker.check)
            seen = {**earlier, **{name: one.usage for name, one in attempts.items()}}
            told = await hand.answer(door, answers(held, given, seen.values(), balance, maker.now))
            await hand.activate(door)
            return told

        try:
            return talk(self._settings, answered)
        finally:
            self.complaints = tuple(hand.complaints)

    def stirred(self, seconds: float) -> bool:
        """Whether a Workload changes within some seconds, since the last look; raises EngineDown.

        What was not looked at yet, or may not be watched, is an EngineDown too: look again later.
        """
        if not self._version:
            raise EngineDown("nothing was listed that could be watched from")
        version = self._version
        return talk(self._settings, lambda door: door.stirred("Workload", version, seconds))

    async def _look(self, door: Door) -> tuple[Attempts, Meter, list[Manifest]]:
        """Look at the Workloads and remember."""
        meter, workloads = self._meter(await door.listed("ClusterQueue")), list[Manifest]()
        path = Path(self._settings.looks)
        with looking(path):
            workloads += await door.listed("Workload")
            self._version = door.version
            after = meter.look(remembered(path), workloads, self._clock())
            remember(path, after)
        return after, meter, workloads

    def _maker(self) -> Maker:
        return Maker(self._settings, self._arrangement, self._clock())

    def _meter(self, queues: Iterable[Manifest]) -> Meter:
        """The queues that stand, and those that are being removed while work runs out."""
        chips, known = self._settings.chips, {}
        for thing in queues:
            metadata = {k: v for k, v in thing["metadata"].items() if k != "deletionTimestamp"}
            for quota in told({**thing, "metadata": metadata}, self._maker()) or ():
                if quota.support_class in chips:
                    known[metadata["name"]] = quota.award, quota.support_class
        resources = {chip: section.resource for chip, section in chips.items()}
        return Meter(self.cluster, known, resources)


def arrangement_of(settings: KueueCluster, used: Mapping[tuple[str, str], int]) -> Arrangement:
    """What a cluster's section and the ledger say of it."""
    gpus = {chip: section.gpus for chip, section in settings.chips.items()}
    return Arrangement(settings.programme, gpus, used)


class _Hand:
    """What is being done to a cluster, a plan or answers, and what the server did not take."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self.complaints: list[Complaint] = []
        self.retaken: list[Drift] = []

    async def apply(self, door: Door, plan: Plan) -> None:
        """Shared objects, additions and changes, removals, shared objects again."""
        live = await door.live()
        before = held(live, self.maker)
        after = applied(before, plan.changes)
        self.maker.manifests(after)
        # 1. The common pool as small as it is before or after, and the classes of holders.
        await self._shared(door, live, _most(before, after))
        # 2. What is changed and added, that which shrinks first.
        for change in sorted(plan.changes, key=_growth):
            if change.wanted is not None and change.award:
                await self._own(door, live, change.wanted)
        # 3. What goes.
        for change in plan.changes:
            if change.action is Action.REMOVE and change.held is not None and change.award:
                last = all(quota.award != change.award for quota in after)
                await self._remove(door, live, change.held, last=last)
        # 4. The pool with what has become free; Cohorts and flavors that nobody needs any longer.
        live = await door.live()
        stands = [quota for quota in after if not quota.award]
        stands += [quota for quota in told_all(live, self.maker) if quota.award]
        await self._shared(door, live, stands)
        await self._sweep(door, live, stands)

    async def _shared(self, door: Door, live: dict[Any, Manifest], quotas: Iterable[Quota]) -> None:
        for thing in self.maker.shared(quotas):
            await self._put(door, live, thing)

    async def _own(self, door: Door, live: dict[Any, Manifest], quota: Quota) -> None:
        """What holds one quota; nothing goes into a Namespace that is others' or was refused."""
        for thing in self.maker.own(quota):
            within = "Namespace", "", thing["metadata"].get("namespace", "")
            if all(complaint.thing != within for complaint in self.complaints):
                await self._put(door, live, thing)

    async def _put(self, door: Door, live: dict[Any, Manifest], thing: Manifest) -> None:
        """Bring one object about; a field of ours that another has set is taken back and named."""
        title = key(thing)
        found = list(differences(thing, live, self.maker))
        if any(one.what is What.NOT_OURS for one in found):
            self.complaints.append(Complaint(title, What.NOT_OURS.value))
        elif found:
            await self._try(title, self._set(door, live, thing, found))

    async def _try(self, title: tuple[str, str, str], doing: Awaitable[None]) -> int:
        """Do one thing: 0, or the code with which it is refused, which is a complaint."""
        try:
            await doing
        except Refused as refused:
            self.complaints.append(Complaint(title, str(refused)))
            return refused.code
        return 0

    async def answer(self, door: Door, found: Iterable[Answer]) -> tuple[Answer, ...]:
        """Tell the answers, those by which work begins last, and give those that were taken.

        A Workload that is to wait and has changed meanwhile may have been let begin by another
        `admit`, so by the figures of this pass nothing else of its award begins: of two at once
        each sees what the other did, and no budget is passed.
        """
        told, changed = list[Answer](), set[tuple[str, str]]()
        for one in sorted(found, key=lambda one: one.ground is Ground.FITS):
            if one.ground is Ground.FITS and one.work.owner in changed:
                continue
            retry = self.maker.settings.retry_seconds
            thing = told_of(one, self.maker.check, retry, self.maker.now)
            code = await self._try(key(thing), door.tell(thing))
            if code == 0:
                told.append(one)
            elif code == CONFLICT:
                changed.add(one.work.owner)
        return tuple(told)

    async def activate(self, door: Door) -> None:
        """Say that our check is answered, where the cluster has not been told yet."""
        for one in await door.listed("AdmissionCheck"):
            ours = is_marked(one, self.maker.arrangement.programme)
            if ours and key(one)[2] == self.maker.check and condition(one, "Active") is None:
                await self._try(key(one), door.tell(active(one, self.maker.now)))

    async def _set(
        self, door: Door, live: dict[Any, Manifest], thing: Manifest, found: list[Drift]
    ) -> None:
        changed = [one for one in found if one.what is What.CHANGED]
        if any(one.field.startswith(FIXED) for one in changed):
            await door.delete(live[key(thing)])
        try:
            await door.apply(thing)
        except Refused as refused:
            if refused.code != CONFLICT or not changed:
                raise
            await door.apply(thing, force=True)
            self.retaken += changed

    async def _remove(
        self, door: Door, live: dict[Any, Manifest], quota: Quota, *, last: bool
    ) -> None:
        """Stop a queue by the rule for what runs, then take the way in and the queue away.

        With the `last` quota of an award its members lose their rights in its Namespace, which
        stays: what people keep in it is theirs. Kueue keeps a queue that is deleted until its last
        workload has ended.
        """
        programme = self.maker.arrangement.programme
        title = "ClusterQueue", "", self.maker.queue_name(quota.award, quota.support_class)
        queue = live.get(title)
        if queue is None or not is_marked(queue, programme):
            return
        if quota.support_class in self.maker.settings.chips:
            suspended = replace(quota, state=QuotaState.SUSPENDED)
            things = {thing["kind"]: thing for thing in self.maker.own(suspended)}
            await self._put(door, live, things["ClusterQueue"])
            ways_in = [things[kind] for kind in ("LocalQueue", "RoleBinding") if kind in things]
            for thing in ways_in if last else ways_in[:1]:
                found = live.get(key(thing))
                if found is not None and is_marked(found, programme):
                    await self._try(key(found), door.delete(found))
        await self._try(title, door.delete(queue))

    async def _sweep(self, door: Door, live: dict[Any, Manifest], quotas: Iterable[Quota]) -> None:
        """Take away shared objects of ours that the policy no longer has."""
        wanted = {key(thing) for thing in self.maker.shared(quotas)}
        for title in sorted(live.keys() - wanted, key=itemgetter(0, 1, 2)):
            ours = is_marked(live[title], self.maker.arrangement.programme)
            if (
                title[0] in SHARED_KINDS
                and ours
                and "deletionTimestamp" not in live[title]["metadata"]
            ):
                await self._try(title, door.delete(live[title]))


def _growth(change: Change) -> int:
    """How many GPUs more an award holds for itself after a change."""
    held, wanted = (quota.gpus_most or 0 if quota else 0 for quota in (change.held, change.wanted))
    return wanted - held


def _most(before: Iterable[Quota], after: Iterable[Quota]) -> list[Quota]:
    """Each quota as large as it is in either, so that what they leave is as small."""
    most: dict[tuple[str, str, str], Quota] = {}
    for quota in (*before, *after):
        title = quota.award, quota.support_class, quota.holder if not quota.award else ""
        earlier = most.get(title, quota)
        larger = max(earlier.gpus_most or 0, quota.gpus_most or 0)
        gpus = larger if quota.award else quota.gpus_most
        most[title] = replace(quota, gpus_most=gpus)
    return list(most.values())


@contextmanager
def looking(path: Path) -> Iterator[None]:
    """Hold the file of looks against every other process that looks, so that none is lost."""
    try:
        lock = path.with_name(f"{path.name}.lock")
        lock.touch()
        with alone(lock):
            yield
    except PermissionError as error:
        raise EngineDown(f"{path.name}: the looks at use cannot be locked") from error


def remembered(path: Path) -> Attempts:
    """The looks that a file remembers; none where there is no file. Raises EngineDown otherwise."""
    try:
        found = _LOOKS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise EngineDown(f"{path.name}: the looks at use cannot be read") from error
    return {attempt_key(one.usage): one for one in found}


def remember(path: Path, attempts: Attempts) -> None:
    """Write the looks so that whoever dies on the way leaves the earlier file whole."""
    draft = path.with_name(f"{path.name}.draft")
    try:
        draft.write_text(json.dumps(canonical.plain([attempts[one] for one in sorted(attempts)])))
        draft.replace(path)
    except OSError as error:
        raise EngineDown(f"{path.name}: the looks at use cannot be written") from error
