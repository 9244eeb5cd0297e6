"""One shard of a round's runs: every run of it that is not done, one after another.

A run is a tool in a process of its own. Its logs are read at once as a round reads them, so that a
run that is partial, of another version or of another number of items has failed here and now, and
is tried again the next time.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from headgate.core.faults import Fault, Faulty
from headgate.readers.evaluations.logs import Kept, read_logs
from headgate.readers.evaluations.manifest import Manifest, Team
from headgate.readers.evaluations.run import Wanted
from headgate.readers.suites import Tool
from headgate.running.tools import CACHE, LOG, logged_as, typed
from headgate.running.work import (
    DONE,
    ENDED,
    SAID,
    Code,
    Done,
    Run,
    Work,
    digests,
    keep,
    read_work,
)

_SAID_BYTES: Final = 2_000


def run_shard(folder: Path, shard: tuple[int, int], progress: Callable[[str], None]) -> str:
    """Do the runs of a shard that are not done; raises `Faulty` with all that failed."""
    before = os.umask(0o077)
    try:
        return _run_shard(folder, shard, progress)
    finally:
        os.umask(before)


def _run_shard(folder: Path, shard: tuple[int, int], progress: Callable[[str], None]) -> str:
    work, (k, n) = read_work(folder), shard
    mine = work.runs[k - 1 :: n]
    faults: list[Fault] = []
    count = 0
    for run in mine:
        progress(run.said)
        with work.alone(run):
            if work.done(run) is None:
                count += 1
                faults += _once(work, run)
    if faults:
        raise Faulty(faults)
    return f"shard {k}/{n}: {count} runs done now, {len(mine)} in all"


def wanted(work: Work, run: Run) -> Wanted:
    """What a round wants of a run's log."""
    task = run.task
    return Wanted(
        work.plan.pillar, run.name, _task_in_log(run), task.metric, task.filter, task.cluster,
        task.items,
    )  # fmt: skip


def _task_in_log(run: Run) -> str:
    """The name of a task in the tool's log: Inspect's without the file that it stands in."""
    if run.task.tool is Tool.INSPECT:
        return run.task.task.rpartition("@")[2].rpartition("/")[2]
    return run.task.task


def _once(work: Work, run: Run) -> tuple[Fault, ...]:
    """Try a run, unless an earlier try was whole and nobody came to say so."""
    last = work.tries(run)[-1:]
    for number in last:
        folder = work.of(run) / str(number)
        if not (folder / ENDED).exists() and not _judged(work, run, number):
            return ()
    number = sum(last) + 1
    folder = work.of(run) / str(number)
    (folder / CACHE).mkdir(mode=0o700, parents=True)
    faults = tuple(_ran(work, run, folder))
    shutil.rmtree(folder / CACHE, ignore_errors=True)
    if not faults:
        return _judged(work, run, number)
    keep(folder, ENDED, faults)
    return faults


def _ran(work: Work, run: Run, folder: Path) -> Iterator[Fault]:
    """Run the tool; what kept it from ending well."""
    evaluator, name = work.plan.evaluator, run.model.key
    if name is not None and not os.environ.get(name):
        yield Code.KEY_MISSING.of(name, f"{run.said}: {name} is not set")
        return
    key = os.environ.get(name, "") if name is not None else ""
    command = typed(run.task, run.model, evaluator, work.include, folder, key)
    hours, place = evaluator.hours, folder / SAID
    try:
        with place.open("wb") as said:
            done = subprocess.run(
                command.words,
                cwd=folder,
                env={**os.environ, **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=hours * 3600,
                check=False,
            )
    except subprocess.TimeoutExpired:
        yield Code.RUN_SLOW.of(place, f"{run.said} was not over within {hours} hours")
        return
    except OSError as error:
        what = f"{command.words[0]}: {error.strerror}"
        yield Code.PROGRAM_MISSING.of(command.words[0], what)
        return
    if done.returncode:
        what = f"{run.said}: {command.words[0]} ended with {done.returncode}: {_last(place)}"
        yield Code.RUN_FAILED.of(place, what)


def _last(place: Path) -> str:
    """The last words of a tool."""
    data = place.read_bytes() if place.is_file() else b""
    said = data[-_SAID_BYTES:].decode("utf-8", "replace").split("\n")
    return next((line.strip()[:160] for line in reversed(said) if line.strip()), "not a word")


def _judged(work: Work, run: Run, number: int) -> tuple[Fault, ...]:
    """Read a try's logs as the round will, and settle what came of it."""
    folder = work.of(run) / str(number)
    kept, faults = _kept(work, run, folder)
    keep(folder, ENDED, faults)
    if kept is not None and not faults:
        keep(work.of(run), DONE, Done(number, kept.run.tool, digests(folder)))
    return faults


def _kept(work: Work, run: Run, folder: Path) -> tuple[Kept | None, tuple[Fault, ...]]:
    place = folder / LOG
    if not place.is_dir() or not any(path.is_file() for path in place.rglob("*")):
        what = f"{run.said} left no log: {_last(folder / SAID)}"
        return None, (Code.NO_LOG.of(place, what),)
    try:
        team = Team(run.model.team, (logged_as(run.task, run.model),), (LOG,), 0)
        logs = read_logs(folder, Manifest((team,), (wanted(work, run),)))
    except Faulty as error:
        return None, error.faults
    kept = logs.kept[0]
    return kept, tuple(_otherwise(run, kept, place))


def _otherwise(run: Run, kept: Kept, place: Path) -> Iterator[Fault]:
    """What a log has that the suite did not ask for."""
    if kept.run.tool.split()[-1:] != [run.task.version]:
        what = f"{run.said} was run by {kept.run.tool}, not by {run.task.version}"
        yield Code.VERSION_OTHER.of(place, what)
    items = len({sample.item for sample in kept.run.samples})
    if run.task.items is not None and items != run.task.items:
        what = f"{run.said} has {items} items, the suite says {run.task.items}"
        yield Code.ITEMS_OTHER.of(place, what)
