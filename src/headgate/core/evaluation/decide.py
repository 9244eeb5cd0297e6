"""Who goes on: gates first, then bars, then places, and the agreed remedy where chance rules.

No remedy turns the order of points round: whoever stands above a team that stays, stays too, and
whoever stands below one that leaves, leaves too, except among those who contest the line.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from headgate.core.evaluation.method import GateFinding, GateOutcome, Method, failed_teams
from headgate.core.policy.schema import Remedy, Wildcard

if TYPE_CHECKING:
    # Terms hold outcomes, and who reads a term should not wait for the libraries of an estimate.
    from headgate.core.evaluation.estimate import Standing, Standings

Team = TypeVar("Team")


class Decision(Enum):
    """What is decided about a team."""

    ADVANCE = "advance"
    CUT = "cut"
    TIE = "tie"
    DISQUALIFIED = "disqualified"
    WILDCARD = "wildcard"
    STOP = "stop"


class Reason(Enum):
    """Why, as a code that reports translate."""

    GATE_FAILED = "gate-failed"
    NOTHING_MEASURED = "nothing-measured"
    BAR_NOT_MET = "bar-not-met"
    PLACES_SUFFICE = "places-suffice"
    ABOVE_THE_LINE = "above-the-line"
    BELOW_THE_LINE = "below-the-line"
    TIED_AND_STAYS = "tied-and-stays"
    TIED_AWAITS_MORE_ITEMS = "tied-awaits-more-items"
    TIED_AWAITS_LOT = "tied-awaits-lot"
    TIE_BREAKER_WON = "tie-breaker-won"
    TIE_BREAKER_LOST = "tie-breaker-lost"
    LOT_WON = "lot-won"
    LOT_LOST = "lot-lost"
    MAJORITY_REACHED = "majority-reached"
    MAJORITY_MISSED = "majority-missed"
    ONE_HAD_TO_BE_CHOSEN = "one-had-to-be-chosen"
    NO_PLACE_LEFT = "no-place-left"
    NOT_TAKEN_BACK = "not-taken-back"


@dataclass(frozen=True, slots=True)
class TeamDecision:
    """One decision, its reason, what it names (gates, bars) and the numbers it rests on."""

    team: str
    decision: Decision
    reason: Reason
    names: tuple[str, ...] = ()
    numbers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """All decisions of a round, sorted by team.

    `places_left` are wildcard places: what is missing to `stay_min` while nobody is undecided.
    `remedy_applied` is None when the line was clear.
    """

    decisions: tuple[TeamDecision, ...]
    places_left: int
    remedy_applied: Remedy | None


@dataclass(frozen=True, slots=True)
class WildcardVote:
    """How many of a panel found an applicant a meaningful rival of those who stayed."""

    team: str
    in_favour: int
    panel: int


@dataclass(frozen=True, slots=True)
class Lot:
    """A hexadecimal digest that nobody could choose, and the teams that are drawn last by it."""

    digest: str
    last: frozenset[str] = frozenset()

    def order(self, team: str) -> tuple[bool, str]:
        """Where a team stands in the lot's order, the smallest first."""
        return team in self.last, lot_number(self.digest, team)


def decide(
    method: Method, standings: "Standings", gates: Sequence[GateFinding], lot: Lot | None = None
) -> RoundOutcome:
    """Decide a round from its standings and the same gate findings they were made with.

    `lot` is drawn in public after the round closed; ties that come down to it stay TIE until it is
    given. Teams that passed every gate but were not measured are stopped.
    """
    failed = failed_teams(gates)
    measured = {standing.team for standing in standings.standings}
    decisions = [_disqualified(team, gates) for team in sorted(failed)]
    for team in sorted({row.team for row in gates} - measured - failed):
        decisions.append(TeamDecision(team, Decision.STOP, Reason.NOTHING_MEASURED))
    for standing in standings.standings:
        if standing.team not in failed and not standing.qualified:
            decisions.append(_stopped(standing.team, standings))
    qualified = [s for s in standings.standings if s.qualified and s.team not in failed]
    at_line, remedy = _at_line(method, standings, qualified, lot)
    decisions += at_line
    kept = sum(item.decision in (Decision.ADVANCE, Decision.TIE) for item in decisions)
    ordered = tuple(sorted(decisions, key=lambda item: item.team))
    return RoundOutcome(ordered, max(0, method.stay_min - kept), remedy)


def _disqualified(team: str, gates: Sequence[GateFinding]) -> TeamDecision:
    rows = (row for row in gates if row.team == team and row.outcome is GateOutcome.FAILED)
    names = tuple(sorted(row.gate for row in rows))
    return TeamDecision(team, Decision.DISQUALIFIED, Reason.GATE_FAILED, names)


def _stopped(team: str, standings: "Standings") -> TeamDecision:
    missed = [bar for bar in standings.bars if bar.team == team and not bar.met]
    names = tuple(bar.bar for bar in missed)
    numbers = tuple(
        pair
        for bar in missed
        for pair in (("margin_milli", bar.margin_milli), ("margin_low_milli", bar.margin_low_milli))
    )
    return TeamDecision(team, Decision.STOP, Reason.BAR_NOT_MET, names, numbers)


def _at_line(
    method: Method, standings: "Standings", qualified: "Sequence[Standing]", lot: Lot | None
) -> tuple[list[TeamDecision], Remedy | None]:
    above, below = qualified[: method.stay_max], qualified[method.stay_max :]
    teams = [standing.team for standing in above]
    if not below:
        return [_judged(standings, t, Decision.ADVANCE, Reason.PLACES_SUFFICE) for t in teams], None
    challengers = _challengers(below)
    lower = [standing.team for standing in below if standing.team not in challengers]
    safe = _safe(standings, teams, challengers)
    decisions = [_judged(standings, t, Decision.ADVANCE, Reason.ABOVE_THE_LINE) for t in safe]
    decisions += [_judged(standings, t, Decision.CUT, Reason.BELOW_THE_LINE) for t in lower]
    defenders = teams[len(safe) :]
    if not challengers:
        return decisions, None
    outcomes = _remedied(method, standings, defenders, challengers, lot)
    decisions += [_judged(standings, team, *outcomes[team]) for team in defenders + challengers]
    return decisions, method.tie_remedy


def _challengers(below: "Sequence[Standing]") -> list[str]:
    """Teams under the line down to the last that is tied with the last place that stays."""
    tied = [at for at, standing in enumerate(below) if standing.tied_with_last_staying]
    return [standing.team for standing in below[: tied[-1] + 1]] if tied else []


def _safe(standings: "Standings", teams: Sequence[str], challengers: Sequence[str]) -> list[str]:
    """Teams over the line whose place nothing but chance could take."""
    return list(teams[: secured(teams, challengers, standings.are_separated)])


def secured(
    above: Sequence[Team], challengers: Sequence[Team], apart: Callable[[Team, Team], bool]
) -> int:
    """How many of those over the line are safe: down to the last that cannot fall under it.

    Its lowest place, all pairs taken together, counts who stands above it and who below cannot be
    told from it: one wide interval under the line makes no place doubtful that others secure.
    """
    contenders = [*above, *challengers]
    clear = [
        at
        for at, team in enumerate(above)
        if at + sum(not apart(team, one) for one in contenders[at + 1 :]) < len(above)
    ]
    return clear[-1] + 1 if clear else 0


def _remedied(
    method: Method,
    standings: "Standings",
    defenders: list[str],
    challengers: list[str],
    lot: Lot | None,
) -> dict[str, tuple[Decision, Reason]]:
    contested = defenders + challengers
    match method.tie_remedy:
        case Remedy.ALL_TIED_STAY:
            return dict.fromkeys(contested, (Decision.ADVANCE, Reason.TIED_AND_STAYS))
        case Remedy.MORE_ITEMS:
            return dict.fromkeys(contested, (Decision.TIE, Reason.TIED_AWAITS_MORE_ITEMS))
        case Remedy.LOT:
            equals: dict[str, tuple[int, ...]] = dict.fromkeys(contested, ())
            return _seated(len(defenders), equals, lot)
        case Remedy.NAMED_TIE_BREAKERS:
            names = method.tie_breakers
            points = {team: dict(standings.standing(team).points_milli) for team in contested}
            merits = {team: tuple(own[name] for name in names) for team, own in points.items()}
            return _seated(len(defenders), merits, lot)


def _seated(
    seats: int, merits: Mapping[str, tuple[int | Fraction, ...]], lot: Lot | None
) -> dict[str, tuple[Decision, Reason]]:
    """Fill fewer seats than teams by merit, the highest first, and by lot at the edge."""
    ordered = sorted(merits, key=lambda team: merits[team], reverse=True)
    in_sight, out_of_sight = ordered[:seats], ordered[seats:]
    edge = merits[out_of_sight[0]]
    equal = [team for team in merits if merits[team] == edge]
    won = [team for team in in_sight if team not in equal]
    outcomes = dict.fromkeys(out_of_sight, (Decision.CUT, Reason.TIE_BREAKER_LOST))
    outcomes |= dict.fromkeys(won, (Decision.ADVANCE, Reason.TIE_BREAKER_WON))
    if len(won) == seats:
        return outcomes
    if lot is None:
        return outcomes | dict.fromkeys(equal, (Decision.TIE, Reason.TIED_AWAITS_LOT))
    drawn = sorted(equal, key=lot.order)
    outcomes |= dict.fromkeys(equal, (Decision.CUT, Reason.LOT_LOST))
    return outcomes | dict.fromkeys(drawn[: seats - len(won)], (Decision.ADVANCE, Reason.LOT_WON))


def lot_number(lot: str, team: str) -> str:
    """The lot's published rule: SHA-256 of the digest, a colon and the team; smallest first."""
    return hashlib.sha256(f"{lot}:{team}".encode()).hexdigest()


def _judged(standings: "Standings", team: str, decision: Decision, reason: Reason) -> TeamDecision:
    """A decision with what a team may ask for: place, total, chance, distance to the line."""
    own = standings.standing(team)
    numbers = [
        ("place", own.place),
        ("total_milli", own.total_milli),
        ("stays_ppm", own.stays_ppm),
    ]
    for item in standings.differences:
        if {item.first, item.second} == {team, standings.last_staying}:
            sign = 1 if item.first == team else -1
            ends = sorted((sign * item.low_milli, sign * item.high_milli))
            numbers += [
                ("to_last_staying_milli", sign * item.points_milli),
                ("to_last_staying_low_milli", ends[0]),
                ("to_last_staying_high_milli", ends[1]),
            ]
    return TeamDecision(team, decision, reason, (), tuple(numbers))


def decide_wildcards(
    places: int, votes: Sequence[WildcardVote], rule: Wildcard, lot: Lot | None = None
) -> tuple[TeamDecision, ...]:
    """Refill places left by a call of its own: more than the rule's majority, else nobody.

    Applicants with a majority take the places by the share in favour, equals by lot. One applicant
    is enough, and none may be chosen unless the rule says that one must be.
    """
    ordered = sorted(votes, key=lambda vote: vote.team)
    shares = {vote.team: Fraction(vote.in_favour, vote.panel) for vote in ordered}
    rivals = {team: (share,) for team, share in shares.items() if share > rule.majority}
    reached = Reason.MAJORITY_REACHED
    if not rivals and not rule.may_choose_none:
        best = max(shares.values(), default=None)
        rivals = {team: (share,) for team, share in shares.items() if share == best}
        places, reached = min(places, 1), Reason.ONE_HAD_TO_BE_CHOSEN
    if len(rivals) <= places:
        outcomes = dict.fromkeys(rivals, (Decision.WILDCARD, reached))
    else:
        seated = _seated(places, rivals, lot)
        outcomes = {team: _as_wildcard(*outcome, reached) for team, outcome in seated.items()}
    missed = (Decision.CUT, Reason.MAJORITY_MISSED)
    return tuple(
        TeamDecision(
            vote.team,
            *outcomes.get(vote.team, missed),
            (),
            (("in_favour", vote.in_favour), ("panel", vote.panel)),
        )
        for vote in ordered
    )


def _as_wildcard(decision: Decision, reason: Reason, reached: Reason) -> tuple[Decision, Reason]:
    if decision is Decision.ADVANCE:
        by_lot = reason is Reason.LOT_WON
        return Decision.WILDCARD, reason if by_lot else reached
    if reason is Reason.TIE_BREAKER_LOST:
        return Decision.CUT, Reason.NO_PLACE_LEFT
    return decision, reason
