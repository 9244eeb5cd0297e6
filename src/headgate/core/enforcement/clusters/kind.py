"""What every kind of cluster says of itself in a clusters file."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from headgate.core.policy.sharing import Idle, Most, Percent, Sharing
from headgate.core.supports.kind import Section

__all__ = ["Cluster", "Most", "Name", "Percent", "Said", "Walls"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Walls(StrEnum):
    """What an envelope is to the jobs under it."""

    WALLS = "walls"
    SHARES = "shares"


@dataclass(frozen=True, slots=True)
class Said:
    """What a policy says of sharing that a cluster can hold."""

    lent: bool
    lend_percent: int
    borrow_percent: int | None
    reclaim: bool

    @classmethod
    def by(cls, sharing: Sharing) -> "Said":
        """The policy's words; what is kept is neither lent nor borrowed."""
        if sharing.idle is Idle.KEPT:
            return cls(False, 0, 0, sharing.reclaim)
        return cls(True, sharing.lend_percent, sharing.borrow_percent, sharing.reclaim)


class Cluster(Section):
    """One cluster: `site` is the name by which a policy's lots, orders and usage know it.

    Subclasses add `engine`, a literal, and how to reach the cluster. `envelopes` is what an
    envelope is there; None where the kind knows awards only.
    """

    site: Name
    envelopes: Walls | None = None

    @property
    def address(self) -> tuple[object, ...]:
        """What two sections have the same only where they are one programme on one cluster."""
        return (self.site,)

    def words(self, said: Said) -> Mapping[str, object]:
        """What the section's own words are where the policy says how envelopes share."""
        del said
        return {}

    def under(self, said: Said) -> Self:
        """The section as the policy's sharing has it."""
        return self.model_copy(update=dict(self.words(said)))

    def otherwise(self, said: Said) -> tuple[str, ...]:
        """The words that the section says itself, and not as the policy does."""
        words = self.words(said)
        return tuple(
            name
            for name, value in words.items()
            if name in self.model_fields_set and getattr(self, name) != value
        )
