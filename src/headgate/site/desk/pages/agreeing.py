"""The agreement on an award: read as a page or a print, and signed by both sides."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headgate.core.quantities import add_months
from headgate.report.blocks import Document, Items, Paragraph, Section, table
from headgate.report.speaker import Speaker
from headgate.site.actions.sign_agreement import sign_agreement, sign_agreements
from headgate.site.desk.agreement import Agreed, agreement_of, moved_up, sides, taken
from headgate.site.desk.clock import now
from headgate.site.desk.models import (
    LEAD_PARTS,
    AgreementSignature,
    AwardList,
    Dossier,
    Organisation,
    Side,
)
from headgate.site.desk.office import CallNow, acts_for, call_now, leads_of
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    reader,
    told_award,
    words,
)
from headgate.site.desk.turns import Asked, Turn, accept_by, turn_of
from headgate.site.portal import reading
from headgate.site.portal.lists import PAGE_ROWS
from headgate.site.portal.pages.rounds import print_of, printed
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN, OFFICE, Role, decides, roles_of
from headgate.site.portal.words import language, moment


@at_the_desk
def agreement(request: HttpRequest, code: str) -> HttpResponse:
    """One agreement to those who have a part in it, and to the office."""
    person = reader(request)
    found = Dossier.objects.select_related("lead", "alliance").filter(code=code).first()
    holds = found is not None and acts_for(person, found.lead)
    if found is None or not ((holds and Role.APPLICANT in roles_of(person)) or _is_office(person)):
        raise Http404
    rules = call_now(found.call)
    listed = AwardList.objects.filter(call=found.call, told__isnull=False).first()
    agreed = agreement_of(rules, found, listed) if listed is not None else None
    if listed is None or agreed is None:
        raise Http404
    if request.method == "POST":
        side = Side.HOLDER if holds else Side.OFFICE
        sign_agreement(person, code, side, request.POST.get("digest", ""), now())
        messages.success(request, _("You have signed the agreement."))
        return redirect("agreement", code=code)
    signed, turn = sides(found, agreed.digest), turn_of(listed, code)
    since = turn.told if turn is not None else now()
    told = document(rules, agreed, signed, rules.day(since))
    if request.GET.get("format") == "pdf":
        return printed(print_of(told, language()), f"{code}-agreement")
    last, may = accept_by(rules, since), holds or decides(person)
    context = {
        "code": code,
        "told": told,
        "digest": agreed.digest,
        "last": _say(rules).locale.day(last) if last else "",
        "may": may and (Side.HOLDER if holds else Side.OFFICE) not in signed and not rules.decided,
        "lacks": {side: side not in signed and not rules.decided for side in Side.values},
    }
    return render(request, "desk/agreement.html", context)


@at_the_desk
def answers(request: HttpRequest, call: str) -> HttpResponse:
    """How the winners of a list that was told have answered, and which agreements the office signs.

    Those that wait for it are picked by their rows, each with what is signed; of many the first.
    """
    if request.method == "POST":
        _sign_for_the_office(request)
        return redirect("answers", call=call)
    rules, person = call_now(call), reader(request)
    context = {"call": rules, "name": words(rules.call.name)}
    told = AwardList.objects.filter(call=rules.id, told__isnull=False).first()
    if told is not None:
        asked = Asked(rules, told, now())
        gave = Counter(asked.answers[code] for code in told.winners if code in asked.answers)
        signed = [(one, agreed, sides(one, agreed.digest)) for one, agreed in taken(rules, told)]
        waiting = [
            (one, agreed.digest)
            for one, agreed, by in signed
            if Side.HOLDER in by and Side.OFFICE not in by
        ]
        last, silent = accept_by(rules, told.told), len(told.winners) - gave.total()
        context |= {
            "told": told,
            "took": gave[True],
            "left": gave[False],
            "silent": silent,
            "moved_up": list(_moved_up(asked)),
            "ready": not (rules.decided or asked.is_open or asked.makes_room),
            "holders": sum(Side.HOLDER not in by for *_, by in signed),
            "office": len(waiting),
            "first": [] if rules.decided else waiting[:PAGE_ROWS],
            "may": decides(person),
            "last": figures().day(last) if last else "",
        }
    return render(request, "desk/answers.html", context)


def _moved_up(asked: Asked) -> Iterator[Any]:
    """Who moved up, turn by turn: for whom, until when, with what, and how they have answered.

    Whoever has not answered comes first; of many the first.
    """
    rules, came, locale = asked.rules, moved_up(asked.listed), _say(asked.rules).locale
    heads = [_("Application"), _("Organisation"), _("Support"), _("Answer")]
    for number, turn in enumerate(asked.turns[1:], 1):
        shown = sorted(turn.who, key=lambda code: (code in asked.answers, code))[:PAGE_ROWS]
        leads = leads_of(Dossier.objects.filter(code__in=shown))
        rows = [
            (c, leads.get(c, ""), told_award(rules, *came[c]), _answer(asked, c)) for c in shown
        ]
        caption = _("Moved up on %(day)s") % {"day": locale.day(rules.day(turn.told))}
        if rows:
            yield table(f"moved-up-{number}", caption, heads, rows, texts=frozenset(range(4)))
        yield Paragraph(" ".join(_said_of(asked, turn)))


def _said_of(asked: Asked, turn: Turn) -> Iterator[str]:
    """What is said of a turn beside its table."""
    locale = _say(asked.rules).locale
    gone = ", ".join(code for code in turn.left if code in asked.everybody)
    yield _("In place of: %(codes)s.") % {"codes": gone}
    if not turn.who:
        yield _("Nobody on standby can take it, so that what they give up stays in the pool.")
    elif turn == asked.turns[-1] and asked.silent and asked.last is not None:
        yield _("They may until %(last)s, that day included.") % {"last": locale.day(asked.last)}
    if len(turn.who) > PAGE_ROWS:
        count = {"shown": locale.whole(PAGE_ROWS), "awarded": locale.whole(len(turn.who))}
        yield _("The first %(shown)s of %(awarded)s awards are shown here.") % count


def _answer(asked: Asked, code: str) -> str:
    """How somebody who was asked has answered."""
    answer = asked.answers.get(code)
    if answer is False:
        return _("Given up")
    if code in asked.before | asked.left:
        return _("Let the days pass")
    return _("Taken") if answer else _("Not answered yet")


def _sign_for_the_office(request: HttpRequest) -> None:
    """Sign every agreement that was picked, each by the SHA-256 that its row had."""
    rows = (one.partition(" ") for one in request.POST.getlist("agreement"))
    picked = {code: digest for code, _blank, digest in rows}
    sign_agreements(reader(request), picked, Side.OFFICE, now())
    told = ngettext(
        "%(n)s agreement is signed for the office.",
        "%(n)s agreements are signed for the office.",
        len(picked),
    )
    messages.success(request, told % {"n": figures().whole(len(picked))})


def _is_office(person: Any) -> bool:
    return not roles_of(person).isdisjoint(OFFICE)


def _say(rules: CallNow) -> Speaker:
    return reading.speaker_of(rules.policy, language())


def document(
    rules: CallNow, agreed: Agreed, signed: Mapping[str, AgreementSignature], on: date
) -> Document:
    """The agreement in the reader's language; what is signed is the same in all of them."""
    say, says = _say(rules), agreed.says
    title = _("Agreement on the award %(code)s") % {"code": says["application"]}
    footer = _("SHA-256 of what is signed: %(digest)s") % {"digest": agreed.digest}
    sections = (
        Section("parties", _("Parties"), (_parties(says),)),
        Section("support", _("Support"), (_support(rules, says, say),)),
        Section("obligations", _("Obligations of the holder"), (_obligations(rules),)),
        Section("signatures", _("Signatures"), (_signatures(signed),)),
    )
    return Document(title, say.text(rules.policy.programme.name), footer, on, sections)


def _parties(says: Mapping[str, Any]) -> Any:
    members = {one["organisation"]: one for one in says["members"]}
    named = Organisation.objects.filter(code__in=[says["holder"], *members])
    names = dict(named.values_list("code", "name"))
    lead = _("Lead of the alliance") if members else _("Holder")
    rows = [(names.get(says["holder"], ""), says["holder"], lead, str(LEAD_PARTS))]
    for code, one in members.items():
        rows.append((names.get(code, ""), code, one["role"], str(one["parts"])))
    heads = [_("Organisation"), _("Code"), _("Role"), _("Parts of the support")]
    shown = slice(None) if says["members"] else slice(3)
    cells, texts = [row[shown] for row in rows], frozenset({1, 2})
    return table("parties", _("Who the award is for"), heads[shown], cells, texts=texts)


def _support(rules: CallNow, says: Mapping[str, Any], say: Speaker) -> Any:
    starts = date.fromisoformat(says["starts"])
    ends = add_months(starts, says["months"])
    rows = [
        (_("Call"), words(rules.call.name)),
        (_("Support"), told_award(rules, says["class"], says["blocks"])),
        (_("From"), say.locale.day(starts)),
        (_("Until before"), say.locale.day(ends)),
        (_("Handed in, SHA-256"), says["received"]),
    ]
    heads = [_("What"), _("Agreed")]
    return table("support", _("What is given"), heads, rows, texts=frozenset({1}))


def _obligations(rules: CallNow) -> Items:
    agreement = rules.call.agreement
    return Items(tuple(words(text) for text in agreement.obligations.values()) if agreement else ())


def _signatures(signed: Mapping[str, AgreementSignature]) -> Any:
    rows = []
    for side, name in ((Side.HOLDER, _("Holder")), (Side.OFFICE, _("Office"))):
        one = signed.get(side)
        who = str(one.person or "") if one else ""
        rows.append((name, who, moment(one.at) if one else _("not signed yet")))
    heads = [_("Side"), _("Person"), _("When")]
    return table("signatures", _("Who has signed"), heads, rows, texts=frozenset({1, 2}))


_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page(
        "boards/<slug:call>/answers/",
        "answers",
        answers,
        frozenset(OFFICE),
        _BOTH,
        sample=(("call", "open-1"),),
    ),
    Page(
        "agreements/<slug:code>/",
        "agreement",
        agreement,
        ANYBODY_SIGNED_IN,
        _BOTH,
        sample=(("code", "open-1-0001"),),
    ),
)
