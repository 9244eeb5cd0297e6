"""A clusters file: which clusters there are, of which kind, and how each is reached.

It is YAML like the policy, `headgate: 1` and `clusters:` by name, and says nothing that the policy
decides. Every fault comes at once, at its line.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.kind import Name
from headgate.core.faults import Fault, Faulty, Mended
from headgate.core.policy.tree import Node
from headgate.core.supports.kind import Section
from headgate.readers.sections import Remark, Wrong, read_tree, sections


class Code(Mended):
    """What can be wrong with a clusters file, beside not being YAML at all."""

    UNREADABLE = (
        "clusters-unreadable",
        "name a text file in UTF-8 that may be read; docs/operating/slurm.md and kueue.md have one",
    )
    KEY_UNKNOWN = "cluster-key-unknown", "take the key out, or write the one that was meant"
    KEY_MISSING = "cluster-key-missing", "write the key with its value"
    ENGINE_UNKNOWN = "cluster-engine-unknown", "write `engine:` with one of the kinds named"
    VALUE_WRONG = "cluster-value-wrong", "write it as docs/operating/slurm.md or kueue.md does"
    SITE_TWICE = "cluster-site-twice", "give each site one cluster; orders go to a site by its name"
    CLUSTER_TWICE = (
        "cluster-twice",
        "give each site a cluster of its own: one of them would take away what the other has made",
    )


UNKNOWN: Final = "cluster-unknown"
"""The fault of whoever names a cluster that a sound file does not have."""


class Clusters(Section):
    """The whole file."""

    headgate: Literal[1]
    clusters: Annotated[Mapping[Name, AnyCluster], Field(min_length=1)]


def read_clusters(path: Path) -> Mapping[str, AnyCluster]:
    """The clusters of a file by name; raises Faulty with all that is wrong with it."""
    tree = read_tree(path, Code.UNREADABLE, _EMPTY)
    read = sections(tree, Clusters, _fault)
    if twice := list(_twice(tree, read.clusters)):
        raise Faulty(twice)
    return read.clusters


def named(clusters: Mapping[str, AnyCluster], name: str) -> AnyCluster:
    """The cluster of a name; raises Faulty where the file has none of it."""
    if name not in clusters:
        what = f"there is no cluster {name!r}: {', '.join(clusters)}"
        raise Faulty(
            [Fault("--cluster", 0, 0, UNKNOWN, what, "name one of the clusters of the file")]
        )
    return clusters[name]


_EMPTY: Final = "begin with `headgate: 1`, then `clusters:` with a section for each cluster"


_CODES: Final = {
    Wrong.KEY_UNKNOWN: Code.KEY_UNKNOWN,
    Wrong.KEY_MISSING: Code.KEY_MISSING,
    Wrong.KIND_UNKNOWN: Code.ENGINE_UNKNOWN,
    Wrong.VALUE_WRONG: Code.VALUE_WRONG,
}


def _fault(found: Remark) -> Fault:
    """What the models say against a value, at the deepest place that was written."""
    node, code, what = found.node, _CODES[found.wrong], found.what
    if found.wrong is Wrong.KIND_UNKNOWN:
        kinds = f": {found.said}" if found.said else ""
        what = f"{found.name} names no engine that is known{kinds}"
    return code.at(node, what)


def _twice(tree: Node, clusters: Mapping[str, AnyCluster]) -> Iterator[Fault]:
    """Two clusters on one site, or two sites on one: an order would not know where to go."""
    counts = Counter(cluster.site for cluster in clusters.values())
    sections = tree.get("clusters") or tree
    for name, cluster in clusters.items():
        others = [n for n, other in clusters.items() if n != name and _same(cluster, other)]
        if counts[cluster.site] > 1:
            what = f"{name} is one of {counts[cluster.site]} clusters of {cluster.site}"
            yield Code.SITE_TWICE.at(sections.get(name) or tree, what)
        elif others:
            what = f"{name} is the same programme on the same cluster as {', '.join(others)}"
            yield Code.CLUSTER_TWICE.at(sections.get(name) or tree, what)


def _same(one: AnyCluster, other: AnyCluster) -> bool:
    return (one.engine, one.address) == (other.engine, other.address)
