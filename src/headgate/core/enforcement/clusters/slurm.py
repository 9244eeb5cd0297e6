"""A Slurm cluster with accounting: how to reach it, and what the policy's words are called there.

Source: Slurm's manual pages sacctmgr(1), slurm.conf(5) and gres.conf(5).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from headgate.core.enforcement.clusters.kind import Cluster, Most, Name, Percent, Said, Walls
from headgate.core.supports.kind import Section

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9/._=:@%+-]{1,200}$")]
"""A word that is safe on a command line, in whatever shell it passes through."""

Account = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
"""A name that Slurm takes as it is: it writes accounts in small letters."""


class SlurmChip(Section):
    """One chip class: its GRES name and type as in gres.conf."""

    gres: Annotated[str, Field(pattern=r"^[a-z]{1,16}:[A-Za-z0-9_.-]{1,40}$")]


class SlurmCluster(Cluster):
    """A cluster that sacctmgr reaches.

    `cluster` is ClusterName of slurm.conf. `reach` stands before every command, such as
    `[ssh, ops@login]`; `environment` is set for it. Only one Headgate at a time holds `lock`.
    `programme` is the account over all others of the programme, `sectors` those of the classes of
    holders. With `envelopes: walls` a sector never runs more than its GPUs; with `shares` it has a
    fair share. With `standby`, awards may borrow what lies idle in a class of service that costs
    nothing and that owners take back at once, or without `reclaim` once it ends: each award up to
    `borrow_percent` of its GPUs, all together up to `lend_percent` of the sectors' walls. These
    words hold where the policy says nothing of sharing. `ends_running` says whether a suspension
    and a removal end the jobs that run. With `steps`, use is read with the steps of every job, for
    the energy of jobs that run without srun.
    """

    engine: Literal["slurm"]
    cluster: Account
    reach: tuple[Word, ...] = ()
    environment: Mapping[Word, Word] = {}
    lock: Word
    programme: Account
    sectors: Annotated[Mapping[Name, Account], Field(min_length=1)]
    chips: Annotated[Mapping[Name, SlurmChip], Field(min_length=1)]
    envelopes: Walls | None = Walls.WALLS
    standby: bool = False
    lend_percent: Percent = 100
    borrow_percent: Most | None = None
    reclaim: bool = True
    ends_running: bool = True
    steps: bool = False
    array: tuple[Word, ...] = ()

    @property
    def address(self) -> tuple[object, ...]:
        """Slurm's own name of the cluster, where its commands are run, and the root account."""
        return self.reach, dict(self.environment), self.cluster, self.programme

    def words(self, said: Said) -> Mapping[str, object]:
        """A right is held by walls on Slurm; what is borrowed is on standby beside them."""
        return {
            "envelopes": Walls.WALLS,
            "standby": said.lent,
            "lend_percent": said.lend_percent,
            "borrow_percent": said.borrow_percent,
            "reclaim": said.reclaim,
        }
