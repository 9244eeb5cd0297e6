"""What `headgate reconcile` says of figures that differ."""

import pytest

from headgate.cli.usage import _tell_reconciled
from headgate.core.quantities import DAY_SECONDS, seconds_of
from headgate.engines.slurm.reconcile import Cause, Difference, Reconciled

BEGIN = seconds_of("2026-03-01T09:00:00Z")
MIDNIGHT = seconds_of("2026-03-01T00:00:00Z")


@pytest.mark.parametrize(
    ("begin", "days", "cause", "expected"),
    [
        (BEGIN, 2, Cause.NOT_ROLLED_UP, True),
        (BEGIN, 1, Cause.NOT_ROLLED_UP, False),
        (MIDNIGHT, 2, Cause.NOT_ROLLED_UP, False),
        (BEGIN, 2, Cause.RUNAWAY, False),
    ],
)
def test_a_window_that_cuts_days_is_named_where_nothing_was_rolled_up(
    capsys: pytest.CaptureFixture[str], begin: int, days: int, cause: Cause, expected: bool
) -> None:
    """Who waits for hours to be rolled up reads which windows surely are, and nobody else does."""
    end = begin + days * DAY_SECONDS
    found = Reconciled(1, 8, 0, (Difference("a", begin, end, 8, 0, cause),))
    _tell_reconciled(found, begin, end)
    assert expected == ("begin and end it at midnight" in capsys.readouterr().out)
