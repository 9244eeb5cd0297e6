"""HELM: a run folder with run_spec.json, scenario_state.json and per_instance_stats.json, 0.5.

Items are known by the text that scenario_state.json has for each instance; perturbed instances are
left out; a trial with other examples is an attempt.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import Found, parsed, section, whole
from headgate.readers.evaluations.run import (
    Report,
    Run,
    Sample,
    Wanted,
    chosen,
    cluster_of,
    complete,
    content_hash,
    marks,
    unique,
)

FILES: Final = (
    "run_spec.json", "scenario.json", "scenario_state.json", "stats.json",
    "per_instance_stats.json",
)  # fmt: skip
_SETTINGS: Final = ("method", "max_train_instances", "max_tokens", "temperature", "instructions")


def is_run_spec(value: Any) -> bool:
    """Whether JSON is the description of a run of this tool."""
    return isinstance(value, dict) and {"scenario_spec", "adapter_spec", "metric_specs"} <= set(
        value
    )


def read_run(spec: Any, folder: Path, wanted: Iterable[Wanted], report: Report) -> Iterator[Run]:
    """The run of a folder whose scenario is wanted: by the groups, or the class, it is of."""
    with report.trying():
        scenario, adapter = (
            section(spec, "scenario_spec", "It"),
            section(spec, "adapter_spec", "It"),
        )
        names = {str(scenario.get("class_name")), *map(str, spec.get("groups") or ())}
        for one in (one for one in wanted if one.log_task in names):
            instances, stats = _instances(folder), _list(folder / FILES[4])
            with report.trying():
                read = _samples(stats, instances, one, report)
                complete(read, len(instances), one, report)
                unique(read, report)
                settings = {key: content_hash(adapter.get(key))[:12] for key in _SETTINGS}
                model = str(adapter.get("model"))
                yield Run(
                    report.file, "helm", one.log_task, content_hash(scenario), model, settings, read
                )


def _list(path: Path) -> list[Any]:
    value = parsed(whole(path, path.name), path.name)
    if not isinstance(value, list):
        raise Found(Code.SHAPE, f"{path.name} is no list.")
    return value


def _instances(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    name = FILES[2]
    state = parsed(whole(folder / name, name), name)
    states = state.get("request_states") if isinstance(state, Mapping) else None
    found = {}
    for one in states if isinstance(states, list) else ():
        instance = section(one, "instance", name)
        if instance.get("perturbation") is None:
            found[str(instance.get("id"))] = instance
    if not found:
        raise Found(Code.SHAPE, f"{name} has no instances.")
    return found


def _samples(
    stats: Iterable[Any],
    instances: Mapping[str, Mapping[str, Any]],
    wanted: Wanted,
    report: Report,
) -> tuple[Sample, ...]:
    plain = [s for s in stats if isinstance(s, Mapping) and s.get("perturbation") is None]
    tables = [_means(one) for one in plain]
    metric = chosen(sorted({name for own in tables for name in own}), wanted.metric, "metrics")
    read = []
    for one, own in zip(plain, tables, strict=True):
        with report.trying():
            where = f"Instance {str(one.get('instance_id'))[:40]}"
            instance = instances.get(str(one.get("instance_id")))
            if instance is None:
                raise Found(Code.SHAPE, f"{where} is not in {FILES[2]}.")
            if metric not in own:
                raise Found(Code.UNSCORED, f"{where} has no {metric!r}.")
            item = content_hash([instance.get("input"), instance.get("references")])
            trial = one.get("train_trial_index")
            attempt = trial + 1 if isinstance(trial, int) else 1
            cluster = cluster_of(instance, wanted, item, where)
            read.append(Sample(item, cluster, attempt, marks(own[metric], where)))
    return tuple(read)


def _means(one: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of one instance by name; a mean is a sum over a count."""
    found: dict[str, Any] = {}
    for stat in one.get("stats") or ():
        name, count = section(stat, "name", FILES[4]).get("name"), stat.get("count")
        total = stat.get("sum")
        if isinstance(total, int | Decimal) and isinstance(count, int) and count > 0:
            found[str(name)] = Decimal(total) / count if Decimal(total).is_finite() else total
    return found
