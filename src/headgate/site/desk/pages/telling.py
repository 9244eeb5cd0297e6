"""What the pages of the desk share: words in the reader's language, and how a refusal is told."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from headgate.core.calls.form import AnswerFault
from headgate.core.calls.screening import Finding, Refusal
from headgate.core.duties.amendment import AmendmentFault
from headgate.core.duties.payments import PaymentFault
from headgate.core.faults import Faulty, Sentence
from headgate.core.ledger.refused import Refused
from headgate.core.policy.expressions import Failure
from headgate.core.policy.schema import Call
from headgate.core.supports.text import Text
from headgate.report.locale import LOCALES, Locale
from headgate.site.agents.refusals import AgentRefusal
from headgate.site.desk.amending import MENDED
from headgate.site.desk.dossiers import FormFault, because, members_of
from headgate.site.desk.invoices import MENDED as PAYING
from headgate.site.desk.models import LEAD_PARTS, Dossier
from headgate.site.desk.office import CallNow, names_of
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal import typed
from headgate.site.portal.models import Person
from headgate.site.portal.reading import policy_of, programme, speaker_of
from headgate.site.portal.words import language, told, told_fault

View = Callable[..., HttpResponseBase]
FAULTS_SHOWN: Final = 20
"""Faults of a file that a page names; the rest are counted."""

SCREENED: Final[dict[Refusal, str]] = {
    Refusal.BAD_ID: noop("Its id cannot stand in the journal."),
    Refusal.BAD_INSTANT: noop("The moment at which it came in is unknown."),
    Refusal.EARLY: noop("The call is not open yet."),
    Refusal.LATE: noop("The call has closed."),
    Refusal.DUPLICATE: noop("Another application has its id."),
    Refusal.UNKNOWN_KIND: noop("The kind or size of an organisation is not in the policy."),
    Refusal.UNKNOWN_CLASS: noop("The call does not offer this class."),
    Refusal.CLASS_TWICE: noop("A class is requested twice."),
    Refusal.REQUEST_NOT_POSITIVE: noop("Ask for at least one block, and at least one month."),
    Refusal.ABOVE_CAP: noop("More is asked for than one application may have."),
    Refusal.TERM_TOO_LONG: noop("More months are asked for than the call gives."),
    Refusal.NO_HOLDER: noop("No class of holders of the policy fits the applicant."),
    Refusal.HOLDER_NOT_INVITED: noop("The call is not for this class of holders."),
    Refusal.RULE: noop("A rule of the call refuses it."),
    Refusal.GATE: noop("A gate of the call is not open."),
}
"""What each refusal of screening says to an applicant."""


ANSWERED: Final[dict[AnswerFault, str]] = {
    AnswerFault.MISSING: noop("Answer this question."),
    AnswerFault.UNKNOWN: noop("The form has no such question: leave it out."),
    AnswerFault.NOT_PLAIN: noop("Write plain text on one line, of at most 4,000 characters."),
    AnswerFault.NOT_INTEGER: noop("Write a whole number in digits."),
    AnswerFault.NOT_BOOLEAN: noop("Answer yes or no."),
    AnswerFault.NOT_DATE: noop("Write a day as YYYY-MM-DD."),
    AnswerFault.NOT_ATTACHED: noop("Attach this document."),
}
"""What mends each fault of an answer."""


HIDDEN: Final = (DeskRefusal.NOT_YOURS, DeskRefusal.CALL_UNKNOWN, DeskRefusal.NOT_ASSIGNED)
"""Refusals of what somebody may not even know of: on a page that is opened, there is none."""

IN_WORDS: Final = (DeskRefusal.NOT_ELIGIBLE,)
"""Refusals whose page has in words what they are about: its codes are for nobody there."""


def told_answer(call: Call, fault: FormFault) -> str:
    """One fault of a form: the question in the reader's language, and what mends it."""
    where, what = fault
    asked = call.fields.get(where) or call.attachments.get(where)
    return f"{words(asked.name) if asked else where}: {_(ANSWERED[what])}"


def reader(request: HttpRequest) -> Person:
    """Who asks: the table of pages has let nobody in without an account."""
    if not isinstance(request.user, Person):
        raise PermissionDenied
    return request.user


def typed_before(request: HttpRequest) -> dict[str, str]:
    """What was typed into this page's form before and could not be taken."""
    before: dict[str, str] = getattr(request, "typed", {})
    return before


def words(text: Text | None) -> str:
    """A text of the policy in the reader's language."""
    return "" if text is None else text.say(language())


def number(text: str | None) -> int:
    """A number of a form; -1 where it is none, which nothing has."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else -1


def figures() -> Locale:
    """How numbers are written in the reader's language."""
    return LOCALES[language()]


def alike(per_mille: int) -> str:
    """How alike two texts are, in the reader's language."""
    return figures().percent(Fraction(per_mille, 1000))


def told_finding(rules: CallNow, finding: Finding) -> str:
    """One reason against an application: the policy's own words where it has some."""
    _rule, depends, fact = finding.rule.partition(f"? {Failure.MISSING_FACT.value}: ")
    if depends:
        asked = rules.call.fields.get(fact) or rules.policy.organisations.fields.get(fact)
        question = words(asked.name) if asked is not None else fact
        return _("It depends on the answer to: %(question)s") % {"question": question}
    if finding.refusal is Refusal.REQUEST_NOT_POSITIVE:
        return _(SCREENED[finding.refusal])
    own = words(because(rules.policy, rules.id, finding))
    if own:
        return own
    say = speaker_of(rules.policy, language())
    if finding.refusal is Refusal.HOLDER_NOT_INVITED:
        about = say.holder(finding.rule)
    else:
        about = say.class_of(rules.policy.supports[rules.call.support], finding.rule)
    return f"{_(SCREENED[finding.refusal])} ({about})".replace(" ()", "")


def told_contents(rules: CallNow, dossier: Dossier) -> list[tuple[str, str]]:
    """All that an application asks for and answers, in the reader's language."""
    say = speaker_of(rules.policy, language())
    block = partial(say.block, rules.call.block)
    support = rules.policy.supports[rules.call.support]
    told = [(_("Months"), figures().whole(dossier.months))]
    for one in dossier.requests:
        least, most = block(one["least"]), block(one["most"])
        between = _("%(least)s to %(most)s") % {"least": least, "most": most}
        told.append((say.class_of(support, one["class"]), least if least == most else between))
    if dossier.alliance is not None:
        parts = ", ".join(_parts(dossier, rules.call.support))
        told[:0] = [(_("Alliance"), str(dossier.alliance)), (_("Parts of the support"), parts)]
    return [*told, *_told_answers(rules.call, dossier)]


def _parts(dossier: Dossier, support: str) -> Iterator[str]:
    """Who of an alliance has how many parts of a support, as it is now."""
    yield f"{dossier.lead}: {LEAD_PARTS}"
    for one in members_of(dossier.alliance):
        yield f"{one.organisation}: {one.parts_of(support)}"


def _told_answers(call: Call, dossier: Dossier) -> list[tuple[str, str]]:
    """The questions of the form with the answers, in the reader's language."""
    found = []
    for name, asked in call.fields.items():
        value = dossier.answers.get(name, "")
        yes = value if isinstance(value, bool) else {"yes": True, "no": False}.get(str(value))
        told = str(value) if yes is None else _("Yes") if yes else _("No")
        found.append((words(asked.name), told))
    return found


def told_refusal(refused: Refused) -> str:
    """Why something was not done, and what mends it; of many things, which one was refused."""
    return ": ".join([*getattr(refused, "__notes__", ()), _told_refusal(refused)])


def _told_refusal(refused: Refused) -> str:
    if isinstance(refused.reason, AmendmentFault):
        return _(MENDED[refused.reason])
    if isinstance(refused.reason, PaymentFault):
        return _(PAYING[refused.reason])
    ours = isinstance(refused.reason, DeskRefusal | AgentRefusal)
    mend = _(refused.reason.value) if ours else str(refused)
    named = refused.about and refused.reason not in IN_WORDS
    return f"{mend} ({told_about(refused)})" if named else mend


def told_about(refused: Refused) -> str:
    """What a refusal is about, in its reader's language, by names where codes have one.

    Whoever guesses a code that is not theirs is told no name for it.
    """
    if isinstance(refused.about, Sentence):
        return told(refused.about)
    if refused.reason in HIDDEN:
        return refused.about
    codes = refused.about.split(", ")
    names = {**names_of(codes), **_names_in_policy()}
    return ", ".join(names.get(code, code) for code in codes)


def _names_in_policy() -> dict[str, str]:
    """Names of the policy's calls and rounds, and of what these ask for, by their codes; of two
    things of one code neither.
    """
    stood = programme()
    if stood is None:
        return {}
    policy, found = policy_of(stood), dict[str, set[str]]()
    named: list[tuple[str, Text]] = []
    for call in policy.calls.values():
        named += [(code, asked.name) for code, asked in call.fields.items()]
        named += [(code, asked.name) for code, asked in call.attachments.items()]
        named += [(gate.id, gate.name) for gate in call.gates]
    for round_ in policy.rounds.values():
        named += [(gate.id, gate.name) for gate in round_.gates]
        named += [(pillar.id, pillar.name) for pillar in round_.pillars]
    named += [(code, call.name) for code, call in policy.calls.items()]
    named += [(code, round_.name) for code, round_ in policy.rounds.items()]
    for code, name in named:
        found.setdefault(code, set()).add(words(name))
    return {code: name for code, (name, *others) in found.items() if not others}


def tell_faults(request: HttpRequest, faulty: Faulty) -> None:
    """What is wrong with a file that was sent, row by row, on the page that it was sent from."""
    typed.keep(request)
    for fault in faulty.faults[:FAULTS_SHOWN]:
        messages.error(request, told_fault(fault))
    if (more := len(faulty.faults) - FAULTS_SHOWN) > 0:
        messages.error(request, _("%(n)s more faults.") % {"n": more})


def at_the_desk(view: View) -> View:
    """Tell a refusal as a page, or on the page that the form was sent from: nothing is lost.

    What was typed there before and could not be taken is handed to the view as `request.typed`.
    """

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        before = typed.kept(request) if request.method == "GET" else {}
        request.typed = before  # type: ignore[attr-defined]
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            if request.method == "POST":
                typed.keep(request)
                messages.error(request, told_refusal(refused))
                return HttpResponseRedirect(request.path)
            if refused.reason in HIDDEN:
                raise Http404 from None
            if refused.reason is DeskRefusal.NO_PROGRAMME:
                return render(request, "portal/not_begun.html")
            why = told_refusal(refused)
        except Faulty as faulty:
            why = "; ".join(map(told_fault, faulty.faults[:FAULTS_SHOWN]))
        return render(request, "desk/refused.html", {"why": why}, status=HTTPStatus.CONFLICT)

    return told


def told_award(rules: CallNow, support_class: str, blocks: int) -> str:
    """Class and blocks of an award in the reader's words."""
    say, support = speaker_of(rules.policy, language()), rules.policy.supports[rules.call.support]
    return f"{say.class_of(support, support_class)}: {say.block(rules.call.block, blocks)}"
