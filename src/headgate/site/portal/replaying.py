"""A policy replayed while somebody waits for the page: one workload, one replay at a time.

The workload is made once in each process, beside the pages, together with today's policy, which
also has the replay compiled. After that every variant is a fraction of a second, and is kept by the
digest of its overlay.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock, Thread
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from headgate.core import canonical
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.document import Document
from headgate.core.quantities import DAY_SECONDS
from headgate.readers.trace_kept import Kept
from headgate.report.trial import Column, Trial
from headgate.simulation.clusters import PUBLISHED, WORD, workload
from headgate.simulation.replay.compiling import State, state
from headgate.simulation.replay.demand import as_it_came
from headgate.simulation.replay.supply import offer
from headgate.whatif import (
    AS_IT_CAME,
    AS_IT_STANDS,
    Asked,
    Run,
    Try,
    all_runs,
    also,
    asked,
    columns,
    replays,
    slowly,
    trial_of,
    tried,
)

SEED: Final = "headgate"
JOBS: Final = 30_000
"""Jobs of a year that are replayed: by their GPU time the largest, which have nearly all of it."""
JOBS_UNCOMPILED: Final = 1_500
MADE_MOST: Final = 2_000_000
"""Jobs made to choose from: a larger programme is shown for fewer weeks than a year."""
WEEKS: Final = 52
SMALL_GPUS: Final = 2_048
KEPT_MOST: Final = 256
WAIT_SECONDS: Final = 8
WAITING_MOST: Final = 6
ASKS_A_MINUTE: Final = 240
TRIED: Final = "tried"
SEEDS: Final = tuple(f"{SEED}/{n}" for n in range(1, 6))
"""The histories that show chance: what `--seeds 5` draws at a terminal."""
SETTING, UNREADABLE = "HEADGATE_WHAT_IF_TRACE", "what-if-trace-unreadable"


class GettingReady(Exception):
    """The workload is being made and the replay compiled."""


class Busy(Exception):
    """Others are being answered; it may be asked again in a moment."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The workload of a policy and its replay as the policy stands.

    `whole_jobs` are those it was chosen from, `per_mille` the part of their GPU time it has.
    """

    kept: Kept
    how: Try
    what: Asked
    today: Run
    whole_jobs: int
    jobs: int
    per_mille: int
    days: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Today's policy beside what was tried, or alone; `slow` says why replays are slow here."""

    ready: Ready
    trial: Trial
    slow: str


@dataclass
class _Shop:
    """What one process keeps; all of it is only ever changed under `lock`."""

    lock: Lock = field(default_factory=Lock)
    replaying: Lock = field(default_factory=Lock)
    waiting: int = 0
    making: set[str] = field(default_factory=set)
    ready: dict[str, Ready | Faulty] = field(default_factory=dict)
    runs: OrderedDict[tuple[str, str], Run | None] = field(default_factory=OrderedDict)


_SHOP: Final = _Shop()


def allowed(request: HttpRequest, cost: int = 1) -> bool:
    """Whether an address may ask for so many replays more within this minute."""
    from allauth.account.adapter import get_adapter

    key = f"what-if/{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, 60)
    try:
        return int(cache.incr(key, cost)) <= ASKS_A_MINUTE
    except ValueError:
        return True


def ready_for(document: Document) -> Ready:
    """What is kept for a policy; raises GettingReady, or Faulty where nothing can be replayed."""
    key = f"{document.digest} {settings.HEADGATE_WHAT_IF_TRACE}"
    with _SHOP.lock:
        found = _SHOP.ready.get(key)
        if found is None and key not in _SHOP.making:
            _SHOP.making.add(key)
            Thread(target=_make, args=(key, document), daemon=True).start()
    if found is None:
        raise GettingReady
    if isinstance(found, Faulty):
        raise found
    return found


def _make(key: str, document: Document) -> None:
    made: Ready | Faulty | None = None
    try:
        made = prepared(document, settings.HEADGATE_WHAT_IF_TRACE)
    except Faulty as faulty:
        made = faulty
    except OSError as error:
        what, mend = error.strerror or str(error), "name a trace that the site may read"
        made = Faulty([Fault(SETTING, 0, 0, UNREADABLE, what, mend)])
    finally:
        with _SHOP.lock:
            _SHOP.making.discard(key)
            if made is not None:
                _SHOP.ready = {key: made}


def prepared(document: Document, word: str) -> Ready:
    """A policy's workload with its replay as the policy stands; raises Faulty."""
    jobs = JOBS_UNCOMPILED if state() is State.INTERPRETED else JOBS
    kept = workload(word or word_for(document), SEED)
    came, how = as_it_came(kept.trace), Try(largest=jobs)
    what = asked({AS_IT_STANDS: document}, kept.trace, how)
    wanted = [(AS_IT_STANDS, AS_IT_CAME)]
    with _SHOP.replaying:
        made = dict(replays(what, how, wanted, lambda _: None))
    part = 1000 * what.came.gpu_seconds // max(came.gpu_seconds, 1)
    days = int(what.came.submitted[-1]) // DAY_SECONDS + 1
    count = len(what.came.gpus)
    return Ready(kept, how, what, made[wanted[0]], len(came.gpus), count, part, days)


def word_for(document: Document) -> str:
    """A year of jobs, made with the figures of a cluster of about the programme's size."""
    span = WEEKS * 7 * DAY_SECONDS
    gpus = max(int(offer(document, span).gpu_seconds(span).sum()) // span, 8)
    name = "philly" if gpus < SMALL_GPUS else "kalos"
    a_week = gpus * 7 * DAY_SECONDS / PUBLISHED[name].mean_gpu_seconds
    return f"{WORD}:{name}:{gpus}:{max(min(WEEKS, int(MADE_MOST / a_week)), 1)}"


def answer(document: Document, text: str, *, chance: bool = False) -> Answered:
    """A policy beside itself under an overlay, or alone where the overlay is empty.

    With `chance` each is replayed on the SEEDS too. Raises GettingReady, Busy, or Faulty where
    nothing can be replayed under it.
    """
    ready = ready_for(document)
    variants, what = {AS_IT_STANDS: document}, ready.what
    overlay, how = canonical.digest(text.encode()), ready.how
    if text:
        variants[TRIED] = laid(document, text)
        what = also(what, TRIED, variants[TRIED], how)
    if chance:
        how = replace(how, seeds=SEEDS)
    of = {AS_IT_STANDS: f"{document.digest} today", TRIED: f"{document.digest} {overlay}"}
    made = {
        each: ready.today
        if each == (AS_IT_STANDS, AS_IT_CAME)
        else _run(f"{of[each[0]]} {ready.kept.digest}", each, replace(ready, what=what, how=how))
        for each in all_runs(variants, how)
    }
    found = tried(variants, what, {each: run for each, run in made.items() if run}, how)
    keeps = {("" if x.variant == AS_IT_STANDS else x.variant): x.keeps for x in found}
    shown = tuple(
        column for column in columns(found, AS_IT_STANDS) if column.shared != keeps[column.variant]
    )
    files = {ready.kept.name: ready.kept.digest}
    if text:
        files["what-if.yaml"] = overlay
    trial = trial_of(variants, ready.kept, files, how, (found, shown))
    return Answered(ready, trial, slowly())


@lru_cache(maxsize=32)
def laid(document: Document, text: str) -> Document:
    """A policy with an overlay over it and over those that it has, as the command lays it."""
    return document.laid("what-if", text)


def _run(policy: str, run: tuple[str, str], ready: Ready) -> Run | None:
    """A kept run, or one made while nothing else is replayed; None for a seed without a job."""
    key = policy, run[1]
    with _SHOP.lock:
        if key in _SHOP.runs:
            _SHOP.runs.move_to_end(key)
            return _SHOP.runs[key]
        if _SHOP.waiting >= WAITING_MOST:
            raise Busy
        _SHOP.waiting += 1
    try:
        if not _SHOP.replaying.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            made = dict(replays(ready.what, ready.how, [run], lambda _: None)).get(run)
        finally:
            _SHOP.replaying.release()
    finally:
        with _SHOP.lock:
            _SHOP.waiting -= 1
    with _SHOP.lock:
        _SHOP.runs[key] = made
        while len(_SHOP.runs) > KEPT_MOST:
            _SHOP.runs.popitem(last=False)
    return made


def called(trial: Trial, name: str) -> Trial:
    """The same with what was tried under a name in the reader's language."""

    def renamed(column: Column) -> Column:
        return replace(column, variant=name) if column.variant else column

    return replace(trial, columns=tuple(map(renamed, trial.columns)))
