"""The portal as a reader without scripts meets it, on a ledger of its own."""

from collections.abc import Iterator

import pytest
from django.test import Client

from headgate.site.records.database import opened, set_up


@pytest.fixture
def portal(sqlite_address: str) -> Iterator[Client]:
    """A client of the demo's portal whose ledger is empty."""
    set_up()
    from django.test import override_settings

    from headgate.site.portal.people import make_personas
    from headgate.site.serving import make_tables

    with override_settings(ALLOWED_HOSTS=["*"], HEADGATE_DEMO=True):
        make_tables(opened(sqlite_address))
        make_personas()
        yield Client()
