"""The published figures of Korea's open call, exactly; everything derived again by a stranger."""

from typing import Any

from headgate.bundle.verify import verify
from headgate.bundle.write import bundle_files
from headgate.core.calls.application import Application
from headgate.report.pages import pages
from headgate.simulation.applicants import blocks_asked
from tests.whole.korea import korea
from tests.whole.small import signers


def test_514_applications_for_1714_blocks() -> None:
    """The totals that were published of the call are matched exactly, not about."""
    facts = korea().term.facts["applications/open-1"].values
    applications = [a for a in facts if isinstance(a, Application)]
    assert (514, 1714) == (len(applications), sum(map(blocks_asked, applications)))
    assert 1075 == sum(blocks_asked(a) for a in applications if a.applicant.kind == "university")


def test_the_envelopes_are_50_30_20_of_1307_nodes() -> None:
    """10,456 GPUs are 1,307 nodes of 8: 653.5, 392.1 and 261.4 by largest remainder."""
    first = next(d for d in korea().term.decisions if d.step == "envelopes")
    assert isinstance(first.result, dict)
    assert {"national": 654, "business": 392, "academia": 261} == first.result["blocks"]


def test_no_envelope_is_exceeded_by_the_open_calls_awards() -> None:
    """Business and academia are awarded within their 392 and 261 nodes, and within the offer."""
    term = korea().term
    holder = {d.subject: _of(d.result, "holder") for d in term.decisions if d.step == "screening"}
    listed = next(d for d in term.decisions if d.step == "award-list" and d.subject == "open-1")
    awards = _of(listed.result, "awards")
    blocks = {
        h: sum(a.blocks for a in awards if holder[a.application] == h) for h in holder.values()
    }
    assert 0 < blocks["business"] <= 392
    assert 0 < blocks["academia"] <= 261
    assert blocks["business"] + blocks["academia"] <= (2296 + 2040) // 8


def test_the_gap_is_the_stated_one() -> None:
    """The award list misses the proven bound by a thousandth at most, as the policy says."""
    for decision in (d for d in korea().term.decisions if d.step == "award-list"):
        assert _of(decision.result, "gap_reached") * 1000 <= 1


def test_five_alliances_are_evaluated_and_at_most_four_stay_without_a_tie() -> None:
    """Fifteen applied, five were chosen, and each of the five has one decision with its reason."""
    term = korea().term
    assert 15 == len(term.facts["applications/alliance"].values)
    decisions = [d for d in term.decisions if d.step == "go-on"]
    assert 5 == len({d.subject for d in decisions}) == len(decisions)


def test_a_stranger_derives_every_decision_and_page_again() -> None:
    """From the bundle alone: the same decisions, the same journal, the same pages, to the byte."""
    made = korea()
    term, files = made.term, pages(made.term, made.data)
    verdict = verify(bundle_files(term, made.data, files, signers()), pages)
    assert () == verdict.faults
    assert len(term.decisions) == sum(verdict.decisions.values())


def _of(result: Any, name: str) -> Any:
    """A part of a decision's result."""
    return result[name]
