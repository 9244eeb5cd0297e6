"""What takes much memory is computed by a child of whoever serves, and is what it would be here."""

import os
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import date
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread

import pytest

from headgate.core.calls.harshness import harshness
from headgate.report.blocks import Document, Section
from headgate.report.pdf import pdf
from headgate.site import apart as beside
from headgate.site.apart import __main__ as child
from headgate.site.apart import apart, apart_once
from headgate.site.apart.folded import Folded
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.pages.rounds import print_of
from headgate.site.records.database import Database, create, opened
from headgate.site.records.kept import kept_term

SOON = 60.0
ROWS = [("r1", "a", 70_000), ("r2", "a", 50_000), ("r1", "b", 40_000), ("r2", "b", 30_000)]


@pytest.fixture(autouse=True)
def serves(monkeypatch: pytest.MonkeyPatch) -> Iterator[beside._Beside]:
    """A process that serves."""
    made = beside._Beside(serves=True)
    monkeypatch.setattr(beside, "_BESIDE", made)
    yield made
    made.end()


def test_another_process_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever serves; a command or a test computes where it asks."""
    assert os.getpid() != apart(os.getpid)
    assert harshness(ROWS) == apart(harshness, ROWS)
    monkeypatch.setattr(beside, "_BESIDE", beside._Beside())
    assert os.getpid() == apart(os.getpid) == apart_once(os.getpid)


def test_what_is_refused_there_is_refused_here() -> None:
    """With its name and what it is about, and the next question is answered."""
    with pytest.raises(ValueError, match="CALL_UNKNOWN: nowhere") as refused:
        apart(refuse, DeskRefusal.CALL_UNKNOWN, "nowhere")
    assert DeskRefusal.CALL_UNKNOWN is getattr(refused.value, "reason", None)
    assert 3 == apart(max, 3, 2)


def test_what_goes_wrong_there_is_said_here_with_where_it_was() -> None:
    """Under its own name, and the process that computes goes on."""
    first = apart(os.getpid)
    for ask in (apart, apart_once):
        with pytest.raises(TypeError) as wrong:
            ask(divided, "one")
        assert "in divided" in "".join(wrong.value.__notes__)
    assert first == apart_once(os.getpid)


def divided(number: int) -> float:
    """What goes wrong for a text."""
    return number / 2


def test_a_worker_outlives_its_child(
    serves: beside._Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another answers for one that was ended; where none gets ready, that is said."""
    first = apart(os.getpid)
    os.kill(first, signal.SIGKILL)
    assert apart(os.getpid) not in {first, os.getpid()}
    serves.end()
    monkeypatch.setattr(beside, "COMMAND", ("false",))
    with pytest.raises(ChildProcessError):
        apart(os.getpid)


def test_a_child_reads_what_its_worker_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database that the environment names, and not one that it was told of before."""
    for name in ("one", "two"):
        address = f"sqlite:///{tmp_path}/{name}.db"
        create(opened(address, name))
        monkeypatch.setenv("HEADGATE_DATABASE", address)
        beside._BESIDE.end()
        assert f"{tmp_path}/{name}.db" in apart(where)
        assert None is apart(kept_term, Database("default"))


def test_a_worker_that_ends_takes_its_child_with_it(serves: beside._Beside) -> None:
    """Also while somebody waits for it: no other is started for whom nobody is there."""
    assert os.getpid() != apart(os.getpid)
    assert serves.child is not None
    first = serves.child.process
    os.kill(first.pid, signal.SIGSTOP)
    failed: Future[int] = Future()

    def ask() -> None:
        try:
            failed.set_result(apart(os.getpid))
        except ChildProcessError as why:
            failed.set_exception(why)

    Thread(target=ask).start()
    while not serves.lock.locked():
        pass
    serves.end_for_good()
    with pytest.raises(ChildProcessError):
        failed.result(SOON)
    assert -signal.SIGKILL == first.returncode
    assert beside._BESIDE.child is None
    with pytest.raises(ChildProcessError):
        apart(os.getpid)
    assert beside._BESIDE.child is None


def test_a_print_is_made_there(serves: beside._Beside) -> None:
    """The same bytes as here, of which no page holds what lays them out."""
    told = Document("Kết quả", "결과", "", date(2026, 9, 16), (Section("a", "A", ()),))
    assert pdf(told, "ko") == print_of(told, "ko")
    assert serves.child is not None
    pages = Path(print_of.__code__.co_filename).parents[2]
    (one,) = [file.name for file in pages.rglob("*.py") if "import pdf" in file.read_text("utf-8")]
    assert "rounds.py" == one


def test_a_value_crosses_as_bytes_until_it_is_asked_for() -> None:
    """It is the value that it was, and is sent on as the bytes that came."""
    made = Folded(("one", 2))
    came: Folded[tuple[str, int]] = pickle.loads(pickle.dumps(made))
    assert (None, True) == (came.made, bool(came.data))
    assert made.value == came.value == ("one", 2)
    assert made == came
    assert made != Folded(("one", 3))
    assert came.data == pickle.loads(pickle.dumps(came)).data


def where() -> str:
    """The file of the database that is read here."""
    return Database("default").where[2]


@pytest.mark.parametrize("how", ["asked no more", "left alone"])
def test_nothing_stays_behind(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child ends by itself when nobody asks, or when its worker is gone."""
    ours, theirs = Pipe()
    with ours, theirs:
        monkeypatch.setattr(child, "IDLE_SECONDS", 0 if how == "asked no more" else None)
        if how == "left alone":
            ours.close()
        child.serve(theirs)
