"""What `headgate evaluate` writes for people: the public report of a round, and each team's own.

The public folder holds what anybody may read and evidence from which the result comes out again.
The teams' reports go to another folder, so that one cannot be published with the other by mistake.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from headgate.bundle.verify import Verdict, read_bundle_files, verify
from headgate.core import canonical
from headgate.core.evaluation.decide import Decision
from headgate.core.evaluation.earlier import Earlier
from headgate.core.evaluation.evidence import Evidence, Preferred
from headgate.core.evaluation.method import FULL_MARKS
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import Signer
from headgate.core.policy.schema import Round
from headgate.evaluating import EARLIER, RESULT, Evaluated, verify_round, write_round
from headgate.readers.evaluations.findings import Code
from headgate.report.locale import LOCALES
from headgate.report.pages import file_of, pages
from headgate.report.stage import Counted, Stage, stage_files
from headgate.report.stage_team import OwnMark, team_files
from headgate.report.summary import RoundSummary, assumption_of
from headgate.report.use import pasts_of
from headgate.rounds import decided_last
from headgate.steps.term import Term

PPM: Final = 1_000_000


def write_reports(
    evaluated: Evaluated,
    out: Path | None,
    private: Path | None,
    languages: Sequence[str],
    signers: Sequence[Signer] | None = None,
) -> Iterator[str]:
    """Write the folders, which must be new or empty; says what a reader must know of them."""
    folders = [folder for folder in (out, private) if folder is not None]
    if faults := [*map(_taken, filter(_is_taken, folders)), *_within(out, private)]:
        raise Faulty(faults)
    told, prints = stage_of(evaluated), find_spec("typst") is not None
    own: dict[str, bytes] = {}
    if private is not None:
        marks = marks_of(evaluated.after.evidence, evaluated.asked.teams)
        own = team_files(told, marks, languages, prints=prints)
    if out is not None:
        write_round(evaluated, out, signers, stage_files(told, languages, prints=prints))
    if private is not None:
        _write(private, own)
    if not prints:
        yield "pdf  not written: reports are printed where headgate[site] is installed"


def reports_again(evaluated: Evaluated, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The reports among some files as they come out again; a print is signed with its page.

    Another version of what sets the type prints other bytes, so that a print is not derived.
    """
    languages = [one for one in LOCALES if file_of(one) in files]
    again = stage_files(stage_of(evaluated), languages, prints=False) if languages else {}
    names = {name.removesuffix("html") + "pdf" for name in again}
    return again | {name: files[name] for name in names if name in files}


def _is_taken(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def _taken(folder: Path) -> Fault:
    what, mend = "There is something already.", "Name a folder that is new or empty."
    return Fault(str(folder), 0, 0, "out-exists", what, mend)


def _within(out: Path | None, private: Path | None) -> Iterator[Fault]:
    """The teams' reports must not lie where the public report is taken from."""
    if out and private and private.resolve().is_relative_to(out.resolve()):
        what = "The teams' own reports would lie in the folder that is published."
        mend = "Name a folder outside of the one given by --out."
        yield Fault(str(private), 0, 0, "private-in-public", what, mend)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def stage_of(evaluated: Evaluated) -> Stage:
    """A judged round as its report tells it."""
    path = f"rounds.{evaluated.round_id}"
    resolved, after = evaluated.resolved, evaluated.after
    assumed = resolved.assumed([path])
    judged, policy = evaluated.judged, resolved.policy
    findings = sorted(after.findings, key=lambda row: (row.subject, row.gate))
    evaluation = RoundSummary(
        id=evaluated.round_id,
        section=policy.rounds[evaluated.round_id],
        standings=judged.standings,
        outcome=judged.outcome,
        gate_findings=tuple(findings),
        errors=judged.errors,
        grounds=judged.grounds,
        foreseen=evaluated.foreseen,
        movements=(),
        blocks_before={},
        blocks_next={},
        assumed=(),
        conducted=judged.conducted,
    )
    digests = {
        "policy": evaluated.document.digest,
        "evidence": evaluated.evidence_digest,
        "seed": evaluated.seed,
        "result": canonical.digest(evaluated.result()),
    }
    return Stage(
        policy,
        evaluation,
        tuple(_counted(evaluation.section, after.evidence)),
        evaluated.flags,
        tuple(assumption_of(evaluated.document, resolved, path) for path in assumed),
        digests,
        evaluated.earlier,
    )


def verified(folder: Path, progress: Callable[[str], None] = lambda _: None) -> Verdict:
    """What a folder of a round or of a term is worth; raises `Faulty` for what is neither."""
    files = read_bundle_files(folder)
    if RESULT in files:
        return verify_round(files, folder, reports_again, progress)
    return verify(files, pages, progress)


def with_earlier(
    evaluated: Evaluated, folders: Sequence[Path], progress: Callable[[str], None]
) -> Evaluated:
    """A round with those before it, each from a folder that is verified first, by their days.

    Raises `Faulty` for a folder that does not verify, or has no earlier round of the programme.
    """
    found: dict[str, Earlier] = {}
    for folder in folders:
        verdict = verified(folder, progress)
        if verdict.faults or verdict.term is None:
            where = f"{folder}/{verdict.faults[0].file}" if verdict.faults else str(folder)
            what, mend = "It is not what was published.", "Take the folder again."
            raise Faulty([Fault(where, 0, 0, "earlier-not-verified", what, mend)])
        mine = [
            one for one in earlier_of(verdict.term, verdict.root) if _comes_before(one, evaluated)
        ]
        if not mine:
            what = "It has no round of this programme that was decided before."
            mend = "Name the folder of an earlier round, or the bundle of an earlier term."
            raise Faulty([Fault(str(folder), 0, 0, "earlier-astray", what, mend)])
        found |= {f"{one.on} {one.round}": one for one in mine}
    earlier = tuple(one for _, one in sorted(found.items()))
    flags = sorted({*evaluated.flags, *_sent_home(earlier, evaluated.asked.teams)})
    return replace(evaluated, earlier=earlier, flags=tuple(flags))


def _sent_home(earlier: Sequence[Earlier], teams: Sequence[str]) -> Iterator[Fault]:
    """Each team that its last round before this one sent home, and that stands in this one."""
    last = {one.team: (one.decision, past) for past in earlier for one in past.outcome.decisions}
    for team in teams:
        decision, past = last.get(team, (Decision.ADVANCE, None))
        if past is not None and decision in (Decision.CUT, Decision.DISQUALIFIED):
            what = f"{team} was sent home in {past.round} on {past.on}."
            yield Code.SENT_HOME.of(EARLIER, what)


def _comes_before(one: Earlier, evaluated: Evaluated) -> bool:
    policy = evaluated.resolved.policy
    on = policy.rounds[evaluated.round_id].on
    return one.programme == policy.programme.id and one.on < on


def earlier_of(term: Term, root: str) -> Iterator[Earlier]:
    """Every round that a term measured somebody in, as it was decided last."""
    for past in pasts_of(term):
        policy = term.policy(past.starts)
        for name in past.rounds:
            judged, section = decided_last(term, name), policy.rounds[name]
            words = section.name.model_dump(exclude_none=True)
            told = judged.standings, judged.outcome
            yield Earlier(policy.programme.id, name, words, section.on, root, *told)


def _counted(evaluation: Round, evidence: Evidence) -> Iterator[Counted]:
    """How much evidence there is, in the policy's order of pillars."""
    for pillar in evaluation.pillars:
        name = pillar.id
        if name in evidence.items:
            items = evidence.items[name]
            subjects = len({(row.task, row.item) for row in items})
            yield Counted(name, "items", len(items), subjects, 0)
        elif name in evidence.ratings:
            ratings = evidence.ratings[name]
            raters = len({row.rater for row in ratings})
            yield Counted(name, "ratings", len(ratings), len({r.team for r in ratings}), raters)
        elif name in evidence.votes:
            votes = evidence.votes[name]
            prompts = len({(row.task, row.prompt) for row in votes})
            yield Counted(name, "votes", len(votes), prompts, len({v.voter for v in votes}))


def marks_of(evidence: Evidence, teams: Sequence[str]) -> dict[str, list[OwnMark]]:
    """Each team's marks by task and criterion, as they came in: one look at every row."""
    sums: dict[tuple[str, str, str], _Sum] = defaultdict(_Sum)
    for team, pillar, task, got, full, judge in _marks(evidence):
        sums[team, pillar, task].add(got, full, judge)
    marks: dict[str, list[OwnMark]] = {team: [] for team in teams}
    for (team, pillar, task), summed in sums.items():
        ppm = summed.got * PPM // summed.full
        # The model that a bar refers to has rows too, and is no team.
        if team in marks:
            marks[team].append(OwnMark(pillar, task, ppm, summed.rows, len(summed.judges)))
    return marks


@dataclass(slots=True)
class _Sum:
    """Marks added up: what was got of how much, in how many rows, and by whom it was judged."""

    got: int = 0
    full: int = 0
    rows: int = 0
    judges: set[str] = field(default_factory=set)

    def add(self, got: int, full: int, judge: str) -> None:
        """Add one mark."""
        self.got, self.full, self.rows = self.got + got, self.full + full, self.rows + 1
        if judge:
            self.judges.add(judge)


def _marks(evidence: Evidence) -> Iterator[tuple[str, str, str, int, int, str]]:
    """Team, pillar, task, what was got of how much, and by whom, of every row of evidence.

    A vote won counts 2 of 2, a tie 1 of 2.
    """
    for pillar, items in evidence.items.items():
        for item in items:
            full = FULL_MARKS * item.weight
            yield item.team, pillar, item.task, item.score * item.weight, full, ""
    for pillar, ratings in evidence.ratings.items():
        for rating in ratings:
            judged = (rating.score, rating.scale_max, rating.rater)
            yield rating.team, pillar, rating.criterion, *judged
    for pillar, votes in evidence.votes.items():
        for vote in votes:
            won = {Preferred.FIRST: 2, Preferred.TIE: 1, Preferred.SECOND: 0}[vote.preferred]
            yield vote.first, pillar, vote.task, won, 2, vote.voter
            yield vote.second, pillar, vote.task, 2 - won, 2, vote.voter
