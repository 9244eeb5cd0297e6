"""The desk on an empty site of each database, and the small programme's cast in it."""

from collections.abc import Iterator

import pytest

from headgate.site.records.database import opened
from tests.site.desk.cast import Cast, facts_of
from tests.whole.small import small


@pytest.fixture
def site(address: str) -> Iterator[str]:
    """An empty site on each database in turn, as the service's role has it."""
    opened(address)
    yield address
    opened("sqlite:///nothing")


@pytest.fixture
def lone_site(sqlite_address: str) -> Iterator[str]:
    """An empty site on SQLite alone, for rules that no database has a part in."""
    opened(sqlite_address)
    yield sqlite_address
    opened("sqlite:///nothing")


@pytest.fixture
def cast(lone_site: str) -> Cast:  # noqa: ARG001  The site is where the cast lives.
    """The people of the small programme on the day on which its policy was adopted."""
    term = small().term
    return Cast(term.document, facts_of(term))
