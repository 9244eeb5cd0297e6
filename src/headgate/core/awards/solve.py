"""Asking HiGHS for a list: the exact programme to a stated gap, or its relaxation for what-ifs.

Nothing here decides: what comes out is a proposal that `settle` checks in exact integers. Twins
are one integer column, so that equal candidates do not hurt the search.
Source: Q. Huangfu and J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical
Programming Computation 10(1), 2018 (HiGHS).
"""

from dataclasses import dataclass
from importlib.metadata import version
from math import floor, gcd
from typing import TYPE_CHECKING

from headgate.core.awards.arrange import fill
from headgate.core.awards.certificate import Prices, bound_proved
from headgate.core.awards.holdings import Held, Holdings
from headgate.core.awards.plan import Proposal
from headgate.core.awards.table import Choice, Line, Table

if TYPE_CHECKING:
    from highspy import Highs, HighsLp

    from headgate.core.awards.problem import Problem

_WHOLE = 1e-6
"""Within this of an integer a column counts as one: the solver's own feasibility tolerance."""


@dataclass(frozen=True, slots=True)
class _Column:
    """Awards of one choice to a group of twins.

    Column `at` counts them, `extra` their blocks above the least (-1 when there can be none).
    """

    group: tuple[int, ...]
    choice: int
    at: int
    extra: int


class _Model:
    """A maximisation in rows `sum of coefficients <= upper`, with `unit` scaled value per cost."""

    def __init__(self, table: Table, unit: int) -> None:
        self.table = table
        self.unit = unit
        self.offset = 0
        self.columns: list[_Column] = []
        self.costs: list[int] = []
        self.uppers: list[float] = []
        self.starts = [0]
        self.indices: list[int] = []
        self.coefficients: list[float] = []
        self.rights: list[float] = []
        self.pool_rows: dict[int, int] = {}
        self.limit_rows: dict[int, tuple[int, int]] = {}
        self.floor_rows: dict[int, tuple[int, int]] = {}

    def column(self, cost: int, upper: float) -> int:
        self.costs.append(cost)
        self.uppers.append(upper)
        return len(self.costs) - 1

    def row(self, terms: list[tuple[int, int]], right: float) -> int:
        self.indices.extend(at for at, _ in terms)
        self.coefficients.extend(coefficient for _, coefficient in terms)
        self.starts.append(len(self.indices))
        self.rights.append(right)
        return len(self.rights) - 1


_LESS_THAN_ONE = 0.25
"""Two different values are whole numbers apart, so that a smaller gap than this means the best."""


def propose(problem: "Problem", node_limit: int | None = None) -> Proposal:
    """A list within `problem.gap` of the best, unless `node_limit` branch nodes come first.

    There is no time limit: a clock would make the answer depend on the machine.
    """
    table = Table.of(problem)
    model = _build(table)
    holdings, prices = _relaxed(model)
    proved = bound_proved(table, prices)
    best, bound = holdings, proved
    allowed = float(problem.gap * holdings.worth())
    finished = True
    while bound - best.value() > problem.gap * best.worth() and finished:
        best, bound, finished = _searched(model, best, bound, allowed, node_limit)
        finished = finished and allowed > _LESS_THAN_ONE
        allowed /= 10
    return _proposal(best, min(bound, proved), "mixed-integer", prices)


def propose_fast(problem: "Problem") -> Proposal:
    """The relaxation without its fractional awards, filled up in published order.

    Its bound is the certificate's, so that it can be proved without a solver.
    """
    model = _build(Table.of(problem))
    holdings, prices = _relaxed(model)
    return _proposal(holdings, bound_proved(model.table, prices), "relaxation", prices)


def _proposal(holdings: Holdings, bound: int, method: str, prices: Prices) -> Proposal:
    problem = holdings.table.problem
    return Proposal(
        blocks=tuple(
            (line.application, problem.pools[line.choices[held.choice].pool].id, held.blocks)
            for _, line, held in holdings.awards()
        ),
        bound=bound,
        value=holdings.value(),
        solver=f"HiGHS {version('highspy')}, {method}",
        prices=prices,
    )


def _build(table: Table) -> _Model:
    """Columns for every group of twins and choice, rows for every rule that can bind."""
    worths = [line.worth(c, 1) for line in table.lines for c in line.choices]
    model = _Model(table, max(1, max(worths, default=1) // 1000))
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, line in enumerate(table.lines):
        groups.setdefault(line.kind, []).append(place)
    for places in groups.values():
        _add_group(model, tuple(places))
    blocks = [(column, term) for column in model.columns for term in _blocks(model, column)]
    _add_pools(model, blocks)
    _add_limits(model, blocks)
    _add_floors(model, blocks)
    return model


def _add_group(model: _Model, places: tuple[int, ...]) -> None:
    line = model.table.lines[places[0]]
    count = len(places)
    counters: list[int] = []
    for at, choice in enumerate(line.choices):
        spread = choice.high - choice.low
        if spread < 0:
            continue
        counter = model.column(line.worth(choice, choice.low), count)
        counters.append(counter)
        extra = -1
        if spread:
            extra = model.column(line.score * choice.rate_extra, count * spread)
            model.row([(extra, 1), (counter, -spread)], 0)
        model.columns.append(_Column(places, at, counter, extra))
    if len(counters) > 1:
        model.row([(counter, 1) for counter in counters], count)


def _line(model: _Model, column: _Column) -> tuple[Line, Choice]:
    line = model.table.lines[column.group[0]]
    return line, line.choices[column.choice]


def _blocks(model: _Model, column: _Column) -> list[tuple[int, int]]:
    """The blocks that a column awards, as terms of a row."""
    _, choice = _line(model, column)
    least = [(column.at, choice.low)]
    return least if column.extra < 0 else [*least, (column.extra, 1)]


_Blocks = list[tuple[_Column, tuple[int, int]]]


def _add_pools(model: _Model, blocks: _Blocks) -> None:
    for at, pool in enumerate(model.table.problem.pools):
        terms = [term for column, term in blocks if _line(model, column)[1].pool == at]
        if terms:
            model.pool_rows[at] = model.row(terms, pool.capacity)


def _add_limits(model: _Model, blocks: _Blocks) -> None:
    """Limits that can bind, in the largest unit that all their coefficients share."""
    terms: dict[int, list[tuple[int, int]]] = {}
    most: dict[int, int] = {}
    for column, (at, count) in blocks:
        line, choice = _line(model, column)
        for limit in line.limits:
            terms.setdefault(limit, []).append((at, count * choice.weight))
    for place in model.table.lines:
        units = max((c.weight * c.high for c in place.choices), default=0)
        for limit in place.limits:
            most[limit] = most.get(limit, 0) + units
    for limit, found in sorted(terms.items()):
        allowed = model.table.problem.limits[limit].most
        if most[limit] > allowed:
            unit = gcd(*(coefficient for _, coefficient in found))
            scaled = [(at, coefficient // unit) for at, coefficient in found]
            model.limit_rows[limit] = model.row(scaled, allowed // unit), unit


def _add_floors(model: _Model, blocks: _Blocks) -> None:
    """Each floor with a column for what it is missed by, at its penalty.

    A floor that no award can reach is a constant.
    """
    terms: dict[int, list[tuple[int, int]]] = {}
    for column, (at, count) in blocks:
        line, choice = _line(model, column)
        for floor_at, pull in line.pulls:
            terms.setdefault(floor_at, []).append((at, count * choice.weight * pull))
    for at, start in enumerate(model.table.floor_starts):
        if at not in terms:
            model.offset -= start * model.table.floor_penalties[at]
    for at, found in sorted(terms.items()):
        unit = gcd(*(coefficient for _, coefficient in found))
        missed = model.column(-model.table.floor_penalties[at] * unit, float("inf"))
        scaled = [(column, coefficient // unit) for column, coefficient in found]
        right = -model.table.floor_starts[at] / unit
        model.floor_rows[at] = model.row([*scaled, (missed, -1)], right), unit


def _relaxed(model: _Model) -> tuple[Holdings, Prices]:
    """Solve the relaxation: its whole awards filled up in published order, and its prices."""
    solver = _solver(model)
    solver.run()
    solution = solver.getSolution()
    duals = [abs(dual) * model.unit for dual in solution.row_dual]
    problem = model.table.problem
    pools = {at: round(duals[row]) for at, row in model.pool_rows.items()}
    limits = {at: round(duals[row] / unit) for at, (row, unit) in model.limit_rows.items()}
    floors = {at: round(duals[row] / unit) for at, (row, unit) in model.floor_rows.items()}
    prices = Prices(
        pools=tuple(pools.get(at, 0) for at in range(len(problem.pools))),
        limits=tuple(limits.get(at, 0) for at in range(len(problem.limits))),
        floors=tuple(
            floors.get(at, penalty) for at, penalty in enumerate(model.table.floor_penalties)
        ),
    )
    holdings = _holdings(model, list(solution.col_value))
    fill(holdings)
    return holdings, prices


def _searched(
    model: _Model, start: Holdings, proved: int, allowed: float, node_limit: int | None
) -> tuple[Holdings, int, bool]:
    """Search to an absolute gap of `allowed`: the best list, its bound, and whether it ended."""
    from highspy import HighsModelStatus, HighsSolution

    solver = _solver(model, whole=True)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", max(_LESS_THAN_ONE, allowed) / model.unit)
    if node_limit is not None:
        solver.setOptionValue("mip_max_nodes", node_limit)
    first = HighsSolution()
    first.col_value = _values(model, start)
    solver.setSolution(first)
    solver.run()
    values = list(solver.getSolution().col_value)
    found = _holdings(model, values) if values else start
    finished = solver.getModelStatus() == HighsModelStatus.kOptimal
    dual = solver.getInfo().mip_dual_bound * model.unit
    bound = floor(dual + abs(dual) * 1e-9 + 0.5)
    best = max(start, found, key=Holdings.value)
    return best, max(best.value(), min(proved, bound)), finished


def _solver(model: _Model, whole: bool = False) -> "Highs":
    """HiGHS with the model loaded and everything that could vary between runs fixed."""
    from highspy import Highs

    solver: Highs = Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("parallel", "off")
    solver.setOptionValue("random_seed", 0)
    solver.passModel(_loaded(model, whole))
    return solver


def _loaded(model: _Model, whole: bool) -> "HighsLp":
    import numpy as np
    from highspy import HighsLp, HighsVarType, MatrixFormat, ObjSense

    lp = HighsLp()
    lp.num_col_ = len(model.costs)
    lp.num_row_ = len(model.rights)
    lp.sense_ = ObjSense.kMaximize
    lp.col_cost_ = np.array([cost / model.unit for cost in model.costs])
    lp.offset_ = model.offset / model.unit
    lp.col_lower_ = np.zeros(len(model.costs))
    lp.col_upper_ = np.array(model.uppers)
    lp.row_lower_ = np.full(len(model.rights), -np.inf)
    lp.row_upper_ = np.array(model.rights)
    lp.a_matrix_.format_ = MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(model.starts)
    lp.a_matrix_.index_ = np.array(model.indices)
    lp.a_matrix_.value_ = np.array(model.coefficients)
    if whole:
        awards = len(model.costs) - len(model.floor_rows)
        free = [HighsVarType.kContinuous] * len(model.floor_rows)
        lp.integrality_ = [HighsVarType.kInteger] * awards + free
    return lp


def _holdings(model: _Model, values: list[float]) -> Holdings:
    """The whole awards among column values, to the twins in order of their lots."""
    holdings = Holdings(model.table)
    taken: dict[int, int] = {}
    for column in model.columns:
        _, choice = _line(model, column)
        count = floor(values[column.at] + _WHOLE)
        extra = floor(values[column.extra] + _WHOLE) if column.extra >= 0 else 0
        first = taken.get(column.group[0], 0)
        for place in column.group[first : first + count]:
            more = min(extra, choice.high - choice.low)
            holdings.give(place, Held(column.choice, choice.low + more))
            extra -= more
        taken[column.group[0]] = first + count
    return holdings


def _values(model: _Model, holdings: Holdings) -> list[float]:
    """Column values of a list, for the search to start from."""
    values = [0.0] * len(model.costs)
    for column in model.columns:
        _, choice = _line(model, column)
        held = [holdings.held[place] for place in column.group]
        mine = [one.blocks for one in held if one is not None and one.choice == column.choice]
        values[column.at] = len(mine)
        if column.extra >= 0:
            values[column.extra] = sum(mine) - choice.low * len(mine)
    shorts = enumerate(holdings.floor_short)
    missed = {at: max(0, short) for at, short in shorts if at in model.floor_rows}
    first = len(model.costs) - len(model.floor_rows)
    for column_at, (at, (_, unit)) in enumerate(model.floor_rows.items(), first):
        values[column_at] = missed[at] / unit
    return values
