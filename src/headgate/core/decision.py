"""A decision: what a pure function said of one subject, with everything needed to say it again.

The journal keeps the digest of a decision's canonical line, so that a stranger who recomputes the
line from the published policy and facts sees at once whether it is the same.
"""

from dataclasses import dataclass

from headgate.core import canonical


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of one step of the cycle.

    `rule` is the path of the policy section that was applied, `policy` the digest of the whole
    file, `facts` the names of the fact files read, and `assumed` the policy paths it rests on that
    no source gives: every page that shows the decision says so. `result` is made of canonical
    types.
    """

    step: str
    rule: str
    subject: str
    at: str
    policy: str
    facts: tuple[str, ...]
    assumed: tuple[str, ...]
    result: object

    def line(self) -> bytes:
        """The canonical line, as published in the bundle."""
        return canonical.line(self)

    def digest(self) -> str:
        """SHA-256 of the canonical line, as the journal has it."""
        return canonical.digest(self.line())
