"""A programme lives for many terms, and one bundle lets a stranger derive all of them again."""

from datetime import date

import pytest

from headgate.bundle.verify import verify
from headgate.core.policy.check import check
from headgate.core.supports.kind import Accounts
from headgate.cycle import replay
from headgate.readers.facts import Recorded, read_facts
from headgate.report.locale import LOCALES
from headgate.report.pages import pages as report_pages
from headgate.report.summary import summaries_of
from headgate.report.use import pasts_of, uses_of
from headgate.reporting import earlier_of
from headgate.steps.event import EVENTS, What
from headgate.steps.term import Term
from tests.bundle.test_forged import resigned
from tests.steps.builders import balances
from tests.whole.several import several, several_bundle, several_document
from tests.whole.small import pages


def test_a_stranger_derives_every_term_from_one_bundle() -> None:
    """Calls, use and rounds of the first term, of the second, and of the third as far as it is."""
    verdict = verify(several_bundle(), pages)
    assert () == verdict.faults
    assert verdict.term is not None
    assert (2, several().root()) == (verdict.term.index, verdict.term.root())
    assert {"award-list", "round", "reallocation"} <= verdict.decisions.keys()


@pytest.mark.parametrize(
    ("what", "about", "code"),
    [
        (What.TURN, "", "events"),
        (What.CLOSE_CALL, "hours", "events"),
        (What.CLOSE_ROUND, "final", "events"),
        (What.METER, "", "entry-count"),
    ],
)
def test_no_event_of_any_term_can_be_left_out(what: What, about: str, code: str) -> None:
    """What stands in the calendar is missed there; the newest event, in the journal."""
    lines = several_bundle()[EVENTS].splitlines(keepends=True)
    number = max(n for n, e in enumerate(several().taken) if (e.what, e.about) == (what, about))
    left = b"".join(lines[:number] + lines[number + 1 :])
    forged = resigned({**several_bundle(), EVENTS: left}, list(several().entries))
    assert code in {fault.code for fault in verify(forged, pages).faults}


@pytest.mark.parametrize(
    "path",
    [
        "facts/evidence/stage.jsonl",
        "facts/applications/hours.jsonl",
        "facts/usage/2026-12-01.jsonl",
        "decisions/reallocation.jsonl",
    ],
)
def test_a_changed_byte_of_any_term_is_named(path: str) -> None:
    """A fact of the first term is as safe as one of the last."""
    files = several_bundle()
    files[path] = files[path].replace(b"1", b"2", 1)
    assert [path] == [fault.file for fault in verify(files, pages).faults]


@pytest.mark.parametrize("path", ["evidence/stage", "usage/2026-12-01"])
def test_a_fact_of_any_term_that_was_rewritten_and_signed_is_derived_otherwise(path: str) -> None:
    """Who signs another history finds that the rules give another journal, or refuse it."""
    files, name = several_bundle(), f"facts/{path}.jsonl"
    files[name] = b"".join(files[name].splitlines(keepends=True)[:-1])
    found = verify(resigned(files, list(several().entries)), pages).faults
    derived = {"entry-derived", "not-derivable", "item-not-run"}
    assert derived & {fault.code for fault in found}


def used(term: Term) -> int:
    """GPU-seconds that the ledger holds as used since the first day."""
    return sum(
        credit - debit for path, (debit, credit) in balances(term).items() if "/use/" in path
    )


def test_each_term_is_told_its_own_figures() -> None:
    """What every term granted, used and took back is what the ledger moved in it, and adds up."""
    told = [uses_of(past, {}) for past in pasts_of(several())]
    for uses in told:
        assert all(0 <= one.unused for one in uses)
        assert all(one.granted == one.used - one.over + one.back + one.unused for one in uses)
    sums = [sum(one.used for one in uses) for uses in told]
    first, second = map(used, several().ended)
    assert [first, second - first, used(several()) - second] == sums
    assert 0 < min(sums[:2])
    envelopes = [
        {line.holder: line.promised for line in summary.supports[0].holders}
        for summary in summaries_of(several(), {})
    ]
    supplied = [
        {
            t.credit: t.amount
            for t in several().books.history()
            if t.id.startswith("envelope:compute:") and t.id.endswith(f":{index}")
        }
        for index in (0, 1)
    ]
    account = Accounts("compute").envelope
    assert supplied == [{account(h): n for h, n in one.items()} for one in envelopes]


def test_each_term_has_its_page_and_the_newest_has_the_standings_of_all() -> None:
    """A page tells of its own term's calls and rounds; what was said of an earlier one stays."""
    one, two = summaries_of(several(), {})
    assert ("alliance", "open") == tuple(call.id for call in one.calls)
    assert ("hours",) == tuple(call.id for call in two.calls)
    assert [("stage",), ("final",)] == [tuple(r.id for r in s.rounds) for s in (one, two)]
    assert ((), ("stage",)) == (one.earlier, tuple(r.id for r in two.earlier))
    made = report_pages(several(), {})
    newest, first = (made[name].decode() for name in ("report.html", "terms/1/report.html"))
    assert "The stage evaluation" in newest.partition('id="history"')[2]
    assert 'id="history"' not in first
    assert 'href="terms/1/report.html"' in newest
    days = [LOCALES["en"].day(day) for day in (one.past.starts, one.past.ends)]
    assert f"Term 1, {' to '.join(days)}" in newest
    assert 'href="terms/1/report.ko.html"' in made["report.ko.html"].decode()
    assert 'id="earlier"' not in first
    assert 2 * 3 == len(made)
    turned = several().ended[-1]
    assert made["terms/1/report.html"] == report_pages(_turned(turned), {})["terms/1/report.html"]


def _turned(term: Term) -> Term:
    """A term right after it turned, taken again from what was received."""
    facts = {
        name: read_facts(name, name.split("/")[0], fact.data)
        for name, fact in several().facts.items()
    }
    events = several().taken[: len(term.taken) + 1]
    return replay(term.document, events, Recorded(facts))


def test_the_rounds_of_all_terms_can_stand_in_a_later_rounds_history() -> None:
    """Each as it was decided last, with its day."""
    told = [(one.round, one.on) for one in earlier_of(several(), "root")]
    assert [("stage", date(2026, 9, 1)), ("final", date(2027, 2, 15))] == told


def test_a_call_of_a_later_term_opens_while_an_earlier_one_runs() -> None:
    """It is decided on the first day of its own: then it is known what goes on and what is free."""
    assert [] == check(several_document())
    days = {e.what: e.day for e in several().taken if e.about == "hours"}
    assert date(2026, 7, 10) == days[What.OPEN_CALL]
    assert date(2026, 8, 1) == days[What.CLOSE_CALL]
    assert date(2026, 9, 1) == days[What.DECIDE_CALL]
    awards = [h for h in several().ended[1].holdings.values() if h.call == "hours"]
    assert awards
    assert {date(2026, 9, 1)} == {h.starts for h in awards}
    ordered = {d.subject.partition("@")[0] for d in several().decisions if d.step == "order"}
    assert {h.award for h in awards} <= ordered
