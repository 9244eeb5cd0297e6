"""People play the year that a simulated world played, and the journal is the same, byte for byte.

This is decision 0008 at work: the desk is a world like any other, so nothing that people do by hand
may end in another journal than the cycle makes of the same facts.
"""

import pytest

from headgate.site.desk.models import Deed, Dossier, Review
from headgate.site.desk.office import SITE
from headgate.site.verifying import verify_database
from tests.site.actions.metered import root_of
from tests.site.desk.cast import Cast, facts_of
from tests.whole.small import small


@pytest.mark.usefixtures("site")
def test_people_end_with_the_same_checkpoint() -> None:
    """Every application, sheet, finding, signature and answer is an action; nothing is lost."""
    honest = small().term
    cast = Cast(honest.document, facts_of(honest))
    term = cast.play()
    assert honest.root() == term.root()
    assert (len(honest.entries), honest.root().hex()) == root_of(SITE)
    assert () == verify_database(SITE).faults
    handed_in = sum(len(v) for n, v in cast.facts.items() if n.startswith("applications/"))
    assert handed_in == Dossier.objects.count()
    assert 0 < Review.objects.count() < Deed.objects.count()
