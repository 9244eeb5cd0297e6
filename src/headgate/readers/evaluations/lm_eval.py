"""lm-evaluation-harness: a results file and its samples files (JSON Lines), version 0.4.

A samples file does not say its task. It is known by the hash that the results give for it: SHA-256
over each sample's doc, prompt and target hash, in the file's order.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
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


def is_results(value: Any) -> bool:
    """Whether JSON is the results file of this tool."""
    return isinstance(value, dict) and {"results", "configs", "versions", "n-samples"} <= set(value)


def is_older(value: Any) -> bool:
    """Whether JSON is a results file of a version that does not say which samples are its own."""
    return isinstance(value, dict) and {"results", "versions", "config"} <= set(value)


def is_sample(value: Any) -> bool:
    """Whether a line is a sample of this tool."""
    return isinstance(value, dict) and set(_HASHES) <= set(value)


def samples_hash(path: Path, where: str) -> str:
    """The hash by which results know their samples file."""
    digest = hashlib.sha256()
    for number, sample in lines(path, where):
        if not is_sample(sample):
            raise Found(Code.SHAPE, f"{where} has a line that is no sample.", number)
        digest.update("".join(str(sample[name]) for name in _HASHES).encode())
    return digest.hexdigest()


def read_results(
    value: Any, wanted: Iterable[Wanted], samples: Mapping[str, Path], report: Report
) -> Iterator[Run]:
    """The runs of the tasks that a results file has; `samples` are files by their hash."""
    with report.trying():
        results, sizes = section(value, "results", "The file"), section(value, "n-samples", "It")
        configs, hashes = section(value, "configs", "It"), value.get("task_hashes") or {}
        for one in wanted:
            if one.log_task not in results or one.log_task not in configs:
                continue
            path = samples.get(str(hashes.get(one.log_task)))
            if path is None:
                what = f"{one.log_task!r} has results and no file of samples that belongs to them."
                report.add(Code.TOTALS_ONLY, what)
                continue
            with report.trying():
                read = _samples(path, one, results[one.log_task], report)
                complete(read, sizes.get(one.log_task, {}).get("original"), one, report)
                unique(read, report)
                yield _run(value, one.log_task, read, report.file)


def _samples(path: Path, wanted: Wanted, totals: Any, report: Report) -> tuple[Sample, ...]:
    filters, metrics = set[str](), set[str]()
    for _, sample in lines(path, path.name):
        filters.add(str(sample.get("filter")))
        metrics |= set(map(str, sample.get("metrics") or ()))
    kept = chosen(sorted(filters), wanted.filter, "filters")
    metric = chosen(sorted(metrics), wanted.metric, "metrics")
    read = []
    for number, sample in lines(path, path.name):
        if str(sample.get("filter")) != kept:
            continue
        with report.trying():
            where = f"{path.name}:{number}"
            if metric not in sample:
                raise Found(Code.UNSCORED, f"{where} has no {metric!r}.")
            item = content_hash([sample["doc_hash"], sample["target_hash"]])
            cluster = cluster_of(sample.get("doc"), wanted, item, where)
            prompt = str(sample["prompt_hash"])
            read.append(Sample(item, cluster, 1, marks(sample[metric], where), prompt))
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
