"""What a cut rule costs, for a round's own numbers: how often it sends home a wrong team.

The programme chooses between a plain rule that always cuts and errs, and a careful one that cuts
seldom. This table shows the trade before the method is signed, or the round is closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headgate.core.evaluation.composite import Composite, Refused, composite
from headgate.core.evaluation.estimate import MILLI, failed_teams, pair_spread
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.harshness import IntArray
from headgate.core.evaluation.method import GateFinding, Method
from headgate.core.evaluation.ranks import PPM


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One rule: cut only when the line's gap is at least `threshold_milli` / 1000 standard errors.

    `cut_ppm` is the share of simulated rounds in which it cuts, `wrong_ppm` the share of those cuts
    that send home anybody but the truly last; None when it never cuts.
    """

    threshold_milli: int
    cut_ppm: int
    wrong_ppm: int | None


def error_table(
    method: Method,
    evidence: Evidence,
    teams: Sequence[str],
    gates: Sequence[GateFinding],
    seed: str,
    thresholds_milli: Sequence[int] = (0, 840, 1_280, 1_645, 1_960),
) -> tuple[ErrorRow, ...] | Refused:
    """Play the round over and over, taking its estimates for the truth; 0 is "always cut".

    Empty when everybody who passed the gates has a place, so that nobody is cut.
    """
    measured = composite(method, evidence, teams, gates, seed)
    if isinstance(measured, Refused):
        return measured
    failed = failed_teams(gates)
    columns = [at for at, team in enumerate(measured.teams) if team not in failed]
    if len(columns) <= method.stay_max:
        return ()
    gaps, errors, wrong = _played(measured, columns)
    rows = []
    for threshold in thresholds_milli:
        cuts = gaps * MILLI >= errors * threshold
        count, mistakes = int(cuts.sum()), int((cuts & wrong).sum())
        share = round(PPM * count / len(cuts))
        rows.append(ErrorRow(threshold, share, round(PPM * mistakes / count) if count else None))
    return tuple(rows)


def _played(
    measured: Composite, columns: list[int]
) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """Each simulated round's gap at the line, its standard error, and whether the cut is wrong."""
    places = measured.method.stay_max
    draws = measured.draws[:, columns]
    order = np.argsort(-draws, axis=1, kind="stable")
    truth = sorted(range(len(columns)), key=lambda at: (-measured.totals[columns[at]], at))
    leaves = np.zeros(len(columns), dtype=np.bool_)
    leaves[truth[places:]] = True
    wrong: NDArray[np.bool_] = np.logical_not(leaves[order[:, places:]].all(axis=1))
    last, first = order[:, places - 1], order[:, places]
    rounds = np.arange(len(draws))
    gaps: IntArray = draws[rounds, last] - draws[rounds, first]
    pairs, error = pair_spread(measured)
    table = np.zeros((len(measured.teams), len(measured.teams)), dtype=np.int64)
    for (i, j), value in zip(pairs, error.standard_errors, strict=True):
        table[i, j] = table[j, i] = value
    index = np.array(columns)
    errors: IntArray = table[index[last], index[first]]
    return gaps, errors, wrong
