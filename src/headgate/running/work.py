"""The evaluator's own folder of a round: what is to be run, what was tried, and what is done.

    WORK/            mode 0700: hidden items, what models said, endpoints
      plan.json      what is to be run: one line of canonical JSON, replaced whole
      tasks/<digest> the suite's own task files as they were when it was planned
      runs/<id>/     one folder a run, named by all that its result depends on
        run.json     which model of which team on which task; never removed, so trials are counted
        1/ 2/ ...    tries: the tool's logs and what it said
        done.json    the try that counts, with the digest of every log
      logs/          what shards said

Every file takes its name when it is whole, and a run is held by a lock while it is at work. So a
stop at any moment leaves either what was or what shall be, and nothing is done twice.
"""

import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Final

from pydantic import TypeAdapter, ValidationError

from headgate.alone import alone
from headgate.core import canonical
from headgate.core.faults import Fault, Mended
from headgate.core.supports.kind import Section
from headgate.journal.files import put
from headgate.readers.suites import Evaluator, Model, Suite, SuiteFile, Task

PLAN, RUNS, TASKS, LOGS = "plan.json", "runs", "tasks", "logs"
RUN, ENDED, DONE, SAID = "run.json", "ended.json", "done.json", "said.txt"
_OTHERS: Final = 0o077


class Code(Mended):
    """Why work on a round's runs stops; the value is its published code."""

    WORK_MISSING = "work-missing", "name a folder that `headgate suite run` has made"
    WORK_OPEN = "work-open", "let nobody else in: chmod go= on the folder"
    WORK_BROKEN = "work-broken", "take a new folder; what was run before stays in this one"
    TASKS_OTHER = "work-tasks-other", "take the task files back, or plan again: headgate suite run"
    PROGRAM_MISSING = (
        "run-program-missing",
        "install the tool there, or name its command under `programs`",
    )
    KEY_MISSING = (
        "run-key-missing",
        "set the variable that the evaluator's file names for the endpoint",
    )
    RUN_FAILED = "run-failed", "read what the tool said, mend that, and run again"
    RUN_SLOW = "run-too-slow", "raise `hours` in the evaluator's file, or serve the model faster"
    NO_LOG = "run-without-log", "read what the tool said, mend that, and run again"
    VERSION_OTHER = "run-version-other", "install the version that the suite names"
    ITEMS_OTHER = (
        "run-items-other",
        "run the task on the items that the suite counts, or correct its number",
    )
    RUN_MISSING = "run-missing", "run again: what is done is kept"
    PILLAR_UNKNOWN = "pillar-unknown", "name a pillar of items: --pillar NAME"
    TASK_UNKNOWN = "task-unknown", "give the suite's tasks the names that the pillar's tasks have"
    MODEL_REFUSED = (
        "model-not-final",
        "leave out every model that is not final: the policy refuses trials",
    )
    KEYS_OF_JOURNAL = (
        "keys-of-a-journal",
        "make a ring for the evaluator alone: headgate suite keys FOLDER",
    )


class Plan(Section):
    """What is to be run: a suite by its digest, on models, for one pillar of a round."""

    suite: SuiteFile
    digest: str
    files: Mapping[str, str]
    pillar: str
    evaluator: Evaluator


@dataclass(frozen=True, slots=True)
class Run:
    """One model on one task; `id` is a digest of all that the result depends on."""

    name: str
    task: Task
    model: Model
    tasks: str

    @property
    def id(self) -> str:
        """The run's folder."""
        model = (self.model.team, self.model.model, self.model.served)
        parts = [self.name, self.task.model_dump(mode="json"), self.tasks, model]
        return canonical.digest(canonical.line(parts))[:32]

    @property
    def said(self) -> str:
        """The run in words."""
        return f"{self.name} of {self.model.team} ({self.model.model[:12]})"


@dataclass(frozen=True, slots=True)
class Done:
    """The try that counts: its number, the tool as the log names it, every log by its digest."""

    tried: int
    tool: str
    logs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What a run's folder says of itself: the model, whatever the plan is by now."""

    team: str
    model: str
    task: str


_DONE: Final = TypeAdapter(Done)
_KNOWN: Final = TypeAdapter(Known)
_FAULTS: Final = TypeAdapter(tuple[Fault, ...])


@dataclass(frozen=True)
class Work:
    """The folder of a round's runs, and the plan that holds in it."""

    folder: Path
    plan: Plan

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Everything that is to be run, models before tasks so that shards spread evenly."""
        tasks = canonical.digest(canonical.line(dict(sorted(self.plan.files.items()))))
        return tuple(
            Run(name, task, model, tasks)
            for name, task in self.plan.suite.tasks.items()
            for model in self.plan.evaluator.models
        )

    @property
    def include(self) -> Path | None:
        """The suite's own task files, as they were planned; None where it has none."""
        return self.folder / TASKS / self.plan.digest if self.plan.suite.include else None

    def of(self, run: Run) -> Path:
        """A run's folder."""
        return self.folder / RUNS / run.id

    def done(self, run: Run) -> Done | None:
        """The try of a run that counts, if there is one whose logs are as they were."""
        try:
            found = _DONE.validate_json((self.of(run) / DONE).read_bytes())
            logs = digests(self.of(run) / str(found.tried))
        except (OSError, ValidationError):
            return None
        return found if logs == found.logs else None

    def tries(self, run: Run) -> list[int]:
        """The numbers of a run's tries."""
        folder = self.of(run)
        inside = folder.iterdir() if folder.is_dir() else ()
        return sorted(int(path.name) for path in inside if path.name.isdecimal())

    def failed(self, run: Run) -> tuple[Fault, ...]:
        """What the last try of a run ended with, if it ended in faults."""
        for number in self.tries(run)[-1:]:
            try:
                return _FAULTS.validate_json((self.of(run) / str(number) / ENDED).read_bytes())
            except (OSError, ValidationError):
                break
        return ()

    def known(self) -> Iterator[Known]:
        """Every model on every task that was ever tried in the folder."""
        for path in sorted((self.folder / RUNS).glob(f"*/{RUN}")):
            if any(one.name.isdecimal() for one in path.parent.iterdir()):
                yield _KNOWN.validate_json(path.read_bytes())

    @contextmanager
    def alone(self, run: Run) -> Iterator[Path]:
        """Hold a run, waiting for whoever is at it; the lock goes with the process."""
        folder = self.of(run)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(folder):
            if not (folder / RUN).exists():
                keep(folder, RUN, Known(run.model.team, run.model.model, run.name))
            yield folder


def planned(folder: Path, suite: Suite, evaluator: Evaluator, pillar: str) -> Work:
    """The work in a private folder, made if it is not there; an earlier plan makes way."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_private(folder)
    for name in (RUNS, TASKS, LOGS):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    plan = Plan(
        suite=suite.file,
        digest=suite.digest,
        files=suite.files,
        pillar=pillar,
        evaluator=evaluator,
    )
    work = Work(folder, plan)
    with alone(folder):
        if suite.folder is not None and work.include is not None:
            _keep_tasks(suite.folder, work.include)
        keep(folder, PLAN, plan.model_dump(mode="json"))
    return read_work(folder)


def read_work(folder: Path) -> Work:
    """The work of a folder as it was planned; raises `Faulty`."""
    try:
        data = (folder / PLAN).read_bytes()
    except OSError as error:
        what = error.strerror or "there is no plan"
        raise Code.WORK_MISSING.alone(folder, what) from None
    _check_private(folder)
    try:
        plan = Plan.model_validate_json(data)
    except ValidationError as error:
        what = f"{error.error_count()} things in it are not as they were written"
        raise Code.WORK_BROKEN.alone(folder / PLAN, what) from None
    # A tool runs in a folder of its own, so what it is told is told from the root.
    work = Work(folder.resolve(), plan)
    if work.include is not None and digests(work.include) != dict(plan.files):
        what = "they are not those that the suite's digest names"
        raise Code.TASKS_OTHER.alone(work.include, what)
    return work


def _check_private(folder: Path) -> None:
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_mode & _OTHERS:
        what = f"it has mode {stat.S_IMODE(about.st_mode):04o}, and hidden items lie in it"
        raise Code.WORK_OPEN.alone(folder, what)


def _keep_tasks(source: Path, target: Path) -> None:
    """Copy a suite's task files to where they stay as they are."""
    if target.exists():
        return
    draft = target.with_name(f".{token_hex(8)}.draft")
    shutil.copytree(source, draft, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    draft.rename(target)


def digests(folder: Path) -> dict[str, str]:
    """The files of a folder by their digests; what a tool keeps beside its logs is none."""
    return {
        path.relative_to(folder).as_posix(): canonical.digest(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.name not in (ENDED, SAID)
    }


def keep(folder: Path, name: str, value: object) -> None:
    """A private file of one canonical line, whole or not there; the caller holds the folder."""
    put(folder, name, canonical.line(value), 0o600)
