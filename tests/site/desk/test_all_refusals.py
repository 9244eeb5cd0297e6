"""No refusal of the desk without a test that provokes it."""

from headgate.site.desk.refusals import DeskRefusal
from tests.site.desk.test_agreement import AGREEMENTS
from tests.site.desk.test_amending import OF_AWARDS
from tests.site.desk.test_attachments import ATTACHED
from tests.site.desk.test_grants import GRANTED
from tests.site.desk.test_hearing import HEARD
from tests.site.desk.test_judging import OF_ROUNDS
from tests.site.desk.test_leading import OF_LEADS
from tests.site.desk.test_moving_up import MOVING_UP
from tests.site.desk.test_refusals import PROVOKED
from tests.site.desk.test_remedying import REMEDIED
from tests.site.desk.test_staffing import STAFFED


def test_every_refusal_has_been_provoked() -> None:
    """The list of refusals and the list of tests are one."""
    assert set(DeskRefusal) == {
        *PROVOKED,
        *STAFFED,
        *OF_ROUNDS,
        *ATTACHED,
        *AGREEMENTS,
        *MOVING_UP,
        *OF_AWARDS,
        *GRANTED,
        *OF_LEADS,
        DeskRefusal.PARTS_WRONG,
        DeskRefusal.ORGANISATION_UNKNOWN,
        *HEARD,
        *REMEDIED,
        DeskRefusal.NO_PROGRAMME,
        DeskRefusal.OWNED,
    }
    assert all(reason.value.endswith(".") for reason in DeskRefusal)
