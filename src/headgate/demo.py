"""The rehearsal of a term: the real cycle on a simulated world, and what is published of it."""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headgate.bundle.layout import CHECKPOINT
from headgate.bundle.write import bundle_files, write_bundle
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import Algorithm, Checkpoint, Signer, claimed
from headgate.core.metering.usage import Usage
from headgate.core.policy.check import untriable
from headgate.core.policy.codes import Code
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.core.policy.tree import Place, parse
from headgate.cycle import World, run
from headgate.readers.evidence_folder import Folder, read_folder
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import data_files, find
from headgate.readers.trace_kept import Kept, told
from headgate.readers.traces import Named
from headgate.readers.usage_csv import read_usage
from headgate.simulation import clusters
from headgate.simulation.population import Population, read_population
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from headgate.steps.term import Term

Progress = Callable[[str], None]
Run = Callable[[Document, World, Progress, int], Term]
WHAT_IF_GAP = "1/2"
"""What the list of a what-if may miss of the proven bound before it is refused."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A term that was run, with the data files its world was made from, and what is to be said."""

    term: Term
    data: Mapping[str, bytes]
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What a rehearsal is run with: overlays on the policy, real inputs in place of made ones.

    `strict` refuses a trace for any row that cannot be read; `named` are its queues of spot jobs
    and of inference; `terms` are run one after the other.
    """

    overlays: Sequence[Path] = ()
    trace: Path | None = None
    usage: Path | None = None
    evidence: Path | None = None
    seed: str = "headgate"
    fast: bool = False
    strict: bool = False
    terms: int = 1
    named: Named = field(default_factory=dict)


def rehearse(programme: str, choices: Choices, progress: Progress, through: Run = run) -> Rehearsed:
    """Run the terms of a programme; raises Faulty or ValueError with what must be mended.

    `through` takes the programme there: the cycle in memory, or one that keeps what happens.
    """
    folder = find(programme)
    document = read_programme(folder, choices.overlays)
    data = data_files(folder)
    if faults := [*untriable(document), *_data_faults(data)]:
        raise Faulty(faults)
    policy = at(document, first_day(document)).policy
    document = _with_wide_gaps(document, policy) if choices.fast else document
    kept = None if choices.trace is None else workload(choices)
    world = Simulated(
        policy,
        populations(data, policy.calls.keys()),
        choices.seed,
        trace=None if kept is None else kept.trace,
        usage=None if choices.usage is None else _usage(choices.usage),
        folder=None if choices.evidence is None else read_evidence(choices.evidence, policy),
        fast=choices.fast,
    )
    said = () if kept is None else tuple(told(kept))
    return Rehearsed(through(document, world, progress, choices.terms), data, said)


def workload(choices: Choices) -> Kept:
    """The trace that is named, or one made with a cluster's published figures; raises Faulty."""
    return clusters.workload(
        str(choices.trace), choices.seed, strict=choices.strict, named=choices.named
    )


def _usage(path: Path) -> tuple[Usage, ...]:
    """Metered rows from a file, in place of what the rehearsed clusters would account for."""
    return read_usage(path.read_bytes(), path.name)


def _data_faults(data: Mapping[str, bytes]) -> Iterator[Fault]:
    """What keeps a programme's data files from being read at all, by file."""
    for path, content in data.items():
        try:
            yield from parse(path, content.decode())[1]
        except UnicodeDecodeError as error:
            yield Code.FILE_NOT_UTF_8.at(Place(path), byte=error.start + 1)


def _with_wide_gaps(document: Document, policy: Policy) -> Document:
    """The policy with a gap that a linear relaxation keeps, as an overlay that says so."""
    laid = {
        f"overlays/zz-{call_id}.yaml": (
            f"overlay: quick-{call_id}\n"
            "because: {en: Lists of a what-if are made quickly; the gap they reach is reported.}\n"
            f"from: {call.opens}\nonwards: true\nset:\n  calls.{call_id}.gap: {WHAT_IF_GAP}\n"
        )
        for call_id, call in policy.calls.items()
    }
    return Document.read({**document.texts, **laid})


def read_evidence(path: Path, policy: Policy) -> Folder:
    """A folder of evidence for any round of the policy."""
    pillars = [pillar.id for each in policy.rounds.values() for pillar in each.pillars]
    return read_folder(path, dict.fromkeys(pillars))


def populations(data: Mapping[str, bytes], calls: Collection[str]) -> dict[str, Population]:
    """What was published of the calls' applicants, by call."""
    named = {call: f"data/{call}.yaml" for call in calls}
    return {
        call: read_population(path, data[path].decode())
        for call, path in named.items()
        if path in data
    }


def publish(rehearsed: Rehearsed, pages: Mapping[str, bytes], out: Path) -> list[str]:
    """Sign and write the public bundle with its pages; the lines say where it is and what to do.

    The keys of a rehearsal are made for it and thrown away: they show that the bundle is whole, not
    who made it.
    """
    term = rehearsed.term
    origin = f"rehearsal.headgate/{term.policy(term.starts).programme.id}"
    signers = [Signer(origin, algorithm, secrets.token_bytes(32)) for algorithm in Algorithm]
    files = bundle_files(term, rehearsed.data, pages, signers)
    assumed = {path for decision in term.decisions for path in decision.assumed}
    write_bundle(files, out)
    signed = claimed(files[CHECKPOINT])
    assert isinstance(signed, Checkpoint)
    return [
        f"{len(term.decisions):,} decisions and {signed.size:,} journal entries in {out}",
        f"{len(assumed)} values behind them are assumed; the report lists each",
        *rehearsed.said,
        f"read     {out}/report.html (also report.vi.html and report.ko.html)",
        f"check    headgate verify {out}",
    ]
