"""How many degrees of freedom a small panel has by its design: who saw whom, whatever was marked.

A rater's influence on what one team has over another is linear in the marks. Of marks that stray
alike, the squares of all influences are then a sum of chi-squares whose weights the design alone
gives, and their degrees of freedom are the weights' squared sum over their sum of squares (Bell and
McCaffrey 2002, Survey Methodology 28; Pustejovsky and Tipton 2018, JBES 36).
"""

import math
from typing import Final

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.calls.harshness import fit_panel
from headgate.core.evaluation.arithmetic import times_in_order

SPARE_FEW: Final = 7
"""Below so many marks beyond one for each rater and each team the design is asked. In 400 drawn
panels of 9, 8 and 7 raters, four to a team (4, 5 and 6 to spare), all pairs held in 89.3, 89.9 and
90.8 % without, and in 98.5 % or more with it, stated as 95 %; with 7 and more in 92.2 to 94.5 %."""

MILLI: Final = 1_000


def spare(rater: IntArray, cell: IntArray) -> int:
    """Marks beyond those that a connected panel needs to tell its raters and its cells apart."""
    return len(cell) - (int(rater.max()) + 1) - (int(cell.max()) + 1) + 1


def moved_by_marks(rater: IntArray, cell: IntArray) -> FloatArray:
    """What each mark moves each rater's influence on each cell by: (raters, cells, marks)."""
    marks = np.eye(len(cell))
    return np.stack([fit_panel(rater, cell, one).influence for one in marks], axis=2)


def freedoms_milli(moved: FloatArray, most: int) -> IntArray:
    """Thousandths of degrees of freedom of what each system has over each; `most` of its own.

    `moved` is (raters, systems, marks).
    """
    systems = moved.shape[1]
    found = np.full((systems, systems), most * MILLI, dtype=np.int64)
    for first in range(systems):
        for second in range(first):
            own = moved[:, first] - moved[:, second]
            products = times_in_order(own, np.ascontiguousarray(own.T))
            total = math.fsum(products.diagonal())
            squares = math.fsum((products * products).ravel())
            free = total * total / squares if squares else 1.0
            found[first, second] = found[second, first] = max(MILLI, round(free * MILLI))
    return found
