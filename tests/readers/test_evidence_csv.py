"""Evidence files are read exactly or refused with every fault at its line."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headgate.core.evaluation.evidence import ItemScore, Preferred, Rating, Vote
from headgate.core.faults import Fault, Faulty
from headgate.readers.evidence_csv import (
    Benchmark,
    Code,
    Result,
    read_items,
    read_livecodebench,
    read_ratings,
    read_votes,
)
from headgate.steps.notes import NoteCode, note
from tests.readers.test_vote_files import PROVOKED

BAD = sorted((Path(__file__).parent.parent / "bad" / "evidence").glob("*.csv"))
READERS = {
    "items": read_items,
    "ratings": read_ratings,
    "votes": read_votes,
    "benchmark": read_livecodebench,
}

ITEMS = """\
# made by hand
task,item,cluster,team,attempt,score
common,i1,c1,alliance-a,1,10000
common,i1,c1,alliance-b,1,0
"common, hard",i2,c2,alliance-a,2,3333
"""

RATINGS = """\
team,criterion,rater,score,scale_max
alliance-a,method,exp-01,0,4
alliance-a,method,exp-02,4,4
"""

VOTES = """\
task,prompt,voter,first,second,preferred
chat,p1,v1,alliance-a,alliance-b,first
chat,p1,v2,alliance-b,alliance-a,tie
"""

BENCHMARK = """\
item_id,cluster_id,item_date,system,pass1,pass1_cot
s0,27,2023-05-08,one,70.0,-1
s0,27,2023-05-08,two,22.22222222222222,
s1,28,2023-05-09,one,0.0,100
s1,28,2023-05-09,two,100,50.0
"""


def test_items_are_read_as_they_stand() -> None:
    """Each row becomes one score; comments, quotes and a byte order mark are no part of it."""
    expected = (
        ItemScore("common", "i1", "c1", "alliance-a", 1, 10_000),
        ItemScore("common", "i1", "c1", "alliance-b", 1, 0),
        ItemScore("common, hard", "i2", "c2", "alliance-a", 2, 3333),
    )
    assert expected == read_items(ITEMS.encode(), "items.csv")
    windows = b"\xef\xbb\xbf" + ITEMS.replace("# made by hand\n", "").replace("\n", "\r\n").encode()
    assert expected == read_items(windows, "items.csv")


def test_items_may_have_weights() -> None:
    """A file whose items differ in weight says so in one more column."""
    text = "weight,task,item,cluster,team,attempt,score\n7,common,i1,c1,alliance-a,1,10000\n"
    assert (ItemScore("common", "i1", "c1", "alliance-a", 1, 10_000, 7),) == read_items(
        text.encode(), "items.csv"
    )


@pytest.mark.parametrize("mark", [";", "\t"])
def test_columns_that_no_comma_parts_are_told_as_such(mark: str) -> None:
    """A spreadsheet of another country parts columns otherwise: one fault says so, not eight."""
    with pytest.raises(Faulty) as refused:
        read_items(ITEMS.replace(",", mark).encode(), "exam.csv")
    (fault,) = refused.value.faults
    assert (2, f"the columns are parted by {mark!r}") == (fault.line, fault.what)
    assert "save the file with commas between the columns" == fault.mend


def test_names_of_columns_may_be_quoted() -> None:
    """Some programs quote every text, the header's too."""
    quoted = ITEMS.replace("task,item,cluster", '"task","item","cluster"')
    assert read_items(quoted.encode(), "exam.csv") == read_items(ITEMS.encode(), "exam.csv")


def test_columns_may_stand_in_any_order() -> None:
    """The header decides which column is which, and a scale begins at 0."""
    expected = (
        Rating("method", "exp-01", "alliance-a", 0, 4),
        Rating("method", "exp-02", "alliance-a", 4, 4),
    )
    assert expected == read_ratings(RATINGS.encode(), "ratings.csv")


def test_ratings_may_name_what_was_rated() -> None:
    """Raters of many texts or tasks say of which a mark is; one mark a unit, and no empty unit."""
    text = "criterion,rater,team,score,scale_max,unit\ndepth,r1,a,3,4,u1\ndepth,r1,a,4,4,u2\n"
    expected = (Rating("depth", "r1", "a", 3, 4, "u1"), Rating("depth", "r1", "a", 4, 4, "u2"))
    assert expected == read_ratings(text.encode(), "ratings.csv")
    with pytest.raises(Faulty, match="has a row already"):
        read_ratings(text.replace("u2", "u1").encode(), "ratings.csv")
    with pytest.raises(Faulty, match="unit is ''"):
        read_ratings(text.replace("u2", "").encode(), "ratings.csv")


def test_votes_are_read_with_the_styles_of_their_pillar() -> None:
    """A style has a column for each answer; which stood first is known without one."""
    rows = VOTES.splitlines()
    text = "\n".join([f"{rows[0]},length_second,length_first", f"{rows[1]},20,7", ""])
    expected = Vote(
        "chat", "p1", "v1", "alliance-a", "alliance-b", Preferred.FIRST, (("length", 7, 20),)
    )
    assert (expected,) == read_votes(text.encode(), "votes.csv", ("side", "length"))
    with pytest.raises(Faulty, match="length_first"):
        read_votes(VOTES.encode(), "votes.csv", ("length",))


def test_percentages_become_ten_thousandths() -> None:
    """Seven of ten tries are 7,000, two of nine are 2,222; what was not run is not counted."""
    benchmark = read_livecodebench(BENCHMARK.encode(), "execution.csv")
    assert (
        Result("s0", "27", "one", 7000),
        Result("s0", "27", "two", 2222),
        Result("s1", "28", "one", 0),
        Result("s1", "28", "two", 10_000),
    ) == benchmark.results


def expectation(path: Path) -> tuple[str, int]:
    """The code and line that a bad file's first line asks for."""
    code, line = path.read_bytes().splitlines()[0].decode().removeprefix("# expect: ").split()
    return code, int(line)


def reader_of(path: Path) -> str:
    """Which layout a bad file is of, by the first word of its name."""
    return path.name.partition("-")[0]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_bad_file_has_its_fault_at_its_line(path: Path) -> None:
    """One fault in a file is reported as that fault, at that line, with what would mend it."""
    with pytest.raises(Faulty) as caught:
        READERS[reader_of(path)](path.read_bytes(), path.name)
    assert expectation(path) in {(fault.code, fault.line) for fault in caught.value.faults}
    assert 1 == len({fault.line for fault in caught.value.faults})
    assert all(fault.mend and fault.file == path.name for fault in caught.value.faults)


def test_every_fault_is_provoked() -> None:
    """No fault is in the list that no file can have; two need no file of their own."""
    provoked = {expectation(path)[0] for path in BAD}
    with pytest.raises(Faulty) as caught:
        read_items(ITEMS.encode(), "items.csv", bytes_most=10)
    provoked |= {fault.code for fault in caught.value.faults}
    with pytest.raises(Faulty) as caught:
        read_livecodebench(BENCHMARK.encode(), "execution.csv").middle(3)
    provoked |= {fault.code for fault in caught.value.faults}
    assert {code.value for code in Code} == provoked | {code.value for code in PROVOKED}


def test_all_faults_come_at_once() -> None:
    """Five faults in four rows are all reported, in the order of the lines."""
    text = "criterion,rater,team,score,scale_max\n,exp-01,a,9,4\nmethod,exp-01,a,x,4\n"
    text += "method,exp-02,a,1,4\nmethod,exp-02,a,1,5\n"
    with pytest.raises(Faulty) as caught:
        read_ratings(text.encode(), "ratings.csv")
    expected = [
        (2, "evidence-name-bad"),
        (2, "evidence-out-of-range"),
        (3, "evidence-not-a-number"),
        (5, "evidence-row-twice"),
        (5, "evidence-scale-differs"),
    ]
    assert expected == [(fault.line, fault.code) for fault in caught.value.faults]


@given(st.binary(max_size=60), st.integers(0, len(ITEMS)), st.sampled_from(sorted(READERS)))
@example(b"\r", 0, "benchmark")
def test_no_bytes_are_a_traceback(put: bytes, at: int, layout: str) -> None:
    """Whatever stands in a file, the answer is its rows or its faults."""
    texts = {"items": ITEMS, "ratings": RATINGS, "votes": VOTES, "benchmark": BENCHMARK}
    good = texts[layout].encode()
    faults: tuple[Fault, ...] = ()
    try:
        READERS[layout](good[:at] + put + good[at:], "evidence.csv")
    except Faulty as faulty:
        faults = faulty.faults
    assert all(fault.file == "evidence.csv" and fault.mend for fault in faults)


def public(scores: dict[str, int], *, without: str = "") -> Benchmark:
    """Systems with one score on each of four items; `without` lacks the last item."""
    return Benchmark(
        "execution.csv",
        tuple(
            Result(f"s{n}", f"c{n // 2}", system, score)
            for n in range(4)
            for system, score in scores.items()
            if not (n == 3 and system == without)
        ),
    )


def test_the_middle_systems_stand_in_under_other_names() -> None:
    """Of seven systems the three around the median stand in, best first, and lose their names."""
    benchmark = public(
        {"g": 7000, "f": 6000, "e": 5000, "d": 4000, "c": 3000, "b": 2000, "a": 1000}
    )
    assert ("e", "d", "c") == benchmark.middle(3)
    items = benchmark.stand_in(("x", "y", "z"), ("common", "own"))
    assert {("x", 5000), ("y", 4000), ("z", 3000)} == {(item.team, item.score) for item in items}
    assert {("common", "c0"), ("own", "c1")} == {(item.task, item.cluster) for item in items}
    source = "LiveCodeBench (CC BY-SA 4.0)"
    expected = (
        note(NoteCode.BENCHMARK_ITEMS, teams=3, items=4, source=source),
        note(NoteCode.BENCHMARK_PLACES, teams=3, systems=7),
    )
    assert expected == benchmark.notes(3)


def test_equal_means_go_by_name_and_gaps_have_no_place() -> None:
    """Which systems stand in does not depend on the order of the file, nor on an item left out."""
    equal = public({"c": 5000, "a": 5000, "b": 5000})
    assert ("b",) == equal.middle(1)
    assert ("a", "b", "c") == equal.middle(3)
    gap = public({"c": 5000, "a": 5000, "b": 5000}, without="b")
    assert ("a", "c") == gap.middle(2)
    with pytest.raises(Faulty, match="2 systems were run on every item, 3 are needed"):
        gap.middle(3)


def test_the_real_file_gives_five_teams(shared_data: Path) -> None:
    """The published LiveCodeBench items are read whole: 479 items for each of five teams."""
    path = shared_data / "data" / "evaluations" / "livecodebench-per-item" / "execution.csv"
    if not path.is_file():
        pytest.skip(f"no LiveCodeBench items at {path}")
    teams = tuple(f"Alliance {letter}" for letter in "ABCDE")
    benchmark = read_livecodebench(path.read_bytes(), path.name)
    items = benchmark.stand_in(teams, ("common",))
    assert (17_723, 5 * 479, 92) == (
        len(benchmark.results),
        len(items),
        len({item.cluster for item in items}),
    )
    means = [Fraction(sum(i.score for i in items if i.team == team), 479) for team in teams]
    assert means == sorted(means, reverse=True)
    others = sorted(
        sum(result.score for result in benchmark.results if result.system == system)
        for system in {result.system for result in benchmark.results}
    )
    assert others[18] == means[2] * 479
