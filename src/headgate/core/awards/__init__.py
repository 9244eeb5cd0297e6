"""Step 3 of the cycle: scored candidates become an award list in whole blocks.

The solver proposes, the rules settle: `propose` asks HiGHS for a list, `settle` is pure integer
arithmetic that checks it, takes the solver's arbitrariness out and gives every candidate a reason.
"""

from headgate.core.awards.certificate import Prices, bound_proved
from headgate.core.awards.check import ProblemFault, check
from headgate.core.awards.plan import (
    Award,
    Cutoff,
    Plan,
    Proposal,
    ProposalFault,
    Refusal,
    Shortfall,
    Standby,
)
from headgate.core.awards.problem import (
    Candidate,
    Floor,
    Limit,
    LimitKind,
    Option,
    Pool,
    Problem,
)
from headgate.core.awards.reasons import Change, ChangeKind, Outcome, Reason
from headgate.core.awards.sentences import points, sentence
from headgate.core.awards.settle import settle
from headgate.core.awards.solve import propose, propose_fast
from headgate.core.awards.standby import promote

__all__ = [
    "Award", "Candidate", "Change", "ChangeKind", "Cutoff", "Floor", "Limit", "LimitKind",
    "Option", "Outcome", "Plan", "Pool", "Prices", "Problem", "ProblemFault", "Proposal",
    "ProposalFault", "Reason", "Refusal", "Shortfall", "Standby", "bound_proved",
    "check", "points", "promote", "propose", "propose_fast", "sentence", "settle",
]  # fmt: skip
