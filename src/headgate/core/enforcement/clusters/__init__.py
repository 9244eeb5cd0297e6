"""The kinds of cluster a clusters file may name; a new kind is one file here and one line below."""

from typing import Annotated

from pydantic import Field

from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.clusters.rehearsal import RehearsalCluster
from headgate.core.enforcement.clusters.slurm import SlurmCluster

AnyCluster = Annotated[
    SlurmCluster | KueueCluster | RehearsalCluster, Field(discriminator="engine")
]
"""A cluster's section, told apart by its `engine`."""
