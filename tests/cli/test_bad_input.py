"""Bad input ends with exit code 2 and a list of faults; never a traceback, nothing half-written."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.bundle.write import write_bundle
from headgate.cli import app
from tests.bad.test_bad_programmes import BAD, good, notes, sections
from tests.whole.small import PROGRAMME, small_bundle, trace_text


def run(*words: str | Path) -> Result:
    """What a command says and how it ends."""
    return CliRunner().invoke(app, [str(word) for word in words])


def complained(result: Result, *said: str) -> None:
    """The command ended with 2, in words and not with a traceback."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert 2 == result.exit_code, result.output
    assert "Traceback" not in result.output
    assert all(text in result.output for text in said), result.output


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a command may write."""
    return tmp_path / "out" / "bundle"


def file(folder: Path, name: str, data: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize("command", ["check", "simulate", "explain", "demo"])
def test_a_missing_programme_names_those_there_are(command: str, out: Path) -> None:
    """A slip in a programme's name is answered with the names."""
    words = {"explain": ["nowhere", "calls"], "demo": ["--programme", "nowhere", "--out", str(out)]}
    result = run(command, *words.get(command, ["nowhere"]))
    complained(result, "[programme-missing]", "korea-2025", "uk-airr-2026")
    assert not out.exists()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_no_faulty_programme_is_rehearsed(path: Path, tmp_path: Path, out: Path) -> None:
    """What `check` refuses, `demo` refuses too, with the same faults and before anything is run."""
    text = path.read_text("utf-8")
    if notes(text, "adopt"):
        return
    name = next(iter(notes(text, "as")), "programme.yaml")
    texts = good()
    if name == "programme.yaml" and "# alone\n" not in text:
        rest = sections(texts[name])
        text += "".join(part for key, part in rest.items() if key not in sections(text))
    overlay = name.startswith("overlays/")
    for each, written in {**texts, **({} if overlay else {name: text})}.items():
        file(tmp_path / "programme", each, written)
    laid = ["--overlay", str(file(tmp_path, "what-if.yaml", text))] if overlay else []
    result = run("demo", "--programme", tmp_path / "programme", *laid, "--out", out)
    complained(result, "mend: ")
    assert not out.exists()


FIELD = "1 0 0 600 1 -1 -1 1 -1 -1 1 1 1 1 1 1 -1 -1\n"
PHILLY = "timestamp,duration,num_gpus,gpu_time,cluster\n"
TRACES: list[tuple[str, str | bytes, str]] = [
    ("short.swf", "1 2 3\n", "[trace-fields-wrong]"),
    ("empty.swf", "; nothing\n", "[trace-no-jobs]"),
    ("binary.swf", b"\xff\xfe\x00", ""),
    ("words.swf", FIELD.replace("600", "long"), "[trace-not-a-number]"),
    ("columns.csv", "a,b\n1,2\n", "[trace-columns-wrong]"),
    ("minus.csv", PHILLY + "2017-10-09 07:01:55,-5,1,-5,a\n", "[trace-negative]"),
    ("cut.csv.gz", gzip.compress(PHILLY.encode() * 50)[:-20], "[trace-packed-broken]"),
]


@pytest.mark.parametrize(("name", "data", "code"), TRACES, ids=[name for name, _, _ in TRACES])
def test_a_bad_trace_is_refused(
    name: str, data: str | bytes, code: str, tmp_path: Path, out: Path
) -> None:
    """A trace that is none, or is cut, is refused by its fault."""
    trace = file(tmp_path, name, data)
    complained(run("demo", "--programme", PROGRAMME, "--trace", trace, "--out", out), code)
    assert not out.exists()


def test_a_trace_that_is_not_there_is_said_to_be_missing(tmp_path: Path, out: Path) -> None:
    """A slip in a file's name is answered with the name."""
    missing = tmp_path / "nowhere.swf"
    complained(run("demo", "--programme", PROGRAMME, "--trace", missing, "--out", out), "nowhere")
    complained(run("demo", "--programme", PROGRAMME, "--trace", tmp_path, "--out", out))


ITEMS = "task,item,cluster,team,attempt,score\n"
EVIDENCE: list[tuple[str, dict[str, str], str]] = [
    ("empty", {}, "[evidence-missing]"),
    ("columns", {"items.csv": "a,b\n1,2\n"}, "[evidence-column-missing]"),
    ("unknown-team", {"items.csv": ITEMS + "items,i1,c1,nobody,1,10000\n"}, "nobody"),
    ("benchmark", {"execution.csv": "a,b\n1,2\n"}, "[evidence-column-missing]"),
]


@pytest.mark.parametrize(("name", "files", "said"), EVIDENCE, ids=[e[0] for e in EVIDENCE])
def test_bad_evidence_is_refused(
    name: str, files: dict[str, str], said: str, tmp_path: Path, out: Path
) -> None:
    """Evidence that is not there or cannot be read decides nothing."""
    folder = tmp_path / name
    folder.mkdir()
    for each, text in files.items():
        file(folder, each, text)
    trace = file(tmp_path, "w.swf", trace_text())
    words = ("--programme", PROGRAMME, "--trace", trace, "--evidence", folder, "--out", out)
    complained(run("demo", *words), said)
    assert not out.exists()


def test_evidence_for_a_programme_without_rounds_is_refused(tmp_path: Path, out: Path) -> None:
    """Nothing that was given is left unused in silence."""
    folder = file(tmp_path, "evidence/execution.csv", "x").parent
    words = ("--programme", "us-alcc-2026", "--evidence", folder, "--out", out)
    complained(run("demo", *words), "[evidence-unused]")


HEAD = "overlay: x\nbecause: {en: y}\nfrom: 2026-01-01\nonwards: true\n"
OVERLAYS = [
    ("missing.yaml", None),
    ("shape.yaml", "- 1\n"),
    ("syntax.yaml", "set: [\n"),
    ("unknown.yaml", HEAD + "set: {calls.none.gap: 1}\n"),
    ("value.yaml", HEAD + "set: {calls.open.gap: wide}\n"),
    ("binary.yaml", b"\xff\xfe"),
]


@pytest.mark.parametrize(("name", "data"), OVERLAYS, ids=[name for name, _ in OVERLAYS])
@pytest.mark.parametrize("command", ["check", "simulate", "demo", "explain"])
def test_a_bad_overlay_is_refused(
    command: str, name: str, data: str | bytes | None, tmp_path: Path, out: Path
) -> None:
    """A what-if that changes nothing there is, or is no what-if, is refused by its faults."""
    overlay = tmp_path / name if data is None else file(tmp_path, name, data)
    trace = file(tmp_path, "w.swf", trace_text())
    words = {
        "demo": ["--programme", str(PROGRAMME), "--out", str(out)],
        "explain": [str(PROGRAMME), "calls.open.gap"],
        "simulate": [str(PROGRAMME), "--trace", str(trace)],
    }
    complained(run(command, *words.get(command, [str(PROGRAMME)]), "--overlay", overlay), "mend: ")
    assert not out.exists()


@pytest.mark.parametrize("kind", ["taken", "file", "below-a-file"])
def test_a_folder_that_cannot_be_written_is_left_alone(kind: str, tmp_path: Path) -> None:
    """Nothing is written where a bundle has no place, and nothing of what is there is lost."""
    trace = file(tmp_path, "w.swf", trace_text())
    thesis = file(tmp_path, "home/thesis.txt", "years of work")
    where = {"taken": thesis.parent, "file": thesis, "below-a-file": thesis / "out"}[kind]
    words = ("--programme", PROGRAMME, "--trace", trace, "--out", where)
    complained(run("demo", *words))
    assert "years of work" == thesis.read_text("utf-8")
    assert ["thesis.txt"] == [path.name for path in thesis.parent.iterdir()]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": shutil.rmtree,
    "emptied": lambda bundle: shutil.rmtree(bundle / "journal"),
    "changed": lambda bundle: (bundle / "decisions/fee.jsonl").write_bytes(b"{}\n"),
    "link": lambda bundle: (bundle / "link").symlink_to("/"),
    "unknown": lambda bundle: (bundle / "notes.txt").write_text("x", encoding="utf-8"),
    "unsigned": lambda bundle: (bundle / "journal/checkpoint").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_bundle_is_refused(damage: str, tmp_path: Path) -> None:
    """Whatever is wrong with a bundle, verify says so by name and ends with 2."""
    bundle = tmp_path / "bundle"
    write_bundle(small_bundle(), bundle)
    DAMAGES[damage](bundle)
    complained(run("verify", bundle), "mend: ")


@pytest.mark.parametrize(
    "words",
    [
        ["explain", str(PROGRAMME), "calls.nowhere"],
        ["explain", str(PROGRAMME), "calls.open.fee", "--given", "kind"],
        ["explain", str(PROGRAMME), "calls.open.fee", "--given", "a=1", "--given", "a.b=2"],
        ["explain", str(PROGRAMME), "calls.open.fee", "--on", "2020-01-01"],
        ["explain", str(PROGRAMME), "calls.open.fee", "--on", "yesterday"],
        ["check", ""],
        ["check", "a\x00b"],
        ["check", "/dev/null"],
        ["verify", "/dev/null"],
        ["fly"],
        ["demo", "--no-such-option"],
        ["simulate", str(PROGRAMME), "--no-term"],
    ],
)
def test_a_slip_in_a_command_is_answered_in_words(words: list[str]) -> None:
    """What cannot be meant is said, whichever command it was."""
    complained(run(*words))


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_trace_that_is_no_file_is_a_fault_with_what_mends_it(kind: str, tmp_path: Path) -> None:
    """Not the system's own words and number alone: which file, and what to do."""
    trace = tmp_path / "nowhere.swf" if kind == "missing" else tmp_path
    for words in (("simulate", PROGRAMME, "--no-term", "--trace"), ("demand",)):
        made = run(*words, trace)
        complained(made, "[file-unusable]\n    mend: Name a file")
        assert made.stderr.startswith(f"{trace}: ")
        assert "Errno" not in made.stderr


def test_simulate_replays_the_rest_of_a_trace_and_tells_the_lines_that_it_could_not_read(
    tmp_path: Path,
) -> None:
    """Every row of a hostile log is a job, left out for a reason, or a fault with its line."""
    row = "{n} {at} 0 {run} {gpus} -1 -1 -1 -1 -1 1 1 -1 1 1 1 -1 -1"
    asked = [(100, 50, 4), (50, 60, 4), (50, 60, 4), (70, 0, 4), (80, -1, 4), (90, 30, 100_000),
             (-1, 30, 4), (95, 30, -1), (99, 10**12, 4), (10**15, 10, 4)]  # fmt: skip
    rows = [row.format(n=n, at=a, run=r, gpus=g) for n, (a, r, g) in enumerate(asked)]
    trace = tmp_path / "hostile.swf"
    trace.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*rows, "8 abc", ""]).encode())
    words = ("simulate", PROGRAMME, "--trace", trace, "--no-term")
    made = run(*words)
    assert 0 == made.exit_code, made.output
    assert "4 jobs in 11 rows" in made.stdout
    assert "1 jobs are equal to an earlier one, and kept" in made.stdout
    assert "1 jobs were submitted before the one above, and put in order" in made.stdout
    assert "1 jobs are larger than their envelope in any pool" in made.stdout
    for line, code in ((7, "negative"), (9, "out-of-range"), (11, "fields-wrong")):
        assert re.search(rf"hostile.swf:{line}:1: .*\[trace-{code}\]\n +mend: ", made.stdout)
    told = json.loads(run(*words, "--json").stdout)["trace"]
    assert 11 == told["jobs"] + sum(told["left"].values()) + sum(told["bad"].values())
    assert "submitted at -1" == told["faults"][0]["what"]
