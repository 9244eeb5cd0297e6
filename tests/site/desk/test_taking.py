"""What reads every award and writes it again is done beside whoever serves, and is the same."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from django.utils.translation import override

import headgate.site
from headgate.core.ledger.refused import Refused
from headgate.readers.facts import Recorded
from headgate.site import apart as beside
from headgate.site.actions import take
from headgate.site.actions.amend import answer_all
from headgate.site.actions.take_due import take_due
from headgate.site.desk import outside, taking
from headgate.site.desk.clock import now
from headgate.site.desk.models import Asking, Deed, Dossier
from headgate.site.desk.office import SITE, doing
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.taking import done, let_happen, taken
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from tests.commands import environment
from tests.site.actions.metered import root_of
from tests.site.desk import cast as people
from tests.site.desk.cast import Cast, facts_of
from tests.whole.small import small

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BESIDE = {DeskRefusal.UNANSWERED}
"""Refusals of the desk that are provoked here."""

SOURCE = Path(headgate.site.__file__).parent
HEAVY = {
    "take.change",
    "take.change_all",
    "kept.kept_term",
    "remembered.read_whole",
    "assign_reviewers.eligible_now",
}
"""What reads every award that runs, or every application of a call."""


def scene() -> Cast:
    """The open call is judged: every sheet is given, nothing is signed."""
    cast = Cast(small().term.document, facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    return cast


@pytest.fixture
def serves(monkeypatch: pytest.MonkeyPatch) -> Iterator[beside._Beside]:
    """A process that serves, whose child reads the database that this test has opened."""
    made = beside._Beside(serves=True)
    monkeypatch.setattr(beside, "_BESIDE", made)
    yield made
    made.end()


@pytest.fixture
def served(serves: beside._Beside, site: str, monkeypatch: pytest.MonkeyPatch) -> beside._Beside:
    """The same on an empty site of each database."""
    monkeypatch.setenv("HEADGATE_DATABASE", site)
    return serves


def nothing(*_told: object, **_how: object) -> None:
    """What is not to be done in this process."""
    raise AssertionError("this is done beside whoever serves")


@pytest.mark.usefixtures("served")
def test_a_year_that_is_taken_beside_ends_with_the_same_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Calls opened, closed and decided, lists signed, a round closed, a term turned: the journal is
    that of the cycle byte for byte, it verifies, and this process has written none of it.
    """
    honest = small().term
    for name, how in {"take_due": done, "sign": done, "ask_next": taken, "adopt": done}.items():
        monkeypatch.setattr(people, name, partial(how, getattr(people, name)))
    monkeypatch.setattr(take, "append", nothing)
    cast = Cast(honest.document, facts_of(honest))
    for event in agenda(honest.document):
        cast.live(event)
    assert (len(honest.entries), honest.root().hex()) == root_of(SITE)
    assert () == verify_database(SITE).faults


def killed(about: str, *, late: bool) -> None:
    """A deed whose process ends before it is written, or right after."""
    with doing(None, "killed", about, NOON):
        if not late:
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def killed_late(about: str) -> None:
    """It was done, and nobody heard of it."""
    killed(about, late=True)


def killed_early(about: str) -> None:
    """It was not done."""
    killed(about, late=False)


def deed(about: str) -> str:
    """A deed, and who has done it."""
    with doing(None, "done", about, NOON):
        return str(os.getpid())


def test_a_deed_is_done_once_or_not_at_all_and_nobody_says_which(served: beside._Beside) -> None:
    """A process that was killed with a deed is not asked for it again: it may have been done."""
    for number, action in enumerate((killed_late, killed_early)):
        with pytest.raises(Refused) as caught:
            taken(action, f"deed {number}")
        assert {caught.value.reason} == BESIDE
    assert ["deed 0"] == list(Deed.objects.values_list("about", flat=True))
    first = taken(deed, "deed 2")
    assert served.child is not None
    served.child.process.kill()
    served.child.process.wait()
    assert taken(deed, "deed 3") not in {first, str(os.getpid())}, "one that was gone is started"
    assert ["deed 0", "deed 2", "deed 3"] == list(Deed.objects.values_list("about", flat=True))


@pytest.mark.usefixtures("served")
def test_what_was_not_begun_is_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process gets ready nothing was done, and that is an error and no refusal."""
    monkeypatch.setattr(beside, "COMMAND", ("false",))
    with pytest.raises(ChildProcessError) as caught:
        taken(deed, "deed")
    assert not isinstance(caught.value, beside.Unanswered)


@pytest.mark.usefixtures("serves")
def test_a_refusal_comes_in_its_readers_language_and_leaves_nothing(
    copied: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the names in it, and of many things with which one it is about."""
    monkeypatch.setenv("HEADGATE_DATABASE", f"sqlite:///{SITE.where[2]}")
    before, decides = root_of(SITE), Event(date.max, What.DECIDE_CALL, "open")
    event = next(one for one in agenda(copied.document) if str(one) == str(decides))
    with override("ko"), pytest.raises(Refused) as caught:
        done(take_due, copied.operator, str(event), copied.morning(event))
    assert (DeskRefusal.ROLE_MISSING, "전담기관 담당자, 정책 책임자") == (
        caught.value.reason,
        caught.value.about,
    )
    dossier = Dossier.objects.filter(code__isnull=False).first()
    assert dossier is not None
    asked = Asking.objects.create(dossier=dossier, change="longer", text="more", at=now())
    with pytest.raises(Refused) as caught:
        done(answer_all, copied.officer, [asked.pk], True, "yes", now())
    assert [dossier.code] == caught.value.__notes__
    assert before == root_of(SITE)


def test_an_invented_world_answers_where_it_lives(
    serves: beside._Beside, copied: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demo's clusters are in its process; elsewhere agents have told the database."""
    given: list[str] = []
    monkeypatch.setattr(taking, "take_due", lambda *_told: given.append("here"))
    monkeypatch.setattr(taking, "done", lambda *_told: given.append("beside"))
    for world in ([Recorded({})], []):
        monkeypatch.setattr(outside, "_ANSWERING", world)
        let_happen(copied.officer, "decide call open", now())
    assert (["here", "beside"], None) == (given, serves.child)


DECIDES = """
import re, sys
from headgate.site.records.database import set_up
set_up()
from django.test import Client
from headgate.site.actions.accept import accept
from headgate.site.apart import have_computed
from headgate.site.desk.clock import now
from headgate.site.desk.models import AwardList, Dossier
from headgate.site.portal.models import Person
have_computed()
def client(name):
    made = Client(headers={"host": "localhost"})
    person = Person.objects.get(username=name)
    made.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return made
officer, owner = client("officer"), client("owner")
officer.post("/boards/open/", {"deed": "assign"})
for one in (officer, owner):
    digest = re.search(r'name="digest" value="(.+?)"', one.get("/boards/open/").content.decode())
    one.post("/boards/open/", {"deed": "sign", "digest": digest[1]})
for code in AwardList.objects.get(call="open").winners:
    lead = Dossier.objects.get(code=code).lead
    accept(Person.objects.get(username=f"for-{lead.code}"), code, True, now())
event = re.search(r'name="event" value="(.+?)"', officer.get("/calendar/").content.decode())
officer.post("/calendar/", {"event": event[1]})
print(event[1], AwardList.objects.get(call="open").signatures.count())
print([name for name in ("numpy", "highspy") if name in sys.modules])
"""


def test_who_serves_decides_a_call_and_holds_no_numpy_and_no_solver(copied: Cast) -> None:
    """Seats given, a list solved, signed by two and decided, all by pressing buttons."""
    size, _ = root_of(SITE)
    told = environment(
        HEADGATE_DATABASE=f"sqlite:///{SITE.where[2]}",
        HEADGATE_DEMO="true",
        DJANGO_SETTINGS_MODULE="headgate.site.settings",
        HEADGATE_SECRET_KEY="only for tests",
    )
    command = [sys.executable, "-c", DECIDES]
    said = subprocess.run(command, env=told, capture_output=True, text=True, check=True).stdout
    (event, loaded) = said.splitlines()
    assert event.endswith("decide call open 2")
    assert root_of(SITE)[0] > size + len(copied.facts["applications/open"])
    assert "[]" == loaded


def _called(file: Path) -> dict[str, set[str]]:
    """What each function of a module calls, each by the module that it is from."""
    tree = ast.parse(file.read_text("utf-8"))
    known = {node.name: f"{file.stem}.{node.name}" for node in tree.body if hasattr(node, "name")}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {one.name: f"{node.module.split('.')[-1]}.{one.name}" for one in node.names}
    found = {}
    for node in (one for one in tree.body if isinstance(one, ast.FunctionDef)):
        calls = (one.func for one in ast.walk(node) if isinstance(one, ast.Call))
        names = {one.id for one in calls if isinstance(one, ast.Name)}
        found[f"{file.stem}.{node.name}"] = {known[name] for name in names if name in known}
    return found


def test_no_page_does_itself_what_reads_every_award_or_a_whole_call() -> None:
    """Whatever leads to one of those functions is handed to `done` or `taken`, and not called."""
    calls: dict[str, set[str]] = {}
    for file in (SOURCE / "actions").glob("*.py"):
        calls |= _called(file)
    heavy, before = set(HEAVY), set[str]()
    while heavy != before:
        before = set(heavy)
        heavy |= {name for name, called in calls.items() if called & heavy}
    assert {"take_due.take_due", "sign.sign", "amend.answer_all", "lead.ask_to_lead"} <= heavy
    pages = [*(SOURCE / "desk" / "pages").glob("*.py"), *(SOURCE / "agents").glob("*.py")]
    made = [(by, name) for file in pages for by, names in _called(file).items() for name in names]
    found = {(by, name) for by, name in made if name in heavy}
    assert {("projects._ordered", "kept.kept_term")} == found, "which reads no award afresh"
