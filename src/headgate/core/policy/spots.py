"""What every check of a policy's sections uses: where a path is written, names, shares, spans."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headgate.core.faults import Fault, Placed, Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.names import meant
from headgate.core.policy.primitives import Share
from headgate.core.policy.tree import Place
from headgate.core.policy.values import Loc, Value

Found = Iterator[tuple[Loc, Fault]]
FULL_POINTS = 100


@dataclass(frozen=True, slots=True)
class Spots:
    """Where the paths of a day's values are written, and which names stand in a section."""

    root: Value

    def at(self, *path: str) -> Placed:
        """The place of a path, or of the deepest part of it that is written."""
        value = self.root
        for step in path:
            part = value.part(step)
            if part is None:
                break
            value = part
        own = value.provenance
        return Place(own.file, own.line, own.column)

    def names(self, *path: str) -> list[str]:
        """The names that stand in a section, also of parts that are faulty."""
        value: Value | None = self.root
        for step in path:
            value = value.part(step) if value is not None else None
        return [name for name, _ in value.parts()] if value is not None else []


def name_known(spots: Spots, path: Loc, name: str, among: Loc, code: Code) -> Found:
    """A name must stand in another section; a faulty part of it still counts as named."""
    known = spots.names(*among)
    if name not in known:
        yield path, code.at(spots.at(*path), name=name, mend=meant(name, known))


def within_whole(spots: Spots, path: Loc, share: Share, *, below_one: bool = False) -> Found:
    """A share lies between nothing and the whole."""
    if not 0 <= share <= 1 or (below_one and share in (0, 1)):
        wanted = Sentence("a share above 0 and below 1" if below_one else "a share from 0 to 1")
        place = spots.at(*path)
        yield path, Code.RANGE_WRONG.at(place, path=".".join(path), value=share, range=wanted)


def weigh_whole(spots: Spots, path: Loc, weights: Sequence[int]) -> Found:
    """Weights add up to the full points, where there are any."""
    if weights and sum(weights) != FULL_POINTS:
        words = {"path": ".".join(path), "sum": sum(weights)}
        yield path, Code.WEIGHTS_SUM.at(spots.at(*path), **words)


def in_order(spots: Spots, path: Loc, least: int, most: int) -> Found:
    """The least is no more than the most."""
    if least > most:
        words = {"path": ".".join(path), "least": least, "most": most}
        yield path, Code.LEAST_ABOVE_MOST.at(spots.at(*path, "least"), **words)
