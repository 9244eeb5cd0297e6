"""What is promised of two centres and their agents: nothing is lost, nothing counts twice."""

from headgate.engines.drive import Enforced
from headgate.site.agents.models import Agent, Returned
from tests.site.agents.conftest import NOW, Country


def test_orders_are_applied_and_read_back_and_stand_in_the_journal(country: Country) -> None:
    """Each centre's agent brings its cluster to the signed list; a second look changes nothing."""
    for centre in (country.north, country.south):
        looked = centre.look(NOW)
        assert (Enforced.CONVERGED.value, []) == (looked.outcome, looked.faults)
        assert looked.changes == len(centre.engine.observe())
        again = centre.look(NOW)
        assert (Enforced.NOTHING_TO_DO.value, 0, 0) == (again.outcome, again.changes, again.waiting)
    assert 2 == Returned.objects.exclude(event="").count()
    assert {"north", "south"} == set(
        Agent.objects.exclude(report="").values_list("site", flat=True)
    )
