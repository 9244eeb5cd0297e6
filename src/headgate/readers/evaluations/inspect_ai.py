"""Inspect: `.eval` (a zip of JSON, deflated or with Zstandard) and `.json` logs, version 2.

Letters count as the tool counts them: C 1, P 1/2, I and N 0. An epoch is an attempt.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import Archive, Found, section
from headgate.readers.evaluations.run import (
    Report,
    Run,
    Sample,
    Wanted,
    checked_total,
    chosen,
    cluster_of,
    clusters_in,
    complete,
    content_hash,
    marks,
    unique,
)

NEWEST: Final = 2
"""The version of logs that is read; what a later one means nobody here knows."""

_LETTERS: Final = {
    "C": 1, "P": Decimal("0.5"), "I": 0, "N": 0, "yes": 1, "true": 1, "no": 0, "false": 0,
}  # fmt: skip
_SETTINGS: Final = (
    "epochs", "epochs_reducer", "message_limit", "token_limit", "time_limit", "working_limit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Needed:
    """What is kept of a sample while its log is read: no text, no events."""

    item: str
    epoch: int
    scores: Mapping[str, Any]
    fields: Mapping[str, Any]
    error: bool
    invalid: bool


def is_log(value: Any) -> bool:
    """Whether JSON is a log's header, or a whole log, of this tool."""
    return isinstance(value, dict) and {"status", "eval", "plan"} <= set(value)


def archived(archive: Archive) -> Iterator[Any]:
    """The samples of a zip, one at a time."""
    return (archive.read(name) for name in archive.names("samples/") if name.endswith(".json"))


def read_log(
    header: Any, samples: Iterable[Any], wanted: Iterable[Wanted], report: Report
) -> Iterator[Run]:
    """The run of a log whose task is wanted; what is wrong with it goes into the report."""
    with report.trying():
        if (version := header.get("version", NEWEST)) not in range(1, NEWEST + 1):
            what = f"The log has version {str(version)[:40]}; up to {NEWEST} is read."
            raise Found(Code.VERSION_OTHER, what)
        about = section(header, "eval", "The log")
        asked = [one for one in wanted if one.log_task == about.get("task")]
        if not asked:
            return
        _finished(header, report)
        scores = (header.get("results") or {}).get("scores") or []
        if not scores:
            raise Found(Code.UNSCORED, "The log has no score at all.")
        there = {str(score.get("name")): score for score in scores if isinstance(score, Mapping)}
        held = [_needed(sample, asked) for sample in samples]
        for one in asked:
            with report.trying():
                scorer = chosen(sorted(there), one.metric, "scorers")
                read = _samples(held, scorer, one, report)
                complete(read, section(about, "dataset", "It").get("samples"), one, report)
                unique(read, report)
                _total(read, there[scorer], one.log_task, report)
                yield _run(header, about, read, report.file)


def _needed(sample: Any, asked: Iterable[Wanted]) -> _Needed | None:
    if not isinstance(sample, Mapping):
        return None
    scores, fields, epoch = (sample.get(key) for key in ("scores", "metadata", "epoch"))
    parts = [_said(sample.get("input")), sample.get("choices"), sample.get("target")]
    return _Needed(
        content_hash(parts),
        epoch if isinstance(epoch, int) else 1,
        _only(scores, ("value", "history")) if isinstance(scores, Mapping) else {},
        clusters_in(fields, asked),
        bool(sample.get("error")),
        bool(sample.get("invalidation")),
    )


def _only(scores: Mapping[str, Any], keys: Iterable[str]) -> Mapping[str, Any]:
    """The scores by scorer, without what the model said."""
    return {
        name: {key: score.get(key) for key in keys}
        for name, score in scores.items()
        if isinstance(score, Mapping)
    }


def _finished(header: Mapping[str, Any], report: Report) -> None:
    if header.get("status") != "success":
        report.add(Code.NOT_FINISHED, f"The log's status is {str(header.get('status'))[:40]!r}.")
    if header.get("invalidated"):
        report.add(Code.INVALIDATED, "The log's keeper has declared it invalid.")


def _samples(
    held: Iterable[_Needed | None], scorer: str, wanted: Wanted, report: Report
) -> tuple[Sample, ...]:
    read, edited = [], 0
    for at, sample in enumerate(held, 1):
        with report.trying():
            where = f"Sample {at}"
            if sample is None:
                raise Found(Code.SHAPE, f"{where} is no sample.")
            if sample.invalid:
                raise Found(Code.INVALIDATED, f"{where} has been declared invalid.")
            score = sample.scores.get(scorer)
            if sample.error or not isinstance(score, Mapping):
                raise Found(Code.UNSCORED, f"{where} has an error, or no score by {scorer!r}.")
            value, item = score.get("value"), sample.item
            edited += bool(score.get("history"))
            cluster = cluster_of(sample.fields, wanted, item, where)
            value = _LETTERS.get(value, value) if isinstance(value, str) else value
            read.append(Sample(item, cluster, sample.epoch, marks(value, where)))
    if edited:
        report.add(Code.SCORE_EDITED, f"{edited} scores were edited after the run.")
    return tuple(read)


def _said(messages: Any) -> Any:
    """An input without the ids that the tool draws anew in each run."""
    if isinstance(messages, list):
        return [[m.get("role"), m.get("content")] for m in messages if isinstance(m, Mapping)]
    return messages


def _total(read: tuple[Sample, ...], score: Mapping[str, Any], task: str, report: Report) -> None:
    metrics = score.get("metrics") or {}
    mean = metrics.get("accuracy") or metrics.get("mean") or {}
    if read and not report.faults:
        checked_total(read, mean.get("value"), task)


def _run(
    header: Mapping[str, Any], about: Mapping[str, Any], read: tuple[Sample, ...], file: str
) -> Run:
    dataset, config = about.get("dataset") or {}, about.get("config") or {}
    plan = header.get("plan") or {}
    steps = [step.get("solver") for step in plan.get("steps") or () if isinstance(step, Mapping)]
    task = str(about.get("task"))
    version = about.get("task_version")
    task_hash = content_hash([version, dataset.get("name"), dataset.get("samples")])
    settings = {
        "task_args": about.get("task_args"),
        "generate": plan.get("config"),
        "solvers": steps,
        **{name: config.get(name) for name in _SETTINGS},
    }
    said = {name: content_hash(setting)[:12] for name, setting in settings.items()}
    tool = f"inspect_ai {(about.get('packages') or {}).get('inspect_ai')}"
    return Run(file, tool, task, task_hash, str(about.get("model")), said, read)
