"""What agents bring is kept alike on either database, by the role that the service runs as."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from headgate.core.enforcement.receipt import ReadBack, Report
from headgate.core.ledger.refused import Refused
from headgate.core.metering.usage import Usage
from headgate.journal import keys
from headgate.site.actions.agents import allow, announce, enrol, revoke, sign_orders
from headgate.site.actions.take_in import READ, journal_returned, take_report, take_use
from headgate.site.agents.models import Agent, Attempt, Returned
from headgate.site.agents.projects import projects
from headgate.site.agents.reading import outages
from headgate.site.agents.refusals import AgentRefusal
from headgate.site.desk.office import SITE
from headgate.site.portal.roles import Role
from tests.site.desk.cast import somebody
from tests.site.desk.conftest import (
    lone_site,
    postgres_site,
    served_site,
    site,
    site_template,
)

__all__ = ["lone_site", "postgres_site", "served_site", "site", "site_template"]

NOW = datetime(2026, 9, 5, tzinfo=UTC)


def row(job: str, ended: str | None, seen: str = "2026-09-02T00:00:00Z") -> Usage:
    """An attempt on the north's cluster."""
    return Usage("north", job, 1, "a", "h200", 2, "2026-09-01T00:00:00Z", ended, seen)


@pytest.mark.usefixtures("site")
def test_rows_are_kept_once_and_brought_up_to_date() -> None:
    """Many rows at once, some known and some new; a later look closes what ran."""
    enrol(SITE, "north", NOW)
    agent = Agent.objects.get()
    running = [row(f"j{n}", None) for n in range(1_200)]
    assert [] == take_use(agent, running, NOW)
    seen = "2026-09-04T00:00:00Z"
    ended = [row(f"j{n}", "2026-09-03T00:00:00Z", seen) for n in range(600, 1_300)]
    assert [] == take_use(agent, [*ended, *running], NOW)
    assert (1_300, 700) == (Attempt.objects.count(), Attempt.objects.exclude(ended=None).count())
    later = row("j1", "2026-09-06T00:00:00Z", "2026-09-06T00:00:00Z")
    assert [("j1", 1)] == take_use(agent, [later], NOW)


@pytest.mark.usefixtures("site")
def test_outages_and_projects_are_read() -> None:
    """Sums of seconds and comparisons of moments are the database's own, on each."""
    enrol(SITE, "north", NOW)
    operator = somebody("op", Role.OPERATOR)
    announce(operator, "north", NOW, None, "away", NOW)
    assert ["away"] == [one.text for one in outages(NOW)]
    take_use(Agent.objects.get(), [row("j", None)], NOW)
    assert [] == list(projects(operator, "2026-09-05T00:00:00Z"))
    revoke(SITE, "north", NOW)
    assert [] == list(Agent.objects.filter(revoked__isnull=True))


@pytest.mark.usefixtures("site")
def test_without_a_programme_nothing_is_ordered_and_nothing_recorded(tmp_path: Path) -> None:
    """Before a policy was adopted there is nothing to sign, and a read-back waits."""
    keys.create(tmp_path / "ring", "example.org/log")
    with pytest.raises(Refused, match=AgentRefusal.NO_PROGRAMME.name):
        sign_orders(SITE, tmp_path / "ring", NOW)
    enrol(SITE, "north", NOW)
    back = ReadBack("north", "2026-09-01T00:00:00Z", "0" * 64, 1, min(READ), (), ())
    take_report(Agent.objects.get(), Report(back, (), (), "", (), ""), NOW)
    assert not journal_returned(NOW)
    assert [""] == list(Returned.objects.values_list("event", flat=True))
    with pytest.raises(Refused, match=AgentRefusal.NOT_ENROLLED.name):
        allow(somebody("op", Role.OPERATOR), "south", "0" * 64, NOW)
