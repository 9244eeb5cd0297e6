"""A section of some kind is faulted as if there were but that kind: at its place, in its words."""

from datetime import date

import pytest

from headgate.core.faults import Faulty
from headgate.core.policy.dated import at
from tests.core.policy.small import SMALL, small

DAY = date(2026, 3, 1)


def faults(was: str, now: str) -> list[str]:
    """What is told of the small programme with a part written otherwise."""
    with pytest.raises(Faulty) as refused:
        at(small(SMALL.replace(was, now)), DAY)
    return [str(fault) for fault in refused.value.faults]


def test_who_writes_a_wrong_word_reads_those_of_the_kind() -> None:
    """Below the section too, where the kind stands between it and the word."""
    (told,) = faults("    measure_by: count\n", "    measure_by: count\n    node_gpu: 8\n")
    assert "`node_gpu` has no meaning here [key-unknown]" in told
    assert "node_gpus" in told.partition("mend")[2]
    (told,) = faults("{name: H200}", "{name: H200, price_per_hour: 3}")
    assert "price_per_gpu_hour" in told.partition("mend")[2]


def test_what_a_section_no_longer_says_has_ended_and_is_not_merely_missing() -> None:
    """The end of a value is looked up by its path, which has no kind in it."""
    ended = "node_gpus: {value: 8, from: 2025-01-01, until: 2026-01-01, status: in force}"
    (told,) = faults("node_gpus: 8", ended)
    assert "date-empty" in told


def test_a_kind_that_there_is_not_is_told_with_those_that_there_are() -> None:
    """And one that is not said is missing."""
    told = faults("kind: compute", "kind: computer")
    assert any("choice-wrong" in one and "'people'" in one for one in told)
    told = faults("    kind: compute\n", "")
    assert any("`supports.compute` needs `kind`" in one for one in told)
