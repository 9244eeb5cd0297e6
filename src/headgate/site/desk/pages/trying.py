"""What if: a call's list under other caps, weights, pass mark or envelopes, beside the list as is.

The form becomes an overlay like that of `headgate simulate`, and the board is asked under it. The
address holds what was asked, so a variant can be passed on; nothing is kept and nothing decided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.faults import Faulty
from headgate.core.ledger.transfer import Refusal
from headgate.core.policy.schema import Policy
from headgate.site.desk.board import Board, wanted
from headgate.site.desk.clock import now
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.pages.telling import at_the_desk, told_award, words
from headgate.site.desk.remembered import remembered
from headgate.site.portal.forms import WholeField
from headgate.site.portal.reading import speaker_of
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE
from headgate.site.portal.words import language, told_fault
from headgate.steps.awards import ProposalRefused
from headgate.steps.term import LedgerRefused

MOST: Final = 1_000_000
_LIMITS: Final = {
    Refusal.EXCEEDS_CREDITS: lazy("more would be taken from an account than it holds"),
    Refusal.EXCEEDS_DEBITS: lazy("more would be given back to an account than it gave"),
    Refusal.OVERFLOWS_ACCOUNT: lazy("the amounts are larger than an account can hold"),
    Refusal.DEBIT_ACCOUNT_UNKNOWN: lazy("there is no account under these values to take it from"),
    Refusal.CREDIT_ACCOUNT_UNKNOWN: lazy("there is no account under these values to give it to"),
}
"""What a moved value can make the ledger refuse; anything else is told by its code."""
_NO_LIST: Final = lazy(
    "The list that was found for these values breaks a rule or may be too far from the best. Move"
    " the values less, or try again."
)


@dataclass(frozen=True, slots=True)
class Lever:
    """One value of the policy that can be tried otherwise: its field, its path, its words."""

    field: str
    path: str
    label: str
    value: int


def levers(rules: CallNow) -> Iterator[Lever]:
    """What can be tried of a call, with its values as they are."""
    call, base, say = rules.call, f"calls.{rules.id}", speaker_of(rules.policy, language())
    for name, offered in call.classes.items():
        label = _("Cap of one application in %s, blocks") % say.class_known(name)
        yield Lever(f"cap-{name}", f"{base}.classes.{name}.cap_blocks", label, offered.cap_blocks)
    for one in call.criteria:
        label = _("Weight of %s") % words(one.name)
        yield Lever(f"weight-{one.id}", f"{base}.criteria.{one.id}.weight", label, one.weight)
    if call.criteria:
        label = _("Pass mark, points of 100")
        yield Lever("pass_mark", f"{base}.pass_mark", label, call.pass_mark or 0)
    yield from _shares(rules.policy, call.support)


def _shares(policy: Policy, support: str) -> Iterator[Lever]:
    say = speaker_of(policy, language())
    envelopes = policy.envelopes.get(support)
    for holder, share in envelopes.shares.items() if envelopes else ():
        told = {"holder": say.holder(holder), "whole": envelopes.of if envelopes else 0}
        label = _("Share of %(holder)s, of %(whole)s") % told
        yield Lever(f"share-{holder}", f"envelopes.{support}.shares.{holder}", label, share)


class WhatIfForm(forms.Form):
    """Every lever, as it is in the policy."""

    def __init__(self, offered: list[Lever], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in offered:
            self.fields[one.field] = WholeField(
                label=one.label, min_value=0, max_value=MOST, initial=one.value, required=False
            )


def overlay(rules: CallNow, changed: Mapping[str, int]) -> str:
    """The changes as an overlay on the policy, from the day on which the call opens."""
    lines = [f"  {path}: {value}" for path, value in changed.items()]
    head = ("overlay: tried", "because: {en: Tried on the award board.}")
    return "\n".join([*head, f"from: {rules.call.opens}", "onwards: true", "set:", *lines, ""])


@at_the_desk
def what_if(request: HttpRequest, call: str) -> HttpResponse:
    """The form of a call's levers, and the two lists side by side once one was moved."""
    rules = call_now(call)
    if not rules.received or rules.decided:
        return render(request, "desk/what_if.html", {"call": rules, "name": words(rules.call.name)})
    offered = list(levers(rules))
    asked = {one.field: request.GET.get(one.field, str(one.value)) for one in offered}
    form = WhatIfForm(offered, asked)
    context: dict[str, Any] = {"call": rules, "name": words(rules.call.name), "form": form}
    if form.is_valid():
        given = {one.path: (form.cleaned_data[one.field], one.value) for one in offered}
        changed = {p: new for p, (new, old) in given.items() if new is not None and new != old}
        if changed:
            context |= _tried(rules, changed)
    return render(request, "desk/what_if.html", context)


def _tried(rules: CallNow, changed: Mapping[str, int]) -> dict[str, Any]:
    """The list as it is and under the changes, or why there is none under them."""
    text = overlay(rules, changed)
    both = {**wanted(), **wanted({"tried.yaml": text})}
    try:
        as_is, other = remembered(rules, now(rules), both)
    except Faulty as faulty:
        return {"overlay": text, "why": [told_fault(fault) for fault in faulty.faults]}
    except LedgerRefused as refused:
        return {"overlay": text, "why": list(_refused(refused))}
    except ProposalRefused:
        return {"overlay": text, "why": [_NO_LIST]}
    return {"overlay": text, **_beside(rules, as_is, other)}


def _refused(refused: LedgerRefused) -> Iterator[str]:
    """What the ledger refuses of a list, transfer by transfer."""
    yield _("The ledger cannot carry this list: give less where you gave more.")
    for transfer, why in refused.refused.items():
        told = _LIMITS.get(why) or why.name.lower().replace("_", "-")
        yield _("The ledger refuses %(transfer)s: %(why)s") % {"transfer": transfer, "why": told}


def _beside(rules: CallNow, as_is: Board, other: Board) -> dict[str, Any]:
    """Every application that either list awards, what each gives it, and how the lists compare."""
    given = [
        {one.application: told_award(rules, one.pool, one.blocks) for one in board.plan["awards"]}
        for board in (as_is, other)
    ]
    rows = [
        (name, given[0].get(name, "–"), given[1].get(name, "–"))
        for name in sorted(given[0].keys() | given[1].keys())
    ]
    changed = [row for row in rows if row[1] != row[2]]
    return {"rows": rows, "changed": len(changed), "as_is": as_is.plan, "tried": other.plan}


PAGES: Final = (
    Page("boards/<slug:call>/what-if/", "what_if", what_if, OFFICE, sample=(("call", "open-1"),)),
)
