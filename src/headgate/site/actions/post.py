"""Posting to a ledger: one by one, linked, or in a batch; each call is one transaction.

Where many callers post one transfer each, the disk is what they wait for. A `Poster` lets all that
wait share one transaction, as TigerBeetle and PostgreSQL's own group commit do: each transfer is
still judged on its own, and nobody is answered before the disk has it.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from headgate.core.ledger.chart import Chart
from headgate.core.ledger.post import post_all, post_linked
from headgate.core.ledger.transfer import Outcome, Refusal, Transfer
from headgate.journal.points import Point, reached
from headgate.site.records.database import Database
from headgate.site.records.journal import append_transfers, standing

AT_ONCE_MOST: Final = 16
"""Transfers up to which PostgreSQL is told row by row without waiting, and beyond which by COPY."""

GROUP_MOST: Final = 1_000
"""Transfers that share a transaction at most, so that no caller waits long for the others."""


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
        created = [transfer for transfer, outcome in told if outcome is Outcome.CREATED]
        append_transfers(database, at, ledger, chart, created)
    return posted.outcomes


class Poster:
    """Posts for many threads at once; to be closed, or used as a context.

    It has one thread and one connection of its own. While that thread waits for the disk the next
    transfers gather; they are then posted in the order in which they came, in one transaction.
    """

    def __init__(self, database: Database, chart: Chart) -> None:
        self._database = database
        self._chart = chart
        self._desk = ThreadPoolExecutor(1, "ledger")
        self._waiting: deque[tuple[Transfer, Future[Outcome | Refusal]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def post(self, transfer: Transfer) -> Outcome | Refusal:
        """Post one transfer and wait until it is on the disk; from any thread.

        Raises what the transaction failed with, to every caller whose transfer was in it; as after
        any failure, asking again with the same id doubles nothing.
        """
        answer: Future[Outcome | Refusal] = Future()
        self._waiting.append((transfer, answer))
        self._desk.submit(self._post_waiting)
        return answer.result()

    def close(self) -> None:
        """Post what still waits, then end the thread and its connection."""
        self._desk.submit(self._disconnect)
        self._desk.shutdown()

    def _disconnect(self) -> None:
        self._database.connection.close()

    def _post_waiting(self) -> None:
        """Post all that wait; each caller asks for this once, so often there is nobody left."""
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MOST))]
        if not group:
            return
        try:
            outcomes = post(self._database, self._chart, [transfer for transfer, _ in group])
        except BaseException as error:  # noqa: BLE001  Every caller is told, and nobody waits on.
            for _, answer in group:
                answer.set_exception(error)
        else:
            for (_, answer), outcome in zip(group, outcomes, strict=True):
                answer.set_result(outcome)
