"""What a page may ask of replays, which a process of their own makes: one at a time, and warm.

A year of jobs and the compiled replay are several times what a worker holds otherwise. So a worker
starts one child at the first question, which makes the workload and today's policy; after that
every variant is a fraction of a second. A child that nobody asks ends by itself, and so does one
whose worker is gone; answers are kept here, by what they were made from.
"""

import atexit
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock, Thread
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.document import Document
from headgate.report.trial import Column, Trial
from headgate.site.apart import Child

SEED: Final = "headgate"
SEEDS: Final = tuple(f"{SEED}/{n}" for n in range(1, 6))
"""The histories that show chance: what `--seeds 5` draws at a terminal."""
TRIED: Final = "tried"
KEPT_MOST: Final = 64
"""Answers that a worker keeps: some ten kB each."""
WAIT_SECONDS: Final = 8
WAITING_MOST: Final = 6
READY_SECONDS, ANSWER_SECONDS = 600, 60
"""How long a child may take to get ready and to answer, before it is ended."""
ASKS_A_MINUTE: Final = 240
COMMAND: Final = (sys.executable, "-m", "headgate.site.portal.replaying")
SETTING, ENDED = "HEADGATE_WHAT_IF_TRACE", "what-if-replay-ended"


class GettingReady(Exception):
    """The workload is being made and the replay compiled."""


class Busy(Exception):
    """Others are being answered; it may be asked again in a moment."""


@dataclass(frozen=True, slots=True)
class Question:
    """A policy by its texts, the word for its workload, and what is tried.

    Without an overlay it is the policy as it stands; with `chance` it is replayed on SEEDS too.
    """

    texts: Mapping[str, str]
    trace: str
    overlay: str = ""
    chance: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """The jobs that are replayed: the `largest` by GPU time of the trace of that name.

    `whole_jobs` are those they were chosen from, `per_mille` the part of their GPU time they have.
    """

    name: str
    largest: int
    whole_jobs: int
    jobs: int
    per_mille: int
    days: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Today's policy beside what was tried, or alone; `slow` says why replays are slow here."""

    workload: Workload
    trial: Trial
    slow: str


Found = Answered | Faulty
Key = tuple[str, str, bool]


@dataclass
class _Shop:
    """What one worker keeps; but for `child`, all is only ever changed under `lock`.

    Who has `asking` has the child. `warm` is the policy that the child has got ready.
    """

    lock: Lock = field(default_factory=Lock)
    asking: Lock = field(default_factory=Lock)
    waiting: int = 0
    making: set[str] = field(default_factory=set)
    child: Child | None = None
    warm: str = ""
    answers: OrderedDict[Key, Found] = field(default_factory=OrderedDict)

    def is_warm(self, policy: str) -> bool:
        """Whether the child waits for questions about a policy."""
        child = self.child
        return child is not None and self.warm == policy and child.process.poll() is None

    def end(self) -> None:
        """End the child, where there is one."""
        child, self.child, self.warm = self.child, None, ""
        if child is not None:
            child.end()


_SHOP: Final = _Shop()
atexit.register(_SHOP.end)


def allowed(request: HttpRequest, cost: int = 1) -> bool:
    """Whether an address may ask for so many replays more within this minute."""
    from allauth.account.adapter import get_adapter

    key = f"what-if/{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, 60)
    try:
        return int(cache.incr(key, cost)) <= ASKS_A_MINUTE
    except ValueError:
        return True


def answer(document: Document, overlay: str, *, chance: bool = False) -> Answered:
    """A policy beside itself under an overlay, or alone where the overlay is empty.

    With `chance` each is replayed on SEEDS too. Raises GettingReady, Busy, or Faulty where nothing
    can be replayed under it.
    """
    question = Question(document.texts, settings.HEADGATE_WHAT_IF_TRACE, overlay, chance)
    policy = f"{document.digest} {question.trace}"
    key = policy, overlay, chance
    with _SHOP.lock:
        today = _SHOP.answers.get((policy, "", False))
        found = today if isinstance(today, Faulty) else _kept(key)
        ready = found is not None or _SHOP.is_warm(policy)
        if not ready and policy not in _SHOP.making:
            _SHOP.making.add(policy)
            Thread(target=_get_ready, args=(policy, question), daemon=True).start()
    if not ready:
        raise GettingReady
    if found is None:
        with _turn():
            with _SHOP.lock:
                found = _kept(key)
            found = found or _asked(key, question, ANSWER_SECONDS)
    if isinstance(found, Faulty):
        raise found
    return found


def _kept(key: Key) -> Found | None:
    if key in _SHOP.answers:
        _SHOP.answers.move_to_end(key)
    return _SHOP.answers.get(key)


def _get_ready(policy: str, question: Question) -> None:
    """See that a child has made the workload and today's policy; why not is an answer too."""
    today = policy, "", False
    try:
        with _SHOP.asking:
            _asked(today, replace(question, overlay="", chance=False), READY_SECONDS)
    except Busy:
        what = "the process that replays ended before it answered"
        mend = "give the site more memory, or name a smaller trace"
        _keep(today, Faulty([Fault(SETTING, 0, 0, ENDED, what, mend)]))
    finally:
        with _SHOP.lock:
            _SHOP.making.discard(policy)


@contextmanager
def _turn() -> Iterator[None]:
    """The child for oneself, after a wait; raises Busy where it is long or many wait already."""
    with _SHOP.lock:
        if _SHOP.waiting >= WAITING_MOST:
            raise Busy
        _SHOP.waiting += 1
    try:
        if not _SHOP.asking.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            yield
        finally:
            _SHOP.asking.release()
    finally:
        with _SHOP.lock:
            _SHOP.waiting -= 1


def _asked(key: Key, question: Question, seconds: float) -> Found:
    """What the child answers; one that ends or takes too long is no more, and others may ask."""
    child = _SHOP.child
    if child is None or child.process.poll() is not None:
        _SHOP.end()
        child = _SHOP.child = Child.started(COMMAND)
    try:
        found: Found = child.asked(question, seconds)
    except (EOFError, OSError) as ended:
        _SHOP.end()
        raise Busy from ended
    return _keep(key, found)


def _keep(key: Key, found: Found) -> Found:
    """An answer, kept; the oldest is forgotten, and the policy that all tell of is kept once."""
    policy, *_ = key
    with _SHOP.lock:
        today = _SHOP.answers.get((policy, "", False))
        if isinstance(found, Answered):
            _SHOP.warm = policy
            if isinstance(today, Answered):
                trial = replace(found.trial, policy=today.trial.policy)
                found = replace(found, trial=trial)
        _SHOP.answers[key] = found
        while len(_SHOP.answers) > KEPT_MOST:
            _SHOP.answers.popitem(last=False)
    return found


def called(trial: Trial, name: str) -> Trial:
    """The same with what was tried under a name in the reader's language."""

    def renamed(column: Column) -> Column:
        return replace(column, variant=name) if column.variant else column

    return replace(trial, columns=tuple(map(renamed, trial.columns)))
