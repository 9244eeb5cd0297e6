"""What a refusal is about is told by the name that it has, where its reader may know it."""

from types import SimpleNamespace

import pytest
from django.utils.translation import override

from headgate.core.faults import Sentence
from headgate.core.ledger.refused import Refused
from headgate.core.supports.text import Text
from headgate.site.desk.pages import telling
from headgate.site.desk.pages.telling import told_about
from headgate.site.desk.refusals import DeskRefusal
from tests.site.desk.cast import Cast
from tests.site.desk.test_agreement import scene as told_scene


def scene() -> Cast:
    """The small programme with its organisations, whose open call was told."""
    return told_scene()


@pytest.mark.usefixtures("copied")
def test_codes_are_told_by_name() -> None:
    """Organisations, calls, gates and pillars; a day or a sentence as it is; the rest too."""
    told = {
        "FIRM-001, TYPO": "Body FIRM-001, TYPO",
        "open": "The open call",
        "audit": "Audit",
        "stage": "The stage evaluation",
        "items": "Benchmarks",
        "open-0001": "open-0001",
        "Received on": "Received on",
    }
    with override("en"):
        for about, words in told.items():
            assert words == told_about(Refused(DeskRefusal.FORM_FAULTY, about))
        said = Sentence("{days} days", days=3)
        assert "3 days" == told_about(Refused(DeskRefusal.WINDOW_CLOSED, said))


@pytest.mark.usefixtures("copied")
def test_whoever_guesses_a_code_is_told_no_name() -> None:
    """What is not theirs, or does not exist for them, stays the code that they sent."""
    for reason in (DeskRefusal.NOT_YOURS, DeskRefusal.NOT_ASSIGNED, DeskRefusal.CALL_UNKNOWN):
        assert "FIRM-001" == told_about(Refused(reason, "FIRM-001"))


@pytest.mark.usefixtures("copied")
def test_a_code_of_two_things_is_told_as_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate of one call and a question of another can have one code: neither name is certain."""
    one, other = (SimpleNamespace(id="a", name=Text(en=name)) for name in ("One", "Other"))
    calls = {
        name: SimpleNamespace(name=Text(en=name), fields={}, attachments={}, gates=[gate])
        for name, gate in (("first", one), ("second", other))
    }
    policy = SimpleNamespace(calls=calls, rounds={})
    monkeypatch.setattr(telling, "policy_of", lambda _stood: policy)
    assert "a" == told_about(Refused(DeskRefusal.GATE_UNKNOWN, "a"))
    calls["second"].gates = []
    assert "One" == told_about(Refused(DeskRefusal.GATE_UNKNOWN, "a"))
