"""The logs of all teams together: each recognised and read, then held against the others.

A log that is refused refuses the evidence; what is only flagged is handed on and printed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from headgate.core.evaluation.evidence import ItemScore
from headgate.core.faults import Fault, Faulty
from headgate.readers.evaluations import helm, inspect_ai, lighteval, lm_eval, opencompass
from headgate.readers.evaluations.findings import FLAGS, Code
from headgate.readers.evaluations.manifest import MANIFEST, Manifest, Team
from headgate.readers.evaluations.reading import Archive, Found, lines, parsed, whole
from headgate.readers.evaluations.round_file import ROUND_FILE
from headgate.readers.evaluations.run import Report, Run, Sample, Wanted, mean_and_error

FILES_MOST: Final = 10_000
Reads = Callable[[Report], Iterator[Run]]
_ZIP: Final = b"PK\x03\x04"
_PARQUET: Final = b"PAR1"


@dataclass(frozen=True, slots=True)
class Kept:
    """One team's run of one task, as it counts."""

    team: str
    wanted: Wanted
    run: Run

    def said(self) -> str:
        """The run in one line, with the mean and error that its own tool would give."""
        clustered = self.wanted.cluster is not None
        mean, error = mean_and_error(self.run.samples, clustered=clustered)
        items = len({sample.item for sample in self.run.samples})
        place = f"{self.wanted.pillar}/{self.wanted.task}/{self.team}"
        return f"{place}: {items} items, mean {mean:.4f}, error {error:.4f} ({self.run.tool})"


@dataclass(frozen=True, slots=True)
class Logs:
    """All that the logs of a folder say: runs that count, and what was flagged."""

    kept: tuple[Kept, ...] = ()
    flags: tuple[Fault, ...] = ()

    def items(self) -> dict[str, tuple[ItemScore, ...]]:
        """The item scores by pillar, known by hashes alone."""
        found: dict[str, list[ItemScore]] = defaultdict(list)
        for one in self.kept:
            found[one.wanted.pillar] += (
                ItemScore(one.wanted.task, s.item, s.cluster, one.team, s.attempt, s.score)
                for s in one.run.samples
            )
        return {pillar: tuple(rows) for pillar, rows in found.items()}


def read_logs(folder: Path, manifest: Manifest) -> Logs:
    """Read every log that a manifest names; raises `Faulty` with all that refuses them.

    Who failed a gate owes none: a team that hands in nothing must not hold up the others.
    """
    kept: list[Kept] = []
    faults: list[Fault] = []
    failed = {found.subject for found in manifest.findings if not found.passed}
    owing = [team for team in manifest.teams if team.logs or team.name not in failed]
    for team in owing if manifest.wanted else ():
        reading = _Team(folder, team, manifest.wanted)
        kept += reading.kept()
        faults += reading.faults
    faults += _together(kept)
    codes = {code.value for code in FLAGS}
    if refused := [fault for fault in faults if fault.code not in codes]:
        raise Faulty(refused)
    return Logs(tuple(kept), tuple(sorted(set(faults))))


@dataclass(slots=True)
class _Team:
    """The logs of one team being read."""

    folder: Path
    team: Team
    wanted: Sequence[Wanted]
    faults: list[Fault] = field(default_factory=list)
    samples: dict[str, lm_eval.SamplesFile] = field(default_factory=dict)
    details: dict[str, Path] = field(default_factory=dict)
    predictions: dict[tuple[str, str], Path] = field(default_factory=dict)

    def kept(self) -> Iterator[Kept]:
        """The team's runs, one for each task that is wanted."""
        files = list(dict.fromkeys(self._files()))
        recognised = [known for file in files if (known := self._recognised(file)) is not None]
        found: dict[str, list[Run]] = defaultdict(list)
        unused: list[str] = []
        for file, read in recognised:
            report = Report(file.relative_to(self.folder).as_posix())
            runs = list(read(report))
            if not runs and not report.faults:
                report.add(Code.TASK_UNUSED, "No task of the round is the log's.")
                unused.append(report.file)
            self.faults += report.faults
            for run in runs:
                found[run.task].append(run)
                if run.model not in self.team.models:
                    what = f"The log is of the model {run.model[:80]!r}, which is not the team's."
                    self.faults.append(Code.MODEL_OTHER.of(run.file, what))
        yield from self._chosen(found, unused)

    def _chosen(self, found: Mapping[str, Sequence[Run]], unused: Sequence[str]) -> Iterator[Kept]:
        """One run for each task; a log that asks for two tasks of the policy serves both."""
        for wanted in self.wanted:
            of_file = {run.file: run for run in found.get(wanted.log_task, ())}
            task = f"{wanted.pillar}/{wanted.task}"
            if len(of_file) > 1:
                what = f"{self.team.name} has {len(of_file)} logs of {task}: {', '.join(of_file)}."
                self.faults.append(Code.TASK_TWICE.of(MANIFEST, what, self.team.line))
            elif not of_file:
                what = f"{self.team.name} has no log of {task} that can be read"
                what += f"; of no task are {', '.join(unused)[:200]}." if unused else "."
                self.faults.append(Code.TASK_NOT_RUN.of(MANIFEST, what, self.team.line))
            for run in list(of_file.values())[:1]:
                yield Kept(self.team.name, wanted, run)

    def _files(self) -> Iterator[Path]:
        for log in self.team.logs:
            path = self.folder / log
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            if not path.exists() or len(inside) > FILES_MOST:
                what = f"{log[:80]!r} is not there, or holds more than {FILES_MOST} files."
                self.faults.append(Code.LOG_MISSING.of(MANIFEST, what, self.team.line))
                continue
            for file in (one for one in inside if one == path or not self._is_own(one)):
                if not file.resolve().is_relative_to(self.folder.resolve()):
                    what = f"{file.name[:80]!r} lies outside of the folder."
                    self.faults.append(Code.LOG_OUTSIDE.of(MANIFEST, what, self.team.line))
                elif file.is_file():
                    yield file

    def _is_own(self, file: Path) -> bool:
        """Whether a file of a named folder is one that the folder of evidence itself is made of."""
        here = file.parent.resolve() == self.folder.resolve()
        return here and (file.name in (MANIFEST, ROUND_FILE) or file.suffix == ".csv")

    def _recognised(self, file: Path) -> tuple[Path, Reads] | None:
        """What reads a file, by what it holds; None for one that another file's reader takes."""
        report = Report(file.relative_to(self.folder).as_posix())
        read: Reads | None = None
        with report.trying():
            read = self._reads(file)
        self.faults += report.faults
        return None if read is None else (file, read)

    def _reads(self, file: Path) -> Reads | None:
        try:
            with file.open("rb") as stream:
                begins = stream.read(len(_ZIP))
        except OSError as error:
            raise Found(Code.LOG_UNREADABLE, f"{file.name}: {error.strerror}.") from error
        if begins == _ZIP:
            return lambda report: self._zip(file, report)
        if begins == _PARQUET:
            self.details[file.name] = file
            return None
        if file.name in helm.FILES[1:] and (file.parent / helm.FILES[0]).is_file():
            return None
        if self._is_samples(file):
            read = lm_eval.read_samples(file, self.wanted)
            self.samples[read.hash] = read
            return None
        return self._json(file)

    def _is_samples(self, file: Path) -> bool:
        try:
            return lm_eval.is_sample(next(lines(file, file.name), (0, None))[1])
        except Found as found:
            if found.code is Code.LOG_NOT_JSON and found.line == 1:
                return False
            raise

    def _json(self, file: Path) -> Reads | None:
        value = parsed(whole(file, file.name), file.name)
        if lm_eval.is_results(value):
            return lambda report: lm_eval.read_results(value, self.wanted, self.samples, report)
        if lm_eval.is_older(value):
            what = "An older lm-eval wrote it, which does not say how many items there are."
            raise Found(Code.VERSION_OTHER, what)
        if inspect_ai.is_log(value):
            return lambda report: inspect_ai.read_log(
                value, value.get("samples") or (), self.wanted, report
            )
        if helm.is_run_spec(value):
            return lambda report: helm.read_run(value, file.parent, self.wanted, report)
        if lighteval.is_results(value):
            return lambda report: lighteval.read_results(
                value, file, self.wanted, self.details, report
            )
        if opencompass.is_predictions(value):
            self.predictions[opencompass.run_of(file)] = file
            return None
        if opencompass.is_results(value):
            return lambda report: opencompass.read_results(
                value, file, self.wanted, self.predictions, report
            )
        raise Found(Code.FORMAT_UNKNOWN, "It is of no format that is read.")

    def _zip(self, file: Path, report: Report) -> Iterator[Run]:
        with report.trying(), file.open("rb") as stream:
            archive = Archive(stream, file.name)
            header = archive.read("header.json")
            if not inspect_ai.is_log(header):
                raise Found(Code.FORMAT_UNKNOWN, "A zip without Inspect's header.json.")
            samples = inspect_ai.archived(archive)
            yield from inspect_ai.read_log(header, samples, self.wanted, report)


def _together(kept: Sequence[Kept]) -> Iterator[Fault]:
    """What speaks against the runs of one task being compared: each held against the first."""
    first: dict[tuple[str, str], Kept] = {}
    for one in kept:
        other = first.setdefault((one.wanted.pillar, one.wanted.task), one)
        mine, its = one.run, other.run
        pair = f"{one.team} and {other.team} on {one.wanted.pillar}/{one.wanted.task}"
        if mine.tool.split()[0] != its.tool.split()[0] or mine.task_hash != its.task_hash:
            what = f"{pair}: the task is not the same."
            yield Code.TASK_HASH_DIFFERS.of(mine.file, what)
        elif names := [k for k, v in mine.settings.items() if its.settings.get(k) != v]:
            what = f"{pair}: {', '.join(names)} differ."
            yield Code.SETTINGS_DIFFER.of(mine.file, what)
        if mine.tool != its.tool:
            what = f"{pair}: {mine.tool} and {its.tool}."
            yield Code.TOOL_DIFFERS.of(mine.file, what)
        if _prompts(mine.samples) != _prompts(its.samples):
            yield Code.PROMPT_DIFFERS.of(mine.file, f"{pair}: prompts differ.")


def _prompts(samples: Sequence[Sample]) -> frozenset[str]:
    return frozenset(sample.prompt for sample in samples)
