"""OpenCompass 0.5: results/<model>/<dataset>.json with `details`, and predictions of that name.

The files name neither their model nor their data set: the tool's folders do. An item is known by
its prompt, which the tool keeps as it was before any model's own template. Nothing states the
settings, and that is flagged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import Found, parsed, whole
from headgate.readers.evaluations.run import (
    Report,
    Run,
    Sample,
    Wanted,
    checked_total,
    cluster_of,
    complete,
    content_hash,
    marks,
    unique,
)

_TOTALS: Final = ("accuracy", "score")


def is_predictions(value: Any) -> bool:
    """Whether JSON is the predictions of this tool: by number, each with what was asked."""
    first = value.get("0") if isinstance(value, dict) else None
    return isinstance(first, dict) and "prediction" in first


def is_results(value: Any) -> bool:
    """Whether JSON is the results of this tool, with the items or without."""
    return isinstance(value, dict) and ("details" in value or set(value) == {"accuracy"})


def run_of(path: Path) -> tuple[str, str]:
    """The model and the data set of a file, by the tool's folders."""
    return path.parent.name, path.stem


def read_results(
    value: Any,
    path: Path,
    wanted: Iterable[Wanted],
    predictions: Mapping[tuple[str, str], Path],
    report: Report,
) -> Iterator[Run]:
    """The run of a results file whose data set is wanted."""
    model, dataset = run_of(path)
    asked = predictions.get((model, dataset))
    for one in (one for one in wanted if one.log_task == dataset):
        with report.trying():
            details = _listed(value.get("details"))
            if not details:
                what = "A results file without details: run OpenCompass with --dump-eval-details."
                raise Found(Code.TOTALS_ONLY, what)
            said = [] if asked is None else _listed(parsed(whole(asked, asked.name), asked.name))
            read = _samples(details, said, one, report)
            complete(read, len(said) or None, one, report)
            unique(read, report)
            _total(value, read, dataset, report)
            report.add(Code.SETTINGS_UNSTATED, f"Nothing says how {dataset!r} was run.")
            yield Run(report.file, "opencompass", dataset, content_hash(dataset), model, {}, read)


def _listed(value: Any) -> Sequence[Any]:
    """Entries by number, or a list, in their order."""
    if isinstance(value, Mapping):
        numbered = {int(key): one for key, one in value.items() if str(key).isdecimal()}
        return [numbered[key] for key in sorted(numbered)]
    return value if isinstance(value, list) else []


def _samples(
    details: Sequence[Any], said: Sequence[Any], wanted: Wanted, report: Report
) -> tuple[Sample, ...]:
    read, metric = [], wanted.metric or "correct"
    for at, one in enumerate(details):
        with report.trying():
            where = f"Item {at}"
            asked = said[at] if at < len(said) else {}
            prompt = one.get("prompt") or asked.get("origin_prompt")
            if not prompt:
                raise Found(Code.SHAPE, f"{where} has no prompt by which it could be known.")
            if metric not in one:
                raise Found(Code.UNSCORED, f"{where} has no {metric!r}.")
            item = content_hash(prompt)
            cluster = cluster_of(one, wanted, item, where)
            read.append(Sample(item, cluster, 1, marks(one[metric], where)))
    return tuple(read)


def _total(value: Any, read: Sequence[Sample], dataset: str, report: Report) -> None:
    total = next((value[name] for name in _TOTALS if name in value), None)
    with report.trying():
        if read and not report.faults and isinstance(total, int | Decimal):
            checked_total(read, Decimal(total) / 100, dataset)
