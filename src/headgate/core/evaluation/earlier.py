"""A round that was decided before, as a later one's report shows it: standings and outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.evaluation.estimate import Standings
from headgate.core.supports.text import Text


@dataclass(frozen=True, slots=True)
class Earlier:
    """A round from a folder that was verified; `root` is that of the folder's signed checkpoint.

    `names` is what the round is called, by language.
    """

    programme: str
    round: str
    names: Mapping[str, str]
    on: date
    root: str
    standings: Standings
    outcome: RoundOutcome

    @property
    def name(self) -> Text:
        """The round's name in the reader's language."""
        return Text.model_validate(dict(self.names))
