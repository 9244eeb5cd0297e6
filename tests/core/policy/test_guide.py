"""What the guide to writing a programme shows can be written so, and does what it says."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from headgate.core.awards import ChangeKind
from headgate.core.calls.application import Application, Organisation, Request
from headgate.core.policy.check import check
from headgate.core.policy.dated import at
from headgate.core.policy.document import PROGRAMME, Document
from headgate.core.policy.schema import Policy
from headgate.steps.adopt import adopt, open_term
from headgate.steps.agenda import first_day
from headgate.steps.awards import award
from headgate.steps.term import Term
from tests.bad.test_bad_programmes import good, sections
from tests.steps.builders import fielded, settle

GUIDE = Path(__file__).parents[3] / "docs" / "using" / "programme.md"
CHAPTER = "## First come, reserves, vouchers in money\n"
KEPT = ("headgate", "from", "source", "status", "programme", "organisations")
"""What of the good programme stands around an example; the rest it brings, or does without."""
BORROWED = ("supports", "holders", "envelopes")


def example(number: int) -> Document:
    """An example of the chapter in the good programme of the tests, with no calls but its own."""
    chapter = GUIDE.read_text("utf-8").partition(CHAPTER)[2].partition("\n## ")[0]
    shown = re.findall(r"(?ms)^```yaml\n(.*?)^```$", chapter)
    assert 3 == len(shown)
    own, around = sections(shown[number]), sections(good()[PROGRAMME])
    said = [around[name] for name in KEPT]
    said += [own.get(name, around[name]) for name in BORROWED]
    texts = {name: text for name, text in good().items() if name.startswith("law/")}
    return Document.read({**texts, PROGRAMME: "".join([*said, own["calls"]])})


def policy_of(document: Document) -> Policy:
    """The policy on the first day of its term."""
    assert [] == check(document)
    return at(document, date(2026, 3, 1)).policy


def applied(name: str, call: str, blocks: int, at: str, kind: str = "firm") -> Application:
    """Who asks a call for so many blocks of h200, all or nothing."""
    organisation = Organisation(f"org-{name}", kind, "small", "KR-11", None, {"youth_led": False})
    requests = (Request("h200", blocks, blocks),)
    return Application(name, call, at, organisation, (), requests, 2, {})


def begun(document: Document) -> Term:
    """The term of a policy, its supply divided."""
    day = date(2026, 1, 5)
    return open_term(adopt(document, day, first_day(document), "policy owner"), day)


def given(document: Document, call: str, applications: Iterable[Application]) -> dict[str, int]:
    """Blocks of everybody who is awarded some by a call."""
    term, field = fielded(begun(document), [*applications], {}, call)
    term, plan = settle(term, field)
    term = award(term, field, plan, [()])
    return {name: holding.blocks for name, holding in sorted(term.holdings.items())}


def test_weekly_calls_leave_no_day_without_one_and_the_first_who_came_goes_first() -> None:
    """Forty apply for four places: those who came first have them, whoever was drawn."""
    document = example(0)
    calls = [*policy_of(document).calls.values()]
    assert 16 == len(calls)
    for before, after in pairwise(calls):
        assert before.closes + timedelta(days=1) == after.opens
    minutes = [f"2026-03-03T09:{(minute * 7) % 40:02}:00Z" for minute in range(40)]
    came = [applied(f"a{n:02}", "weekly", 50, when) for n, when in enumerate(minutes)]
    first = {a.id for a in sorted(came, key=lambda a: a.at)[:4]}
    assert dict.fromkeys(sorted(first), 50) == given(document, "weekly", came)
    _, field = fielded(begun(document), came, {}, "weekly")
    _, plan = settle(begun(document), field)
    told = [change.kind for reason in plan.reasons for change in reason.nearest]
    assert ChangeKind.FEWER_BLOCKS not in told
    assert ChangeKind.HIGHER_SCORE not in told


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ("first_come, lot", {"early": 3, "later": 1}),
        ("smaller_request, first_come, lot", {"early": 1, "later": 3}),
    ],
)
def test_the_size_of_a_request_breaks_ties_only_where_the_policy_says_so(
    ties: str, expected: dict[str, int]
) -> None:
    """Four blocks for an early request of at most four and a later one of three: who is raised?"""
    text = example(0).texts[PROGRAMME]
    for old, new in (
        ("offered: 2000, cap_blocks: 50", "offered: 40, cap_blocks: 4"),
        (
            "ties: [first_come, lot]",
            f"partial_awards: true\n    extra_block_worth: 0\n    ties: [{ties}]",
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    document = Document.read({**example(0).texts, PROGRAMME: text})
    came = [
        replace(applied(name, "weekly", 1, at), requests=(Request("h200", 1, most),))
        for name, most, at in (
            ("later", 3, "2026-03-03T09:01:00Z"),
            ("early", 4, "2026-03-03T09:00:00Z"),
        )
    ]
    assert expected == given(document, "weekly", came)


def test_a_reserve_is_out_of_reach_until_a_call_releases_it() -> None:
    """A fifth of eighty GPUs is two nodes; the call for it gives them, to whoever may apply."""
    document = example(1)
    policy_of(document)
    came = [applied(f"a{n}", "release", 1, f"2026-05-02T09:00:0{n}Z") for n in range(2)]
    came.append(applied("u", "release", 1, "2026-05-02T09:00:09Z", "university"))
    term = begun(document)
    held = {name: b.credits_posted for name, b in term.books.balances.items() if "envelope" in name}
    reserve = held["compute/envelope/reserve"]
    assert Fraction(1, 5) == Fraction(reserve, sum(held.values()))
    assert 2 == len(given(document, "release", came))


def test_a_voucher_buys_the_same_money_of_each_class() -> None:
    """Caps come from money and tariffs; envelopes divide the money; a third of it is billed."""
    policy = policy_of(example(2))
    call, support = policy.calls["vouchers"], policy.supports["compute"]
    worth = {}
    for kind, terms in call.classes.items():
        amount = support.amount(call.block, terms.cap_blocks, 0)
        worth[kind] = support.price(kind, amount), amount * support.rate(kind)
    assert {"h200", "a100"} == worth.keys()
    assert {(Fraction(30_000_000), 576_000_000)} == set(worth.values())
    assert call.fee is not None
    assert Fraction(1, 3) == Fraction(call.fee.base)
