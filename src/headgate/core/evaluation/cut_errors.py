"""What a cut rule costs: how often it cuts, and how often it then sends the wrong team home.

A plain rule always cuts and errs; a careful one cuts seldom. A programme chooses with such a table
in hand, before the method is signed (`foresight` draws it from a plan alone) and sees it again with
the evidence in (here).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headgate.core.arrays import BoolArray, FloatArray, IntArray, np
from headgate.core.evaluation.composite import Composite
from headgate.core.evaluation.estimate import MILLI, pair_spread, told
from headgate.core.evaluation.method import GateFinding, failed_teams
from headgate.core.evaluation.ranks import PPM
from headgate.core.evaluation.resampling import MICRO

Chance = tuple[str, int]
THRESHOLDS_MILLI: Final = (0, 840, 1_280, 1_645, 1_960)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """What a cut rule costs: cut only when the line's gap is so many thousandths of an error wide.

    `cut_ppm` is the share of simulated rounds in which it cuts, `wrong_ppm` the share of those cuts
    that send home anybody but the truly last; None when it never cuts. `own` marks the rule of the
    round itself, whose threshold holds for all pairs at once.
    """

    threshold_milli: int
    cut_ppm: int
    wrong_ppm: int | None
    own: bool = False

    def told(self, rounds: int) -> tuple[Chance, Chance | None]:
        """Both shares as so many rounds may tell them; the plain rule cuts by definition."""
        cuts, wrong = told_of(self.cut_ppm, self.wrong_ppm, rounds)
        return cuts if self.threshold_milli or self.own else ("", self.cut_ppm), wrong


def told_of(cut_ppm: int, wrong_ppm: int | None, rounds: int) -> tuple[Chance, Chance | None]:
    """How often somebody leaves, of so many rounds, and how often wrongly, of those alone.

    No mistake in few cuts is not a rule without mistakes, see `estimate.told`.
    """
    cuts = told(cut_ppm, rounds)
    if wrong_ppm is None:
        return cuts, None
    return cuts, told(wrong_ppm, round(cut_ppm * rounds / PPM))


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """Simulated rounds: each one's gap at the line, its standard error in the same unit, the errors
    that the round's own rule asks for, and whether a cut there would be wrong.
    """

    gaps: IntArray | FloatArray
    errors: IntArray | FloatArray
    asked: FloatArray
    wrong: BoolArray


def errors_of(measured: Composite, gates: Sequence[GateFinding]) -> tuple[ErrorRow, ...]:
    """Play the round over and over, taking its estimates for the truth; 0 is "always cut".

    Empty when all who passed the gates have a place.
    """
    failed = failed_teams(gates)
    columns = [at for at, team in enumerate(measured.teams) if team not in failed]
    if len(columns) <= measured.method.stay_max:
        return ()
    return error_rows(_played(measured, columns))


def error_rows(played: Played) -> tuple[ErrorRow, ...]:
    """A row for each plain rule, and the last for the round's own."""
    rows = [
        _row(threshold, played.gaps * MILLI >= played.errors * threshold, played.wrong, own=False)
        for threshold in THRESHOLDS_MILLI
    ]
    asked = np.sort(played.asked)[len(played.asked) // 2]
    cuts = np.asarray(played.gaps > played.errors * played.asked)
    return (*rows, _row(round(float(asked) * MILLI), cuts, played.wrong, own=True))


def _row(threshold: int, cuts: BoolArray, wrong: BoolArray, *, own: bool) -> ErrorRow:
    count, mistakes = int(cuts.sum()), int((cuts & wrong).sum())
    share = round(PPM * count / len(cuts))
    return ErrorRow(threshold, share, round(PPM * mistakes / count) if count else None, own)


def _played(measured: Composite, columns: list[int]) -> Played:
    places = measured.method.stay_max
    draws = measured.place_draws[:, columns]
    order = np.argsort(-draws, axis=1, kind="stable")
    truth = sorted(range(len(columns)), key=lambda at: (-measured.totals[columns[at]], at))
    leaves = np.zeros(len(columns), dtype=np.bool_)
    leaves[truth[places:]] = True
    wrong: BoolArray = np.logical_not(leaves[order[:, places:]].all(axis=1))
    last, first = order[:, places - 1], order[:, places]
    rounds = np.arange(len(draws))
    gaps: IntArray = draws[rounds, last] - draws[rounds, first]
    pairs, error = pair_spread(measured)
    errors = np.zeros((len(measured.teams), len(measured.teams)), dtype=np.int64)
    asked = np.zeros(errors.shape)
    rows = zip(pairs, error.standard_errors, error.criticals_micro, strict=True)
    for (i, j), value, critical_micro in rows:
        errors[i, j] = errors[j, i] = value
        asked[i, j] = asked[j, i] = critical_micro / MICRO
    index = np.array(columns)
    at_line = (index[last], index[first])
    return Played(gaps, errors[at_line], asked[at_line], wrong)
