"""The simulated world: synthetic applicants, reviewers, clusters and evaluators for the real cycle.

Everything here stands in for the outside and says so; no rule of the programme is here. The same
policy, populations and seed give the same world, to the byte.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count

from headgate.core.awards.plan import Plan, Proposal
from headgate.core.awards.problem import Problem
from headgate.core.awards.solve import propose, propose_fast
from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.calls.dossier import draft_findings
from headgate.core.duties.amendment import Amendment
from headgate.core.duties.payments import Payment
from headgate.core.enforcement.engine import Order, Quota
from headgate.core.enforcement.job import Job
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.freeze import Frozen, Signed
from headgate.core.evaluation.hearings import Ground, Hearing
from headgate.core.ledger.correct import Correction
from headgate.core.metering.usage import Usage
from headgate.core.policy.schema import Policy
from headgate.core.quantities import instant, seconds_of
from headgate.engines.drive import Enforced, collect, enforce
from headgate.engines.rehearsal import Rehearsal
from headgate.readers.evidence_folder import Folder
from headgate.readers.traces import MapNotes, Trace, map_tenants
from headgate.simulation.applicants import Conditions, applicants
from headgate.simulation.conduct import conduct, secret, signatures
from headgate.simulation.evidence import evidence, round_findings
from headgate.simulation.panel import declines, gate_findings, marks
from headgate.simulation.population import Population
from headgate.simulation.workload import Holding, jobs
from headgate.steps.evaluate import tasks_of
from headgate.steps.notes import Note, NoteCode, note
from headgate.steps.term import term_days

NOTES = (
    note(NoteCode.REHEARSAL),
    note(NoteCode.TOTALS_MATCHED),
    note(NoteCode.REHEARSAL_ENGINE),
)
OVERLAP_SECONDS = 3 * 24 * 3600
"""How far usage is fetched again, so that rows which came late are seen."""


class ClusterFailed(ValueError):
    """A cluster could not be brought to hold its orders."""


class Simulated:
    """A world made from a policy, what was published of its applicants, and a seed.

    `trace` takes the place of the generated workload, `usage` that of everything the clusters
    would account for, `folder` that of the generated evidence as far as it reaches; `fast`
    proposes awards by linear relaxation, for comparisons.
    """

    def __init__(
        self,
        policy: Policy,
        populations: Mapping[str, Population],
        seed: str,
        *,
        trace: Trace | None = None,
        usage: Sequence[Usage] | None = None,
        folder: Folder | None = None,
        fast: bool = False,
    ) -> None:
        self._policy = policy
        self._populations = populations
        self._seed = seed
        self._trace = trace
        self._metered = usage
        self._told: set[Usage] = set()
        self._folder = folder
        self._fast = fast
        self._engines: dict[str, Rehearsal] = {}
        self._known: set[tuple[str, int]] = set()
        self._dealt: Counter[str] = Counter()
        self._notes = list(NOTES)

    def applications(self, call: str) -> Sequence[Application]:
        """Synthetic applicants; what was published of the call's totals is matched exactly."""
        section, organisations = self._policy.calls[call], self._policy.organisations
        support = self._policy.supports[section.support]
        return applicants(
            call,
            section,
            organisations,
            self._populations.get(call),
            self._seed,
            Conditions(
                {name: support.worth(name) for name in support.classes},
                self._policy.programme.timezone,
                lambda draft: _welcome(self._policy, call, draft),
                call in {evaluation.call for evaluation in self._policy.rounds.values()},
            ),
        )

    def marks(self, call: str, eligible: Sequence[Application]) -> Sequence[Mark]:
        """Synthetic reviewers' marks."""
        return marks(self._policy.calls[call], eligible, self._seed)

    def gate_findings(self, call: str, applications: Sequence[str]) -> Sequence[GateFinding]:
        """Synthetic findings on a call's gates."""
        return gate_findings(self._policy.calls[call], applications, self._seed)

    def proposal(self, call: str, problem: Problem) -> Proposal:
        """The solver's list."""
        if self._fast:
            quick = propose_fast(problem)
            # In a small pool the relaxation may hold no whole award at all: then search after all.
            if 2 * (quick.bound - quick.value) <= quick.value:
                return quick
        return propose(problem)

    def declined(self, call: str, plan: Plan) -> Sequence[Collection[str]]:
        """A few winners who did not accept in time; whoever moves up in their place accepts."""
        return [declines([one.application for one in plan.awards], f"{self._seed}/{call}")]

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        """Bring every cluster to hold its orders; raises ClusterFailed where one does not."""
        self._start(orders, day)
        held: list[tuple[str, Quota]] = []
        for name, engine in sorted(self._engines.items()):
            engine.advance(instant(day))
            mine = [order for order in orders if order.cluster == name]
            receipt = enforce(engine, mine, _all, mass_removal=True)
            if receipt.outcome not in (Enforced.CONVERGED, Enforced.NOTHING_TO_DO):
                raise ClusterFailed(f"{name}: {receipt.outcome.value} {receipt.refused or ''}")
            held += [(name, quota) for quota in engine.observe()]
        return held

    def _start(self, orders: Sequence[Order], day: date) -> None:
        """Start the clusters with the first orders, and each term's workload with its award's.

        An award whose days are moved within a term keeps the jobs that it was dealt.
        """
        term = next(n for n in count() if day < term_days(self._policy, n)[1])
        new = [order for order in orders if (order.quota.award, term) not in self._known]
        self._known |= {(order.quota.award, term) for order in new}
        by_site: dict[str, list[Job]] = {}
        for site, job in self._workload(new):
            by_site.setdefault(site, []).append(job)
        for site, capacity in _capacities(self._policy, day).items():
            mine = by_site.get(site, [])
            if site in self._engines:
                self._engines[site].submit(mine)
            else:
                self._engines[site] = Rehearsal(site, capacity, mine)

    def _workload(self, orders: Sequence[Order]) -> Iterable[tuple[str, Job]]:
        """Each job with the site it is submitted to: an award's own take turns."""
        sites: dict[tuple[str, str], list[Order]] = {}
        for order in orders:
            sites.setdefault((order.quota.award, order.quota.support_class), []).append(order)
        turns = {award: count() for award in sites}
        for job in self._jobs(sites):
            choices = sites[job.award, job.support_class]
            fitting = [o for o in choices if (o.quota.gpus_most or job.gpus) >= job.gpus] or choices
            turn = next(turns[job.award, job.support_class])
            yield fitting[turn % len(fitting)].cluster, job

    def _jobs(self, sites: Mapping[tuple[str, str], Sequence[Order]]) -> Iterable[Job]:
        holdings = [_holding(mine) for _, mine in sorted(sites.items())]
        if self._trace is None or not holdings:
            return self._drawn(holdings)
        quotas = [(h.award, h.support_class, h.gpus) for h in holdings]
        starts, ends = holdings[0].starts, max(h.ends for h in holdings)
        mapped = map_tenants(self._trace, quotas, starts, ends)
        self._notes += _trace_notes(self._trace, mapped.notes)
        # Awards that begin later are dealt the same trace: the day keeps the jobs' ids apart, and
        # where others begin on one day but were decided after, their number.
        self._dealt[starts] += 1
        again = f"/{self._dealt[starts]}" if self._dealt[starts] > 1 else ""
        return [replace(job, id=f"{starts[:10]}{again}-{job.id}") for job in mapped.jobs]

    def _drawn(self, holdings: Sequence[Holding]) -> Iterator[Job]:
        """Jobs as drawn for each award; those of its second term are drawn again, and so on."""
        terms = Counter(award for award, _ in self._known)
        for number in sorted({terms[holding.award] for holding in holdings}):
            mine = [holding for holding in holdings if terms[holding.award] == number]
            again = f"/{number}" if number > 1 else ""
            for job in jobs(mine, f"{self._seed}{again}"):
                yield replace(job, id=f"{job.id}{again}")

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        """What the clusters account for, with an overlap; rows of a file once they were seen."""
        if self._metered is not None:
            seen = [row for row in self._metered if row.seen <= instant(until)]
            new = [row for row in seen if row not in self._told]
            self._told.update(new)
            return new
        rows: list[Usage] = []
        for _, engine in sorted(self._engines.items()):
            rows += collect(engine, instant(since), instant(until), overlap_seconds=OVERLAP_SECONDS)
        return rows

    def receipts(self, name: str) -> Sequence[ReadBack]:
        """A rehearsal has no agents."""
        return ()

    def corrections(self, name: str) -> Sequence[Correction]:
        """A rehearsal moves nothing wrongly."""
        return ()

    def round_findings(self, round_id: str, teams: Sequence[str]) -> Sequence[GateFinding]:
        """Synthetic findings on a round's gates, with the replies on file."""
        return round_findings(self._policy.rounds[round_id], teams, self._seed)

    def signatures(self, frozen: Frozen, teams: Sequence[str]) -> Sequence[Signed]:
        """Every team signs, with a key made from the seed."""
        return signatures(self._policy.rounds[frozen.round], frozen, teams, self._seed)

    def conduct(self, round_id: str, teams: Sequence[str]) -> Conduct:
        """A round conducted by its rules; every rater is attentive and in conflict with nobody."""
        evaluation = self._policy.rounds[round_id]
        made = self.evidence(round_id, teams)
        return conduct(self._policy.calls[evaluation.call], evaluation, made, teams)

    def secrets(self, round_id: str, teams: Sequence[str]) -> Mapping[str, str]:
        """Every team shows its secret, where it committed to one."""
        if self._policy.rounds[round_id].freeze is None:
            return {}
        return {team: secret(team, self._seed) for team in teams}

    def hearing(self, name: str) -> Hearing:
        """Nobody is heard in a rehearsal."""
        return Hearing("", Ground.OBJECTION)

    def amendments(self, name: str) -> Sequence[Amendment]:
        """Nobody asks for anything in a rehearsal."""
        return ()

    def payments(self, name: str) -> Sequence[Payment]:
        """Nobody pays in a rehearsal: what is owed at its end is all that was billed."""
        return ()

    def notes(self) -> Sequence[Note]:
        """What is synthetic here, and what became of every row of a real input."""
        if self._metered is None:
            return tuple(self._notes)
        later = sum(row not in self._told for row in self._metered)
        counts = {"rows": len(self._metered), "later": later}
        return (*self._notes, note(NoteCode.USAGE_FILE, **counts))

    def evidence(self, round_id: str, teams: Sequence[str]) -> Evidence:
        """Synthetic evidence; real benchmark items take the place of generated ones where given."""
        evaluation = self._policy.rounds[round_id]
        made = evidence(evaluation, teams, self._seed)
        if self._folder is None:
            return made
        tasks = {pillar.id: tuple(tasks_of(pillar)) for pillar in evaluation.pillars}
        given, notes = self._folder.evidence(evaluation, teams, tasks)
        self._notes += (one for one in notes if one not in self._notes)
        return Evidence(
            {**made.items, **given.items},
            {**made.ratings, **given.ratings},
            {**made.votes, **given.votes},
        )


def _trace_notes(trace: Trace, notes: MapNotes) -> list[Note]:
    """What became of every row of a real trace, and of every job of it."""
    rows, dealt = trace.notes, ", ".join(f"{t}: {award}" for t, award, _ in notes.tenants)
    left_out = rows.rows - rows.jobs
    return [
        note(NoteCode.TRACE_ROWS, rows=rows.rows, jobs=rows.jobs, left_out=left_out),
        note(
            NoteCode.TRACE_JOBS,
            mapped=notes.mapped,
            outside=notes.outside,
            too_large=notes.too_large,
            without=notes.awards_without_tenant,
        ),
        note(NoteCode.TRACE_DEALT, dealt=dealt),
    ]


def _welcome(policy: Policy, call: str, draft: Application) -> bool:
    """Whether a call's form and rules let a draft in, which has no id and met no gate yet."""
    return not draft_findings(policy, call, draft)


def _all(_: Quota) -> bool:
    return True


def _holding(orders: Sequence[Order]) -> Holding:
    """An award as its workload must know it, over all its sites.

    Hours that may be spent at any pace are used as if spread evenly.
    """
    quota, budget = orders[0].quota, sum(order.quota.gpu_seconds_budget for order in orders)
    seconds = seconds_of(quota.ends) - seconds_of(quota.starts)
    at_once = [order.quota.gpus_most for order in orders]
    gpus = sum(n for n in at_once if n is not None) or max(1, budget // max(seconds, 1))
    return Holding(quota.award, quota.support_class, gpus, quota.starts, quota.ends)


def _capacities(policy: Policy, day: date) -> Mapping[str, Mapping[str, int]]:
    """The units of each class at each site, over all supports that engines enforce."""
    found: dict[str, dict[str, int]] = {}
    for support in policy.supports.values():
        for support_class, sites in support.sites(day).items():
            for site, number in sites.items():
                found.setdefault(site, {})[support_class] = number
    return found
