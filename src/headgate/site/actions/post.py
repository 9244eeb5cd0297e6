"""Posting to a ledger: one by one, linked, or in a batch; each call is one transaction."""

from collections.abc import Sequence
from typing import Final

from headgate.core.ledger.chart import Chart
from headgate.core.ledger.entry import transfer_entry
from headgate.core.ledger.post import post_all, post_linked
from headgate.core.ledger.transfer import Outcome, Refusal, Transfer
from headgate.journal.points import Point, reached
from headgate.site.records.database import Database
from headgate.site.records.journal import append, standing

AT_ONCE_MOST: Final = 16
"""Transfers up to which PostgreSQL is told row by row without waiting, and beyond which by COPY."""


def post(
    database: Database, chart: Chart, transfers: Sequence[Transfer], *, linked: bool = False
) -> tuple[Outcome | Refusal, ...]:
    """Post transfers, each on its own or all or none; what became of each, once it is on the disk.

    A refused transfer leaves no trace but its outcome; one that is in the books already moves
    nothing, so a caller who does not know whether its answer was lost simply asks again.
    """
    with database.writing(at_once=len(transfers) <= AT_ONCE_MOST):
        at, ledger = standing(database, transfers)
        books = ledger.books(chart, at.latest)
        posted = (post_linked if linked else post_all)(books, transfers)
        reached(Point.JUDGED)
        told = zip(transfers, posted.outcomes, strict=True)
        created = [transfer_entry(t) for t, outcome in told if outcome is Outcome.CREATED]
        append(database, at, ledger, chart, created)
    return posted.outcomes
