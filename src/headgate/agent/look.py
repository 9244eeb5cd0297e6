"""One look of an agent: pull the signed list, bring the cluster to it, read use, tell the portal.

Each step leaves its trace in the spool before the next begins, and each may fail by itself: what
cannot be had today is a fault in the report, and the other steps go on. A look that was killed is
simply followed by another.

The clock is believed only while the portal's agrees with it. Without that, awards neither begin nor
end by their dates and the mark up to which use was read stays: a clock that jumps opens nothing,
closes nothing and loses nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from headgate.agent.portal import Answer, Portal, PortalDown
from headgate.agent.spool import Spool
from headgate.agent.use import read_use, read_waiting, spent_now
from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.engine import Change, Engine, EngineDown, Plan
from headgate.core.enforcement.orders import Sealed, unseal
from headgate.core.enforcement.plan import Refusal, Refused, digest, explain
from headgate.core.enforcement.receipt import (
    ReadBack,
    Report,
    Trouble,
    nameless,
    nameless_change,
    nameless_changes,
)
from headgate.core.enforcement.waiting import Waiting
from headgate.core.faults import Faulty
from headgate.core.ledger.checkpoint import Verifier
from headgate.core.ledger.refused import Refused as Refusing
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.drive import Enforced
from headgate.engines.opening import opened
from headgate.journal.points import Point, reached
from headgate.operating import Done, Job, driven, job_of, planned

APART_SECONDS_MOST: Final = 300
"""How far the clocks of agent and portal may be apart."""

LIST_SECONDS_MOST: Final = 30 * 86_400
"""How old a list may be before the operator is told: whoever holds new ones back is noticed."""

ROWS_AT_ONCE: Final = 2_000


Logins = Callable[[Collection[tuple[str, int]]], Mapping[str, Iterable[str]]]
"""The logins of each award, but those of the people who have gone."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One cluster's agent: what it drives, whose orders it follows, whom it tells.

    One that `asks` applies no plan before an operator has allowed it by its digest.
    """

    name: str
    section: AnyCluster
    logins: Logins
    keys: tuple[Verifier, ...]
    portal: Portal
    spool: Spool
    slurm_spool: Path
    asks: bool = False


@dataclass(slots=True)
class Looked:
    """What a look came to; `waiting` counts what is still to be told."""

    outcome: str
    faults: list[str]
    changes: int = 0
    waits: str = ""
    waiting: int = 0
    online: bool = False


def look(agent: Agent, now: int) -> Looked:
    """Look once, at a moment in Unix seconds."""
    found = Looked(Enforced.NOTHING_TO_DO.value, [])
    answer = _pull(agent, found)
    at = _moment(agent.spool, answer, now, found)
    sealed = _followed(agent, found)
    if sealed is None or not at:
        found.outcome = Trouble.NOTHING_FOLLOWED.value
        found.faults.append(_told(Trouble.NOTHING_FOLLOWED, agent.section.site))
    else:
        if seconds_of(at) - seconds_of(sealed.listed.at) > LIST_SECONDS_MOST:
            found.faults.append(_told(Trouble.LIST_OLD, sealed.listed.at))
        report = _bring(agent, sealed, at, answer.word if answer else "", found)
        engine = opened(agent.section, {})
        _read_use(agent, engine, sealed, now, confirmed=at == instant_of(now), found=found)
        looked = agent.spool.text("looked")
        waiting = _waiting(agent, engine, sealed, found)
        report = replace(report, faults=tuple(found.faults), looked=looked, waiting=waiting)
        read = report.back.outcome in READ
        agent.spool.tell(report, read=read)
        reached(Point.REPORT_KEPT)
    _push(agent, found)
    return found


READ: Final = frozenset(
    each.value for each in (Enforced.NOTHING_TO_DO, Enforced.CONVERGED, Enforced.DRIFTING)
)
"""The outcomes after which a cluster was read back."""


def _pull(agent: Agent, found: Looked) -> Answer | None:
    """The portal's answer, its list verified and kept; None where it did not answer."""
    try:
        answer = agent.portal.orders()
    except PortalDown as error:
        found.faults.append(_told(Trouble.PORTAL_DOWN, str(error)))
        return None
    except Refusing as error:
        found.faults.append(_refused(error))
        return None
    found.online = True
    if answer.body:
        try:
            size, _, at = agent.spool.text("age").partition(" ")
            last = (int(size or 0), at)
            found_list = unseal(answer.body, agent.section.site, agent.keys, last)
            agent.spool.follow(answer.body, found_list.age)
            reached(Point.LIST_FOLLOWED)
        except Refusing as error:
            found.faults.append(_refused(error))
    return answer


def _followed(agent: Agent, found: Looked) -> Sealed | None:
    """The list to follow: the newest that was ever verified, however long the portal is away."""
    kept = agent.spool.get("followed")
    try:
        return unseal(kept, agent.section.site, agent.keys) if kept else None
    except Refusing as error:
        found.faults.append(_refused(error))
        return None


def _moment(spool: Spool, answer: Answer | None, now: int, found: Looked) -> str:
    """The instant by which dates are told: now, if the portal's clock agrees; else the last one."""
    clock = answer.clock if answer else None
    if clock is not None and abs(clock - now) <= APART_SECONDS_MOST:
        spool.put("confirmed", instant_of(now).encode())
    elif clock is not None:
        told = f"{instant_of(now)} here, {instant_of(clock)} there"
        found.faults.append(_told(Trouble.CLOCK_OFF, told))
    return spool.text("confirmed")


def _bring(agent: Agent, sealed: Sealed, at: str, word: str, found: Looked) -> Report:
    """Plan and apply; what would take too much away waits for an operator's word."""
    outcome, drift, shown = Enforced.DOWN, tuple[Change, ...](), Plan(agent.section.site, ())
    done: Done | None = None
    try:
        listed, attempts = sealed.listed, agent.spool.attempts
        job = job_of(agent.name, agent.section, listed, agent.logins(listed.gone), at)
        job = replace(job, spent=spent_now(agent.section, job, listed, attempts, at))
        plan, outcome = _plan(agent, job, word, found)
        if plan is not None and found.waits:
            shown = _nameless(plan)
        elif plan is not None:
            if plan.changes:
                agent.spool.intend(_merged(agent.spool.intended, plan.changes))
                reached(Point.PLAN_INTENDED)
            done = driven(job, plan)
            reached(Point.PLAN_APPLIED)
            outcome, drift = done.receipt.outcome, nameless_changes(done.receipt.drift)
            found.faults += done.remarks
            if done.receipt.down:
                found.faults.append(_told(Trouble.CLUSTER_DOWN, done.receipt.down))
            if done.receipt.refused is not None:
                found.faults += _why(done.receipt.refused)
    except EngineDown as error:
        outcome = Enforced.DOWN
        found.faults.append(_told(Trouble.CLUSTER_DOWN, str(error)))
    except Faulty as error:
        outcome = Enforced.REFUSED
        found.faults += map(str, error.faults)
    made = done.receipt.changes if done else ()
    changes = _merged(agent.spool.intended, made) if outcome.value in READ else ()
    found.outcome, found.changes = outcome.value, len(changes)
    held = tuple(map(nameless, done.held)) if done and outcome.value in READ else ()
    site, orders = agent.section.site, sealed.digest
    back = ReadBack(site, at, orders, sealed.size, outcome.value, changes, held)
    lines = explain(shown) if found.waits else ()
    return Report(back, drift, (), found.waits, lines, "", planned=shown.changes)


def _plan(agent: Agent, job: Job, word: str, found: Looked) -> tuple[Plan | None, Enforced]:
    """The plan to carry out or to wait for; None where there is none, with what that is."""
    made = planned(job)
    if not isinstance(made, Refused):
        if not (agent.asks and made.plan.changes) or digest(made.plan) == word:
            return made.plan, Enforced.NOTHING_TO_DO
        found.waits = digest(made.plan)
        found.faults.append(_told(Trouble.PLAN_WAITS, agent.section.site))
        return made.plan, Enforced.REFUSED
    if {reason for reason, _ in made.reasons} != {Refusal.MASS_REMOVAL}:
        found.faults += _why(made)
        return None, Enforced.REFUSED
    whole = planned(job, mass_removal=True)
    if isinstance(whole, Refused):
        found.faults += _why(whole)
        return None, Enforced.REFUSED
    if digest(whole.plan) != word:
        found.faults += _why(made)
        found.waits = digest(whole.plan)
    return whole.plan, Enforced.REFUSED


def _nameless(plan: Plan) -> Plan:
    return Plan(plan.cluster, tuple(map(nameless_change, plan.changes)))


def _merged(before: Iterable[Change], more: Iterable[Change]) -> tuple[Change, ...]:
    """What was changed since the cluster was last read back, by looks that died too."""
    changes = {(c.award, c.support_class, c.holder): c for c in before}
    for change in nameless_changes(more):
        key = change.award, change.support_class, change.holder
        first = changes.get(key, change)
        changes[key] = replace(change, held=first.held, action=first.action)
    return tuple(changes.values())


def _read_use(
    agent: Agent, engine: Engine, sealed: Sealed, now: int, *, confirmed: bool, found: Looked
) -> None:
    """Bring what the cluster says was used into the spool."""
    looked = agent.spool.text("looked")
    first = min((order.quota.starts for order in sealed.listed.orders), default="")
    since = looked or first
    if not since or since >= instant_of(now):
        if confirmed and not looked:
            # What was never ordered cannot have run: the site has looked, and used nothing.
            agent.spool.keep_use((), instant_of(now))
        return
    try:
        rows, faults = read_use(agent.section, engine, agent.slurm_spool, since, now)
        agent.spool.keep_use(rows, instant_of(now) if confirmed else None)
        reached(Point.USE_KEPT)
        found.faults += faults
    except EngineDown as error:
        found.faults.append(_told(Trouble.USE_UNREAD, str(error)))
    except Faulty as error:
        found.faults += map(str, error.faults)


def _waiting(agent: Agent, engine: Engine, sealed: Sealed, found: Looked) -> tuple[Waiting, ...]:
    """Why jobs wait there; what is not told now is told by the next look."""
    try:
        quotas = [order.quota for order in sealed.listed.orders]
        return read_waiting(agent.section, engine, quotas)
    except EngineDown as error:
        if not found.faults:
            found.faults.append(_told(Trouble.CLUSTER_DOWN, str(error)))
        return ()


def _push(agent: Agent, found: Looked) -> None:
    """Tell what is to be told: use first, because a report says up to where it has been told."""
    try:
        if found.online:
            push_use(agent)
            for number, line in agent.spool.reports():
                agent.portal.report(line)
                reached(Point.REPORT_SENT)
                agent.spool.told(number)
    except PortalDown as error:
        found.online = False
        found.faults.append(_told(Trouble.PORTAL_DOWN, str(error)))
    except Refusing as error:
        found.faults.append(_refused(error))
    found.waiting = len(agent.spool.reports()) + agent.spool.untold_count


def push_use(agent: Agent) -> None:
    """Tell every attempt that is to be told, in parcels; raises PortalDown and `Refused`."""
    rows = agent.spool.untold(ROWS_AT_ONCE)
    while rows:
        later = agent.portal.use(b"".join(row.line for row in rows))
        reached(Point.USE_SENT)
        agent.spool.arrived([row for row in rows if (row.job, row.attempt) not in later])
        rows = agent.spool.untold(ROWS_AT_ONCE, rows[-1])


def _why(refused: Refused) -> list[str]:
    named = (
        (reason.name.lower().replace("_", "-"), reason, what) for reason, what in refused.reasons
    )
    return [f"{what}: {reason.value} [{code}]" for code, reason, what in named]


def _told(trouble: Trouble, about: str) -> str:
    return f"{about}: {trouble.value} [{trouble.name.lower().replace('_', '-')}]"


def _refused(error: Refusing) -> str:
    code = error.reason.name.lower().replace("_", "-")
    return f"{error.about}: {error.reason.value} [{code}]"
