"""What is made quickly is what would have been made otherwise."""

from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from headgate.core.metering.usage import Usage
from headgate.core.quick import quick

ROW = ("c", "j", 0, "a", "h200", 8, "2026-03-09T00:00:00Z", None, "2026-03-09T09:00:00Z")


@dataclass(frozen=True, slots=True)
class Looked:
    """A class that judges its values."""

    a: int

    def __post_init__(self) -> None:
        """Refuse what is below zero."""
        if self.a < 0:
            raise ValueError(self.a)


@dataclass(frozen=True)
class Open:
    """A class without slots."""

    a: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A class whose default is made anew each time."""

    a: list[int] = field(default_factory=list)


def test_a_value_is_the_same_whichever_way_it_was_made() -> None:
    """Equal, of one class, with one hash, and as closed to changes."""
    usual, made = Usage(*ROW), quick(Usage)(*ROW)
    assert (usual, hash(usual), repr(usual)) == (made, hash(made), repr(made))
    assert Usage is type(made)
    assert replace(usual, gpus=1) == replace(made, gpus=1)
    assert replace(usual, joules=5) == quick(Usage)(*ROW, joules=5)
    with pytest.raises(FrozenInstanceError):
        made.gpus = 9  # type: ignore[misc]
    assert quick(Listed)().a is not quick(Listed)().a


@pytest.mark.parametrize("kind", [Looked, Open])
def test_a_class_that_does_more_than_keep_its_fields_is_not_made_so(kind: type) -> None:
    """Nothing that a class looks at is passed over for the sake of speed."""
    with pytest.raises(TypeError):
        quick(kind)
