"""The warning to an idle award, wherever it is told."""

import subprocess
import sys

import pytest

_LOADED = """
from headgate.site.records.database import set_up
set_up()
import {module}
import sys
print(*sorted(sys.modules))
"""
_OF_PAGES = {"headgate.site.portal.pages", "headgate.report.pdf", "headgate.simulation.world"}
_OF_TABLES = {"django.db.migrations.executor"}


def _loaded(module: str) -> set[str]:
    """What a process has loaded that needs no more than a module of the site."""
    command = [sys.executable, "-c", _LOADED.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module", ["headgate.site.notices.working", "headgate.site.desk.pages.amending"]
)
def test_notices_need_no_page(module: str) -> None:
    """Whoever tells of idle awards loads neither the other pages nor what they print with."""
    assert _OF_PAGES.isdisjoint(_loaded(module))


def test_a_command_that_opens_a_ledger_makes_no_tables() -> None:
    """What changes tables is loaded by whoever changes them, because it is slow to load."""
    assert _OF_TABLES.isdisjoint(_loaded("headgate.site.records.database"))
