"""The small programme through two whole terms and into a third, run once; with its bundle."""

from functools import cache

from headgate.bundle.write import bundle_files
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.cycle import replay
from headgate.readers.trace_layouts import read_lines
from headgate.simulation.world import Simulated
from headgate.steps.agenda import agenda, calendar, first_day
from headgate.steps.term import Term
from tests.steps.builders import document
from tests.whole.small import pages, signers, trace_text

LATER_CALL = (
    "opens: 2026-02-01\n    closes: 2026-04-01\n    decides: 2026-05-01\n    starts: 2026-05-10",
    "opens: 2026-07-10\n    closes: 2026-08-01\n    decides: 2026-08-20\n    starts: 2026-09-01",
)
"""The call for hours becomes one of the second term: it opens and closes while the first runs."""

SECOND_ROUND = """\
  final:
    name: {en: The last evaluation}
    call: alliance
    on: 2027-02-15
    stay: {least: 1, most: 1}
    gates: []
    pillars:
      - {id: items, name: {en: Benchmarks}, kind: items, weight: 100, scaling: share_of_maximum}
    confidence: 95 %
    replicates: 200
    remedy: all_tied_stay
    equal_development_days: 30
    reallocation: {of: 2, survivors: 1, wildcard: 0, pool: 1, divide: equally}
"""


def several_document() -> Document:
    """The policy with a call and a round of its second term."""
    last = "    reallocation: {of: 4, survivors: 2, wildcard: 1, pool: 1, divide: equally}\n"
    return document(LATER_CALL, (last, last + SECOND_ROUND))


@cache
def several() -> Term:
    """Two terms that have turned, and the first month of the third."""
    policy = several_document()
    trace = read_lines(trace_text().encode().splitlines(), "workload.swf")
    world = Simulated(at(policy, first_day(policy)).policy, {}, "headgate", trace=trace)
    events = [*calendar(policy, 2), agenda(policy, 2)[0]]
    return replay(policy, events, world)


@cache
def _bundle() -> dict[str, bytes]:
    return bundle_files(several(), {}, pages(several(), {}), signers())


def several_bundle() -> dict[str, bytes]:
    """The bundle of all that happened so far, to be changed at will."""
    return dict(_bundle())
