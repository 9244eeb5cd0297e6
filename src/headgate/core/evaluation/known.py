"""Attention checks by known items: work whose right judgement was fixed before anybody judged it.

It lies among what an expert or a voter judges, and looks like the rest. A mark of a known work must
lie within its range, a vote on a known prompt must prefer the better answer. The rows count for
nobody; who misses too many of them is left out by the policy's rule. The policy names the digest of
the list, so that nobody chooses the right answers once the marks are in (gold questions, as in
Oleson et al. 2011, AAAI HCOMP).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headgate.core import canonical
from headgate.core.evaluation.evidence import Evidence, Preferred, Rating, Vote

FULL_POINTS = 100


@dataclass(frozen=True, slots=True)
class Known:
    """One known answer in a pillar.

    `work` stands where a team's name would in a panel's marks, and is the prompt of a vote. A mark
    is right from `low` to `high` points of 100, on `criterion` or on every one; a vote is where it
    prefers the answer of `preferred`.
    """

    pillar: str
    work: str
    criterion: str = ""
    low: int = 0
    high: int = FULL_POINTS
    preferred: str = ""

    @property
    def says(self) -> bool:
        """Whether some answer would be wrong."""
        whole = (self.low, self.high) == (0, FULL_POINTS)
        narrow = 0 <= self.low <= self.high <= FULL_POINTS and not whole
        return bool(self.pillar and self.work) and narrow is not bool(self.preferred)


def known_digest(known: Iterable[Known], pillar: str) -> str:
    """SHA-256 of a pillar's known answers, in an order of their own: what the policy names."""
    mine = [one for one in known if one.pillar == pillar]
    ordered = sorted(mine, key=lambda one: (one.work, one.criterion))
    return canonical.digest(canonical.lines(ordered))


def answered(known: Sequence[Known], evidence: Evidence) -> Mapping[tuple[str, str], list[bool]]:
    """Whether each answer to what is known was right, by pillar and rater."""
    found: dict[tuple[str, str], list[bool]] = {}
    for pillar, rater, right in (*_marks(known, evidence), *_votes(known, evidence)):
        found.setdefault((pillar, rater), []).append(right)
    return found


def _marks(known: Sequence[Known], evidence: Evidence) -> Iterator[tuple[str, str, bool]]:
    ranges: dict[tuple[str, str], list[Known]] = {}
    for one in known:
        ranges.setdefault((one.pillar, one.work), []).append(one)
    for pillar, rows in evidence.ratings.items():
        for row in rows:
            for one in ranges.get((pillar, row.team), ()):
                if one.criterion in ("", row.criterion):
                    points, full = row.score * FULL_POINTS, row.scale_max
                    yield pillar, row.rater, one.low * full <= points <= one.high * full


def _votes(known: Sequence[Known], evidence: Evidence) -> Iterator[tuple[str, str, bool]]:
    better = {(one.pillar, one.work): one.preferred for one in known if one.preferred}
    for pillar, rows in evidence.votes.items():
        for row in rows:
            if wanted := better.get((pillar, row.prompt)):
                sides = {Preferred.FIRST: row.first, Preferred.SECOND: row.second}
                yield pillar, row.voter, sides.get(row.preferred) == wanted


def without_known(
    known: Sequence[Known], evidence: Evidence
) -> tuple[Evidence, Mapping[tuple[str, str], int]]:
    """The evidence without what is known, and how many rows there were of each pillar and work."""
    works = {(one.pillar, one.work) for one in known}
    taken: Counter[tuple[str, str]] = Counter()

    def counts(pillar: str, row: Rating | Vote) -> bool:
        key = (pillar, row.team if isinstance(row, Rating) else row.prompt)
        if key in works:
            taken[key] += 1
        return key not in works

    if not works:
        return evidence, taken
    ratings = {p: tuple(r for r in rows if counts(p, r)) for p, rows in evidence.ratings.items()}
    votes = {p: tuple(r for r in rows if counts(p, r)) for p, rows in evidence.votes.items()}
    return Evidence(evidence.items, ratings, votes), taken
