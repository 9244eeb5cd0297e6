"""From runs that are done to evidence that a round takes: held against each other, signed, written.

What leaves the evaluator's folder are rows (items by content hash), the models by their hash, and
the signed log of every run; no text of an item and no answer of a model.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from time import sleep
from typing import Final

from headgate.core import canonical
from headgate.core.enforcement.engine import Array, Carrier
from headgate.core.evaluation.conduct import Conduct, Submission
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.runs import Ran, Runs, Scored, by_task, rows_digest, signed
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import Signer
from headgate.core.policy.round_rules import OtherModels
from headgate.core.policy.schema import Pillar, PillarKind, Round
from headgate.engines.shards import write_templates
from headgate.evaluating import in_order, rows_of
from headgate.journal.keys import Ring, last_signed, load
from headgate.readers.evaluations.logs import read_logs
from headgate.readers.evaluations.manifest import Manifest, Team
from headgate.readers.evaluations.round_file import (
    ROUND_FILE,
    RoundFile,
    read_round_file,
    round_text,
)
from headgate.readers.suites import Evaluator, Suite
from headgate.running.shard import wanted
from headgate.running.tools import LOG, logged_as
from headgate.running.work import RUNS, Code, Done, Run, Work
from headgate.steps.evaluate import tasks_of

NAME_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the runs are carried: by what, in how many shards, tried how often, looked at when."""

    carrier: Carrier
    shards: int
    tries: int
    seconds: float


def check_asked(
    evaluation: Round, pillar: str | None, suite: Suite, evaluator: Evaluator
) -> Pillar:
    """The pillar that a suite is run for; raises `Faulty` where the policy has it otherwise."""
    items = {one.id: one for one in evaluation.pillars if one.kind is PillarKind.ITEMS}
    name = pillar or next((one.id for one in items.values() if one.runner), next(iter(items), ""))
    if name not in items:
        what = f"The round has no pillar of items {name!r}: {', '.join(items) or 'none'}."
        raise Code.PILLAR_UNKNOWN.alone("--pillar", what)
    faults = [
        Code.TASK_UNKNOWN.of(suite.file.suite, f"The pillar {name} has no task {task!r}.")
        for task in suite.file.tasks
        if task not in tasks_of(items[name])
    ]
    rule = items[name].runner
    if rule is not None and rule.others is OtherModels.REFUSED:
        faults += [
            Code.MODEL_REFUSED.of(one.team, f"{one.model[:16]} of {one.team} is not final.")
            for one in evaluator.models
            if not one.final
        ]
    if faults:
        raise Faulty(faults)
    return items[name]


def array_of(work: Work, shards: int) -> Array:
    """The runs of a plan as an array; its name is that of the folder and the plan."""
    seed = canonical.line([str(work.folder.resolve()), [run.id for run in work.runs]])
    name = f"headgate-runs-{canonical.digest(seed)[:NAME_CHARACTERS]}"
    words = ("suite", "shard")
    return Array(name, min(shards, len(work.runs)), words, str(work.folder.resolve()))


def carry(work: Work, how: Waiting, progress: Callable[[str], None]) -> None:
    """Have every run done, trying again what failed; raises `Faulty` with what is left.

    An array that was submitted before and has not ended is waited for.
    """
    array = array_of(work, how.shards)
    write_templates(array, work.folder)
    left = _undone(work, work.runs)
    for _ in range(how.tries):
        if not left:
            return
        how.carrier.submit(array)
        while live := how.carrier.shards(array):
            left = _undone(work, left)
            progress(f"{len(work.runs) - len(left)} of {len(work.runs)} runs are done, "
                     f"{len(live)} shards have not ended")  # fmt: skip
            sleep(how.seconds)
        left = _undone(work, work.runs)
    if left:
        raise Faulty(
            found
            for run in left
            for found in work.failed(run)
            or [Code.RUN_MISSING.of(work.of(run), f"{run.said} was never tried to its end.")]
        )


def _undone(work: Work, runs: Iterable[Run]) -> list[Run]:
    """Those of some runs that are not done; every log of those that are is read for it."""
    return [run for run in runs if work.done(run) is None]


def ring_of(folder: Path) -> Ring:
    """The evaluator's keys; raises `Faulty` for those of a journal, which sign one history."""
    ring = load(folder)
    if last_signed(folder) is not None:
        what = f"{folder} has signed a journal, and a journal's keys sign nothing else."
        raise Code.KEYS_OF_JOURNAL.alone(folder, what)
    return ring


@dataclass(frozen=True, slots=True)
class Collected:
    """The evidence of the runs as files that `headgate evaluate` takes, and the signed log."""

    files: Mapping[str, bytes]
    runs: Runs


def collected(work: Work, evaluation: Round, signers: Sequence[Signer]) -> Collected:
    """What the runs came to; raises `Faulty` with all that refuses them.

    The logs of all teams are held against each other as any other evidence is.
    """
    finals = [run for run in work.runs if run.model.final]
    tasks = tuple({run.name: wanted(work, run) for run in finals}.values())
    done = {run.id: found for run in work.runs if (found := work.done(run)) is not None}
    kept = read_logs(work.folder / RUNS, Manifest(tuple(_teams(finals, done)), tasks))
    evidence = in_order(Evidence(kept.items()))
    references = {bar.reference for bar in evaluation.bars}
    teams = sorted({run.model.team for run in finals} - references)
    runs = signed(_runs(work, done, evidence), signers)
    handed = tuple(_submissions(work, runs)) if evaluation.submissions else ()
    told = round_text(RoundFile(conduct=Conduct(submissions=handed, runs=(runs,))))
    return Collected({**rows_of(teams, evidence, ()), ROUND_FILE: told.encode()}, runs)


def _teams(finals: Sequence[Run], done: Mapping[str, Done]) -> Iterator[Team]:
    """Each team with all its logs that count, and all names that they give its model."""
    for name in sorted({run.model.team for run in finals}):
        own = [run for run in finals if run.model.team == name]
        models = tuple(dict.fromkeys(logged_as(run.task, run.model) for run in own))
        logs = (f"{one.id}/{done[one.id].tried}/{LOG}" for one in own if one.id in done)
        yield Team(name, models, tuple(logs), 0)


def _runs(work: Work, done: Mapping[str, Done], evidence: Evidence) -> Runs:
    ran = []
    for run in (run for run in work.runs if run.id in done):
        counts, model = done[run.id], run.model
        logs = canonical.digest(canonical.line(dict(sorted(counts.logs.items()))))
        told = (model.team, model.model, run.name, counts.tool, model.final)
        ran.append(Ran(*told, len(work.tries(run)), logs))
    ran += _tried_before(work)
    scored = [
        Scored(pillar, task, rows_digest(of_task))
        for pillar, rows in evidence.items.items()
        for task, of_task in sorted(by_task(rows).items())
    ]
    ordered = sorted(ran, key=lambda one: (one.team, one.model, one.task))
    return Runs(work.plan.digest, tuple(ordered), tuple(scored))


def _tried_before(work: Work) -> Iterator[Ran]:
    """Models that were run in this folder under an earlier plan: trials, whatever came of them."""
    now = {(run.model.team, run.model.model) for run in work.runs}
    for known in sorted(set(work.known()), key=lambda one: (one.team, one.model, one.task)):
        if (known.team, known.model) not in now:
            yield Ran(known.team, known.model, known.task, "", final=False, tries=1, logs="")


def _submissions(work: Work, runs: Runs) -> Iterator[Submission]:
    """Each final model that came in on a stated day, with the trials that the log counts."""
    for model in work.plan.evaluator.models:
        if model.final and model.on is not None:
            trials = len(runs.trials(model.team))
            yield Submission(model.team, model.model, model.on, trials)


def write_evidence(found: Collected, out: Path, round_id: str) -> str:
    """Put the evidence into a new folder, whole or not at all; one with the same runs stays."""
    if out.exists() or out.is_symlink():
        if out.is_dir() and _holds(found, out, round_id):
            return f"{out} has this evidence already"
        mend = "Name a folder that is not there yet."
        raise Faulty([Fault(str(out), 0, 0, "out-taken", "there is something of that name", mend)])
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{token_hex(8)}.draft")
    draft.mkdir()
    try:
        for name, data in found.files.items():
            (draft / name).write_bytes(data)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return f"wrote {out}"


def _holds(found: Collected, out: Path, round_id: str) -> bool:
    """Whether a folder has the same runs; the signatures over them differ each time."""
    told = read_round_file(out, round_id).conduct.runs
    return any(one.lines() == found.runs.lines() for one in told)
