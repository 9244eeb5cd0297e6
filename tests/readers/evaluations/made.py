"""Small logs made by hand, as each tool writes them, to be changed by the tests at will."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard

from headgate.core.faults import Faulty
from headgate.readers.evaluations.logs import Logs, read_logs
from headgate.readers.evaluations.manifest import read_manifest

SCORES = (1.0, 0.0, 1.0, 1.0)


def sha(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def lm_eval_samples(
    scores: Sequence[object] = SCORES, order: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Samples of a multiple-choice task, two items a passage, in this order."""
    return [
        {
            "doc_id": at,
            "doc": {"question": f"secret {item}", "passage": f"p{item // 2}"},
            "filter": "none",
            "metrics": ["acc"],
            "doc_hash": sha(f"doc {item}"),
            "prompt_hash": sha(f"prompt {item}"),
            "target_hash": sha(f"target {item}"),
            "acc": scores[item],
        }
        for at, item in enumerate(order or range(len(scores)))
    ]


def lm_eval(folder: Path, samples: Sequence[Mapping[str, Any]], **changes: Any) -> Path:
    """A results file and its samples; `changes` are to the results' own fields."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(sample) + "\n" for sample in samples)
    (folder / "samples_quiz_2026.jsonl").write_text(lines, encoding="utf-8")
    hashes = ("doc_hash", "prompt_hash", "target_hash")
    known = sha("".join(str(sample[name]) for sample in samples for name in hashes))
    good = [s["acc"] for s in samples if isinstance(s.get("acc"), int | float)]
    mean = sum(good) / max(1, len(good))
    results = {
        "results": {"quiz": {"acc,none": mean}},
        "configs": {"quiz": {"num_fewshot": 0, "doc_to_text": "{{question}}"}},
        "versions": {"quiz": 1.0},
        "n-samples": {"quiz": {"original": 4, "effective": len(samples)}},
        "config": {"gen_kwargs": {}, "limit": None},
        "lm_eval_version": "0.4.13",
        "task_hashes": {"quiz": known},
        "model_name": "model-a",
        **changes,
    }
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def inspect_header(**changes: Any) -> dict[str, Any]:
    """The header of a log that is whole."""
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "task": "quiz",
            "task_version": 0,
            "model": "model-a",
            "dataset": {"name": "quiz", "samples": 2},
            "config": {"epochs": 2},
            "packages": {"inspect_ai": "0.3.285"},
        },
        "plan": {"steps": [{"solver": "generate"}], "config": {}},
        "results": {"scores": [{"name": "match", "metrics": {"accuracy": {"value": 0.625}}}]},
        **changes,
    }


def inspect_samples() -> list[dict[str, Any]]:
    """Two items in two epochs: C, I and P, C."""
    values = {("q1", 1): "C", ("q1", 2): "I", ("q2", 1): "P", ("q2", 2): "C"}
    return [
        {
            "id": item,
            "epoch": epoch,
            "input": [{"id": f"drawn {epoch}", "role": "user", "content": f"secret {item}"}],
            "target": "yes",
            "metadata": {"passage": "p0"},
            "scores": {"match": {"value": value}},
        }
        for (item, epoch), value in values.items()
    ]


def inspect_json(path: Path, header: dict[str, Any], samples: Sequence[dict[str, Any]]) -> Path:
    """A `.json` log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**header, "samples": samples}), encoding="utf-8")
    return path


def zipped(entries: Mapping[str, bytes], *, zstd: bool = False) -> bytes:
    """A zip of these entries; with `zstd` by method 93, which Python writes only since 3.14."""
    packed = {n: zstandard.compress(d) if zstd else d for n, d in entries.items()}
    file = io.BytesIO()
    method = zipfile.ZIP_STORED if zstd else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in packed.items():
            archive.writestr(name, data)
    made = bytearray(file.getvalue())
    if zstd:
        _as_zstd(made, entries)
    return bytes(made)


def _as_zstd(made: bytearray, entries: Mapping[str, bytes]) -> None:
    """Write method, check sum and size of the unpacked entries into both headers of each."""
    import zlib

    for signature, method, crc, size in ((b"PK\3\4", 8, 14, 22), (b"PK\1\2", 10, 16, 24)):
        at = -1
        for data in entries.values():
            at = made.index(signature, at + 1)
            made[at + method : at + method + 2] = (93).to_bytes(2, "little")
            made[at + crc : at + crc + 4] = zlib.crc32(data).to_bytes(4, "little")
            made[at + size : at + size + 4] = len(data).to_bytes(4, "little")


def inspect_eval(header: Any, samples: Sequence[Any]) -> dict[str, bytes]:
    """The entries of an `.eval` log."""
    entries = {"header.json": json.dumps(header).encode()}
    for at, sample in enumerate(samples):
        entries[f"samples/{at}_epoch_1.json"] = json.dumps(sample).encode()
    return entries


def helm(folder: Path, *, stats: Sequence[Mapping[str, Any]] | None = None) -> Path:
    """A run folder of two instances, of which one also stands there perturbed."""
    folder.mkdir(parents=True, exist_ok=True)
    own = [
        {"instance_id": f"id{at}", "train_trial_index": 0, "stats": [_stat("exact_match", at)]}
        for at in range(2)
    ]
    own.append({**own[0], "perturbation": {"name": "typos"}})
    instances = [{"id": f"id{at}", "input": {"text": f"secret {at}"}} for at in range(2)]
    files = {
        "run_spec": {
            "scenario_spec": {"class_name": "Quiz", "args": {}},
            "adapter_spec": {"model": "model-a", "method": "generation"},
            "metric_specs": [],
            "groups": ["quiz"],
        },
        "scenario_state": {"request_states": [{"instance": one} for one in instances]},
        "per_instance_stats": own if stats is None else stats,
        "stats": [],
    }
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


def _stat(name: str, value: float) -> dict[str, Any]:
    return {"name": {"name": name, "split": "test"}, "count": 1, "sum": value}


QUIZ = "tasks: {bench: {quiz: {}}}\n"


def read(folder: Path, text: str = "", tasks: str = QUIZ) -> Logs:
    """Read a folder by the manifest of this text; without one, team a has everything there."""
    teams = text or "teams: {a: {models: [model-a], logs: [.]}}\n"
    manifest = folder / "evidence.yaml"
    manifest.write_text(teams + tasks, encoding="utf-8")
    return read_logs(folder, read_manifest(manifest))


def codes(folder: Path, text: str = "", tasks: str = QUIZ) -> list[str]:
    """The codes of all findings for which a folder is refused."""
    try:
        read(folder, text, tasks)
    except Faulty as faulty:
        return [fault.code for fault in faulty.faults]
    return []


DATE = "2026-11-01T10-00-00.000001"


def lighteval_rows(scores: Sequence[object] = SCORES) -> list[dict[str, Any]]:
    """Rows of details as version 0.13 writes them, two items a passage."""
    return [
        {
            "doc": {
                "query": f"secret {at}",
                "choices": ["A", "B"],
                "gold_index": at % 2,
                "specific": {"passage": f"p{at // 2}"},
            },
            "metric": {"acc": score, "f1": 0.5},
            "model_response": {"text": ["A"]},
        }
        for at, score in enumerate(scores)
    ]


def lighteval(folder: Path, rows: Sequence[Mapping[str, Any]], **changes: Any) -> Path:
    """The results file of a run and its details, in the tool's own folders."""
    from pyarrow import Table, parquet

    details = folder / "details" / "model-a" / DATE
    details.mkdir(parents=True, exist_ok=True)
    if rows:
        parquet.write_table(Table.from_pylist(list(rows)), details / f"details_quiz_{DATE}.parquet")
    good = [row["metric"].get("acc") for row in rows if isinstance(row["metric"], dict)]
    mean = sum(score for score in good if isinstance(score, float)) / max(1, len(good))
    results = {
        "config_general": {"lighteval_sha": "5a", "model_name": "model-a", "max_samples": None},
        "results": {"quiz": {"acc": mean, "acc_stderr": 0.1}, "all": {"acc": mean}},
        "versions": {"quiz": 1},
        "config_tasks": {"quiz": {"hf_repo": "quiz", "original_num_docs": 4}},
        **changes,
    }
    (folder / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def opencompass_details(scores: Sequence[object] = (True, False, True, True)) -> list[Any]:
    """Details of a results file, in their order."""
    return [
        {"prompt": f"secret {at}", "predictions": "A", "references": "B", "correct": score}
        for at, score in enumerate(scores)
    ]


def opencompass(folder: Path, details: Sequence[Any], asked: int = 4, **changes: Any) -> Path:
    """Results with details, and the predictions that they judge, in the tool's own folders."""
    numbered = {str(at): one for at, one in enumerate(details)}
    good = [one.get("correct") for one in details if isinstance(one, dict)]
    accuracy = 100 * sum(score is True for score in good) / max(1, len(good))
    results = {"accuracy": accuracy, "details": numbered, "type": "GEN", **changes}
    said = {str(at): {"origin_prompt": f"secret {at}", "prediction": "A"} for at in range(asked)}
    for name, value in (("results", results), ("predictions", said)):
        (folder / name / "model-a").mkdir(parents=True, exist_ok=True)
        (folder / name / "model-a" / "quiz.json").write_text(json.dumps(value), encoding="utf-8")
    return folder
