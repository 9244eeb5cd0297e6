"""What people do, watched: whether each thing that was written moved what pages keep lists by."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from headgate.site.desk.office import NEWEST_DEED, SITE, moved
from headgate.site.records.database import Database

_WROTE: Final = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM) "?(desk_\w+)"?', re.IGNORECASE)


@dataclass
class Watched:
    """The tables that were written, and those that were written and moved nothing."""

    wrote: set[str] = field(default_factory=set)
    unmoved: set[str] = field(default_factory=set)


@contextmanager
def watching() -> Iterator[Watched]:
    """Look at every row of the desk that is written meanwhile."""
    found, inside = Watched(), set[str]()
    writing, depth = Database.writing, 0

    def note(execute: Any, sql: str, *told: Any) -> Any:
        for table in _WROTE.findall(sql):
            found.wrote.add(table)
            (inside if depth else found.unmoved).add(table)
        return execute(sql, *told)

    @contextmanager
    def watched(self: Database, **how: Any) -> Iterator[None]:
        nonlocal depth
        before = moved(NEWEST_DEED)
        depth += 1
        try:
            with writing(self, **how):
                yield
        finally:
            depth -= 1
        if inside and before == moved(NEWEST_DEED):
            found.unmoved.update(inside)
        inside.clear()

    with pytest.MonkeyPatch.context() as patch, SITE.connection.execute_wrapper(note):
        patch.setattr(Database, "writing", watched)
        yield found
