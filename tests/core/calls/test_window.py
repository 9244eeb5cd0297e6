"""A call's days are days of the programme's own time zone, to the second."""

import pytest

from headgate.core.calls.window import window
from tests.core.calls.builders import policy_with


@pytest.mark.parametrize(
    ("timezone", "days", "expected"),
    [
        ("UTC", ("2026-01-05", "2026-02-01"), ("2026-01-05T00:00:00Z", "2026-02-02T00:00:00Z")),
        (
            "Asia/Seoul", ("2026-01-05", "2026-02-01"),
            ("2026-01-04T15:00:00Z", "2026-02-01T15:00:00Z"),
        ),
        # Summer time begins in New York on 8 March and in London on 29 March.
        (
            "America/New_York", ("2026-03-01", "2026-03-10"),
            ("2026-03-01T05:00:00Z", "2026-03-11T04:00:00Z"),
        ),
        (
            "Europe/London", ("2026-03-01", "2026-03-29"),
            ("2026-03-01T00:00:00Z", "2026-03-29T23:00:00Z"),
        ),
        # Beirut's clocks skip the midnight of 29 March, and Havana's strike that of 1 November
        # twice: a day begins when the clocks first say so.
        (
            "Asia/Beirut", ("2026-03-29", "2026-03-30"),
            ("2026-03-28T22:00:00Z", "2026-03-30T21:00:00Z"),
        ),
        (
            "America/Havana", ("2026-10-01", "2026-10-31"),
            ("2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z"),
        ),
    ],
)  # fmt: skip
def test_a_call_is_open_from_the_first_midnight_to_the_last(
    timezone: str, days: tuple[str, str], expected: tuple[str, str]
) -> None:
    """Who applies on the closing day is in time where the programme is, summer time and all."""
    call = policy_with(opens=days[0], closes=days[1]).calls["open"]
    assert expected == window(call, timezone)
