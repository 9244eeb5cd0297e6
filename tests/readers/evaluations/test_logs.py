"""Logs of every format give the items of a round, and every trap is refused by its name."""

import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.core.faults import Faulty
from headgate.readers.evaluations import lm_eval
from headgate.readers.evaluations.findings import FLAGS, Code
from headgate.readers.evaluations.reading import lines
from tests.readers.evaluations import made

TWO = "teams:\n  a: {models: [model-a], logs: [a]}\n  b: {models: [model-b], logs: [b]}\n"


def test_lm_eval_gives_items_by_content_and_clusters(tmp_path: Path) -> None:
    """Items are known by hashes, stand in their passages, and nothing of their text is kept."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    rows = made.read(
        tmp_path,
        "teams: {a: {models: model-a, logs: a}}\n",
        "tasks: {bench: {quiz: {cluster: passage}}}\n",
    ).items()["bench"]
    assert [10_000, 0, 10_000, 10_000] == [row.score for row in rows]
    assert 2 == len({row.cluster for row in rows})
    assert rows[0].cluster == rows[1].cluster
    assert "secret" not in repr(rows)
    assert "p0" not in {row.cluster for row in rows}


def test_logs_may_lie_beside_what_the_folder_itself_is_made_of(tmp_path: Path) -> None:
    """A team whose logs are the whole folder is not asked what evidence.yaml is a log of."""
    made.lm_eval(tmp_path, made.lm_eval_samples())
    for name in ("expert.csv", "round.yaml"):
        (tmp_path / name).write_text("criterion\n", encoding="utf-8")
    found = made.read(tmp_path)
    assert 4 == len(found.items()["bench"])
    assert () == found.flags


@pytest.mark.parametrize("zstd", [False, True])
def test_a_zip_of_many_samples_is_opened_once(
    zstd: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directory names every sample: read again for each, a log would take its square."""
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, *args: Any, **named: Any) -> None:
            opened.append(args)
            super().__init__(*args, **named)

    entries = made.inspect_eval(made.inspect_header(), made.inspect_samples())
    (tmp_path / "log.eval").write_bytes(made.zipped(entries, zstd=zstd))
    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    assert 4 == len(made.read(tmp_path).items()["bench"])
    assert 1 == len(opened)


def test_a_file_of_samples_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose it is shows when it was read: what is needed of it is kept until then."""
    made.lm_eval(tmp_path, made.lm_eval_samples())
    read = []

    def counted(path: Path, where: str) -> Iterator[tuple[int, Any]]:
        for number, line in lines(path, where):
            read.append(number)
            yield number, line

    monkeypatch.setattr(lm_eval, "lines", counted)
    made.read(tmp_path)
    assert [1, 2, 3, 4] == read


def test_items_are_joined_by_content_and_never_by_position(tmp_path: Path) -> None:
    """Two teams that ran the items in another order have the same score on the same item."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    shuffled = made.lm_eval_samples(order=[2, 0, 3, 1])
    made.lm_eval(tmp_path / "b", shuffled, model_name="model-b")
    rows = made.read(tmp_path, TWO).items()["bench"]
    by_team = {
        team: {row.item: row.score for row in rows if row.team == team} for team in ("a", "b")
    }
    assert by_team["a"] == by_team["b"]


@pytest.mark.parametrize("form", ["json", "deflate", "zstd"])
def test_inspect_gives_epochs_as_attempts(form: str, tmp_path: Path) -> None:
    """Every way in which the tool writes a log gives the same items, letters as it counts them."""
    header, samples = made.inspect_header(), made.inspect_samples()
    if form == "json":
        made.inspect_json(tmp_path / "log.json", header, samples)
    else:
        entries = made.inspect_eval(header, samples)
        (tmp_path / "log").write_bytes(made.zipped(entries, zstd=form == "zstd"))
    (tmp_path / "evidence.yaml").touch()
    rows = made.read(
        tmp_path,
        "teams: {a: {models: model-a, logs: [log.json]}}\n".replace(
            "log.json", "log.json" if form == "json" else "log"
        ),
    ).items()["bench"]
    assert [(1, 10_000), (2, 0), (1, 5_000), (2, 10_000)] == [(r.attempt, r.score) for r in rows]
    assert 2 == len({row.item for row in rows})


def test_helm_leaves_perturbed_instances_out(tmp_path: Path) -> None:
    """An instance counts as it was written; its text is known by a hash."""
    made.helm(tmp_path / "a")
    rows = made.read(tmp_path, "teams: {a: {models: model-a, logs: a}}\n").items()["bench"]
    assert [0, 10_000] == [row.score for row in rows]
    assert {64} == {len(row.item) for row in rows}


def test_lighteval_and_opencompass_are_read_item_by_item(tmp_path: Path) -> None:
    """The same quiz by both tools: one score an item, known by a hash, clusters where named."""
    pytest.importorskip("pyarrow")
    made.lighteval(tmp_path / "a", made.lighteval_rows())
    tasks = "tasks: {bench: {quiz: {metric: acc, cluster: passage}}}\n"
    found = made.read(tmp_path, "teams: {a: {models: model-a, logs: a}}\n", tasks)
    rows = found.items()["bench"]
    assert [10_000, 0, 10_000, 10_000] == [row.score for row in rows]
    assert (4, 2) == (len({row.item for row in rows}), len({row.cluster for row in rows}))
    assert () == found.flags
    made.opencompass(tmp_path / "b", made.opencompass_details())
    found = made.read(tmp_path, "teams: {b: {models: model-a, logs: b}}\n")
    rows = found.items()["bench"]
    assert [10_000, 0, 10_000, 10_000] == [row.score for row in rows]
    assert {64} == {len(row.item) for row in rows}
    assert [Code.SETTINGS_UNSTATED.value] == [flag.code for flag in found.flags]


def test_parquet_without_its_library_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site that did not install the extra is told which one, and what else would do."""
    pytest.importorskip("pyarrow")
    made.lighteval(tmp_path / "a", made.lighteval_rows())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = made.codes(tmp_path, "teams: {a: {models: model-a, logs: a}}\n", ACC)
    assert Code.LIBRARY_MISSING in found


def lm_eval_with(
    change: Callable[[list[dict[str, Any]]], None], **fields: Any
) -> Callable[[Path], None]:
    """A log of lm-eval whose samples were changed."""

    def make(folder: Path) -> None:
        samples = made.lm_eval_samples()
        change(samples)
        made.lm_eval(folder, samples, **fields)

    return make


def inspect_with(
    change: Callable[[list[dict[str, Any]]], None], **fields: Any
) -> Callable[[Path], None]:
    """A log of Inspect whose samples were changed."""

    def make(folder: Path) -> None:
        samples = made.inspect_samples()
        change(samples)
        made.inspect_json(folder / "log.json", made.inspect_header(**fields), samples)

    return make


def lighteval_with(
    change: Callable[[list[dict[str, Any]]], object], **fields: Any
) -> Callable[[Path], None]:
    """A log of lighteval whose rows were changed."""

    def make(folder: Path) -> None:
        pytest.importorskip("pyarrow")
        rows = made.lighteval_rows()
        change(rows)
        made.lighteval(folder, rows, **fields)

    return make


def cut_details(folder: Path) -> None:
    """Details of lighteval of which the end is missing."""
    lighteval_with(nothing)(folder)
    (file,) = folder.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-40])


def opencompass_with(
    change: Callable[[list[dict[str, Any]]], object], **fields: Any
) -> Callable[[Path], None]:
    """A log of OpenCompass whose details were changed."""

    def make(folder: Path) -> None:
        details = made.opencompass_details()
        change(details)
        made.opencompass(folder, details, **fields)

    return make


def file_with(name: str, data: bytes) -> Callable[[Path], None]:
    """One file of these bytes."""

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / name).write_bytes(data)

    return make


def nothing(_: object) -> None:
    """No change."""


TRAPS: list[tuple[Code, Callable[[Path], None]]] = [
    (Code.NOT_FINISHED, inspect_with(nothing, status="cancelled")),
    (Code.NOT_FINISHED, inspect_with(nothing, status="error")),
    (Code.INVALIDATED, inspect_with(nothing, invalidated=True)),
    (Code.INVALIDATED, inspect_with(lambda s: s[0].update(invalidation={"author": "x"}))),
    (Code.UNSCORED, inspect_with(nothing, results={"scores": []})),
    (Code.UNSCORED, inspect_with(nothing, results=None)),
    (Code.UNSCORED, inspect_with(lambda s: s[0].update(scores={}))),
    (Code.UNSCORED, inspect_with(lambda s: s[0].update(error={"message": "x"}))),
    (Code.PARTIAL, inspect_with(lambda s: s.__delitem__(slice(2, None)))),
    (Code.ITEM_TWICE, inspect_with(lambda s: s.append(s[0]))),
    (Code.SCORE_BAD, inspect_with(lambda s: s[0].update(scores={"match": {"value": "?"}}))),
    (Code.SCORE_BAD, inspect_with(lambda s: s[0].update(scores={"match": {"value": {"x": 1}}}))),
    (Code.PARTIAL, lm_eval_with(lambda s: s.__delitem__(0))),
    (Code.ITEM_TWICE, lm_eval_with(lambda s: s.append(s[0]))),
    (Code.SCORE_BAD, lm_eval_with(lambda s: s[0].update(acc=1.5))),
    (Code.SCORE_BAD, lm_eval_with(lambda s: s[0].update(acc=float("nan")))),
    (Code.SCORE_BAD, lm_eval_with(lambda s: s[0].update(acc=float("inf")))),
    (Code.UNSCORED, lm_eval_with(lambda s: s[0].pop("acc"))),
    (Code.METRIC_UNCHOSEN, lm_eval_with(lambda s: s[0].update(metrics=["acc", "acc_norm"]))),
    (Code.METRIC_UNCHOSEN, lm_eval_with(lambda s: s[0].update(filter="strict"))),
    (Code.TOTAL_DIFFERS, lm_eval_with(nothing, results={"quiz": {"acc,none": 0.9}})),
    (Code.TOTALS_ONLY, lm_eval_with(nothing, task_hashes={"quiz": "0" * 64})),
    (Code.MODEL_OTHER, lm_eval_with(nothing, model_name="model-z")),
    (Code.SHAPE, lm_eval_with(nothing, results=[])),
    (Code.SHAPE, lm_eval_with(nothing, configs={"quiz": 1})),
    (Code.SHAPE, lm_eval_with(nothing, **{"n-samples": {"quiz": 1}})),
    (Code.SHAPE, inspect_with(nothing, results={"scores": 1})),
    (Code.SHAPE, inspect_with(nothing, plan=[1])),
    (Code.UNSCORED, inspect_with(lambda s: s.clear())),
    (Code.TOTALS_ONLY, lighteval_with(lambda rows: rows.clear())),
    (Code.PARTIAL, lighteval_with(lambda rows: rows.pop())),
    (Code.PARTIAL, lighteval_with(nothing, config_general={"max_samples": 4})),
    (Code.ITEM_TWICE, lighteval_with(lambda rows: rows.append(rows[0]))),
    (Code.UNSCORED, lighteval_with(lambda rows: rows[0].update(metric={"acc": None}))),
    (Code.SCORE_BAD, lighteval_with(lambda rows: rows[0].update(metric={"acc": 1.5}))),
    (Code.SCORE_BAD, lighteval_with(lambda rows: rows[0].update(metric={"acc": float("nan")}))),
    (Code.SHAPE, lighteval_with(lambda rows: [row.update(doc="text") for row in rows])),
    (Code.SHAPE, lighteval_with(lambda rows: [row.pop("doc") for row in rows])),
    (Code.SHAPE, lighteval_with(nothing, results=1)),
    (Code.TOTAL_DIFFERS, lighteval_with(nothing, results={"quiz": {"acc": 0.9}})),
    (Code.MODEL_OTHER, lighteval_with(nothing, config_general={"model_name": "model-z"})),
    (Code.PARQUET_BAD, cut_details),
    (Code.TOTALS_ONLY, opencompass_with(lambda d: d.clear())),
    (Code.TOTALS_ONLY, file_with("quiz.json", b'{"accuracy": 50.0}')),
    (Code.PARTIAL, opencompass_with(lambda d: d.pop())),
    (Code.ITEM_TWICE, opencompass_with(lambda d: d.append(d[0]))),
    (Code.UNSCORED, opencompass_with(lambda d: d[0].pop("correct"))),
    (Code.SCORE_BAD, opencompass_with(lambda d: d[0].update(correct="yes"))),
    (Code.SHAPE, opencompass_with(lambda d: [one.pop("prompt") for one in d], asked=0)),
    (Code.SHAPE, opencompass_with(lambda d: d[0].update(prompt=""), asked=0)),
    (Code.TOTAL_DIFFERS, opencompass_with(nothing, accuracy=90)),
    (Code.FORMAT_UNKNOWN, file_with("x.json", b'{"a": 1}')),
    (Code.VERSION_OTHER, inspect_with(nothing, version=3)),
    (Code.VERSION_OTHER, inspect_with(nothing, version="new")),
    (
        Code.VERSION_OTHER,
        file_with("results.json", b'{"results": {}, "versions": {}, "config": {"model": "hf"}}'),
    ),
    (Code.FORMAT_UNKNOWN, file_with("x.eval", made.zipped({"a": b"{}"}))),
    (Code.TASK_NOT_RUN, lambda folder: folder.mkdir()),
    (Code.LOG_MISSING, nothing),
    (Code.LOG_NOT_JSON, file_with("x.json", b"[1, 2")),
    (Code.LOG_NOT_UTF8, file_with("x.json", '{"a": "é"}'.encode("latin-1"))),
    (Code.KEY_TWICE, file_with("x.json", b'{"a": 1, "a": 2}')),
    (Code.LOG_TOO_DEEP, file_with("x.json", b"[" * 200_000)),
    (Code.ZIP_BAD, file_with("x.eval", b"PK\x03\x04 cut")),
    (Code.ZIP_NAME, file_with("x.eval", made.zipped({"../../x": b"", "header.json": b"{}"}))),
]
ACC = "tasks: {bench: {quiz: {metric: acc}}}\n"
TOGETHER = {Code.TASK_TWICE, Code.TASK_HASH_DIFFERS, Code.SETTINGS_DIFFER, *FLAGS}
ELSEWHERE = {
    Code.MANIFEST_WRONG, Code.LOG_OUTSIDE, Code.LOG_UNREADABLE, Code.LOG_TOO_LARGE,
    Code.CLUSTER_MISSING, Code.LIBRARY_MISSING,
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "make"), TRAPS, ids=[f"{code.value}-{at}" for at, (code, _) in enumerate(TRAPS)]
)
def test_every_trap_is_refused_by_its_name(
    code: Code, make: Callable[[Path], None], tmp_path: Path
) -> None:
    """A log that looks whole and is not never becomes a score."""
    make(tmp_path / "a")
    asked = {"lighteval_with": ACC, "cut_details": ACC}.get(make.__qualname__.split(".")[0])
    found = made.codes(tmp_path, "teams: {a: {models: model-a, logs: a}}\n", asked or made.QUIZ)
    assert code in found


def test_every_finding_is_met_and_mended() -> None:
    """The list of findings is closed: each is provoked by a test and says what mends it."""
    assert set(Code) == {code for code, _ in TRAPS} | TOGETHER | ELSEWHERE
    assert all(code.mend for code in Code)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (Code.TASK_HASH_DIFFERS, {"versions": {"quiz": 2.0}}),
        (Code.TASK_HASH_DIFFERS, {"configs": {"quiz": {"num_fewshot": 0, "doc_to_text": "x"}}}),
        (Code.SETTINGS_DIFFER, {"config": {"gen_kwargs": {"temperature": 1}}}),
        (
            Code.SETTINGS_DIFFER,
            {"configs": {"quiz": {"num_fewshot": 5, "doc_to_text": "{{question}}"}}},
        ),
    ],
)
def test_teams_run_under_different_rules_are_refused(
    code: Code, fields: dict[str, Any], tmp_path: Path
) -> None:
    """One version of a task and one set of settings for all."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    made.lm_eval(tmp_path / "b", made.lm_eval_samples(), model_name="model-b", **fields)
    assert [code.value] == made.codes(tmp_path, TWO)


def test_two_runs_of_one_task_are_refused(tmp_path: Path) -> None:
    """Nobody chooses the better of two runs after seeing both."""
    made.lm_eval(tmp_path / "a" / "first", made.lm_eval_samples())
    made.lm_eval(tmp_path / "a" / "second", made.lm_eval_samples())
    assert [Code.TASK_TWICE.value] == made.codes(
        tmp_path, "teams: {a: {models: model-a, logs: a}}\n"
    )


def test_what_is_only_flagged_is_said_and_kept(tmp_path: Path) -> None:
    """Other versions and prompts do not stop a round; they are printed beside it."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    other = [{**s, "prompt_hash": made.sha("b" + s["prompt_hash"])} for s in made.lm_eval_samples()]
    made.lm_eval(tmp_path / "b", other, model_name="model-b", lm_eval_version="0.4.12")
    logs = made.read(tmp_path, TWO)
    assert {Code.TOOL_DIFFERS.value, Code.PROMPT_DIFFERS.value} == {f.code for f in logs.flags}
    assert 8 == len(logs.items()["bench"])


def test_edited_scores_and_logs_of_no_task_are_flagged(tmp_path: Path) -> None:
    """A score that was changed after the run is known as such."""
    samples = made.inspect_samples()
    samples[0]["scores"]["match"]["history"] = [{"author": "x"}]
    made.inspect_json(tmp_path / "a" / "log.json", made.inspect_header(), samples)
    other = made.inspect_header()
    other["eval"] = {**other["eval"], "task": "other"}
    made.inspect_json(tmp_path / "a" / "other.json", other, [])
    logs = made.read(tmp_path, "teams: {a: {models: model-a, logs: a}}\n")
    assert {Code.SCORE_EDITED.value, Code.TASK_UNUSED.value} == {f.code for f in logs.flags}


def test_a_log_under_another_name_of_the_task_is_named(tmp_path: Path) -> None:
    """Who has written the wrong `log_task` is told which log waits for its name."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    tasks = "tasks: {bench: {quiz: {log_task: exam}}}\n"
    with pytest.raises(Faulty, match="of no task are a/results") as refused:
        made.read(tmp_path, "teams: {a: {models: model-a, logs: a}}\n", tasks)
    assert "`log_task`" in refused.value.faults[0].mend


def test_a_cluster_that_items_lack_is_refused(tmp_path: Path) -> None:
    """Clusters are never guessed."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    tasks = "tasks: {bench: {quiz: {cluster: chapter}}}\n"
    found = made.codes(tmp_path, "teams: {a: {models: model-a, logs: a}}\n", tasks)
    assert 4 == found.count(Code.CLUSTER_MISSING.value)


def test_a_fixed_number_of_items_is_no_partial_run(tmp_path: Path) -> None:
    """A round may fix fewer items than the data set has, for all, before the stage."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples()[:3])
    teams = "teams: {a: {models: model-a, logs: a}}\n"
    assert [] == made.codes(tmp_path, teams, "tasks: {bench: {quiz: {items: 3}}}\n")
    assert [Code.PARTIAL.value] == made.codes(tmp_path, teams)


def test_all_faults_of_all_logs_come_at_once(tmp_path: Path) -> None:
    """Who mends the folder gets the whole list, each with its place."""
    made.inspect_json(
        tmp_path / "a" / "log.json",
        made.inspect_header(status="cancelled"),
        made.inspect_samples()[:2],
    )
    made.lm_eval(tmp_path / "b", made.lm_eval_samples((1.0, 2.0, 3.0, 0.0)), model_name="model-b")
    with pytest.raises(Faulty) as refused:
        made.read(tmp_path, TWO)
    found = [(fault.file, fault.code) for fault in refused.value.faults]
    assert ("a/log.json", Code.NOT_FINISHED.value) in found
    assert ("a/log.json", Code.PARTIAL.value) in found
    assert 2 == found.count(("b/results.json", Code.SCORE_BAD.value))


@pytest.mark.parametrize(
    "text",
    [
        "teams: {}\n",
        "teams: {a: {logs: [x]}}\n",
        "teams: {a: {models: m, logs: [/etc/passwd]}}\n",
        "teams: {a: {models: m, logs: [../x]}}\n",
        "teams: {a: {models: m, other: 1}}\n",
        "teams: [a]\n",
        "team: {a: {}}\n",
        "teams: {a: {}}\ntasks: {p: {t: {items: -1}}}\n",
        "teams: {a: {}}\ntasks: {p: {t: {metric: [x]}}}\n",
        "teams: {a: {}}\ngates: {own: {b: {passed: true}}}\n",
        "teams: {a: {}}\ngates: {own: {a: {}}}\n",
        "teams: {a: {}}\ngates: {own: {a: {passed: yes please}}}\n",
        "teams: {a: {}}\ngates: {own: {a: {passed: true, evidence: [letter]}}}\n",
    ],
)
def test_a_manifest_that_is_wrong_is_refused_at_its_line(text: str, tmp_path: Path) -> None:
    """The manifest is checked like the policy."""
    (tmp_path / "evidence.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Faulty) as refused:
        made.read(tmp_path, text, tasks="")
    assert {Code.MANIFEST_WRONG.value} == {fault.code for fault in refused.value.faults}
    assert all(fault.line for fault in refused.value.faults)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Only what lies in the folder is read."""
    outside = tmp_path / "outside"
    made.lm_eval(outside, made.lm_eval_samples())
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "results.json").symlink_to(outside / "results.json")
    found = made.codes(tmp_path / "in", "teams: {a: {models: model-a, logs: a}}\n")
    assert Code.LOG_OUTSIDE.value in found


def test_json_lines_hold_numbers_beyond_all_measure(tmp_path: Path) -> None:
    """A score of a million digits or of an endless exponent is refused and never computed."""
    for text in ("1e999999999", "1e-99999999999999999999", "1" * 5000):
        samples = json.dumps(made.lm_eval_samples()[0]).replace('"acc": 1.0', f'"acc": {text}')
        made.lm_eval(tmp_path / "a", made.lm_eval_samples())
        (tmp_path / "a" / "samples_quiz_2026.jsonl").write_text(samples + "\n", encoding="utf-8")
        assert [] != made.codes(tmp_path, "teams: {a: {models: model-a, logs: a}}\n")
