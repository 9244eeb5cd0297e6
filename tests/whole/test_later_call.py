"""A call whose awards begin with the second term: it came in while the first one ran."""

import shutil
from datetime import date
from pathlib import Path

from headgate.checking import check_programme
from headgate.core.policy.dated import at
from headgate.cycle import replay
from headgate.demo import populations
from headgate.readers.programmes import data_files
from headgate.report.summary_calls import calls_of
from headgate.simulation.world import Simulated
from headgate.steps.agenda import agenda, first_day
from headgate.steps.term import Term
from tests.steps.builders import document
from tests.whole.small import PROGRAMME

CLASSES = "    classes:\n      h200: {offered: 2000"
LATER = (
    ("decides: 2026-05-01\n    starts: 2026-05-10", "decides: 2026-08-20\n    starts: 2026-09-01"),
    (CLASSES, f"    fee: {{base: 10 %}}\n    invoice: {{due_days: 30}}\n{CLASSES}"),
)


def test_check_names_the_calls_that_a_rehearsal_leaves_out(tmp_path: Path) -> None:
    """Whoever misses a call in the report of a term learns that it belongs to another."""
    folder = Path(shutil.copytree(PROGRAMME, tmp_path / "later"))
    text = document(*LATER).texts["programme.yaml"]
    (folder / "programme.yaml").write_text(text, encoding="utf-8")
    told = list(check_programme(str(folder), (), adopt=False))
    assert "     1 calls of a later term, which a rehearsal leaves out: hours" in told
    assert "later term" not in "".join(check_programme(str(PROGRAMME), (), adopt=False))


def two_terms() -> Term:
    """The small programme through two terms, with the call for hours in the second."""
    policy = document(*LATER)
    data = data_files(PROGRAMME)
    rules = at(policy, first_day(policy)).policy
    world = Simulated(rules, populations(data, rules.calls.keys()), "headgate", usage=())
    events = [*agenda(policy), *agenda(policy, 1)]
    return replay(policy, events, world)


def test_a_call_for_the_second_term_is_awarded_from_its_supply() -> None:
    """It is closed and decided once its term has opened, by that day, and its fee falls due then.

    The list has its place in the report of its own term.
    """
    term = two_terms()
    assert (2, date(2027, 3, 1)) == (term.index, term.starts)
    assert ["2026-09-01T00:00:00Z"] == [
        d.at for d in term.decisions if (d.step, d.subject) == ("award-list", "hours")
    ]
    fees = [d for d in term.decisions if d.rule == "calls.hours.fee"]
    assert fees
    results = [d.result for d in fees if isinstance(d.result, dict)]
    assert {date(2026, 10, 1)} == {result["due"] for result in results}
    told = {call.id: call.decides for call in calls_of(term, (), {})}
    assert date(2026, 9, 1) == told["hours"]
