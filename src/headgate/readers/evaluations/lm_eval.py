"""lm-evaluation-harness: a results file and its samples files (JSON Lines), version 0.4.

A samples file does not say its task. It is known by the hash that the results give for it: SHA-256
over each sample's doc, prompt and target hash, in the file's order.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import Found, lines, section
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

_TASK_KEYS: Final = (
    "dataset_path", "dataset_name", "test_split", "output_type", "doc_to_text", "doc_to_target",
    "doc_to_choice", "description", "metric_list", "filter_list",
)  # fmt: skip
_HASHES: Final = ("doc_hash", "prompt_hash", "target_hash")


@dataclass(frozen=True, slots=True)
class _Needed:
    """What is kept of a sample while its results are looked for: no text of it."""

    line: int
    item: str
    prompt: str
    filter: str
    metrics: Any
    scores: Mapping[str, Any]
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SamplesFile:
    """A samples file, read once: `hash` is that by which results know it."""

    name: str
    hash: str
    samples: tuple[_Needed, ...]


def is_results(value: Any) -> bool:
    """Whether JSON is the results file of this tool."""
    return isinstance(value, dict) and {"results", "configs", "versions", "n-samples"} <= set(value)


def is_older(value: Any) -> bool:
    """Whether JSON is a results file of a version that does not say which samples are its own."""
    return isinstance(value, dict) and {"results", "versions", "config"} <= set(value)


def is_sample(value: Any) -> bool:
    """Whether a line is a sample of this tool."""
    return isinstance(value, dict) and all(name in value for name in _HASHES)


def read_samples(path: Path, wanted: Sequence[Wanted]) -> SamplesFile:
    """What is needed of a samples file, whatever task it may be of; raises `Found`."""
    digest, held = hashlib.sha256(), list[_Needed]()
    for number, sample in lines(path, path.name):
        if not is_sample(sample):
            raise Found(Code.SHAPE, f"{path.name} has a line that is no sample.", number)
        digest.update("".join(str(sample[name]) for name in _HASHES).encode())
        held.append(_needed(number, sample, wanted))
    return SamplesFile(path.name, digest.hexdigest(), tuple(held))


def _needed(number: int, sample: Mapping[str, Any], wanted: Sequence[Wanted]) -> _Needed:
    metrics = sample.get("metrics") or ()
    named = map(str, metrics) if isinstance(metrics, list) else ()
    return _Needed(
        number,
        content_hash([sample["doc_hash"], sample["target_hash"]]),
        str(sample["prompt_hash"]),
        sys.intern(str(sample.get("filter"))),
        metrics,
        {name: sample[name] for name in named if name in sample},
        clusters_in(sample.get("doc"), wanted),
    )


def read_results(
    value: Any, wanted: Iterable[Wanted], samples: Mapping[str, SamplesFile], report: Report
) -> Iterator[Run]:
    """The runs of the tasks that a results file has; `samples` are files by their hash."""
    with report.trying():
        results, sizes = section(value, "results", "The file"), section(value, "n-samples", "It")
        configs, hashes = section(value, "configs", "It"), value.get("task_hashes") or {}
        for one in wanted:
            if one.log_task not in results or one.log_task not in configs:
                continue
            file = samples.get(str(hashes.get(one.log_task)))
            if file is None:
                what = f"{one.log_task!r} has results and no file of samples that belongs to them."
                report.add(Code.TOTALS_ONLY, what)
                continue
            with report.trying():
                read = _samples(file, one, results[one.log_task], report)
                complete(read, sizes.get(one.log_task, {}).get("original"), one, report)
                unique(read, report)
                yield _run(value, one.log_task, read, report.file)


def _samples(file: SamplesFile, wanted: Wanted, totals: Any, report: Report) -> tuple[Sample, ...]:
    metrics = {str(name) for sample in file.samples for name in sample.metrics}
    kept = chosen(sorted({sample.filter for sample in file.samples}), wanted.filter, "filters")
    metric = chosen(sorted(metrics), wanted.metric, "metrics")
    read = []
    for sample in file.samples:
        if sample.filter != kept:
            continue
        with report.trying():
            where = f"{file.name}:{sample.line}"
            if metric not in sample.scores:
                raise Found(Code.UNSCORED, f"{where} has no {metric!r}.")
            cluster = cluster_of(sample.fields, wanted, sample.item, where)
            score = marks(sample.scores[metric], where)
            read.append(Sample(sample.item, cluster, 1, score, sample.prompt))
    with report.trying():
        if read and not report.faults and isinstance(totals, Mapping):
            checked_total(read, totals.get(f"{metric},{kept}"), f"{wanted.log_task}/{metric}")
    return tuple(read)


def _run(value: Mapping[str, Any], task: str, samples: tuple[Sample, ...], file: str) -> Run:
    config, general = value["configs"][task], value.get("config") or {}
    version = (value.get("versions") or {}).get(task)
    task_hash = content_hash([version, {key: config.get(key) for key in _TASK_KEYS}])
    settings = {
        "num_fewshot": config.get("num_fewshot"),
        "repeats": config.get("repeats"),
        "generation_kwargs": config.get("generation_kwargs"),
        "gen_kwargs": general.get("gen_kwargs"),
        "fewshot_seed": general.get("fewshot_seed"),
        "system_instruction": value.get("system_instruction_sha"),
    }
    said = {name: content_hash(setting)[:12] for name, setting in settings.items()}
    tool, model = f"lm-eval {value.get('lm_eval_version')}", str(value.get("model_name"))
    return Run(file, tool, task, task_hash, model, said, samples)
