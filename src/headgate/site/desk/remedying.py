"""What a tie still asks for at the desk: further items, or a lot with the secrets of its teams."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from headgate.core.evaluation.decide import Reason, TeamDecision
from headgate.core.evaluation.freeze import Frozen
from headgate.core.ledger.entry import Kind
from headgate.site.desk.hearing import object_by
from headgate.site.desk.office import SITE
from headgate.site.desk.rating import RoundNow
from headgate.site.desk.round_models import RoundSecret
from headgate.site.records.journal import head
from headgate.site.records.kept import stored_facts

_SIGNED = "SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1"
_DECIDED = "SELECT max(seq) FROM entry WHERE kind = %s AND subject = %s"


def waiting(round_: RoundNow, reason: Reason) -> list[TeamDecision]:
    """The teams of a round that wait for a remedy, in order."""
    decisions = round_.decided.outcome.decisions if round_.decided is not None else ()
    return [one for one in decisions if one.reason is reason]


@dataclass(frozen=True, slots=True)
class LotNow:
    """How far a round's lot has come.

    `root` is that of the newest signed checkpoint with the tie in it, empty before there is one;
    `current` says that nothing was entered since. `committed` are digests of secrets by team of the
    round, `shown` what was shown, `last` the last day for it: that for objections, or the
    round's own.
    """

    teams: tuple[str, ...]
    root: str
    size: int
    current: bool
    committed: Mapping[str, str]
    shown: Mapping[str, str]
    last: date

    def missing(self) -> list[str]:
        """Which tied team committed to a secret and has not shown it."""
        return [one for one in self.teams if one in self.committed and one not in self.shown]


def lot_now(round_: RoundNow) -> LotNow | None:
    """The lot of a round that waits for one; None where none does."""
    teams = tuple(one.team for one in waiting(round_, Reason.TIED_AWAITS_LOT))
    if not teams:
        return None
    ((entered,),) = SITE.rows(_DECIDED, [Kind.ROUND_CLOSED.value, round_.id])
    found = SITE.rows(_SIGNED, [])
    size, root = found[0] if found and found[0][0] > entered else (0, "")
    rows = RoundSecret.objects.filter(round=round_.id)
    return LotNow(
        teams,
        root,
        size,
        size == head(SITE).size,
        _committed(round_),
        dict(rows.values_list("team", "secret")),
        object_by(round_) or round_.section.on,
    )


def _committed(round_: RoundNow) -> Mapping[str, str]:
    """SHA-256 of the secret that each team signed with the round's method."""
    facts, name = stored_facts(SITE), f"frozen/{round_.id}"
    frozen = [one for one in facts[name].values if isinstance(one, Frozen)] if name in facts else []
    signed = (each for one in frozen for each in one.signed)
    return {each.team: each.lot for each in signed if each.lot and each.team in round_.teams}
