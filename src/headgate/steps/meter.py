"""Step 5: what the meters saw goes into the ledger once, and idle rights are taken back by rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from headgate.core.decision import Decision
from headgate.core.duties.amendment import PERCENT, Change
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.metering.idle import Grant, idle
from headgate.core.metering.judge import Scope
from headgate.core.metering.meter import Taken
from headgate.core.metering.meter import meter as judge_usage
from headgate.core.metering.usage import Usage
from headgate.core.policy.reclaim import reclaim as reclaim_by
from headgate.core.policy.schema import Against, Reclaim
from headgate.core.quantities import add_days, instant
from headgate.core.supports.kind import Accounts
from headgate.steps.event import usage_name
from headgate.steps.rights import give_back
from headgate.steps.term import Holding, Term


def meter(term: Term, records: Sequence[Usage], day: date, part: str = "") -> Term:
    """Receive a window of usage; post what is new, and report every row that cannot be true.

    Use that comes in parts is received part by part, each under its own name.
    """
    when, name = instant(day), usage_name(day, part)
    term = term.receive(name, "metering", records, when)
    term.known.prefetch((record.cluster, record.job) for record in records)
    supports = {holding.award: holding.support for holding in term.holdings.values()}
    first = min(supports.values(), default=min(term.policy(term.starts).supports))
    for support in sorted({first, *supports.values()}):
        mine = [r for r in records if supports.get(r.award, first) == support]
        term = _meter(term, support, mine, name, when)
    return term


def _meter(term: Term, support: str, records: Sequence[Usage], name: str, when: str) -> Term:
    metered = judge_usage(_scope(term, support, when), term.books, term.known, records, name)
    term = replace(term.move(metered.transfers), known=metered.known)
    # What came later than the others is counted where it occurs: older journals know no such word.
    told = {k: n for k, n in metered.counts.items() if n or k is not Taken.MEASURED}
    counts = {taken.name.lower(): count for taken, count in told.items()}
    result = {"rows": len(records), "counts": counts, "findings": metered.findings}
    rule, policy = f"supports.{support}", term.document.digest
    fields = (term.facts[name].digest, str(len(records)), str(len(metered.transfers)))
    term = term.enter([Entry(Kind.USAGE_IMPORTED, when, f"{name}/{support}", fields)])
    subject = f"{name}/{support}"
    return term.decide([Decision("metering", rule, subject, when, policy, (name,), (), result)])


def _scope(term: Term, support: str, when: str) -> Scope:
    section = term.policy(term.starts).supports[support]
    of_support = [h for h in term.holdings.values() if h.support == support]
    clusters: dict[str, dict[str, int]] = {}
    for day in sorted({term.starts, *(max(h.starts, term.starts) for h in of_support)}):
        for support_class, sites in section.sites(day).items():
            for site, count in sites.items():
                here = clusters.setdefault(site, {})
                here[support_class] = max(count, here.get(support_class, 0))
    awards = {holding.award: frozenset((holding.support_class,)) for holding in of_support}
    return Scope(Accounts(support), section.unit, awards, clusters, instant(term.starts), when)


def reclaim(term: Term, support: str, day: date) -> Term:
    """Hold every award's use against its grant, and take back what the policy's table says.

    What is taken returns to the envelope and the capacity it came from, where the next call finds
    it. An explanation that was accepted spares its part. That it looked is on record also where
    nothing was awarded: no event passes without an entry.
    """
    rule, when = term.policy(day).reclaim[support], instant(day)
    path, policy = f"reclaim.{support}", term.document.digest
    facts = tuple(sorted(name for name in term.facts if name.startswith("usage/")))
    assumed = term.resolved(day).assumed([path])
    grants = {(h.award, h.support_class): h for h in term.holdings.values() if h.support == support}
    decisions: list[Decision] = []
    if not grants:
        decided = path, support, when, policy, (), assumed, {"awards": 0}
        decisions.append(Decision("look", *decided))
    pace = [_grant_of(term, holding) for holding in grants.values()]
    for found in idle(pace, _accepted(term), when):
        holding = grants[found.award, found.support_class]
        balance = term.available(Accounts(support).award(found.award, found.support_class))
        whole, begun = rule.against is Against.ALLOCATION, holding.starts < day
        taken = reclaim_by(
            rule.steps,
            granted=holding.amount if whole and begun else found.gpu_seconds_granted,
            used=found.gpu_seconds_used,
            balance=balance,
        )
        result: dict[str, object] = {"idle": found, "balance": balance, "taken": taken}
        if spared := _spared(rule, holding, day):
            kept = taken.gpu_seconds * spared // PERCENT
            taken = replace(taken, gpu_seconds=taken.gpu_seconds - kept)
            result |= {"taken": taken, "spared_percent": spared, "spared": kept}
        decisions.append(
            Decision("reclaim", path, found.award, when, policy, facts, assumed, result)
        )
        if taken.gpu_seconds:
            why, name = f"{path}.{taken.step}", f"{holding.award}:{when}"
            term = give_back(term, holding, taken.gpu_seconds, when, why, name)
    return term.decide(decisions)


def _spared(rule: Reclaim, holding: Holding, day: date) -> int:
    """The per cent of a loss that an explanation spares which was accepted for this look."""
    since = add_days(day, -rule.notice_days)
    accepted = (one for one in holding.amended if one.change is Change.EXPLANATION)
    return max((one.spares_percent for one in accepted if since <= one.asked <= day), default=0)


def _accepted(term: Term) -> list[Usage]:
    """What is known of each attempt in this term: the rows that the meter did not refuse."""
    starts = instant(term.starts)
    known = [held.record for of_job in term.known.values() for held in of_job]
    return [replace(record, started=max(record.started, starts)) for record in known]


def _grant_of(term: Term, holding: Holding) -> Grant:
    return Grant(
        holding.award,
        holding.support_class,
        holding.amount,
        instant(max(holding.starts, term.starts)),
        instant(min(holding.ends, term.ends)),
    )
