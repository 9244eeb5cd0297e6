"""A Kubernetes cluster with Kueue: how to reach it, and what the policy's words are called there.

Source: Kueue's API reference, kueue.x-k8s.io/v1beta2; Kubernetes, "Labels and Selectors".
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from headgate.core.enforcement.clusters.kind import Cluster, Most, Name, Percent, Said, Walls
from headgate.core.supports.kind import Section

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
RoleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?$")]
LabelKey = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?"
        r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
    ),
]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")]


class KueueChip(Section):
    """One chip class: the resource that pods ask for, and the labels of the nodes that have it.

    `gpus` are the programme's of the class on the cluster: Kueue does not know how many there are.
    `flavor` names a ResourceFlavor that the operator keeps; without it Headgate makes its own.
    """

    gpus: Annotated[int, Field(ge=0, le=10**9)]
    resource: LabelKey = "nvidia.com/gpu"
    node_labels: Annotated[Mapping[LabelKey, LabelValue], Field(max_length=8)] = {}
    flavor: ObjectName | None = None


class KueueCluster(Cluster):
    """A cluster whose API server a kubeconfig reaches; `programme` marks what is Headgate's there.

    An award lends `lend_percent` of its GPUs while they lie idle and takes them back by reclaim,
    unless that is false; it may borrow `borrow_percent` of its GPUs on top, null for any number.
    With `envelopes: walls` a class of holders never runs more than its envelope; with `shares` it
    borrows what lies idle by its share. These words hold where the policy says nothing of sharing.
    `ends_running` says whether a suspension, a spent budget, a term's end and a removal evict what
    runs, or let it run out. Use is looked at every `look_seconds`; `looks` is the file in which the
    looks are remembered. With `budget_check` work begins only where the most that it may use fits
    its award's balance, by `headgate admit`; what does not fit is tried again after
    `retry_seconds`. `member_role` is the ClusterRole of an award's logins in its namespace.
    """

    engine: Literal["kueue"]
    programme: Name
    kubeconfig: Annotated[str, Field(min_length=1)] | None = None
    context: Annotated[str, Field(min_length=1)] | None = None
    envelopes: Walls | None = Walls.SHARES
    chips: Annotated[Mapping[Name, KueueChip], Field(min_length=1)]
    lend_percent: Percent = 100
    borrow_percent: Most | None = 0
    reclaim: bool = True
    ends_running: bool = True
    budget_check: bool = False
    retry_seconds: Annotated[int, Field(gt=0, le=86_400)] = 60
    member_role: RoleName | None = None
    look_seconds: Annotated[int, Field(gt=0, le=86_400)] = 60
    timeout_seconds: Annotated[int, Field(gt=0, le=3600)] = 30
    looks: Annotated[str, Field(min_length=1)] = "kueue-looks.json"

    @property
    def address(self) -> tuple[object, ...]:
        """Where the API server is said to be, and the mark."""
        return self.kubeconfig, self.context, self.programme

    def words(self, said: Said) -> Mapping[str, object]:
        """Envelopes that lend are shares; envelopes that keep are walls."""
        return {
            "envelopes": Walls.SHARES if said.lent else Walls.WALLS,
            "lend_percent": said.lend_percent,
            "borrow_percent": said.borrow_percent,
            "reclaim": said.reclaim,
        }
