"""The replays that pages ask for: one workload, one policy, and each variant when it is asked for.

Nothing here knows a page or a database: questions come by a line, and answers go back by it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Final

from headgate.core import canonical
from headgate.core.faults import Fault, Faulty, Sentence, quoted
from headgate.core.policy.document import Document
from headgate.core.quantities import DAY_SECONDS
from headgate.readers.trace_kept import Kept
from headgate.report.trial import AS_IT_STANDS
from headgate.simulation.clusters import PUBLISHED, WORD, workload
from headgate.simulation.replay.compiling import State, state
from headgate.simulation.replay.demand import as_it_came
from headgate.simulation.replay.supply import offer
from headgate.site.portal.replaying import (
    SEED,
    SEEDS,
    SETTING,
    TRIED,
    Answered,
    Found,
    Question,
    Workload,
)
from headgate.whatif import (
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

JOBS: Final = 30_000
"""Jobs of a year that are replayed: by their GPU time the largest, which have nearly all of it."""
JOBS_UNCOMPILED: Final = 1_500
MADE_MOST: Final = 2_000_000
"""Jobs made to choose from: a larger programme is shown for fewer weeks than a year."""
WEEKS: Final = 52
SMALL_GPUS: Final = 2_048
KEPT_MOST: Final = 256
IDLE_SECONDS: Final = 300
"""How long it waits for a question: what it holds is then given back."""
UNREADABLE: Final = "what-if-trace-unreadable"

Runs = OrderedDict[tuple[str, str], Run | None]


@dataclass(frozen=True, slots=True)
class Ready:
    """The workload of a policy, and the replays made of it: first the policy as it stands."""

    document: Document
    kept: Kept
    how: Try
    what: Asked
    about: Workload
    runs: Runs = field(default_factory=OrderedDict)


def serve(line: "Connection[Found, Question]") -> None:
    """Answer until nobody asks any more, or nobody is there."""
    ready: Ready | None = None
    of = None
    while line.poll(IDLE_SECONDS):
        try:
            question = line.recv()
        except EOFError:
            return
        try:
            if ready is None or of != (question.texts, question.trace):
                ready = None
                ready = prepared(Document.read(question.texts), question.trace)
                of = question.texts, question.trace
            found: Found = answered(ready, question.overlay, chance=question.chance)
        except Faulty as faulty:
            found = faulty
        except OSError as error:
            words = quoted(error.strerror or error)
            what = Sentence('the trace cannot be read ("{words}")', words=words)
            mend = "name a trace that the site may read"
            found = Faulty([Fault(SETTING, 0, 0, UNREADABLE, what, mend)])
        try:
            line.send(found)
        except OSError:
            return


def prepared(document: Document, word: str) -> Ready:
    """A policy's workload with its replay as the policy stands; raises Faulty."""
    jobs = JOBS_UNCOMPILED if state() is State.INTERPRETED else JOBS
    kept = workload(word or word_for(document), SEED)
    came, how = as_it_came(kept.trace), Try(largest=jobs)
    what = asked({AS_IT_STANDS: document}, kept.trace, how)
    part = 1000 * what.came.gpu_seconds // max(came.gpu_seconds, 1)
    days = int(what.came.submitted[-1]) // DAY_SECONDS + 1
    about = Workload(kept.name, jobs, len(came.gpus), len(what.came.gpus), part, days)
    return Ready(document, kept, how, what, about)


def word_for(document: Document) -> str:
    """A year of jobs, made with the figures of a cluster of about the programme's size."""
    span = WEEKS * 7 * DAY_SECONDS
    gpus = max(int(offer(document, span).gpu_seconds(span).sum()) // span, 8)
    name = "philly" if gpus < SMALL_GPUS else "kalos"
    a_week = gpus * 7 * DAY_SECONDS / PUBLISHED[name].mean_gpu_seconds
    return f"{WORD}:{name}:{gpus}:{max(min(WEEKS, int(MADE_MOST / a_week)), 1)}"


def answered(ready: Ready, overlay: str, *, chance: bool = False) -> Answered:
    """A policy beside itself under an overlay, or alone where the overlay is empty.

    With `chance` each is replayed on the SEEDS too. Raises Faulty where nothing can be replayed
    under it.
    """
    variants, what, how = {AS_IT_STANDS: ready.document}, ready.what, ready.how
    digest = canonical.digest(overlay.encode())
    if overlay:
        variants[TRIED] = ready.document.laid("what-if", overlay)
        what = also(what, TRIED, variants[TRIED], how)
    if chance:
        how = replace(how, seeds=SEEDS)
    asking = replace(ready, what=what, how=how)
    of = {AS_IT_STANDS: "", TRIED: digest}
    made = {each: _run((of[each[0]], each[1]), each, asking) for each in all_runs(variants, how)}
    found = tried(variants, what, {each: run for each, run in made.items() if run}, how)
    keeps = {("" if x.variant == AS_IT_STANDS else x.variant): x.keeps for x in found}
    shown = tuple(
        column for column in columns(found, AS_IT_STANDS) if column.shared != keeps[column.variant]
    )
    files = {ready.kept.name: ready.kept.digest}
    if overlay:
        files["what-if.yaml"] = digest
    trial = trial_of(variants, ready.kept, files, how, (found, shown))
    return Answered(ready.about, trial, slowly())


def _run(key: tuple[str, str], run: tuple[str, str], ready: Ready) -> Run | None:
    """A kept run, or one made now; None for a seed without a job."""
    runs = ready.runs
    if key not in runs:
        runs[key] = dict(replays(ready.what, ready.how, [run], lambda _: None)).get(run)
    runs.move_to_end(key)
    made = runs[key]
    while len(runs) > KEPT_MOST:
        runs.popitem(last=False)
    return made
