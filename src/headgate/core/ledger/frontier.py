"""The journal's tree as a value: just enough of it to grow and to say its root.

A tree of n leaves is known by the roots of its perfect subtrees, one for each bit of n that is set
(RFC 6962 section 2.1 cuts a tree so; the literature calls it a compact range). `Tree` keeps every
node and proves anything; a frontier is at most 64 hashes, so it can be kept with every action.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from headgate.core.ledger.tree import leaf_hash, node_hash


@dataclass(frozen=True, slots=True)
class Frontier:
    """The tree over the first `size` entries; `roots` are of its perfect subtrees, largest first.

    Raises ValueError where the roots do not fit the size.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        fit = self.size >= 0 and len(self.roots) == self.size.bit_count()
        if not fit or any(len(root) != sha256().digest_size for root in self.roots):
            raise ValueError(f"{len(self.roots)} roots are not those of a tree of {self.size}")

    def grown(self, entries: Iterable[bytes]) -> "Frontier":
        """The tree with more entries, each given by its exact bytes."""
        size, roots = self.size, list(self.roots)
        for entry in entries:
            node, carry = leaf_hash(entry), size
            while carry & 1:
                node = node_hash(roots.pop(), node)
                carry >>= 1
            roots.append(node)
            size += 1
        return Frontier(size, tuple(roots))

    def root(self) -> bytes:
        """The Merkle tree hash of all entries (RFC 6962 section 2.1)."""
        if not self.roots:
            return sha256().digest()
        *larger, node = self.roots
        for left in reversed(larger):
            node = node_hash(left, node)
        return node
