"""lighteval 0.8 and later: results_<date>.json and details_<task>_<date>.parquet of one run.

Details are Parquet, which takes the extra `parquet`; without it they are refused by that name. Of
a row only `doc` and `metric` are read. The details of a run are known by the task and the date that
the tool puts into their name, and their mean must be the total that the results state.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import (
    ENTRIES_MOST,
    ENTRY_BYTES_MOST,
    FILE_BYTES_MOST,
    Found,
    section,
)
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

_TASK_KEYS: Final = ("version", "hf_repo", "hf_subset", "hf_revision", "evaluation_splits")
_SETTING_KEYS: Final = ("num_fewshots", "generation_size", "stop_sequence", "few_shots_select")
_ROWS_AT_ONCE: Final = 1_000
_UNPACKED_BYTES_MOST: Final = 16 * ENTRY_BYTES_MOST


def is_results(value: Any) -> bool:
    """Whether JSON is the results file of this tool."""
    return isinstance(value, dict) and {"config_general", "results"} <= set(value)


def read_results(
    value: Any, path: Path, wanted: Iterable[Wanted], details: Mapping[str, Path], report: Report
) -> Iterator[Run]:
    """The runs of the wanted tasks that a results file has; `details` are files by their names."""
    with report.trying():
        results = section(value, "results", "The file")
        general = section(value, "config_general", "It")
        date = path.stem.removeprefix("results_")
        for one in (one for one in wanted if one.log_task in results):
            file = details.get(f"details_{one.log_task}_{date}.parquet")
            with report.trying():
                if file is None:
                    what = f"{one.log_task!r} has totals; its details of {date} are not there."
                    raise Found(Code.TOTALS_ONLY, what)
                config = _config(value, one.log_task)
                read = _samples(file, one, results[one.log_task], report)
                of = config.get("original_num_docs")
                complete(read, of if isinstance(of, int) and of > 0 else None, one, report)
                if general.get("max_samples") is not None:
                    report.add(Code.PARTIAL, f"The run had a limit: {general['max_samples']}.")
                unique(read, report)
                yield _run(value, general, config, read, (report.file, one.log_task))


def _config(value: Mapping[str, Any], task: str) -> Mapping[str, Any]:
    """The task's settings; older versions know it there without its number of examples."""
    configs = value.get("config_tasks") or {}
    found = configs.get(task) or configs.get(task.rpartition("|")[0]) or {}
    return found if isinstance(found, Mapping) else {}


def _samples(file: Path, wanted: Wanted, totals: Any, report: Report) -> tuple[Sample, ...]:
    rows, read = list(_rows(file)), []
    there = {str(name) for _, metric in rows for name, v in metric.items() if v is not None}
    metric = chosen(sorted(there), wanted.metric, "metrics")
    for at, (doc, scores) in enumerate(rows, 1):
        with report.trying():
            where = f"{file.name}:{at}"
            value = scores.get(metric)
            if value is None:
                raise Found(Code.UNSCORED, f"{where} has no {metric!r}.")
            item = content_hash([doc.get("query"), doc.get("choices"), doc.get("gold_index")])
            fields = doc.get("specific") if wanted.cluster else None
            cluster = cluster_of(fields, wanted, item, where)
            number = Decimal(repr(value)) if isinstance(value, float) else value
            read.append(Sample(item, cluster, 1, marks(number, where)))
    with report.trying():
        if read and not report.faults and isinstance(totals, Mapping):
            checked_total(read, totals.get(metric), f"{wanted.log_task}/{metric}")
    return tuple(read)


def _rows(file: Path) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each row's document and metrics; raises `Found`."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise Found(Code.LIBRARY_MISSING, f"{file.name} is Parquet, read by pyarrow.") from error
    if file.stat().st_size > FILE_BYTES_MOST:
        raise Found(Code.LOG_TOO_LARGE, f"{file.name} has more than {FILE_BYTES_MOST} bytes.")
    try:
        with parquet.ParquetFile(file) as table:
            groups = (table.metadata.row_group(at) for at in range(table.num_row_groups))
            unpacked = sum(group.total_byte_size for group in groups)
            if table.metadata.num_rows > ENTRIES_MOST or unpacked > _UNPACKED_BYTES_MOST:
                what = f"{file.name} unpacks to more than {_UNPACKED_BYTES_MOST} bytes."
                raise Found(Code.LOG_TOO_LARGE, what)
            if not {"doc", "metric"} <= set(table.schema_arrow.names):
                raise Found(Code.SHAPE, f"{file.name} has no columns `doc` and `metric`.")
            for batch in table.iter_batches(_ROWS_AT_ONCE, columns=["doc", "metric"]):
                for row in batch.to_pylist():
                    yield section(row, "doc", file.name), section(row, "metric", file.name)
    except (ArrowException, OSError, ValueError) as error:
        raise Found(Code.PARQUET_BAD, f"{file.name}: {str(error)[:100]}.") from error


def _run(
    value: Mapping[str, Any],
    general: Mapping[str, Any],
    config: Mapping[str, Any],
    read: tuple[Sample, ...],
    names: tuple[str, str],
) -> Run:
    file, task = names
    model = general.get("model_config") or {}
    version = (value.get("versions") or {}).get(task)
    said: dict[str, object] = {key: config.get(key) for key in _SETTING_KEYS}
    said["generation"] = general.get("generation_parameters") or model.get("generation_parameters")
    said["system_prompt"] = model.get("system_prompt")
    said["fewshot_seeds"] = general.get("num_fewshot_seeds")
    settings = {name: content_hash(setting)[:12] for name, setting in said.items()}
    task_hash = content_hash([task, version, {key: config.get(key) for key in _TASK_KEYS}])
    name = str(general.get("model_name") or model.get("model_name"))
    return Run(
        file, f"lighteval {general.get('lighteval_sha')}", task, task_hash, name, settings, read
    )
