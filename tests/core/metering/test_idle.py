"""What is promised of idle shares and of use over time: exact integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.metering.idle import Bucket, Grant, Idle, idle, series
from headgate.core.metering.judge import gpu_seconds
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of

DAY = 86_400
START = "2026-03-09T00:00:00Z"


def at(seconds: int) -> str:
    """The instant some seconds into the term."""
    return instant_of(seconds_of(START) + seconds)


def row(start: int, end: int | None, gpus: int = 1, award: str = "a", seen: int = 0) -> Usage:
    """One attempt of an award."""
    ended = None if end is None else at(end)
    return Usage("c", "j", 1, award, "h200", gpus, at(start), ended, at(seen))


def test_idle_is_measured_against_an_even_pace() -> None:
    """Half-way, half the grant should be used; a running job counts up to the instant asked for."""
    grants = [Grant("b", "h200", 100, START, at(100)), Grant("a", "h200", 1001, START, at(100))]
    rows = [row(10, 40, 4), row(40, None, 2, seen=90), row(0, 50, 9, "b")]
    expected = (Idle("a", "h200", 500, 140, 360), Idle("b", "h200", 50, 450, 0))
    assert expected == idle(grants, rows, at(50))


@pytest.mark.parametrize(("now", "granted"), [(-5, 0), (0, 0), (100, 70), (500, 70)])
def test_grant_stays_within_its_term(now: int, granted: int) -> None:
    """Before the term nothing is granted so far, after it everything is."""
    (found,) = idle([Grant("a", "h200", 70, START, at(100))], [], at(now))
    assert granted == found.gpu_seconds_granted


@pytest.mark.parametrize(("now", "granted"), [(9, 0), (10, 70), (11, 70)])
def test_grant_without_a_term_is_all_there_at_its_start(now: int, granted: int) -> None:
    """A grant that ends when it starts is no error; it is granted whole at that instant."""
    (found,) = idle([Grant("a", "h200", 70, at(10), at(10))], [], at(now))
    assert granted == found.gpu_seconds_granted


def test_series_splits_a_record_at_midnight() -> None:
    """A job from 23:00 to 01:00 belongs to two days, by the hours it ran in each."""
    rows = [row(DAY - 3600, DAY + 3600, 8), row(0, 10, 1, "b")]
    expected = [
        Bucket("a", at(0), 28_800),
        Bucket("a", at(DAY), 28_800),
        Bucket("b", at(0), 10),
    ]
    assert expected == list(series(rows, lambda record: record.award, DAY, START))


rows = st.builds(
    row,
    st.integers(0, 500),
    st.integers(501, 2000),
    st.integers(1, 9),
    st.sampled_from(["a", "b"]),
)


@given(st.lists(rows), st.integers(1, 700), st.integers(-900, 900))
def test_series_sums_to_the_second(records: list[Usage], bucket: int, origin: int) -> None:
    """No GPU-second is lost or doubled, whatever the length of a bucket and its origin."""
    buckets = series(records, lambda record: record.award, bucket, at(origin))
    for award in ("a", "b"):
        used = sum(gpu_seconds(record) for record in records if record.award == award)
        assert used == sum(item.gpu_seconds for item in buckets if item.group == award)
    assert all((seconds_of(item.starts) - seconds_of(at(origin))) % bucket == 0 for item in buckets)
