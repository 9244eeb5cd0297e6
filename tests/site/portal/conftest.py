"""The portal as a reader without scripts meets it, and the server that a browser meets."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connections
from django.test import Client, override_settings

from headgate.demo import Choices, rehearse
from headgate.site.actions.take import rehearse as rehearse_kept
from headgate.site.records.database import opened, set_up
from tests.report.builders import ROOT, SMALL, trace

set_up()

Fresh = Callable[[str], str]
FEW_JOBS = "generated:philly:64:1"


def _made(address: str) -> None:
    from headgate.site.portal.people import make_personas
    from headgate.site.serving import make_tables

    make_tables(opened(address))
    make_personas()


@pytest.fixture(scope="session")
def empty_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portal's tables where no programme has begun, made once: that takes seconds."""
    path = tmp_path_factory.mktemp("portal") / "empty.db"
    _made(f"sqlite:///{path}")
    connections["default"].close()
    return path


@pytest.fixture(scope="session")
def begun_template(empty_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small programme after its first term, in a database with the portal's tables."""
    folder = tmp_path_factory.mktemp("portal")
    log = folder / "workload.swf"
    log.write_text("\n".join(trace()), encoding="utf-8")
    database = opened(f"sqlite:///{shutil.copy(empty_template, folder / 'begun.db')}")
    kept = partial(rehearse_kept, database)
    rehearse(str(ROOT / SMALL), Choices(trace=log), lambda _: None, kept)
    database.connection.close()
    return folder / "begun.db"


@pytest.fixture
def begun_address(begun_template: Path, tmp_path: Path) -> str:
    """A copy of that database which is this test's own."""
    return f"sqlite:///{shutil.copy(begun_template, tmp_path / 'begun.db')}"


SETTINGS: Final[dict[str, Any]] = {
    "ALLOWED_HOSTS": ["*"],
    "HEADGATE_DEMO": True,
    "HEADGATE_WHAT_IF_TRACE": FEW_JOBS,
    "HEADGATE_FORM_TARGETS": [],
    "SOCIALACCOUNT_PROVIDERS": {},
}
"""A demo of few jobs, which no provider of identities knows."""


@pytest.fixture
def portal(begun_address: str) -> Iterator[Client]:
    """A reader of the demo's portal."""
    with override_settings(**SETTINGS):
        opened(begun_address)
        yield Client()


@pytest.fixture
def empty_portal(empty_template: Path, tmp_path: Path) -> Iterator[Client]:
    """A reader of a portal in whose database no programme has begun."""
    with override_settings(**SETTINGS):
        opened(f"sqlite:///{shutil.copy(empty_template, tmp_path / 'empty.db')}")
        yield Client()
