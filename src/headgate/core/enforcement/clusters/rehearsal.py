"""A cluster that exists in memory only: for trying out what a plan would look like."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from headgate.core.enforcement.clusters.kind import Cluster, Name


class RehearsalCluster(Cluster):
    """A cluster of so many GPUs of each chip class that holds nothing to begin with."""

    engine: Literal["rehearsal"]
    gpus: Mapping[Name, Annotated[int, Field(gt=0, le=10**9)]]
