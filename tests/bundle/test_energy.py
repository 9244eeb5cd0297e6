"""Energy in a bundle: derived again with the use that drew it."""

from dataclasses import replace

from headgate.bundle.verify import verify
from headgate.cycle import replay
from headgate.demo import Rehearsed
from headgate.readers.facts import Recorded, read_facts
from tests.whole.small import bundle_of, pages, small


def test_a_stranger_derives_what_jobs_drew() -> None:
    """Joules that a meter told move once for each attempt, and a bundle in which they moved is
    derived again, line by line; without any the same facts have the lines that they always had.
    """
    told, data = small().term, small().data
    facts = {name: read_facts(name, name.split("/")[0], f.data) for name, f in told.facts.items()}
    assert told.root() == replay(told.document, told.taken, Recorded(facts)).root()
    drew = 0
    for name in [name for name in facts if name.startswith("usage/")]:
        facts[name] = tuple(replace(row, joules=row.ended and 7_000) for row in facts[name])
    term = replay(told.document, told.taken, Recorded(facts))
    for path, balance in term.books.balances.items():
        drew += balance.credits_posted if path.startswith("compute/drawn/") else 0
    assert 7_000 * sum(name.startswith("energy:") for name in term.books.transfers) == drew > 0
    assert () == verify(bundle_of(Rehearsed(term, data)), pages).faults
