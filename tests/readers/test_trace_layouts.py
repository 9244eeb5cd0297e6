"""What is promised of traces: every row is a job, a counted kind of none, or a located fault."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.faults import Fault, Faulty
from headgate.readers.trace_layouts import read_file, read_lines
from headgate.readers.traces import FAULTS_SHOWN, Code, Left, Trace

SWF = """\
; Version: 2.2
; Computer: M\u00fcnchen
; UnixStartTime: 1000000
1 30 5 100 8 -1 -1 8 120 -1 1 3 1 -1 1 1 -1 -1
2 10 5 60.5 -1 99.5 -1 4 120 -1 0 3 -1 -1 1 1 -1 -1
3 40 -1 -1 -1 -1 -1 4 120 -1 5 3 2 -1 1 1 -1 -1
4 50 0 7 2 -1 -1 2 120 -1 2 3 2 -1 1 1 -1 -1
5 60 0 9 2 -1 -1 2 120 -1 1 -1 -1 -1 1 1 -1 -1
6 60 0 9 2 -1 -1 2 120 -1 1 -1 -1 -1 1 1 -1 -1
"""
PHILLY = """\
timestamp,duration,num_gpus,gpu_time,cluster
2017-10-09 07:01:55,66.0,1,66.0,b
2017-10-09 07:00:00,10.0,4,40.0,a
2017-10-09 07:00:00,10.0,4,40.0,a

"""
SEVEN = 1507532400
"""2017-10-09 07:00:00 UTC, from `date -u -d '2017-10-09 07:00:00' +%s`."""
HELIOS = """\
job_id,user,vc,jobname,gpu_num,cpu_num,state,submit_time,start_time,end_time,duration,queue
1,uXBbc,vcJkd,"a, b",1,1,COMPLETED,2017-10-09 07:00:00,2017-10-09 07:00:09,2017-10-09 07:01:09,60,9
2,uVMrF,vchbv,c,0,16,FAILED,2017-10-09 07:00:01,2017-10-09 07:00:02,2017-10-09 07:00:03,1,1
"""
ACME = """\
user,gpu_num,state,submit_time,start_time,end_time,duration,gpu_time
u5907,8,FAILED,2017-10-09 15:00:00+08:00,2017-10-09 15:00:32+08:00,,117,936.0
u5907,8,CANCELLED,2017-10-09 15:00:00+08:00,,2017-10-09 15:02:29+08:00,0,0.0
"""
SACCT = """\
JobIDRaw|Account|State|Submit|Start|End|Elapsed|Timelimit|AllocTRES|ReqTRES
7|aw1|COMPLETED|{at}|{at}|{at}|1-01:01:00|2-00:00:00|cpu=8,gres/gpu:h200=8,gres/gpu=8|gres/gpu=8
7.batch|aw1|COMPLETED|{at}|{at}|{at}|1-01:01:00||gres/gpu=8|
8|aw1|CANCELLED by 0|{at}|None|{at}|00:00:00|UNLIMITED||gres/gpu=8
9|aw2|RUNNING|{at}|{at}|Unknown|01:00:00|UNLIMITED|gres/gpu=1|gres/gpu=1
10|aw2|TIMEOUT|1507532401|{at}|{at}|00:01:00|Partition_Limit|gres/npu:atom=2|
11|aw2|COMPLETED|1507532401|{at}|{at}|00:01:00|00:10:00|cpu=4|cpu=4
""".format(at="2017-10-09T07:00:00")
NEVER, PART, OPEN, CPU = (
    each.value for each in (Left.NEVER_RAN, Left.PART, Left.UNFINISHED, Left.NO_GPUS)
)


def read(text: str | bytes, *, strict: bool = False) -> Trace:
    """A trace from its text."""
    data = text if isinstance(text, bytes) else text.encode()
    return read_lines(data.splitlines(keepends=True), "t", strict=strict)


def rows(trace: Trace) -> list[tuple[object, ...]]:
    """The jobs of a trace: tenant, submission, seconds, GPUs, limit."""
    columns = (c.tolist() for c in (trace.submitted, trace.seconds, trace.gpus, trace.limit))
    return list(zip(trace.names, *columns, strict=True))


def faults(text: str | bytes) -> list[str]:
    """The faults of a text, whether it is refused by them or read in spite of them."""
    found: Sequence[Fault]
    try:
        found = read(text).notes.faults
    except Faulty as faulty:
        found = faulty.faults
    whole = {Code.MOSTLY_BAD, Code.NO_JOBS}
    return [f"{f.line} {f.code}" for f in found if f.code not in whole or len(found) == 1]


def test_swf_is_read_as_columns() -> None:
    """Sorted by submission; groups are tenants, then users; halves of seconds go to even."""
    trace = read(SWF)
    assert [
        ("user-3", 1_000_010, 60, 4, 120),
        ("group-1", 1_000_030, 100, 8, 120),
        ("unknown", 1_000_060, 9, 2, 120),
        ("unknown", 1_000_060, 9, 2, 120),
    ] == rows(trace)
    notes = trace.notes
    assert (6, 4, {NEVER: 1, PART: 1}) == (notes.rows, notes.jobs, notes.left)
    assert (1, 1, {}) == (notes.repeated, notes.unsorted, notes.bad)
    assert rows(trace) == rows(read(SWF.encode("latin-1")))
    assert rows(trace)[1:] == rows(read(SWF.partition("\n2 ")[0] + "\n5" + SWF.split("\n5")[1]))


def test_philly_is_read_as_columns() -> None:
    """Times are taken as UTC, equal rows are kept and counted, blank lines are nothing."""
    trace = read(PHILLY)
    assert [("a", SEVEN, 10, 4, 0)] * 2 + [("b", SEVEN + 115, 66, 1, 0)] == rows(trace)
    assert (3, 3, 1, 1) == (
        trace.notes.rows,
        trace.notes.jobs,
        trace.notes.repeated,
        trace.notes.unsorted,
    )


def test_helios_and_acme_are_read_as_columns() -> None:
    """Tenants are the virtual cluster, else the user; zones count; CPU jobs and the cancelled are
    told apart.
    """
    helios, acme = read(HELIOS), read(ACME)
    assert [("vcJkd", SEVEN, 60, 1, 0)] == rows(helios)
    assert {CPU: 1} == helios.notes.left
    assert [("u5907", SEVEN, 117, 8, 0)] == rows(acme)
    assert {NEVER: 1} == acme.notes.left


def test_a_kind_of_work_says_what_is_inference() -> None:
    """Serving and evaluating run a model; whatever else a log names trains one, or may."""
    kinds = ("Inference", "Evaluation", "serving", "Pretrain", "SFT", "")
    lines = [f"{kind},a,{n},60,1" for n, kind in enumerate(kinds)]
    trace = read("\n".join(["type,user,submit_time,duration,gpu_num", *lines, ""]))
    assert [1, 1, 1, 0, 0, 0] == trace.inference.tolist()


def test_sacct_is_read_as_columns() -> None:
    """Clocks, limits and TRES as Slurm writes them; steps, open and cancelled rows are counted."""
    trace = read(SACCT)
    assert [("aw1", SEVEN, 90_060, 8, 172_800), ("aw2", SEVEN + 1, 60, 2, 0)] == rows(trace)
    assert {NEVER: 1, PART: 1, OPEN: 1, CPU: 1} == trace.notes.left
    assert 6 == trace.notes.rows


def test_a_limit_in_minutes_and_times_alone_will_do() -> None:
    """`TimelimitRaw` counts minutes; where no duration is given it is the end less the start."""
    head = "Submit|Start|End|TimelimitRaw|Account|ReqTRES"
    assert [("a", 5, 30, 3, 600)] == rows(read(f"{head}\n5|10|40|10|a|gres/gpu=3\n"))


fields = st.sampled_from(["0", "1", "7", "8", "60.5", "120", "-1", "-5", "x", "9999999999", "1.5"])


@given(st.lists(st.lists(fields, min_size=17, max_size=18), min_size=1, max_size=12))
def test_a_block_at_once_is_what_its_lines_are(cells: list[list[str]]) -> None:
    """A fault makes a whole block be read line by line; its other rows are the same for it."""
    lines = [" ".join(row) for row in cells]
    well = ["1 0 0 9 8 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1"] * 2 * len(lines)
    text = "\n".join([*well, *lines])
    at_once, by_line = read(text), read(f"{text}\nx")
    assert rows(at_once) == rows(by_line)
    assert (at_once.notes.left, at_once.notes.unsorted) == (
        by_line.notes.left,
        by_line.notes.unsorted,
    )
    assert at_once.notes.rows + 1 == by_line.notes.rows


HEADER = "timestamp,duration,num_gpus,gpu_time,cluster\n"
AT = "2017-10-09 07:00:00"
BARS = "Submit|Start|End|Account|AllocTRES\n"
PROVOKED: dict[Code, tuple[int, str | bytes]] = {
    Code.COLUMNS_WRONG: (1, "submit_time,duration,gpus\n"),
    Code.NOT_UTF8: (2, HEADER.encode() + AT.encode() + b",1,1,1,\xff\n"),
    Code.FIELDS_WRONG: (1, "1 2 3"),
    Code.NOT_A_NUMBER: (1, "1 0 0 x 8 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1"),
    Code.NEGATIVE: (1, "1 0 0 -5 8 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1"),
    Code.OUT_OF_RANGE: (1, "1 0 0 9 9999999 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1"),
    Code.TIME_BAD: (2, f"{HEADER}2017-13-09 07:00:00,1.0,1,1.0,a\n"),
    Code.ENDS_EARLY: (2, f"{BARS}5|40|10|a|gres/gpu=1\n"),
    Code.TENANT_MISSING: (2, f"{HEADER}{AT},1.0,1,1.0,\n"),
    Code.PRODUCT_WRONG: (2, f"{HEADER}{AT},2.0,3,5.0,a\n"),
    Code.NO_JOBS: (0, HEADER),
}


@pytest.mark.parametrize("code", [code for code in Code if code in PROVOKED])
def test_every_fault_can_be_provoked_at_its_line(code: Code) -> None:
    """Each code is real, comes alone, and says where; 0 is the file as a whole."""
    line, text = PROVOKED[code]
    assert [f"{line} {code.value}"] == faults(text)


def test_the_other_faults_are_of_the_whole_file(tmp_path: Path) -> None:
    """A cut archive, a text that is too long, and a file of another layout are refused.

    What names no job has a test of its own.
    """
    whole = {Code.TOO_LARGE, Code.PACKED_BROKEN, Code.MOSTLY_BAD, Code.NAME_UNMET}
    assert whole == set(Code) - set(PROVOKED)
    path = tmp_path / "p.csv"
    path.write_bytes(gzip.compress(PHILLY.encode()))
    assert rows(read(PHILLY)) == rows(read_file(path))
    with pytest.raises(Faulty, match="trace-too-large"):
        read_file(path, bytes_most=100)
    path.write_bytes(gzip.compress(PHILLY.encode() * 50)[:-20])
    with pytest.raises(Faulty, match="trace-packed-broken"):
        read_file(path)
    with pytest.raises(Faulty, match="trace-mostly-bad"):
        read(PHILLY + "x\n" * 4)


@pytest.mark.parametrize("by", [gzip, bz2, lzma, zstandard])
def test_however_a_file_is_packed_it_is_the_same_file(by: ModuleType, tmp_path: Path) -> None:
    """Two packed files one after the other are one, as for their own programs; a cut one is none.

    A log of Zstandard that has lost its end would otherwise be a shorter log.
    """
    pack: Callable[[bytes], bytes] = by.compress
    path, text = tmp_path / "any-name", HELIOS.encode() * 4_000
    path.write_bytes(pack(PHILLY.encode()) + pack(PHILLY.partition("\n")[2].encode()))
    assert 6 == read_file(path).notes.jobs
    whole = pack(text)
    for cut in (whole[:-1], whole[: len(whole) // 2], whole[:9] + b"?" * 60):
        path.write_bytes(cut)
        with pytest.raises(Faulty, match="trace-packed-broken"):
            read_file(path)


def test_comments_above_a_log_and_semicolons_between_columns_are_known() -> None:
    """Logs of other sites begin with whose they are; spreadsheets of half the world have `;`."""
    assert rows(read(SWF)) == rows(read("# Our site\n#\n" + SWF))
    assert rows(read(PHILLY)) == rows(read("# made in 2018\n" + PHILLY.replace(",", ";")))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [(1, "-5", Code.NEGATIVE), (3, "-2", Code.NEGATIVE), (4, "1.5", Code.NOT_A_NUMBER),
     (1, "9999999999", Code.OUT_OF_RANGE), (3, "999999999", Code.OUT_OF_RANGE)],
)  # fmt: skip
def test_no_block_hides_a_bad_number(field: int, value: str, code: Code) -> None:
    """Among a thousand good lines the one that is not is found, at its line."""
    good = SWF.splitlines()[3].split()
    bad = [*good[:field], value, *good[field + 1 :]]
    lines = [" ".join(good)] * 1000
    lines[700] = " ".join(bad)
    assert [f"701 {code.value}"] == faults("\n".join(lines))


def test_more_work_than_can_be_added_up_is_refused() -> None:
    """Sums of GPU-seconds never overflow in silence."""
    row = "1 0 0 316000000 1048576 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1\n"
    assert 10_000 == read(row * 10_000).notes.jobs
    with pytest.raises(Faulty, match="trace-out-of-range"):
        read(row * 20_000)


def test_one_bad_row_costs_itself_and_nothing_else() -> None:
    """The jobs are those of the file without it; the row is named, and `strict` refuses it."""
    bad = PHILLY.replace("\n2017-10-09 07:00", f"\n{AT},-5,1,-5,a\n2017-10-09 07:00", 1)
    trace = read(bad)
    assert rows(read(PHILLY)) == rows(trace)
    assert (4, 3, {"trace-negative": 1}) == (trace.notes.rows, trace.notes.jobs, trace.notes.bad)
    assert ["3 trace-negative"] == faults(bad)
    with pytest.raises(Faulty, match="trace-negative"):
        read(bad, strict=True)


def test_one_bad_row_of_two_hundred_thousand_is_named() -> None:
    """Its line, its code and its value; every other row is a job, in or out of its block."""
    rows = [f"{n} {n} 0 60 8 -1 -1 8 -1 -1 1 1 {n % 97} 1 1 1 -1 -1" for n in range(200_000)]
    rows[123_456] = rows[123_456].replace(" 60 ", " sixty ")
    trace = read("\n".join([*rows, ""]))
    assert 199_999 == trace.notes.jobs == len(trace.gpus)
    assert {Code.NOT_A_NUMBER.value: 1} == trace.notes.bad
    (fault,) = trace.notes.faults
    assert 123_457 == fault.line
    assert "'sixty'" in fault.what


def test_all_faults_of_a_row_are_told_at_once_and_of_a_file_the_first() -> None:
    """A quoted row never swallows those below it; counts are whole however many are shown."""
    text = f'{PHILLY}x,q,1,1.0,\n{AT},"1.0,1,1.0,a\n{AT},7.0,1,7.0,a\n'
    expected = ["6 trace-time-bad", "6 trace-not-a-number", "6 trace-tenant-missing"]
    assert [*expected, "7 trace-fields-wrong"] == faults(text)
    assert 4 == read(text).notes.jobs
    many = read(PHILLY * 1 + f"{AT},7.0,1,7.0,a\n" * 99 + "x\n" * 50).notes
    assert (FAULTS_SHOWN, {"trace-fields-wrong": 50}) == (len(many.faults), many.bad)


@given(st.binary(max_size=200), st.text(max_size=200))
def test_no_trace_makes_a_traceback(data: bytes, text: str) -> None:
    """Random bytes alone, below a good header and in a good log give jobs or faults; what is read
    adds up.
    """
    for head in (b"", HEADER.encode(), BARS.encode(), SWF.encode(), PHILLY.encode()):
        for hostile in (data, text.encode()):
            assert accounted(head + hostile)


def accounted(data: bytes) -> bool:
    """Whether a text is refused by faults, or every row of it is counted once."""
    try:
        notes = read(data).notes
    except Faulty as faulty:
        return bool(faulty.faults)
    refused = notes.rows - notes.jobs - sum(notes.left.values())
    return bool(refused) == bool(notes.bad) and sum(notes.bad.values()) >= refused


def test_real_philly_trace_is_read_whole(shared_data: Path) -> None:
    """All 82,247 published jobs, 978,078 GPU-hours and 65 repeats of the real trace are there."""
    trace = read_file(shared_data / "data" / "traces" / "philly" / "philly_jobs.csv.gz")
    used = int((trace.seconds * trace.gpus).sum())
    assert (82_247, 65, 15) == (trace.notes.jobs, trace.notes.repeated, len(trace.tenants))
    assert 978_078 == round(used / 3600)


QUEUED = """\
Account|Submit|ElapsedRaw|AllocTRES|QOS|Partition
a|1507532400|60|gres/gpu=8|normal|gpu
a|1507532401|60|gres/gpu=8|Standby|gpu
a|1507532402|60|gres/gpu=8|normal|gpu-preempt
b|1507532403|60|gres/gpu=8|non-preemptible|gpu
b|1507532404|60|gres/gpu=8|night|serving
"""


def marked(trace: Trace) -> list[tuple[str, int]]:
    """Whose each job is, and whether it is inference."""
    return list(zip(trace.names, trace.inference.tolist(), strict=True))


def test_a_qos_or_a_partition_says_which_jobs_are_spot() -> None:
    """Whole words say so by themselves, whatever else a name has; other names are named."""
    lines = QUEUED.encode().splitlines()
    spot, said = ("a (spot)", 0), read_lines(iter(lines), "t")
    assert [("a", 0), spot, spot, ("b", 0), ("b", 0)] == marked(said)
    assert (2, 0, {}) == (said.notes.spot, said.notes.inference, said.notes.named)
    named = {"spot": ["NIGHT"], "inference": ["serving"]}
    told = read_lines(iter(lines), "t", named=named)
    assert [("a", 0), spot, spot, ("b", 0), ("b (spot)", 1)] == marked(told)
    assert (3, 1, named) == (told.notes.spot, told.notes.inference, told.notes.named)
    assert {} == told.notes.unmet


def test_a_name_of_which_there_is_no_job_is_told() -> None:
    """A slip of the hand would else be an answer without spot jobs; who is strict is refused."""
    lines = QUEUED.encode().splitlines()
    named = {"spot": ["night", "nigth"], "inference": ["servnig"]}
    unmet = {"spot": ["nigth"], "inference": ["servnig"]}
    assert unmet == read_lines(iter(lines), "t", named=named).notes.unmet
    with pytest.raises(Faulty) as refused:
        read_lines(iter(lines), "t", named=named, strict=True)
    told = [(fault.code, str(fault.what)) for fault in refused.value.faults]
    form = "no job is called {!r}, as --{} says"
    names = ("nigth", "spot"), ("servnig", "inference")
    assert [("trace-name-unmet", form.format(*each)) for each in names] == told


@pytest.mark.parametrize("slow", ["", "; a comment, for which lines are read one by one\n"])
def test_queues_and_partitions_of_swf_are_named_by_number(slow: str) -> None:
    """Fields 15 and 16, as `queue-2` and `partition-7`; read at once or line by line."""
    row = "{n} {n} 0 60 8 -1 -1 8 -1 -1 1 3 {group} -1 {queue} {partition} -1 -1\n"
    kinds = [(1, 7), (2, 1), (7, 2), (-1, -1)]
    text = slow + "".join(
        row.format(n=n, group=1, queue=queue, partition=partition)
        for n, (queue, partition) in enumerate(kinds, 1)
    )
    named = {"spot": ["queue-2", "other"], "inference": ["partition-7", "queue-x"]}
    trace = read_lines(iter(text.encode().splitlines(keepends=True)), "t", named=named)
    own, spot = "group-1", "group-1 (spot)"
    assert [(own, 1), (spot, 0), (own, 0), (own, 0)] == marked(trace)
    assert {"spot": ["other"], "inference": ["queue-x"]} == trace.notes.unmet
    unnamed = read_lines(iter(text.encode().splitlines(keepends=True)), "t")
    assert [(own, 0)] * 4 == marked(unnamed)
