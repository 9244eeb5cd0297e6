"""How envelopes share what lies idle: one set of words for the simulator and for every engine.

`envelopes.SUPPORT.sharing` of a policy. What an engine cannot hold it does not promise: the pages
of `docs/operating` say what each makes of these words.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from headgate.core.supports.held import Name
from headgate.core.supports.kind import Section

Percent = Annotated[int, Field(ge=0, le=100)]
Most = Annotated[int, Field(ge=0, le=100_000)]
Seconds = Annotated[int, Field(ge=0, le=10**7)]
Hours = Annotated[int, Field(gt=0, le=10**9)]
Tenant = Annotated[str, Field(min_length=1, max_length=200)]
SPOT = "spot"
"""The envelope without a quota, of tenants that run on what lies idle."""
EVERYBODY = "everybody"
"""The envelope of all in a policy that divides nothing."""


class Idle(StrEnum):
    """What becomes of quota that lies idle: others may borrow it, or it is kept (walls)."""

    LENT = "lent"
    KEPT = "kept"


class Turns(StrEnum):
    """Whose turn it is first: the smallest present use over quota, or past use, or credits.

    PAST_USE fades by `half_life_hours` (fair share). CREDITS are earned by lending and paid by
    borrowing, a GPU-hour each (Karma: Vuppalapati et al., OSDI 2023); who lent most goes first.
    """

    USE = "use"
    PAST_USE = "past_use"
    CREDITS = "credits"


class Spent(StrEnum):
    """What becomes of an award's jobs when its budget is spent, until its next term.

    With WAIT no job starts that the budget would not pay to its limit (Slurm's `safe`); with END
    jobs start while anything is left and end when nothing is.
    """

    WAIT = "wait"
    END = "end"


class Nodes(StrEnum):
    """Whether idle GPUs are COUNTED, wherever they stand, or jobs are PACKED onto whole nodes."""

    COUNTED = "counted"
    PACKED = "packed"


class Budgets(Section):
    """GPU-hours of each award for a term, by name or else `gpu_hours`; without either, no end."""

    gpu_hours: Hours | None = None
    named: Mapping[Tenant, Hours] = {}
    when_spent: Spent = Spent.WAIT


class Taken(Section):
    """How a class of chips takes inference: its speed beside a GPU's, and what budgets pay for it.

    `tariff_percent` is of a GPU-hour: under 100 it is cheaper to run where the policy wants it.
    """

    speed_percent: Annotated[int, Field(gt=0, le=10_000)] = 100
    tariff_percent: Annotated[int, Field(ge=0, le=10_000)] = 100


class Inference(Section):
    """Where inference runs first (NPU-first): classes of chips in the order of trying them.

    These classes take nothing else. A job of inference that one cannot hold, or that has waited
    there for `spill_seconds` without a start, goes on to the next and last to all other chips;
    without it, it waits for ever. Which jobs are inference the trace says; of `tenants` all are.
    """

    first: Annotated[Mapping[Name, Taken], Field(min_length=1)]
    spill_seconds: Seconds | None = None
    tenants: tuple[Tenant, ...] = ()


class Spot(Section):
    """Jobs that run on what lies idle and on nothing else, at `tariff_percent` of a price.

    Which jobs are spot the trace says; of `tenants` all are.

    They have no quota: where idle quota is lent they may hold all of it, and where owners take back
    what they lent, anybody with a right may stop them. A tariff is of a GPU-hour and of its price.
    """

    tenants: tuple[Tenant, ...] = ()
    tariff_percent: Annotated[int, Field(ge=0, le=10_000)] = 100


class Sharing(Section):
    """Percentages are of a quota; `borrow_percent` is absent where nothing bounds it.

    With `reclaim` owners take back at once what they lent. A stopped job keeps what it had done at
    its last checkpoint (0: nothing) and pays `restart_seconds`. Backfill looks at `look_ahead`
    waiting jobs, -1 for all of them.
    """

    idle: Idle = Idle.LENT
    borrow_percent: Most | None = None
    lend_percent: Percent = 100
    reclaim: bool = True
    turns: Turns = Turns.USE
    half_life_hours: Annotated[int, Field(gt=0, le=8760)] = 168
    checkpoint_seconds: Seconds = 1800
    restart_seconds: Seconds = 300
    look_ahead: Annotated[int, Field(ge=-1, le=10**6)] = 500
    nodes: Nodes = Nodes.COUNTED
    budgets: Budgets | None = None
    inference: Inference | None = None
    spot: Spot | None = None
