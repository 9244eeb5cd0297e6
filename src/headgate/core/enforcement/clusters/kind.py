"""What every kind of cluster says of itself in a clusters file."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from headgate.core.supports.kind import Section

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Walls(StrEnum):
    """What an envelope is to the jobs under it."""

    WALLS = "walls"
    SHARES = "shares"


class Cluster(Section):
    """One cluster: `site` is the name by which a policy's lots, orders and usage know it.

    Subclasses add `engine`, a literal, and how to reach the cluster. `envelopes` is what an
    envelope is there; None where the kind knows awards only.
    """

    site: Name
    envelopes: Walls | None = None
