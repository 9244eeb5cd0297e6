"""The rehearsal of a whole term: the real cycle on a simulated world, and what is published of it."""

import gzip
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headgate.bundle.layout import policy_files
from headgate.bundle.write import bundle_files, write_bundle
from headgate.core.evaluation.evidence import Evidence
from headgate.core.ledger.checkpoint import Algorithm, Signer
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.cycle import run
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import data_files, find
from headgate.readers.traces import Trace, read_philly, read_swf
from headgate.report.pages import pages
from headgate.simulation.population import Population, read_population
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from headgate.steps.term import Term

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A term that was run, with the data files its world was made from."""

    term: Term
    data: Mapping[str, bytes]


def rehearse(
    programme: str,
    overlays: Sequence[Path],
    trace: Path | None,
    evidence: Path | None,
    seed: str,
    progress: Progress,
    *,
    fast: bool = False,
) -> Rehearsed:
    """Run one term of a programme; raises Faulty or ValueError with what must be mended."""
    folder = find(programme)
    document = read_programme(folder, overlays)
    data = data_files(folder)
    policy = at(document, first_day(document)).policy
    world = Simulated(
        policy,
        populations(data, policy.calls.keys()),
        seed,
        trace=None if trace is None else read_trace(trace),
        items=None if evidence is None else read_items(evidence, document),
        fast=fast,
    )
    return Rehearsed(run(document, world, progress), data)


def populations(data: Mapping[str, bytes], calls: Sequence[str]) -> dict[str, Population]:
    """What was published of the calls' applicants, by call."""
    named = {call: f"data/{call}.yaml" for call in calls}
    return {
        call: read_population(path, data[path].decode())
        for call, path in named.items()
        if path in data
    }
