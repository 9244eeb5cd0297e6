"""The small programme taken through the whole cycle once, and its bundle: made on first use."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from headgate.bundle.write import bundle_files
from headgate.core.ledger.checkpoint import Algorithm, Signer
from headgate.demo import Choices, Rehearsed, rehearse
from headgate.steps.term import Term

PROGRAMME = Path(__file__).parents[1] / "programmes" / "small"
JOBS_A_TENANT, TENANTS = 40, 12


def trace_text() -> str:
    """A workload in SWF: twelve groups of ever longer one-GPU jobs, each every four days."""
    jobs = (
        (group, number * 4 * 86_400 + group * 3600, 36_000 + group * 20_000)
        for number in range(JOBS_A_TENANT)
        for group in range(1, TENANTS + 1)
    )
    lines = [
        f"{job} {at} 0 {seconds} 1 -1 -1 1 -1 -1 1 1 {group} 1 1 1 -1 -1"
        for job, (group, at, seconds) in enumerate(jobs, 1)
    ]
    return "\n".join(["; UnixStartTime: 0", *lines, ""])


def small_term(seed: str = "headgate") -> Rehearsed:
    """One term of the small programme with its small workload."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "workload.swf"
        trace.write_text(trace_text(), encoding="utf-8")
        return rehearse(str(PROGRAMME), Choices(trace=trace, seed=seed), lambda _: None)


@cache
def small() -> Rehearsed:
    """The small programme's term, run once."""
    return small_term()


def pages(term: Term, data: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """A page that rests on all that was decided, in place of the report."""
    told = "\n".join(f"{d.subject} {d.digest()}" for d in term.decisions)
    return {"report.html": f"{len(data)} files\n{told}\n".encode()}


def signers(secret: int = 1) -> list[Signer]:
    """The two keys of a log, made from one byte."""
    seeds = {algorithm: bytes([secret]) * 32 for algorithm in Algorithm}
    return [Signer("test.headgate/small", algorithm, seed) for algorithm, seed in seeds.items()]


def bundle_of(term: Rehearsed, by: Sequence[Signer] | None = None) -> dict[str, bytes]:
    """The bundle of a term with the stand-in page."""
    return bundle_files(term.term, term.data, pages(term.term, term.data), by or signers())


@cache
def _small_bundle() -> dict[str, bytes]:
    return bundle_of(small())


def small_bundle() -> dict[str, bytes]:
    """The small programme's bundle, to be changed at will."""
    return dict(_small_bundle())
