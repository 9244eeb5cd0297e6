"""What comes after a round was decided, and has it decided again: four grounds, one way.

An upheld objection replaces findings and withdraws rows; further items tell tied teams apart; a lot
is drawn from the journal's root after the tie was entered and from secrets that the teams had
committed to before there was any evidence; a wildcard call fills empty places. What was decided
before stands where it stood.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.conduct import SetAside, Why
from headgate.core.evaluation.decide import Lot, Reason, RoundOutcome, WildcardVote
from headgate.core.evaluation.evidence import Evidence, ItemScore
from headgate.core.evaluation.freeze import Frozen
from headgate.core.evaluation.method import Finding, repeated
from headgate.core.faults import Sentence
from headgate.core.policy.schema import PillarKind, Round
from headgate.core.quantities import add_days

_SHA256 = re.compile("[0-9a-f]{64}")


class Ground(StrEnum):
    """Why a round is decided again."""

    OBJECTION = "objection"
    FURTHER_ITEMS = "further-items"
    LOT = "lot"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Rows that an upheld objection takes out of a pillar: a rater's, a voter's or an item's."""

    pillar: str
    source: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """One hearing of one round; each ground brings its own parts and no other.

    `evidence` holds digests of the documents that the objection was upheld on.
    """

    round: str
    ground: Ground
    objector: str = ""
    objected: date | None = None
    evidence: tuple[str, ...] = ()
    findings: tuple[GateFinding, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    items: Mapping[str, tuple[ItemScore, ...]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    votes: tuple[WildcardVote, ...] = ()


class HearingFault(StrEnum):
    """Every way in which a hearing can be refused."""

    ROUND_NOT_CLOSED = "round-not-closed"
    TERM_TURNED = "term-turned"
    ROUND_OVERTAKEN = "round-overtaken"
    PART_ASTRAY = "part-astray"
    NO_RIGHT_TO_OBJECT = "no-right-to-object"
    OBJECTOR_UNKNOWN = "objector-unknown"
    OBJECTED_LATE = "objected-late"
    DOCUMENT_MISSING = "document-missing"
    NOTHING_CHANGES = "nothing-changes"
    FINDING_UNKNOWN = "finding-unknown"
    NOTHING_WITHDRAWN = "nothing-withdrawn"
    NOTHING_AWAITS_ITEMS = "nothing-awaits-items"
    NO_FURTHER_ITEMS = "no-further-items"
    ITEM_KNOWN = "item-known"
    NOTHING_AWAITS_A_LOT = "nothing-awaits-a-lot"
    SECRET_WRONG = "secret-wrong"
    NO_WILDCARD_CALL = "no-wildcard-call"
    NO_PLACE_OPEN = "no-place-open"
    WILDCARD_CALL_OPEN = "wildcard-call-open"
    VOTE_WRONG = "vote-wrong"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a hearing finds there: the teams, what was decided of them and when, on what."""

    day: date
    teams: tuple[str, ...]
    outcome: RoundOutcome
    evidence: Evidence
    frozen: Frozen | None

    def awaits(self, reason: Reason) -> bool:
        """Whether any team is still undecided for this reason."""
        return any(each.reason is reason for each in self.outcome.decisions)


def heard(
    evidence: Evidence, findings: Sequence[GateFinding], hearings: Sequence[Hearing]
) -> tuple[Evidence, tuple[GateFinding, ...], tuple[SetAside, ...]]:
    """Evidence and findings with all that hearings brought, and the rows they withdrew."""
    items = dict(evidence.items)
    found = {(row.subject, row.gate): row for row in findings}
    aside: list[SetAside] = []
    for hearing in hearings:
        found |= {(row.subject, row.gate): row for row in hearing.findings}
        aside += [SetAside(w.pillar, w.source, Why.WITHDRAWN) for w in hearing.withdrawn]
        for pillar, rows in hearing.items.items():
            items[pillar] = (*items.get(pillar, ()), *rows)
    return Evidence(items, evidence.ratings, evidence.votes), tuple(found.values()), tuple(aside)


def lot_of(root: str, hearing: Hearing, frozen: Frozen | None, teams: Sequence[str]) -> Lot:
    """The lot of a hearing; who committed to a secret and does not show it is drawn last.

    Its digest is SHA-256 over the root and, by team, each secret that was shown, a line each.
    """
    shown = sorted(hearing.secrets.items())
    lines = [root, *(f"{team} {secret}" for team, secret in shown)]
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    signed = frozen.signed if frozen is not None else ()
    bound = {each.team for each in signed if each.lot and each.team in teams}
    return Lot(digest, frozenset(bound - hearing.secrets.keys()))


def check_hearing(
    evaluation: Round, hearing: Hearing, day: date, decided: Decided
) -> tuple[Finding, ...]:
    """Everything that keeps a round from being decided again so; sorted."""
    by_ground = {
        Ground.OBJECTION: _check_objection,
        Ground.FURTHER_ITEMS: _check_items,
        Ground.LOT: _check_lot,
        Ground.WILDCARD: _check_wildcard,
    }
    found = [*_check_parts(hearing), *by_ground[hearing.ground](evaluation, hearing, day, decided)]
    return tuple(sorted(found))


_PARTS: Mapping[Ground, frozenset[str]] = {
    Ground.OBJECTION: frozenset({"objector", "objected", "evidence", "findings", "withdrawn"}),
    Ground.FURTHER_ITEMS: frozenset({"items"}),
    Ground.LOT: frozenset({"secrets"}),
    Ground.WILDCARD: frozenset({"votes"}),
}


def _check_parts(hearing: Hearing) -> Iterator[Finding]:
    for name in sorted(frozenset().union(*_PARTS.values()) - _PARTS[hearing.ground]):
        if getattr(hearing, name):
            what = Sentence(
                "A hearing on {ground} has no {name}.", ground=hearing.ground.value, name=name
            )
            mend = "Hear it on its own ground, under a name of its own."
            yield Finding(HearingFault.PART_ASTRAY, name, what, mend)


def _check_objection(
    evaluation: Round, hearing: Hearing, _: date, decided: Decided
) -> Iterator[Finding]:
    """In time, by a team of the round, on documents, and with something that changes by it."""
    if evaluation.appeals is None:
        what = "The round has no time in which to object."
        mend = "Add `appeals:` to the round before it is frozen."
        yield Finding(HearingFault.NO_RIGHT_TO_OBJECT, "objector", what, mend)
        return
    last = add_days(decided.day, evaluation.appeals.object_days)
    if hearing.objector not in decided.teams:
        what = Sentence("{objector!r} is no team of the round.", objector=hearing.objector)
        yield Finding(HearingFault.OBJECTOR_UNKNOWN, "objector", what, "Name a team of it.")
    if hearing.objected is None or not decided.day <= hearing.objected <= last:
        what = Sentence(
            "The objection came on {objected}, not from {day} to {last}.",
            objected=hearing.objected,
            day=decided.day,
            last=last,
        )
        mend = "Hear what came within the window."
        yield Finding(HearingFault.OBJECTED_LATE, "objected", what, mend)
    if not hearing.evidence or not all(map(_SHA256.fullmatch, hearing.evidence)):
        what = "The objection is upheld on nothing that is named."
        mend = "Give SHA-256 of each document in lower-case hex."
        yield Finding(HearingFault.DOCUMENT_MISSING, "evidence", what, mend)
    if not hearing.findings and not hearing.withdrawn:
        what = "Nothing that was decided on would change."
        mend = "Give the findings that replace others, or the rows that are withdrawn."
        yield Finding(HearingFault.NOTHING_CHANGES, "findings", what, mend)
    gates = {gate.id for gate in evaluation.gates}
    for row in hearing.findings:
        if row.subject not in decided.teams or row.gate not in gates:
            what = Sentence(
                "{gate} of {subject} was never found.", gate=row.gate, subject=row.subject
            )
            mend = "Name a team and a gate of the round."
            yield Finding(HearingFault.FINDING_UNKNOWN, "findings", what, mend)
    sources = _sources(decided.evidence)
    for each in hearing.withdrawn:
        if (each.pillar, each.source) not in sources:
            what = Sentence(
                "{pillar} has no rows of {source!r}.", pillar=each.pillar, source=each.source
            )
            mend = "Name a rater, voter or item of the pillar's evidence."
            yield Finding(HearingFault.NOTHING_WITHDRAWN, "withdrawn", what, mend)


def _sources(evidence: Evidence) -> set[tuple[str, str]]:
    return {
        *((pillar, row.item) for pillar, rows in evidence.items.items() for row in rows),
        *((pillar, row.rater) for pillar, rows in evidence.ratings.items() for row in rows),
        *((pillar, row.voter) for pillar, rows in evidence.votes.items() for row in rows),
    }


def _check_items(
    evaluation: Round, hearing: Hearing, _: date, decided: Decided
) -> Iterator[Finding]:
    if not decided.awaits(Reason.TIED_AWAITS_MORE_ITEMS):
        what = "No team of the round awaits further items."
        mend = "Object, where something was wrong with the items that there are."
        yield Finding(HearingFault.NOTHING_AWAITS_ITEMS, "items", what, mend)
    if not any(hearing.items.values()):
        what, mend = "There are no further items.", "Give rows of items for every team."
        yield Finding(HearingFault.NO_FURTHER_ITEMS, "items", what, mend)
    kinds = {pillar.id: pillar.kind for pillar in evaluation.pillars}
    for pillar, rows in hearing.items.items():
        if kinds.get(pillar) is not PillarKind.ITEMS:
            what = Sentence("{pillar!r} is no pillar of items.", pillar=pillar)
            yield Finding(HearingFault.PART_ASTRAY, "items", what, "Name one that is.")
        there = {(row.task, row.item) for row in decided.evidence.items.get(pillar, ())}
        for task, item in sorted({(row.task, row.item) for row in rows} & there):
            what = Sentence(
                "The item {item!r} of {task} was in the round already.", item=item, task=task
            )
            mend = "Further items are fresh ones."
            yield Finding(HearingFault.ITEM_KNOWN, f"items/{pillar}", what, mend)


def _check_lot(_: Round, hearing: Hearing, day: date, decided: Decided) -> Iterator[Finding]:
    del day
    if not decided.awaits(Reason.TIED_AWAITS_LOT):
        what = "No team of the round awaits a lot."
        yield Finding(HearingFault.NOTHING_AWAITS_A_LOT, "secrets", what, "Draw none.")
    for team, secret in sorted(hearing.secrets.items()):
        signed = decided.frozen.of(team) if decided.frozen is not None else None
        shown = hashlib.sha256(secret.encode()).hexdigest()
        if signed is None or signed.lot != shown:
            what = "The secret is not the one that the team committed to."
            mend = "Take the secret whose SHA-256 the team signed."
            yield Finding(HearingFault.SECRET_WRONG, f"secrets/{team}", what, mend)


def _check_wildcard(
    evaluation: Round, hearing: Hearing, day: date, decided: Decided
) -> Iterator[Finding]:
    if evaluation.wildcard is None:
        what = "The policy has no wildcard call: places that stay empty stay empty."
        mend = "Add `wildcard:` to the round before it is frozen."
        yield Finding(HearingFault.NO_WILDCARD_CALL, "votes", what, mend)
        return
    if decided.outcome.places_left < 1:
        what = "No place of the round is open."
        yield Finding(HearingFault.NO_PLACE_OPEN, "votes", what, "Add nobody.")
    opens = add_days(decided.day, evaluation.wildcard.open_days)
    if day < opens:
        what = Sentence("The call is open until {opens}.", opens=opens)
        mend = "Vote when it has closed."
        yield Finding(HearingFault.WILDCARD_CALL_OPEN, "votes", what, mend)
    wrong = [v.team for v in hearing.votes if not 0 <= v.in_favour <= v.panel or v.panel < 1]
    wrong += repeated(vote.team for vote in hearing.votes)
    wrong += sorted({vote.team for vote in hearing.votes} & set(decided.teams))
    if wrong or not hearing.votes:
        what = Sentence(
            "The votes on {names} cannot be counted.", names=", ".join(wrong) or "nobody"
        )
        mend = "Give each applicant once, who is no team of the round, with votes of a panel."
        yield Finding(HearingFault.VOTE_WRONG, "votes", what, mend)
