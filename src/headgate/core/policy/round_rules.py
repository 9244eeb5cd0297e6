"""How a round is conducted: who signs, what is handed in and when, who rates, who receives none.

Each section is a rule that was missing or late in a real programme; a round without one of them
asks for nothing there.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from headgate.core.policy.primitives import Day, Natural, Share
from headgate.core.supports.kind import Section


class Freeze(Section):
    """The day by which every team has signed the round as the policy has it."""

    on: Day


class Late(StrEnum):
    """Whose last day moves when resources were handed over late."""

    TEAM = "team"
    ALL = "all"


class Submissions(Section):
    """One final model a team, known by its hash, by a day; its private trials are counted.

    `late` says whether a late hand-over moves the last day of that team or of all.
    """

    by: Day
    trials_most: Natural | None = None
    late: Late = Late.ALL


class Raters(Section):
    """Who rates a pillar: how many a team at least, blind or not, how attentive and agreed.

    `attention` is the least share of attention checks that a rater passes, `agreement` the least
    Krippendorff's alpha of the panel. A rater in conflict with a team never counts for it.
    `repeated` is how many teams' work each rater is shown twice, unannounced, as those checks, and
    `known` the digest of the answers that are fixed beforehand, as more of them.
    """

    least: Annotated[int, Field(ge=2, le=10_000)]
    blind: bool
    attention: Share | None = None
    agreement: Share | None = None
    repeated: Annotated[int, Field(ge=1, le=100)] = 1
    known: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class OtherModels(StrEnum):
    """What a run of a model means that is not the team's final one."""

    TRIALS = "trials"
    REFUSED = "refused"


class Runner(Section):
    """Who runs a pillar of items: an evaluator by its keys, with a suite by its digest.

    `keys` are as `headgate suite keys` prints them. A run of a model that is not the team's final
    one is a private trial, or refuses the log.
    """

    keys: Annotated[
        tuple[
            Annotated[str, Field(pattern=r"^[^\s+]+\+sha256:[0-9a-f]{64}$", max_length=327)], ...
        ],
        Field(min_length=2, max_length=2),
    ]
    suite: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    others: OtherModels = OtherModels.TRIALS


class Suppliers(Section):
    """Who sells or lends resources to the programme receives none that is freed before a day."""

    receive_from: Day | None = None
