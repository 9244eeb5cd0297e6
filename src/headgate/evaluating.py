"""What `headgate evaluate` does: a round judged from a folder of evidence, as the cycle judges it.

What it writes can be handed to it again: the evidence as plain rows, hashes and scores alone, from
which a stranger gets the same `round.json`, byte for byte.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter

from headgate.bundle.verify import Derived, Verdict, compared, verify_by
from headgate.core import canonical
from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.contamination import Screened, screened
from headgate.core.evaluation.earlier import Earlier
from headgate.core.evaluation.evidence import Evidence, ItemScore, Vote, item_order
from headgate.core.evaluation.foresight import Foreseen, rounds_played
from headgate.core.evaluation.freeze import Signed, check_signer, statement, unsigned
from headgate.core.evaluation.hearings import Ground, Hearing
from headgate.core.evaluation.known import known_digest, without_known
from headgate.core.evaluation.method import check_seed
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import Signer
from headgate.core.ledger.entry import Entry
from headgate.core.policy.check import untriable
from headgate.core.policy.dated import Resolved, at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy, Round
from headgate.readers.evaluations.manifest import MANIFEST, manifest_text
from headgate.readers.evaluations.round_file import (
    HEARINGS,
    ROUND_FILE,
    read_round_file,
    round_text,
)
from headgate.readers.evidence_csv import (
    ITEM_COLUMNS,
    RATING_COLUMNS,
    VOTE_COLUMNS,
    style_columns,
)
from headgate.readers.evidence_folder import Folder, read_folder
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.rounds import (
    Asked,
    decided_last,
    document_of,
    history,
    judged_alone,
    own_signers,
    seed_of,
    signed_by,
    with_policy,
    write_signed,
)
from headgate.steps.agenda import first_day
from headgate.steps.evaluate import Given, Judged, evidence_rows, foreseen, tasks_of
from headgate.steps.term import Term

RESULT: Final = "round.json"
FLAGGED: Final = "flagged.json"
EARLIER: Final = "earlier.json"
_EARLIER: Final = TypeAdapter(tuple[Earlier, ...])
_FLAGS: Final = TypeAdapter(tuple[Fault, ...])


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A round that was judged, with all that it was judged from."""

    asked: Asked
    term: Term
    judged: Judged
    foreseen: tuple[Foreseen, ...]
    logs: tuple[str, ...]
    flags: tuple[Fault, ...]
    trained_until: Mapping[str, date]
    screened: tuple[Screened, ...]
    earlier: tuple[Earlier, ...] = ()

    @property
    def round_id(self) -> str:
        """The round's name in the policy."""
        return self.asked.round_id

    @property
    def teams(self) -> tuple[str, ...]:
        """Who was judged."""
        return self.asked.teams

    @property
    def document(self) -> Document:
        """The policy as it was written."""
        return self.asked.document

    @property
    def resolved(self) -> Resolved:
        """The policy on the first day of its term."""
        return at(self.document, first_day(self.document))

    @property
    def evidence(self) -> Evidence:
        """What was measured and judged of the teams, before any hearing."""
        return self.asked.given.evidence

    @property
    def findings(self) -> tuple[GateFinding, ...]:
        """What the gates found, before any hearing."""
        return self.asked.given.findings

    @property
    def evidence_digest(self) -> str:
        """The digest under which the journal received the evidence."""
        return self.term.facts[f"evidence/{self.round_id}"].digest

    @property
    def seed(self) -> str:
        """What the draws began with."""
        return self.term.closed[self.round_id].seed

    @property
    def seed_given(self) -> bool:
        """Whether somebody chose the seed: a lot that is drawn from it then proves nothing."""
        return self.seed != seed_of(self.term, self.asked)

    @property
    def after(self) -> Given:
        """Evidence and findings with all that hearings brought."""
        return self.asked.given.after([one.hearing for one in self.asked.told.hearings])

    def result(self) -> bytes:
        """All that was decided and what it rests on, as one canonical line."""
        frozen = self.asked.told.freeze
        return canonical.line(
            {
                "round": self.asked.round_id,
                "policy": self.asked.document.digest,
                "method": frozen.method if frozen is not None else None,
                "evidence": self.evidence_digest,
                "seed": self.seed,
                "seed_given": self.seed_given,
                "teams": self.asked.teams,
                "standings": self.judged.standings,
                "grounds": self.judged.grounds,
                "cut_rule_foreseen": self.foreseen,
                "cut_rule_errors": self.judged.errors,
                "conducted": self.judged.conducted,
                "outcome": self.judged.outcome,
                "history": history(self.term, self.asked.round_id),
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
    document, _ = _policy(programme, overlays)
    return _evaluated(document, round_id, folder, seed)


def _evaluated(document: Document, round_id: str, folder: Path, seed: str | None) -> Evaluated:
    evaluation = _round(at(document, first_day(document)).policy, round_id)
    told = read_round_file(folder, round_id)
    given, teams, evidence, findings = _read(evaluation, folder, told.conduct)
    if faults := check_seed(seed or "0"):
        raise Faulty(Fault(f.place, 0, 0, f.code.value, f.what, f.mend) for f in faults)
    asked = Asked(document, round_id, teams, Given(evidence, findings), told, seed or "")
    term = judged_alone(asked)
    said = tuple(one.said() for one in given.logs.kept)
    tables = foreseen(evaluation, document.digest)
    until = {} if given.manifest is None else given.manifest.trained_until()
    judged, seen = decided_last(term, round_id), screened(evidence.items, until)
    return Evaluated(asked, term, judged, tables, said, given.logs.flags, until, seen)


def _read(
    evaluation: Round, folder: Path, conduct: Conduct
) -> tuple[Folder, tuple[str, ...], Evidence, tuple[GateFinding, ...]]:
    """What lies in a folder of evidence: the teams, all rows in an order of their own, findings."""
    given = _folder(evaluation, folder)
    teams, findings = _teams(given)
    tasks = {pillar.id: tuple(tasks_of(pillar)) for pillar in evaluation.pillars}
    evidence = in_order(given.evidence(evaluation, teams, tasks)[0])
    references = {bar.reference for bar in evaluation.bars}
    of_teams, _ = without_known(conduct.known, evidence)
    named = tuple(team for team in _named(of_teams) if team not in references)
    return given, teams or named, evidence, findings


def facts_told(evaluation: Round, round_id: str, folder: Path) -> dict[str, Sequence[Any]]:
    """A folder as the facts of a round that the cycle asks for, by their names.

    The secrets of a lot are those of the folder's first hearing on that ground; a round that was
    not frozen has none.
    """
    told = read_round_file(folder, round_id)
    lots = [one.hearing for one in told.hearings if one.hearing.ground is Ground.LOT]
    lots += [Hearing(round_id, Ground.LOT)] if evaluation.freeze is None else []
    facts: dict[str, Sequence[Any]] = {f"conduct/{round_id}": [told.conduct]}
    facts |= {f"lots/{round_id}": lots[:1]} if lots else {}
    facts |= {f"frozen/{round_id}": [told.freeze]} if told.freeze is not None else {}
    if not (folder / MANIFEST).is_file():
        return facts
    _, _, evidence, findings = _read(evaluation, folder, told.conduct)
    return {
        **facts,
        f"findings/{round_id}": findings,
        f"evidence/{round_id}": tuple(evidence_rows(evidence)),
    }


Reports = Callable[[Evaluated, Mapping[str, bytes]], Mapping[str, bytes]]
"""What the reports among some files shall be for a round that was judged."""


def verify_round(
    files: Mapping[str, bytes],
    folder: Path,
    reports: Reports = lambda _evaluated, _files: {},
    progress: Callable[[str], None] = lambda _: None,
) -> Verdict:
    """Derive a round's folder again from the policy and the evidence that lie in it."""

    def derive(entries: Sequence[Entry]) -> Derived:
        progress("round")
        try:
            claimed = json.loads(files[RESULT])
            again = _evaluated(document_of(files), claimed["round"], folder, claimed["seed"])
            flags = _FLAGS.validate_python(json.loads(files[FLAGGED]))
            told = _EARLIER.validate_json(files.get(EARLIER, b"[]"))
            again = replace(again, flags=flags, earlier=told)
        except Faulty as error:
            return list(error.faults), {}, None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what, mend = f"It is no round that was judged: {error}.", "Take the folder again."
            return [Fault(RESULT, 1, 1, "round-unreadable", what, mend)], {}, None
        expected = {**files_of(again), **reports(again, files)}
        return compared(again.term, expected, files, entries)

    return verify_by(files, derive, progress)


def _policy(programme: str, overlays: Sequence[Path]) -> tuple[Document, Policy]:
    document = read_programme(find(programme), overlays)
    if faults := untriable(document):
        raise Faulty(faults)
    return document, at(document, first_day(document)).policy


def round_named(programme: str, round_id: str, overlays: Sequence[Path]) -> Round:
    """A round of a programme's policy; raises `Faulty` where there is none."""
    return _round(_policy(programme, overlays)[1], round_id)


def _round(policy: Policy, round_id: str) -> Round:
    if round_id not in policy.rounds:
        what = f"The policy has no round {round_id!r}."
        mend = f"Name one of: {', '.join(policy.rounds) or 'none'}."
        raise Faulty([Fault("ROUND", 0, 0, "round-unknown", what, mend)])
    return policy.rounds[round_id]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a round's rule would do by its plan, and the digest of the method that teams sign.

    `rounds` are those that the tables are drawn from.
    """

    round_id: str
    policy: str
    method: str
    tables: tuple[Foreseen, ...]
    rounds: int

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
    method = unsigned(policy.programme.id, round_id, evaluation).method
    tables = foreseen(evaluation, document.digest)
    return Forecast(round_id, document.digest, method, tables, rounds_played(evaluation.replicates))


def freeze_lines(
    programme: str, round_id: str, overlays: Sequence[Path], signer: Signed | None, key: Path | None
) -> Iterator[str]:
    """What teams sign of a round: all of it as `round.yaml` has it, or one team's statement.

    With a team's own key (Ed25519, PEM) the line is printed that its signature makes.
    """
    _, policy = _policy(programme, overlays)
    evaluation = _round(policy, round_id)
    frozen = unsigned(policy.programme.id, round_id, evaluation)
    if signer is not None and (wrong := sorted(check_signer(signer, evaluation))):
        raise Faulty(Fault(f.place, 0, 0, f.code.value, f.what, f.mend) for f in wrong)
    if signer is None:
        told = {name: getattr(frozen, name) for name in ("programme", "round", "method", "parts")}
        yield f"freeze: {canonical.line(told).decode()[:-2]}, signed: []}}"
    elif key is None:
        yield from statement(frozen, signer).decode().splitlines()
    else:
        yield f"- {canonical.line(signed_by(frozen, signer, key)).decode().rstrip()}"


def known_lines(round_id: str, folder: Path) -> Iterator[str]:
    """What a policy names of a folder's known answers: a digest for each pillar that has some."""
    known = read_round_file(folder, round_id).conduct.known
    for pillar in sorted({one.pillar for one in known}):
        yield f"{pillar}: known: {known_digest(known, pillar)}"


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
    teams = tuple(sorted(team.name for team in given.manifest.teams))
    findings = sorted(given.manifest.findings, key=lambda one: (one.gate, one.subject))
    return teams, tuple(findings)


def _named(evidence: Evidence) -> tuple[str, ...]:
    """The teams of plain rows that come without a manifest: all that they name."""
    groups: list[Sequence[Any]] = [*evidence.items.values(), *evidence.ratings.values()]
    named = {row.team for rows in groups for row in rows}
    for votes in evidence.votes.values():
        named |= {row.first for row in votes} | {row.second for row in votes}
    return tuple(sorted(named))


def in_order(evidence: Evidence) -> Evidence:
    """The same evidence in an order of its own, whatever files it came from."""
    return Evidence(
        {
            pillar: tuple(sorted(rows, key=item_order))
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


def files_of(evaluated: Evaluated) -> dict[str, bytes]:
    """What is published of a round: its result, and evidence from which it comes out again."""
    asked, told = evaluated.asked, evaluated.asked.told
    files = rows_of(asked.teams, evaluated.evidence, evaluated.findings, evaluated.trained_until)
    if text := round_text(told):
        files[ROUND_FILE] = text.encode()
    for one in told.hearings:
        for pillar, items in one.hearing.items.items():
            name = f"{HEARINGS}/{one.name}/{pillar}.csv"
            files[name] = _items(items)
    own = {RESULT: evaluated.result(), FLAGGED: canonical.line(evaluated.flags)}
    own |= {EARLIER: canonical.line(evaluated.earlier)} if evaluated.earlier else {}
    return with_policy(asked.document, {**own, **files})


def rows_of(
    teams: Sequence[str],
    evidence: Evidence,
    findings: Sequence[GateFinding],
    trained_until: Mapping[str, date] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Evidence as the files that `read_folder` reads: a manifest without logs, a CSV a pillar."""
    files = {MANIFEST: manifest_text(teams, findings, trained_until).encode()}
    for pillar, items in evidence.items.items():
        files[f"{pillar}.csv"] = _items(items)
    for pillar, ratings in evidence.ratings.items():
        units = ("unit",) if any(row.unit for row in ratings) else ()
        files[f"{pillar}.csv"] = _table((*RATING_COLUMNS, *units), ratings)
    for pillar, votes in evidence.votes.items():
        files[f"{pillar}.csv"] = _vote_table(votes)
    return files


def _items(items: Sequence[ItemScore]) -> bytes:
    dates = ("date",) if any(row.date for row in items) else ()
    return _table((*ITEM_COLUMNS, "weight", *dates), items)


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


def write_round(
    evaluated: Evaluated,
    out: Path,
    signers: Sequence[Signer] | None = None,
    reports: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write what is published of a round into a folder that is new or empty, signed."""
    programme = evaluated.term.policy(evaluated.term.starts).programme.id
    signing = signers or own_signers(programme)
    write_signed(evaluated.term, {**files_of(evaluated), **reports}, out, signing)
