"""Traces for the tests, from rows that are known to be well."""

from collections.abc import Iterable

from headgate.readers.trace_log import Log, Row
from headgate.readers.traces import Trace


def trace_of(rows: Iterable[Row]) -> Trace:
    """The trace of some rows."""
    log = Log("rows")
    for row in rows:
        log.job(row)
    return log.trace()
