"""The what-if page: the figures of `headgate simulate`, whatever is moved, and a guarded server."""

import html
import pickle
import re
import signal
from multiprocessing import Pipe
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from headgate.comparing import compare
from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.demo import Choices
from headgate.readers.policy_files import read_programme
from headgate.simulation.replay.supply import offer
from headgate.site.portal import reading, replaying
from headgate.site.portal.levers import Board, Group, Lever, Wrong, board, moved, overlay, values_of
from headgate.site.portal.replaying import SEED, answer, replays
from headgate.site.portal.replaying.replays import JOBS
from headgate.steps.agenda import first_day
from headgate.whatif import Try
from tests.report.builders import ROOT, SMALL
from tests.site.portal.asking import speak, text_of
from tests.site.portal.conftest import FEW_JOBS

UNDIVIDED = "programmes/uk-airr-2026"
PROGRAMMES = ("programmes/korea-2025", "programmes/us-alcc-2026", UNDIVIDED, SMALL)
MOVED = {"share-national": "30", "borrow": "50", "cap": "20", "later-h200": "1", "lend": "40"}


def _board(document: Document) -> Board | None:
    policy = at(document, first_day(document)).policy
    return board(policy, first_day(document), reading.speaker_of(policy, "en"))


@pytest.fixture
def ready(portal: Client) -> Client:
    """A reader of the page after its first answer was got ready."""
    cache.clear()
    shop = replaying._SHOP
    stood = reading.programme()
    assert stood is not None
    if not shop.is_warm(f"{stood.document.digest} {FEW_JOBS}"):
        shop.answers.clear()
        _until_ready(portal)
    return portal


def test_the_pages_figures_are_those_of_the_command(ready: Client, tmp_path: Path) -> None:
    """The overlay that the page gives away has, at a terminal, every figure of the page."""
    stood = reading.programme()
    assert stood is not None
    file = tmp_path / "what-if.yaml"
    file.write_bytes(ready.get("/what-if/", {**MOVED, "format": "yaml"}).content)
    how, trace = Try(largest=JOBS), Path(FEW_JOBS)
    choices = Choices((file,), trace, None, None, SEED)
    compared = compare(str(ROOT / SMALL), choices, how, term=False, progress=lambda _: None)
    found = answer(stood.document, file.read_text(encoding="utf-8"))
    told = {each["variant"]: each for each in compared.report["replays"]}
    for column, variant in zip(found.trial.columns, ("as it stands", "what-if"), strict=True):
        run = told[variant]["runs"][0]["shared"]
        for name in ("offered", "held", "idle", "fillable", "waited", "lost", "borrowed", "stops"):
            assert run[name] == column.figures[name][0]
        for envelope, waits in run["by_envelope"].items():
            assert (waits["mean"], waits["median"], waits["p95"]) == column.by_envelope[envelope]
        assert told[variant]["policy"] in {digest for _, digest in found.trial.sources}
    assert found.trial.columns[0].figures != found.trial.columns[1].figures


def test_chance_is_the_range_that_the_command_draws(ready: Client, tmp_path: Path) -> None:
    """Six histories of each variant, the same as `--seeds 5`; who gained is told with its range."""
    stood = reading.programme()
    assert stood is not None
    file = tmp_path / "what-if.yaml"
    file.write_bytes(ready.get("/what-if/", {"borrow": "50", "format": "yaml"}).content)
    found = answer(stood.document, file.read_text(encoding="utf-8"), chance=True)
    how = Try(largest=JOBS, seeds=replaying.SEEDS)
    choices = Choices((file,), Path(FEW_JOBS), None, None, SEED)
    compared = compare(str(ROOT / SMALL), choices, how, term=False, progress=lambda _: None)
    told = compared.report["replays"][1]
    assert 6 == found.trial.histories == len(told["runs"])
    means = [run["shared"]["waits"]["mean"] for run in told["runs"]]
    column = found.trial.columns[1]
    assert (means[0], min(means), max(means)) == column.figures["mean"]
    for envelope, (jobs, sooner, later, pace) in column.changes.items():
        known = [run["changes"][envelope] for run in told["runs"]]
        assert (jobs, sooner, later) == tuple(known[0][n] for n in ("jobs", "sooner", "later"))
        paces = [each["pace"] for each in known if each["jobs"]]
        assert (known[0]["pace"], min(paces), max(paces)) == pace
    shown = text_of(ready.get("/what-if/", {"borrow": "50", "chance": "1"}))
    assert "changes-chart" in shown
    assert "the lowest and the highest of 6 histories" in shown
    assert "--seeds 5" in shown
    assert "chance=1" in text_of(ready.get("/what-if/"))


def test_chance_costs_what_it_replays(ready: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve replays count as twelve questions."""
    monkeypatch.setattr(replaying, "ASKS_A_MINUTE", 11)
    assert 429 == ready.get("/what-if/", {"lend": "50", "chance": "1"}).status_code


def test_a_page_names_what_it_was_made_from(ready: Client) -> None:
    """Digests of policy, overlay and trace, the seed, the lasting address, the overlay itself."""
    shown = html.unescape(text_of(ready.get("/what-if/", MOVED)))
    digests = re.findall(r"[0-9a-f]{64}", shown)
    assert 4 <= len(set(digests))
    assert FEW_JOBS in shown
    assert '<dd class="govuk-summary-list__value hg-code">headgate' in shown
    text = ready.get("/what-if/", {**MOVED, "format": "yaml"}).content.decode()
    assert text in shown
    link = re.search(r'href="(/what-if/[?][^"]*)">http', shown)
    assert link is not None
    assert text == ready.get(f"{link[1]}&format=yaml").content.decode()


def test_a_lasting_address_says_where_the_policy_is_another_since(ready: Client) -> None:
    """It names the policy that it was made on; opened under another one, the page says so."""
    shown = html.unescape(text_of(ready.get("/what-if/", {"lend": "50"})))
    link = re.search(r'href="(/what-if/[?][^"]*)">http', shown)
    assert link is not None
    stood = reading.programme()
    assert stood is not None
    assert f"policy={stood.document.digest[:12]}" in link[1]
    told = "made on another policy"
    assert told not in text_of(ready.get(link[1]))
    for other in ("0" * 12, "", "<script>"):
        again = text_of(ready.get("/what-if/", {"lend": "50", "policy": other}))
        assert told in again
        assert '<script>"' not in again
        assert "hg-figures" in again


def test_a_part_of_the_page_answers_a_slider(ready: Client) -> None:
    """To a moved slider comes the answer alone, with the sliders that give way and the address."""
    asked = {
        "share-national": "40",
        "share-business": "20",
        "share-academia": "20",
        "was": "60-20-20",
    }
    headers = {"HX-Request": "true", "HX-Target": "answer"}
    response = ready.get("/what-if/", asked, headers=headers)
    shown = text_of(response)
    where = "/what-if/?share-national=40&share-business=30&share-academia=30"
    stood = reading.programme()
    assert stood is not None
    assert f"{where}&policy={stood.document.digest[:12]}" == response["HX-Replace-Url"]
    assert "<html" not in shown
    assert 'id="lever-share-business" hx-swap-oob' in shown
    assert 'id="lever-share-national" hx-swap-oob' not in shown


def test_today_is_shown_alone_before_anything_is_moved(ready: Client) -> None:
    """One column, no overlay, and the invitation to move a slider."""
    shown = text_of(ready.get("/what-if/"))
    assert "This is today" in shown
    assert "overlay: what-if" not in shown
    assert "\u2192" not in shown.partition('class="hg-figures"')[2].partition("</ul>")[0]


@pytest.mark.parametrize(
    ("said", "why"), [("many", Wrong.NOT_A_NUMBER), ("999", Wrong.OUT_OF_RANGE)]
)
def test_what_cannot_be_tried_is_named(ready: Client, said: str, why: Wrong) -> None:
    """A value of the address that is none is told with its slider; the policy's own stands."""
    shown = html.unescape(text_of(ready.get("/what-if/", {"lend": said})))
    assert f"An envelope lends, % of its quota: {why.value}" in shown
    assert "This is today" in shown


def test_every_reason_is_provoked() -> None:
    """The enumeration of what can be wrong is covered by the test above."""
    assert {Wrong.NOT_A_NUMBER, Wrong.OUT_OF_RANGE} == set(Wrong)


def test_what_cannot_be_replayed_is_a_page(ready: Client) -> None:
    """Where nothing is left to divide the page says so and keeps its sliders."""
    asked = {"supply-h200": "0", "supply-b200": "0"}
    response = ready.get("/what-if/", asked)
    assert 200 == response.status_code
    assert "cannot be replayed" in text_of(response)
    assert "share-national" in text_of(response)
    speak(ready, "ko")
    shown = text_of(ready.get("/what-if/", asked))
    assert "있는 배정 몫이 없습니다 – 컴퓨팅 지원의" in shown
    assert "no envelope has GPUs" not in shown
    speak(ready, "en")


def test_a_flood_is_turned_away_by_a_page(ready: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks too often is told so; today's policy stays readable."""
    monkeypatch.setattr(replaying, "ASKS_A_MINUTE", 1)
    assert 200 == ready.get("/what-if/", {"lend": "50"}).status_code
    response = ready.get("/what-if/", {"lend": "55"})
    assert 429 == response.status_code
    assert "asked often" in text_of(response)
    assert 200 == ready.get("/what-if/").status_code


def test_one_replay_at_a_time(ready: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is made others wait for a moment, and are then told to ask again."""
    monkeypatch.setattr(replaying, "WAIT_SECONDS", 0.05)
    with replaying._SHOP.asking:
        response = ready.get("/what-if/", {"lend": "35"})
    assert 503 == response.status_code
    assert "Others are being answered" in text_of(response)
    assert 'hx-trigger="load delay:3s"' in text_of(response)
    monkeypatch.setattr(replaying, "WAITING_MOST", 0)
    assert 503 == ready.get("/what-if/", {"lend": "35"}).status_code


def test_the_first_reader_is_told_to_wait(portal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a blank page: it says what is being made, and one thread makes it."""
    told, made = Event(), []

    def slow(_: replaying.Key, question: replaying.Question, __: float) -> replaying.Found:
        made.append(question)
        told.wait(30)
        return Faulty([])

    monkeypatch.setattr(replaying, "_asked", slow)
    monkeypatch.setattr(replaying, "_SHOP", replaying._Shop())
    stood = reading.programme()
    assert stood is not None
    try:
        for _ in range(3):
            asked = {"lend": "50", "chance": "1", "policy": "0"}
            shown = text_of(portal.get("/what-if/", asked))
            assert "being got ready" in shown
            assert 'hx-get="/what-if/?lend=50&amp;chance=1&amp;policy=0"' in shown
            assert 'hx-trigger="load delay:2s"' in shown
        assert [replaying.Question(stood.document.texts, FEW_JOBS)] == made
    finally:
        told.set()


@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_slider_of_every_programme_makes_an_overlay_that_the_policy_takes(name: str) -> None:
    """At both ends of its range each lever changes what is offered, and nothing is refused."""
    document = read_programme(ROOT / name)
    levers = _board(document)
    assert levers is not None
    day, as_it_is = levers.first, offer(document, 10**7)
    for lever in levers.levers:
        for value in {lever.low, lever.high} - {lever.value}:
            values, wrong = values_of(levers.levers, {lever.name: str(value)})
            assert not wrong
            assert value == values[lever.name]
            laid = document.laid("x", overlay(levers, moved(levers.levers, values)))
            policy = at(laid, day).policy
            assert policy != at(document, day).policy
            if lever.group is not Group.SUPPLY:
                assert as_it_is.envelopes == offer(laid, 10**7).envelopes


def test_a_programme_without_envelopes_has_its_chips_to_move() -> None:
    """Where nothing is divided nothing is shared either; when and how much comes is asked."""
    levers = _board(read_programme(ROOT / UNDIVIDED))
    assert levers is not None
    assert {Group.SUPPLY} == {lever.group for lever in levers.levers}


def test_a_document_laid_is_the_one_that_is_read(tmp_path: Path) -> None:
    """An overlay laid by the page and one that is read from a file make one document."""
    text = "overlay: x\nbecause: {en: x}\nfrom: 2026-03-16\nonwards: true\nset: {}\n"
    file = tmp_path / "what-if.yaml"
    file.write_text(text, encoding="utf-8")
    base = read_programme(ROOT / SMALL)
    read, laid = read_programme(ROOT / SMALL, [file]), base.laid("what-if", text)
    assert (read.digest, read.texts, read.faults) == (laid.digest, laid.texts, laid.faults)
    assert list(read.trees) == list(laid.trees)


@given(
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
)
def test_the_whole_stays_the_whole(values: list[int], was: list[int]) -> None:
    """Whatever is moved, shares add up to the policy's sum; what alone moved keeps its place."""
    levers = [
        Lever(f"share-{n}", Group.SHARES, n, "%", share, 100)
        for n, share in (("a", 50), ("b", 30), ("c", 20))
    ]
    asked = {lever.name: str(value) for lever, value in zip(levers, values, strict=True)}
    found, wrong = values_of(levers, {**asked, "was": "-".join(map(str, was))})
    assert not wrong
    assert 100 == sum(found.values())
    assert all(0 <= value <= 100 for value in found.values())
    alone = [n for n in range(3) if values[n] != was[n]]
    if len(alone) == 1:
        assert values[alone[0]] == found[levers[alone[0]].name]


def test_threads_share_one_answer(ready: Client) -> None:
    """Two readers of one variant get the same, and it is replayed once."""
    stood = reading.programme()
    assert stood is not None
    found: list[replaying.Answered] = []
    text = ready.get("/what-if/", {"lend": "25", "format": "yaml"}).content.decode()
    asking = [Thread(target=lambda: found.append(answer(stood.document, text))) for _ in range(2)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert found[0] is found[1]
    assert found[0] is answer(stood.document, text)
    assert found[0].trial.policy is answer(stood.document, "").trial.policy


def test_a_worker_outlives_its_replays(ready: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended as too slow: what was answered stays, what was not is asked again of another."""
    shop, known = replaying._SHOP, {"lend": "15"}
    assert "hg-figures" in text_of(ready.get("/what-if/", known))
    child = shop.child
    assert child is not None
    child.process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(replaying, "ANSWER_SECONDS", 0)
    assert 503 == ready.get("/what-if/", {"lend": "5"}).status_code
    assert child.process.returncode is not None
    for asked in ({}, known):
        assert "hg-figures" in text_of(ready.get("/what-if/", asked))
    monkeypatch.undo()
    assert "being got ready" in text_of(ready.get("/what-if/", {"lend": "5"}))
    assert "hg-figures" in _until_ready(ready, {"lend": "5"})


def test_replays_that_cannot_be_made_are_a_page(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends before its first answer is told, with what would mend it."""
    monkeypatch.setattr(replaying, "_SHOP", replaying._Shop())
    monkeypatch.setattr(replaying, "COMMAND", ("false",))
    assert "give the site more memory" in _until_ready(portal)
    speak(portal, "ko")
    assert "give the site more memory" not in _until_ready(portal)
    speak(portal, "en")


@pytest.mark.parametrize("how", ["asked no more", "left alone"])
def test_nothing_stays_behind(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that replays ends by itself when nobody asks, or when its worker is gone."""
    ours, theirs = Pipe()
    with ours, theirs:
        monkeypatch.setattr(replays, "IDLE_SECONDS", 0 if how == "asked no more" else None)
        if how == "left alone":
            ours.close()
        replays.serve(theirs)


def test_a_fault_is_the_same_in_another_process() -> None:
    """What a replay is refused for goes with its sentence, which other languages say anew."""
    fault = Fault("a", 1, 2, "b", Sentence("of {n}", n=3), "mend")
    found = pickle.loads(pickle.dumps(Faulty([fault])))
    assert (str(Faulty([fault])), (fault,)) == (str(found), found.faults)
    assert {"n": 3} == found.faults[0].what.values


def _until_ready(client: Client, asked: dict[str, str] | None = None) -> str:
    """The page once it says anything but that it is being got ready."""
    for _ in range(600):
        shown = html.unescape(text_of(client.get("/what-if/", asked)))
        if "being got ready" not in shown:
            return shown
        sleep(0.05)
    raise AssertionError("the page was not got ready")


HEAD = "submit_time,duration,num_gpus,user"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, "No such file"),
        (["submit_time,num_gpus", "1,1"], "cannot be replayed"),
        ([HEAD, "0,-5,1,a", "0,x,1,a"], "cannot be replayed"),
        ([HEAD, "0,60,1000000,a", "60,60,8,a"], "1 of them are larger than their envelope"),
        ([HEAD, "0,0,8,a", "60,3600,8,a", "90,-1,8,b"], "hg-figures"),
    ],
)
def test_a_bad_trace_is_a_page(
    portal: Client, tmp_path: Path, rows: list[str] | None, said: str
) -> None:
    """Missing, without columns, negative or too large: the page says so, and nothing breaks."""
    trace = tmp_path / "jobs.csv"
    if rows is not None:
        trace.write_text("\n".join([*rows, ""]), encoding="utf-8")
    with override_settings(HEADGATE_WHAT_IF_TRACE=str(trace)):
        assert said in _until_ready(portal)


def test_a_policys_own_values_lie_on_the_sliders_steps() -> None:
    """A browser moves no slider by itself, and the policy's budgets by name stay."""
    words = "{idle: lent, borrow_percent: 33, lend_percent: 41, budgets: {named: {a: 5}}}"
    text = (
        "overlay: x\nbecause: {en: x}\nfrom: 2026-01-01\nonwards: true\n"
        f"set:\n  envelopes.compute.sharing: {words}\n"
    )
    document = read_programme(ROOT / SMALL).laid("x", text)
    levers = _board(document)
    assert levers is not None
    assert all(0 == (lever.value - lever.low) % lever.step for lever in levers.levers)
    laid = document.laid("y", overlay(levers, {"cap": 10}))
    sharing = at(laid, levers.first).policy.envelopes["compute"].sharing
    assert sharing is not None
    assert sharing.budgets is not None
    assert {"a": 5} == sharing.budgets.named
    assert sharing.budgets.gpu_hours
