"""A what-if in parts: a folder that says what is to be replayed, by whom and where it will.

A sweep is a folder with everything in it: the policy with its overlays, the trace's columns, the
settings, and the list of tasks, each of which is one history under one variant. A shard is every
N-th task. Each task leaves a file that takes its name when it is whole, so that whatever was done
when somebody pressed Ctrl-C, or a node died, need not be done again. Each file names the program
that made it, by its text, for nodes may have other versions. Merged, they are to the byte what one
process would have made.
"""

import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from headgate.comparing import Compared, documents_of, head_of, replayed_of
from headgate.core import canonical
from headgate.core.enforcement.engine import Array
from headgate.core.faults import Fault, Faulty, Mended
from headgate.core.policy.document import Document
from headgate.demo import Choices, workload
from headgate.engines.shards import write_templates
from headgate.readers.trace_kept import Kept, read_columns, write_columns
from headgate.whatif import AS_IT_CAME, Asked, Run, Try, all_runs, asked, replays

MANIFEST, TRACE, DONE, LOGS = "sweep.json", "trace.npz", "done", "logs"
_RUN: Final = TypeAdapter(Run)
_TRY: Final = TypeAdapter(Try)

Progress = Callable[[str], None]


class Code(Mended):
    """What can be wrong with a sweep; the value is its published code."""

    NO_SWEEP = (
        "sweep-missing",
        "name a folder that `headgate simulate ... --shards N --out FOLDER` has made",
    )
    OTHER_FILES = (
        "sweep-other-files",
        "make the sweep again: what it was made from has been changed",
    )
    RESULT_BROKEN = "sweep-result-broken", "run the shard again: it makes the file anew"
    RESULT_FOREIGN = (
        "sweep-result-foreign",
        "run the shard again: the file was made for another sweep",
    )
    RESULT_OTHER_PROGRAM = (
        "sweep-result-other-program",
        "run the shard again by this version, or merge by the one that made all results",
    )
    RESULT_MISSING = (
        "sweep-result-missing",
        "run the shard again, or merge what there is with --partial",
    )


@dataclass(frozen=True)
class Sweep:
    """A sweep as its folder has it; `digest` is of all that its results depend on."""

    folder: Path
    digest: str
    head: Mapping[str, Any]
    texts: Mapping[str, Mapping[str, str]]
    how: Try
    kept: Kept
    tasks: Sequence[tuple[str, str]]

    @cached_property
    def documents(self) -> dict[str, Document]:
        """The policy under each variant."""
        return {name: Document.read(texts) for name, texts in self.texts.items()}

    @cached_property
    def what(self) -> Asked:
        """The jobs and what is offered to them."""
        return asked(self.documents, self.kept.trace, self.how)

    def file(self, task: int) -> Path:
        """Where a task's result is left."""
        return self.folder / DONE / f"{task:06}.json"


def plan(programme: str, choices: Choices, how: Try, shards: int, out: Path) -> list[str]:
    """Write a sweep and its templates into a new folder; what to type next."""
    documents, kept = documents_of(programme, choices, term=False), workload(choices)
    asked(documents, kept.trace, how)
    tasks = all_runs(documents, how)
    shards = min(shards, len(tasks))
    out.mkdir(parents=True)
    for name in (DONE, LOGS):
        (out / name).mkdir()
    write_columns(kept.trace, out / TRACE)
    manifest = {
        "head": head_of(programme, choices, documents),
        "texts": {name: dict(document.texts) for name, document in documents.items()},
        "how": _TRY.dump_python(how, mode="json"),
        "trace": {"name": kept.name, "digest": kept.digest, "columns": _digest(out / TRACE)},
        "tasks": tasks,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (out / MANIFEST).write_text(text, encoding="utf-8")
    return [f"{len(tasks):,} tasks in {shards} shards in {out}", *_templates(out, shards)]


def read_sweep(folder: Path) -> Sweep:
    """The sweep of a folder; raises `Faulty` where there is none, or another one by now."""
    try:
        data = (folder / MANIFEST).read_bytes()
        said = json.loads(data)
        columns, trace = _digest(folder / TRACE), said["trace"]
        known = read_columns(folder / TRACE, trace["name"])
        how, tasks = _TRY.validate_python(said["how"]), [(a, b) for a, b in said["tasks"]]
        head, texts = said["head"], said["texts"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Code.NO_SWEEP.alone(folder, str(error).partition("\n")[0]) from None
    if known is None or columns != trace["columns"]:
        raise Code.OTHER_FILES.alone(folder / TRACE, "the columns are not those of the sweep")
    if tasks != all_runs(texts, how):
        raise Code.OTHER_FILES.alone(folder / MANIFEST, "the tasks are not those of the sweep")
    kept = Kept(known, trace["name"], trace["digest"])
    return Sweep(folder, canonical.digest(data), head, texts, how, kept, tasks)


def run_shard(folder: Path, shard: tuple[int, int], processes: int, progress: Progress) -> str:
    """Do the tasks of a shard that are not done; raises KeyboardInterrupt with whole results."""
    sweep, (k, n) = read_sweep(folder), shard
    mine = range(k - 1, len(sweep.tasks), n)
    not_done = [task for task in mine if not isinstance(_result(sweep, task), _Done)]
    by_seed: dict[str, list[int]] = {}
    for task in not_done:
        by_seed.setdefault(sweep.tasks[task][1], []).append(task)
    if processes == 1 or len(by_seed) < 2:
        _do(sweep, not_done, progress)
    else:
        progress(f"{len(not_done)} tasks in {processes} processes")
        _do_beside(folder, list(by_seed.values()), processes)
    return f"shard {k}/{n}: {len(not_done)} tasks done now, {len(mine)} in all"


def shard_alone(folder: str, k: int, n: int) -> str:
    """Shard K of N in a process that another program started."""
    return run_shard(Path(folder), (k, n), 1, lambda _: None)


def array_of(folder: Path, shards: int) -> Array:
    """A sweep as an array of so many shards, of its tasks at most; raises `Faulty` for no sweep."""
    count = min(shards, len(read_sweep(folder).tasks))
    return Array("headgate-sweep", count, ("simulate", "shard"), str(folder.resolve()))


def _do_beside(folder: Path, parts: Sequence[Sequence[int]], processes: int) -> None:
    """Do tasks in processes of their own; on Ctrl-C they end what they are at."""
    pool = ProcessPoolExecutor(min(processes, len(parts)), get_context("spawn"))
    try:
        with _born_deaf():
            begun = [pool.submit(_in_process, folder, part) for part in parts]
        for done in begun:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _born_deaf() -> Iterator[None]:
    """Processes that start here leave Ctrl-C, which all of a terminal hear, to the one that waits.

    They inherit that it is held back, so that none is interrupted while it is still getting ready.
    """
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


_read_once = cache(read_sweep)


def _in_process(folder: Path, tasks: Sequence[int]) -> None:
    _do(_read_once(folder), tasks, lambda _: None)


def _do(sweep: Sweep, tasks: Sequence[int], progress: Progress) -> None:
    """Replay tasks, leaving a file for each as soon as it is done; a task may have no jobs."""
    if not tasks:
        return
    numbers = {sweep.tasks[task]: task for task in tasks}
    for name, run in replays(sweep.what, sweep.how, list(numbers), progress):
        _leave(sweep, numbers.pop(name), run)
    for task in numbers.values():
        _leave(sweep, task, None)


def _leave(sweep: Sweep, task: int, run: Run | None) -> None:
    made = {"sweep": sweep.digest, "program": program(), "task": task}
    result = {**made, "run": canonical.plain(run)}
    draft = sweep.folder / DONE / f".{token_hex(8)}.draft"
    try:
        draft.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(sweep.file(task))
    finally:
        draft.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Done:
    """A task that is done; one whose seed drew no job has no run."""

    run: Run | None


def _result(sweep: Sweep, task: int) -> _Done | Code | None:
    """A task's result, what is wrong with its file, or None where it is not done."""
    try:
        said = json.loads(sweep.file(task).read_bytes())
        if (said["sweep"], said["task"]) != (sweep.digest, task):
            return Code.RESULT_FOREIGN
        if said["program"] != program():
            return Code.RESULT_OTHER_PROGRAM
        return _Done(None if said["run"] is None else _RUN.validate_python(said["run"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, ValidationError):
        return Code.RESULT_BROKEN


def merge(folder: Path, partial: bool, progress: Progress) -> Compared:
    """All results as one comparison; raises `Faulty` with every file that is missing or wrong.

    With `partial` only the histories count that are done under every variant, and at least the
    trace as it came.
    """
    sweep = read_sweep(folder)
    results = [_result(sweep, task) for task in range(len(sweep.tasks))]
    faults = [*_wrong(sweep, results, partial)]
    if faults:
        raise Faulty(faults)
    missing = {seed for (_, seed), r in zip(sweep.tasks, results, strict=True) if r is None}
    seeds = tuple(seed for seed in sweep.how.seeds if seed not in missing)
    runs = {
        task: result.run
        for task, result in zip(sweep.tasks, results, strict=True)
        if isinstance(result, _Done) and result.run is not None and task[1] not in missing
    }
    how = replace(sweep.how, seeds=seeds)
    return replayed_of(sweep.documents, sweep.kept, sweep.head, how, progress, runs)


def _wrong(sweep: Sweep, results: Sequence[_Done | Code | None], partial: bool) -> Iterator[Fault]:
    for task, result in enumerate(results):
        variant, seed = sweep.tasks[task]
        name = f"{variant}, {seed}"
        if isinstance(result, Code):
            yield result.of(sweep.file(task), f"the result of {name} cannot be taken")
        elif result is None and not (partial and seed != AS_IT_CAME):
            yield Code.RESULT_MISSING.of(sweep.file(task), f"{name} is not done")


@cache
def program() -> str:
    """The digest of the program's text, the site left out: none of a replay is in it."""
    root = Path(__file__).parent
    named = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    texts = [[n, _digest(named[n])] for n in sorted(named) if not n.startswith("site/")]
    return canonical.digest(canonical.line(texts))


def _digest(path: Path) -> str:
    return canonical.digest(path.read_bytes())


def _templates(out: Path, shards: int) -> list[str]:
    """Write what a cluster is given; what to type for each way of running a sweep."""
    write_templates(Array("headgate-sweep", shards, ("simulate", "shard"), str(out.resolve())), out)
    named = shlex.quote(str(out))
    return [
        f"here        headgate simulate shard 1/1 {named} --processes {os.cpu_count() or 1}",
        f"Slurm       sbatch {named}/slurm.sh",
        f"Kubernetes  kubectl create -f {named}/kubernetes.yaml  (name your image and claim in it)",
        f"then        headgate simulate merge {named} --out NEW",
    ]
