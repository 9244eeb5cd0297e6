"""No refusal of the desk without a test that provokes it."""

import pickle
from datetime import date

import pytest
from django.utils.translation import override

from headgate.core.faults import Sentence
from headgate.core.ledger.refused import Refused
from headgate.core.supports.text import Text
from headgate.site.desk import office
from headgate.site.desk.pages.telling import told_refusal
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
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
from tests.site.desk.test_taking import BESIDE


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
        *BESIDE,
        DeskRefusal.NO_PROGRAMME,
        DeskRefusal.OWNED,
    }
    assert all(reason.value.endswith(".") for reason in DeskRefusal)


ABOUT = {
    "en": [
        "Mend the answers that are named. (a day off, until 1 March 2026)",
        "(Open call)",
        "1 M",
    ],
    "vi": ["(a day off, đến 01/03/2026)", "(Đợt mở)", "(01/03/2026)"],
    "ko": ["(a day off, 2026년 3월 1일까지)", "(공개 공모)", "(2026년 3월 1일)"],
}


@pytest.mark.parametrize("language", ABOUT)
def test_what_a_refusal_is_about_is_told_in_the_readers_language(language: str) -> None:
    """A sentence, a name of the policy and a day; over a process's border as well."""
    day, name = date(2026, 3, 1), Text(en="Open call", vi="Đợt mở", ko="공개 공모")
    said = Sentence("{waits}, until {day}", waits="a day off", day=day)
    for about, expected in zip((said, name, day), ABOUT[language], strict=True):
        with pytest.raises(Refused) as caught:
            refuse(DeskRefusal.FORM_FAULTY, about)
        with override(language):
            told = told_refusal(pickle.loads(pickle.dumps(caught.value)))
        assert expected in told.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("language", "role"), [("vi", "Kiểm toán viên"), ("ko", "감사자")])
def test_a_missing_role_is_called_by_its_name(
    language: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for a role by its code."""
    monkeypatch.setattr(office, "roles_of", lambda _person: frozenset())
    with override(language), pytest.raises(Refused) as caught:
        office.need(Person(), Role.AUDITOR)
    assert role == caught.value.about
