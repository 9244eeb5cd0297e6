"""What `headgate evaluate` does: a round judged from a folder of evidence, as the cycle judges it.

What it writes can be handed to it again: the evidence as plain rows, hashes and scores alone, from
which a stranger gets the same `round.json`, byte for byte.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from headgate.core import canonical
from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.contamination import Screened, screened
from headgate.core.evaluation.evidence import Evidence, Vote
from headgate.core.evaluation.foresight import Foreseen
from headgate.core.evaluation.grounds import Grounds
from headgate.core.evaluation.power import Power
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.check import check
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy, Round
from headgate.readers.evaluations.manifest import MANIFEST, manifest_text
from headgate.readers.evidence_csv import (
    ITEM_COLUMNS,
    RATING_COLUMNS,
    VOTE_COLUMNS,
    style_columns,
)
from headgate.readers.evidence_folder import Folder, read_folder
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.steps.agenda import first_day
from headgate.steps.evaluate import (
    Judged,
    RoundRefused,
    foreseen,
    judge,
    method_of,
    tasks_of,
)

RESULT: Final = "round.json"
FLAGGED: Final = "flagged.json"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A round that was judged, with all that it was judged from."""

    round_id: str
    policy: str
    seed: str
    teams: tuple[str, ...]
    evidence: Evidence
    findings: tuple[GateFinding, ...]
    digest: str
    judged: Judged
    foreseen: tuple[Foreseen, ...]
    logs: tuple[str, ...]
    flags: tuple[Fault, ...]
    trained_until: Mapping[str, date]
    screened: tuple[Screened, ...]

    def result(self) -> bytes:
        """All that was decided and what it rests on, as one canonical line."""
        return canonical.line(
            {
                "round": self.round_id,
                "policy": self.policy,
                "evidence": self.digest,
                "seed": self.seed,
                "teams": self.teams,
                "standings": self.judged.standings,
                "grounds": self.judged.grounds,
                "cut_rule_foreseen": self.foreseen,
                "cut_rule_errors": self.judged.errors,
                "outcome": self.judged.outcome,
                "screened": self.screened,
            }
        )


def evaluate_folder(
    programme: str, round_id: str, folder: Path, overlays: Sequence[Path], seed: str | None
) -> Evaluated:
    """Judge a round from a folder of evidence; raises `Faulty` with all that must be mended.

    The seed is the digest of policy, round and evidence where none is given; a kept programme's is
    its journal's root at the round's close.
    """
    document, policy = _policy(programme, overlays)
    evaluation = _round(policy, round_id)
    given = _folder(evaluation, folder)
    teams, findings = _teams(given)
    tasks = {pillar.id: tuple(tasks_of(pillar)) for pillar in evaluation.pillars}
    evidence = _sorted(given.evidence(evaluation, teams, tasks)[0])
    teams = teams or _named(evidence)
    digest = _digest(evidence, findings)
    parts = [document.digest, round_id, digest]
    seed = seed or canonical.digest(canonical.line(parts))
    try:
        judged = judge(evaluation, teams, evidence, findings, seed)
    except RoundRefused as refused:
        raise Faulty(
            Fault(f.place, 0, 0, f.code.value, f.what, f.mend) for f in refused.findings
        ) from refused
    said = tuple(one.said() for one in given.logs.kept)
    until = {} if given.manifest is None else given.manifest.trained_until()
    return Evaluated(
        round_id,
        document.digest,
        seed,
        teams,
        evidence,
        findings,
        digest,
        judged,
        foreseen(evaluation, document.digest),
        said,
        given.logs.flags,
        until,
        screened(evidence.items, until),
    )


def _policy(programme: str, overlays: Sequence[Path]) -> tuple[Document, Policy]:
    document = read_programme(find(programme), overlays)
    if faults := [f for f in check(document) if not (overlays and f.file.startswith("cases/"))]:
        raise Faulty(faults)
    return document, at(document, first_day(document)).policy


def _round(policy: Policy, round_id: str) -> Round:
    if round_id not in policy.rounds:
        what = f"The policy has no round {round_id!r}."
        mend = f"Name one of: {', '.join(policy.rounds) or 'none'}."
        raise Faulty([Fault("ROUND", 0, 0, "round-unknown", what, mend)])
    return policy.rounds[round_id]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a round's rule would do by its plan, and the digest of the method that teams sign."""

    round_id: str
    policy: str
    method: str
    tables: tuple[Foreseen, ...]

    def result(self) -> bytes:
        """All of it as one canonical line."""
        return canonical.line(
            {
                "round": self.round_id,
                "policy": self.policy,
                "method": self.method,
                "cut_rule_foreseen": self.tables,
            }
        )


def forecast(programme: str, round_id: str, overlays: Sequence[Path]) -> Forecast:
    """The table of errors of a round, before there is evidence; raises `Faulty` without a plan."""
    document, policy = _policy(programme, overlays)
    evaluation = _round(policy, round_id)
    if evaluation.plan is None:
        what = "The round has no plan: how many clusters each pillar has, and how far teams stray."
        mend = "Add `plan:` to the round, with teams, gaps and pillars."
        raise Faulty([Fault(f"rounds.{round_id}", 0, 0, "plan-missing", what, mend)])
    method = canonical.digest(canonical.line(method_of(evaluation, evaluation.plan.teams)))
    tables = foreseen(evaluation, document.digest)
    return Forecast(round_id, document.digest, method, tables)


def forecast_lines(told: Forecast) -> Iterator[str]:
    """The forecast for a person: each rule and remedy for each difference that was assumed."""
    if not told.tables:
        yield "Every team of the plan has a place: the round cuts nobody."
    for table in told.tables:
        error = _milli(table.standard_error_milli)
        yield f"neighbours differ by {_milli(table.gap_milli)} points, error {error}"
        for row in table.errors:
            rule = "always" if not row.threshold_milli else f">= {row.threshold_milli / 1000:.2f}"
            own = "  (the round's own rule)" if row.own else ""
            yield f"  cut {rule:<8} cuts {_ppm(row.cut_ppm)}, wrong {_ppm(row.wrong_ppm)}{own}"
        for remedy in table.remedies:
            leave, wrong = _ppm(remedy.leave_ppm), _ppm(remedy.wrong_ppm)
            remain = f"{_milli(remedy.remain_milli)} remain"
            yield f"  tie {remedy.remedy.value}: leaves {leave}, wrong {wrong}, {remain}"
        yield from (f"  {line}" for line in _power(table.power))
    yield f"policy  {told.policy}"
    yield f"method  {told.method}"


def _ppm(share: int | None) -> str:
    return "   none" if share is None else f"{share / 10_000:5.1f} %"


def _folder(evaluation: Round, folder: Path) -> Folder:
    given = read_folder(folder, (pillar.id for pillar in evaluation.pillars))
    if given.benchmark is not None:
        what = "A public benchmark stands in for teams that are invented; nobody is judged by it."
        mend = f"Name the teams and their logs in {MANIFEST}."
        raise Faulty([Fault(str(folder), 0, 0, "evidence-stands-in", what, mend)])
    return given


def _teams(given: Folder) -> tuple[tuple[str, ...], tuple[GateFinding, ...]]:
    if given.manifest is None:
        return (), ()
    return tuple(sorted(team.name for team in given.manifest.teams)), given.manifest.findings


def _named(evidence: Evidence) -> tuple[str, ...]:
    """The teams of plain rows that come without a manifest: all that they name."""
    groups: list[Sequence[Any]] = [*evidence.items.values(), *evidence.ratings.values()]
    named = {row.team for rows in groups for row in rows}
    for votes in evidence.votes.values():
        named |= {row.first for row in votes} | {row.second for row in votes}
    return tuple(sorted(named))


def _sorted(evidence: Evidence) -> Evidence:
    """The same evidence in an order of its own, whatever files it came from."""
    return Evidence(
        {
            pillar: tuple(sorted(rows, key=lambda r: (r.task, r.item, r.team, r.attempt)))
            for pillar, rows in sorted(evidence.items.items())
        },
        {
            pillar: tuple(sorted(rows, key=lambda r: (r.criterion, r.rater, r.team, r.unit)))
            for pillar, rows in sorted(evidence.ratings.items())
        },
        {
            pillar: tuple(
                sorted(rows, key=lambda r: (r.task, r.prompt, r.voter, r.first, r.second))
            )
            for pillar, rows in sorted(evidence.votes.items())
        },
    )


def _digest(evidence: Evidence, findings: Sequence[GateFinding]) -> str:
    ordered = sorted(findings, key=lambda one: (one.gate, one.subject))
    return canonical.digest(canonical.line([evidence, ordered]))


def files_of(evaluated: Evaluated) -> dict[str, bytes]:
    """What is published of a round: its result, and evidence from which it comes out again."""
    return {
        RESULT: evaluated.result(),
        FLAGGED: canonical.line(evaluated.flags),
        **rows_of(evaluated.teams, evaluated.evidence, evaluated.findings, evaluated.trained_until),
    }


def rows_of(
    teams: Sequence[str],
    evidence: Evidence,
    findings: Sequence[GateFinding],
    trained_until: Mapping[str, date] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Evidence as the files that `read_folder` reads: a manifest without logs, a CSV a pillar."""
    files = {MANIFEST: manifest_text(teams, findings, trained_until).encode()}
    for pillar, items in evidence.items.items():
        dates = ("date",) if any(row.date for row in items) else ()
        files[f"{pillar}.csv"] = _table((*ITEM_COLUMNS, "weight", *dates), items)
    for pillar, ratings in evidence.ratings.items():
        units = ("unit",) if any(row.unit for row in ratings) else ()
        files[f"{pillar}.csv"] = _table((*RATING_COLUMNS, *units), ratings)
    for pillar, votes in evidence.votes.items():
        files[f"{pillar}.csv"] = _vote_table(votes)
    return files


def _vote_table(votes: Sequence[Vote]) -> bytes:
    styles = style_columns([name for name, _, _ in votes[0].style])
    rows = ((vote, [n for _, *pair in vote.style for n in pair]) for vote in votes)
    return _text(
        [(*VOTE_COLUMNS, *styles)]
        + [(*(getattr(vote, column) for column in VOTE_COLUMNS), *style) for vote, style in rows]
    )


def _table(columns: Sequence[str], rows: Sequence[object]) -> bytes:
    return _text([columns, *map(attrgetter(*columns), rows)])


def _text(lines: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def write_round(evaluated: Evaluated, out: Path) -> None:
    """Write what is published of a round into a folder that is new or empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what, mend = "There is something already.", "Name a folder that is new or empty."
        raise Faulty([Fault(str(out), 0, 0, "out-exists", what, mend)])
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files_of(evaluated).items():
        (out / name).write_bytes(data)


def lines_of(evaluated: Evaluated) -> Iterator[str]:
    """The round for a person: what was found, standings, weights, the rule and what it decided."""
    standings, outcome = evaluated.judged.standings, evaluated.judged.outcome
    for pillar, items in evaluated.evidence.items.items():
        count = len({(row.task, row.item) for row in items})
        yield f"{pillar}: {count} items, {len({row.team for row in items})} teams"
    for pillar, ratings in evaluated.evidence.ratings.items():
        raters = len({row.rater for row in ratings})
        yield f"{pillar}: {len(ratings)} ratings by {raters} raters"
    for pillar, votes in evaluated.evidence.votes.items():
        yield f"{pillar}: {len(votes)} votes by {len({vote.voter for vote in votes})} voters"
    yield from evaluated.logs
    yield from (f"flagged  {flag}" for flag in evaluated.flags)
    yield "place  points  from–to  stays  team"
    for one in standings.standings:
        interval = f"{_milli(one.low_milli)}–{_milli(one.high_milli)}"
        stays = f"{one.stays_ppm / 10_000:.1f} %"
        yield f"{one.place:>5}  {_milli(one.total_milli)}  {interval}  {stays}  {one.team}"
    for weight in standings.effective_weights:
        share = weight.lead_share_ppm
        lead = "no lead" if share is None else f"{share / 10_000:.1f} % of the lead"
        yield f"weight  {weight.pillar}: {weight.weight} of 100, {lead}"
    yield from _grounds(evaluated.judged.grounds)
    for gate in evaluated.findings:
        yield f"gate  {gate.gate}: {gate.subject} {'passed' if gate.passed else 'failed'}"
    yield from map(_screened, evaluated.screened)
    remedy = outcome.remedy_applied
    yield f"rule  {'the line was clear' if remedy is None else f'tie: {remedy.value}'}"
    for each in outcome.decisions:
        names = f" ({', '.join(each.names)})" if each.names else ""
        yield f"decided  {each.team}: {each.decision.value}, {each.reason.value}{names}"
    yield f"seed  {evaluated.seed}"
    yield f"digest  {canonical.digest(evaluated.result())}"


def _screened(one: Screened) -> str:
    """What the screen for seen items says of a team: a question to it, never a cut."""
    place = f"screen  {one.pillar}: {one.team}, {one.known} items known before, {one.fresh} fresh"
    if one.points_milli is None or one.z_milli is None:
        return f"{place}: too few to say anything"
    asked = "; to be heard on it" if one.hearing else ""
    points, z = one.points_milli / 1_000, one.z_milli / 1_000
    return f"{place}: {points:+.2f} points on the fresh, {z:+.1f} errors{asked}"


def _grounds(told: Grounds) -> Iterator[str]:
    for panel in told.panels:
        alpha = "none" if panel.alpha_ppm is None else f"{panel.alpha_ppm / 1_000_000:.2f}"
        yield f"panel  {panel.pillar}: {panel.raters} raters, agreement {alpha}"
        if panel.shares is not None:
            subjects, raters = _ppm(panel.shares.subjects_ppm), _ppm(panel.shares.raters_ppm)
            rest = _ppm(panel.shares.rest_ppm)
            yield f"panel  {panel.pillar}: teams {subjects}, raters {raters}, rest {rest}"
    for ballot in told.ballots:
        yield f"votes  {ballot.task}: {ballot.ties} ties, first preferred {ballot.first_preferred}"
        for effect in ballot.effects:
            at, error = effect.milli / 1000, effect.standard_error_milli / 1000
            yield f"votes  {ballot.task}: style {effect.name} adds {at:.2f}, error {error:.2f}"
    for need in told.needed:
        yield f"apart  {need.first} and {need.second} in four of five rounds:"
        yield from (f"apart  {line}" for line in _power(need.power))


def _power(power: Power) -> Iterator[str]:
    if power.times_milli is not None:
        yield f"all evidence times {power.times_milli / 1_000:.1f}"
    for one in power.pillars:
        enough = "no number would do" if one.needed is None else f"{one.needed} would do"
        yield f"{one.pillar}: {one.clusters} clusters; {enough}"


def _milli(points: int) -> str:
    return f"{points / 1_000:.2f}"
