"""A notice in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headgate.core.duties.amendment import Change
from headgate.core.evaluation.decide import Decision, Reason, TeamDecision
from headgate.core.policy.schema import Policy
from headgate.core.quantities import seconds_of
from headgate.core.reallocation.restored import Restored
from headgate.report.section_round import why as round_why
from headgate.report.speaker import Speaker
from headgate.site.desk.amending import CHANGES
from headgate.site.notices.models import Notice
from headgate.site.portal import reading
from headgate.site.portal.outcomes import Applicant, why
from headgate.site.portal.reading import zone_of
from headgate.site.portal.words import EVENTS, language, outcome_word, zone_name
from headgate.site.records.kept import Stands


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice in one language: its subject, its sentences, and the page it leads to."""

    subject: str
    lines: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class _Words:
    """What a notice is told with."""

    facts: Mapping[str, Any]
    policy: Policy
    say: Speaker

    @property
    def call(self) -> str:
        """The call's name, or its id where the policy has it no more."""
        found = self.policy.calls.get(self.facts.get("call", ""))
        return self.say.text(found.name) if found is not None else self.facts.get("call", "")

    def day(self, name: str) -> str:
        """A day of the facts; empty where there is none."""
        text = self.facts.get(name)
        return self.say.locale.day(date.fromisoformat(text)) if text else ""

    def filled(self, text: str) -> str:
        """A sentence with the facts in it."""
        return text % {**self.facts, "call": self.call}


def letter(notice: Notice) -> Letter:
    """A notice in the language that is active."""
    return letters([notice])[0]


def letters(notices: Sequence[Notice]) -> list[Letter]:
    """Notices in the language that is active, told as the programme stands; one query."""
    stood = reading.programme()
    return [_letter(notice, stood) for notice in notices]


def _letter(notice: Notice, stood: Stands | None) -> Letter:
    if stood is None or notice.kind not in KINDS:
        return Letter(notice.kind, (), reverse("home"))
    policy = reading.policy_of(stood)
    say = reading.speaker_of(policy, language())
    return KINDS[notice.kind](_Words(notice.facts, policy, say))


def _application(words: _Words) -> str:
    return reverse("application", args=(words.facts["dossier"],))


def _told(words: _Words) -> Letter:
    """The result as two persons have signed it, with what may be done and until when."""
    facts = words.facts
    if facts["won"]:
        subject = _("%(code)s: an award")
    elif facts["standby"]:
        subject = _("%(code)s: no award yet, it waits for a place")
    else:
        subject = _("%(code)s: no award")
    accept = _("Take the award or give it up by %(day)s.") % {"day": words.day("accept_by")}
    sign = _("Then read its agreement and sign it: both sides sign within the same days.")
    appeal = _("You may object by %(day)s.") % {"day": words.day("object_by")}
    lines = [
        *_because(words),
        *([_moved_up()] if facts.get("moved_up") else ()),
        *([accept] if facts["won"] and facts["accept_by"] else ()),
        *([sign] if facts.get("agreement") else ()),
        *([appeal] if facts["object_by"] else ()),
    ]
    return Letter(words.filled(subject), tuple(lines), _application(words))


def _decided(words: _Words) -> Letter:
    """The result as it stands in the journal."""
    outcome = str(outcome_word(words.facts["outcome"]))
    subject = _("%(code)s is decided: %(outcome)s") % {
        "code": words.facts["code"],
        "outcome": outcome,
    }
    told = _("The decision stands in the public journal; anybody can derive it again.")
    up = [_moved_up()] if words.facts.get("moved_up") else []
    past = _("The standby list of this call is closed: nobody moves up on it any more.")
    lines = *_because(words), *up, *([past] if words.facts.get("stood_by") else ()), told
    return Letter(subject, lines, _application(words))


def _moved_up() -> str:
    return _("It waited on standby and moved up: an award before it was given up.")


def _because(words: _Words) -> tuple[str, ...]:
    """The call, the reason and the score, as far as there are any."""
    facts = words.facts
    score, told_by = facts["score"], ("findings", "place", "reason")
    known = {name: facts[name] for name in told_by if facts.get(name)}
    applicant = Applicant(facts["code"], facts["call"], "", score=score or 0, **known)
    told = words.say.locale.points(score) if score is not None else ""
    found = [
        words.call,
        why(words.policy.calls[facts["call"]], applicant, words.say),
        _("Score: %(points)s of 100.") % {"points": told} if told else "",
    ]
    return tuple(filter(None, found))


def _closing(words: _Words) -> Letter:
    """When a call closes: as its last day ends where the programme is."""
    end = datetime.fromtimestamp(seconds_of(words.facts["closes"]) - 1, UTC)
    there = end.astimezone(zone_of(words.policy))
    told = {"day": words.say.locale.day(there.date()), "zone": zone_name(there)}
    lines = (
        _("The call closes when %(day)s ends (%(zone)s).") % told,
        _("Your draft is not handed in."),
    )
    return Letter(words.filled(_("%(call)s closes soon")), lines, _application(words))


def _consent(words: _Words) -> Letter:
    asked = words.filled(_("It is asked of %(member)s.")) if "member" in words.facts else ""
    missing = _("Without the consent of every member it cannot be handed in.")
    lines = tuple(filter(None, (words.call, asked, missing)))
    subject = words.filled(_("%(lead)s asks for your consent to “%(title)s”"))
    return Letter(subject, lines, reverse("applications"))


def _entry(words: _Words) -> Letter:
    told = _("%(member)s would enter with %(parts)s parts. It enters only if you agree.")
    parts = words.say.locale.whole(words.facts["parts"])
    lines = (words.call, told % {"member": words.facts["member"], "parts": parts})
    subject = words.filled(_("%(lead)s asks you to enter the award %(code)s"))
    return Letter(subject, lines, reverse("applications"))


def _lead_asked(words: _Words) -> Letter:
    subject = words.filled(_("%(name)s: you are asked to agree that %(member)s leads it"))
    line = words.filled(
        _("%(lead)s leads the alliance until then. Nothing changes unless you agree.")
    )
    return Letter(subject, (line,), reverse("alliance", args=(words.facts["alliance"],)))


def _lead_changed(words: _Words) -> Letter:
    subject = words.filled(_("%(name)s: %(member)s leads the alliance now"))
    before = words.filled(_("%(before)s led it before."))
    acts = _("It acts for its applications and awards from now on; these stay as they are.")
    return Letter(subject, (before, acts), reverse("alliance", args=(words.facts["alliance"],)))


def _sign(words: _Words) -> Letter:
    line = _("Two persons sign an award list, and nobody who reviewed.")
    last = _("The result is to be told by %(day)s.") % {"day": words.day("by")}
    subject = words.filled(_("%(call)s: the award list waits for a signature"))
    lines = (line, last) if words.facts.get("by") else (line,)
    return Letter(subject, lines, reverse("board", args=(words.facts["call"],)))


def _seat(words: _Words) -> Letter:
    lines = (words.call, _("Declare first whether anything ties you to the applicants."))
    subject = words.filled(_("You are asked to review %(code)s"))
    return Letter(subject, lines, reverse("review", args=(words.facts["code"],)))


def _finding(words: _Words) -> Letter:
    lines = (words.facts["remark"], _("You may reply before it is decided."))
    told = {"gate": _gate(words), "code": words.facts["code"]}
    subject = _("A finding on the gate %(gate)s of %(code)s") % told
    return Letter(subject, tuple(filter(None, lines)), _application(words))


def _gate(words: _Words) -> str:
    """A gate by its name in the policy."""
    call, gate = words.policy.calls.get(words.facts.get("call", "")), words.facts["gate"]
    names = [one.name for one in call.gates if one.id == gate] if call is not None else []
    return words.say.text(names[0]) if names else str(gate)


def _objection(words: _Words) -> Letter:
    line = _("Answer it by %(day)s.") % {"day": words.day("by")}
    subject = words.filled(_("%(call)s: an objection to the result of %(code)s"))
    return Letter(subject, (line,), reverse("board", args=(words.facts["call"],)))


def _answered(words: _Words) -> Letter:
    held = _("It is upheld.") if words.facts["upheld"] else _("It is not upheld.")
    subject = words.filled(_("Your objection about %(code)s is answered"))
    return Letter(subject, (held, words.facts["answer"]), _application(words))


def _round(words: _Words) -> str:
    return reverse("round-hearing", args=(words.facts["round"],))


def _round_finding(words: _Words) -> Letter:
    reply = _("Reply by %(day)s, that day included.") % {"day": words.day("by")}
    subject = words.filled(_("%(team)s: a finding on a gate of the round"))
    return Letter(subject, tuple(filter(None, (words.facts["remark"], reply))), _round(words))


def _round_decided(words: _Words) -> Letter:
    """A team's result, why, and until when it may object."""
    facts, section = words.facts, words.policy.rounds[words.facts["round"]]
    decision = Decision(facts["decision"])
    lines = [words.say.code("decision", decision)]
    if "reason" in facts:
        found = TeamDecision("", decision, Reason(facts["reason"]), tuple(facts["names"]))
        lines.append(round_why(section, found, words.say))
    if facts["by"]:
        lines.append(_("You may object by %(day)s.") % {"day": words.day("by")})
    again, once = _("%(team)s: the round is decided again"), _("%(team)s: the round is decided")
    subject = words.filled(again if facts.get("again") else once)
    return Letter(subject, tuple(lines), reverse("round-own", args=(facts["round"],)))


def _round_objection(words: _Words) -> Letter:
    line = _("Answer it by %(day)s.") % {"day": words.day("by")}
    return Letter(words.filled(_("%(team)s objects to the round")), (line,), _round(words))


def _round_answered(words: _Words) -> Letter:
    upheld = _("It is upheld: the round was decided again.")
    held = upheld if words.facts["upheld"] else _("It is not upheld.")
    subject = words.filled(_("%(team)s: your objection to the round is answered"))
    return Letter(subject, (held, words.facts["answer"]), _round(words))


def _round_restored(words: _Words) -> Letter:
    """What a team has back of what it was due, and what it is still owed."""
    facts, say = words.facts, words.say
    given = {"given": say.locale.whole(facts["blocks"]), "owed": say.locale.whole(facts["owed"])}
    lines = [say.code("restored", Restored(facts["outcome"]))]
    lines.append(_("Blocks given: %(given)s. Blocks still owed: %(owed)s.") % given)
    subject = words.filled(_("%(team)s: what the round owes you"))
    return Letter(subject, tuple(lines), reverse("round-own", args=(facts["round"],)))


def _event(words: _Words) -> Letter:
    facts, policy = words.facts, words.policy
    about = facts["about"]
    named = policy.calls.get(about) or policy.rounds.get(about) or policy.supports.get(about)
    told = {
        "what": str(EVENTS[facts["what"]]),
        "about": words.say.text(named.name) if named is not None else about,
        "day": words.day("day"),
    }
    line = _("It is due on %(day)s.") % told
    return Letter(_("%(what)s: %(about)s") % told, (line,), reverse("calendar"))


def _award(words: _Words) -> str:
    return reverse("running-award", args=(words.facts["code"],))


def _idle(words: _Words) -> Letter:
    """What the rule on idle rights would take, and until when it may be explained."""
    facts = words.facts
    told = {
        "taken": words.say.amount(facts["taken"], facts["unit"]),
        "unit": words.say.unit(facts["unit"]),
        "looks": words.day("looks"),
        "last": words.day("last"),
    }
    lines = [_("The rule on idle rights would take back %(taken)s %(unit)s on %(looks)s.") % told]
    if facts["last"]:
        lines.append(_("You may explain until %(last)s.") % told)
    return Letter(words.filled(_("%(code)s lies idle")), tuple(lines), _award(words))


def _taken(words: _Words) -> Letter:
    """What the rule on idle rights took back, and what an explanation spared."""
    facts, amount = words.facts, words.say.amount
    told = {name: amount(facts[name], facts["unit"]) for name in ("taken", "spared")}
    told |= {"unit": words.say.unit(facts["unit"]), "day": words.day("day")}
    lines = [_("The rule on idle rights took back %(taken)s %(unit)s on %(day)s.") % told]
    if facts["spared"]:
        lines.append(_("Your explanation spared %(spared)s %(unit)s.") % told)
    lines.append(_("The decision stands in the public journal; anybody can derive it again."))
    return Letter(words.filled(_("%(code)s: idle rights")), tuple(lines), _award(words))


def _asked(words: _Words) -> Letter:
    told = {"code": words.facts["code"], "what": CHANGES[words.facts["change"]]}
    line = _("Answer it by %(day)s.") % {"day": words.day("by")}
    return Letter(_("%(code)s: %(what)s") % told, (words.call, line), _award(words))


def _amended(words: _Words) -> Letter:
    told = {"code": words.facts["code"], "what": CHANGES[words.facts["change"]]}
    if words.facts["change"] == Change.SUSPENSION:
        shut = _("Its jobs start no more until what is overdue is paid.")
        title = _("%(code)s is suspended: its fee is overdue") % told
        return Letter(title, (words.facts["answer"], shut), _award(words))
    subject = _("%(code)s is answered: %(what)s") % told
    granted, not_granted = _("It is granted."), _("It is not granted.")
    if words.facts["change"] == Change.REPORT:
        granted, not_granted = _("It is accepted."), _("It is sent back: hand it in again.")
    held = granted if words.facts["granted"] else not_granted
    lines = tuple(filter(None, (held, words.facts["answer"])))
    return Letter(subject, lines, _award(words))


def _report(words: _Words) -> Letter:
    """A report by its name in the policy."""
    facts = words.facts
    report = _report_name(words, facts["call"], facts["report"])
    told = {"code": facts["code"], "report": report, "day": words.day("day")}
    line = (
        _("It was due on %(day)s.") % told if facts["late"] else _("It is due on %(day)s.") % told
    )
    return Letter(_("%(code)s: %(report)s") % told, (words.call, line), _award(words))


def _report_name(words: _Words, call_id: str, report: str) -> str:
    """What a report of a call's awards is called; its id where the policy has it no more."""
    call = words.policy.calls.get(call_id)
    listed = call.running.reports if call is not None and call.running is not None else ()
    return next((words.say.text(one.name) for one in listed if one.id == report), report)


def _reports_late(words: _Words) -> Letter:
    """What nobody handed in by a day, to the office: the awards, by the report's name."""
    codes, owed = words.facts["codes"], dict[str, list[str]]()
    named = zip(words.facts.get("calls", ()), words.facts.get("reports", ()), strict=True)
    for code, (call, report) in zip(codes, named, strict=False):
        owed.setdefault(_report_name(words, call, report), []).append(code)
    subject = ngettext(
        "%(n)s report that was due on %(day)s is late",
        "%(n)s reports that were due on %(day)s are late",
        len(codes),
    ) % {"n": words.say.locale.whole(len(codes)), "day": words.day("day")}
    lines = tuple(f"{name}: {', '.join(late)}" for name, late in owed.items())
    return Letter(subject, lines or (", ".join(codes),), reverse("running-awards"))


def _invoice(words: _Words) -> Letter:
    """A fee that is owed, or a credit note."""
    address, lines = _owed(words)
    told = {"number": words.facts["number"]}
    title = _("Credit note %(number)s") if words.facts["amount"] < 0 else _("Invoice %(number)s")
    last = _("It is to be paid by %(day)s.") % {"day": words.day("day")}
    return Letter(title % told, (*lines, *((last,) if words.facts["day"] else ())), address)


def _invoice_late(words: _Words) -> Letter:
    """A fee that was not paid in time."""
    address, lines = _owed(words)
    subject = words.filled(_("Invoice %(number)s is overdue"))
    last = _("It was due on %(day)s.") % {"day": words.day("day")}
    if from_day := words.day("suspends"):
        told = _("If it is not paid, the award may be suspended from %(day)s.")
        lines = (*lines, last, told % {"day": from_day})
        return Letter(subject, lines, address)
    return Letter(subject, (*lines, last), address)


def _lifted(words: _Words) -> Letter:
    """A suspension has ended, because what was overdue is paid."""
    line = _("What was overdue is paid: its jobs start again.")
    return Letter(words.filled(_("%(code)s runs again")), (line,), _award(words))


def _owed(words: _Words) -> tuple[str, tuple[str, ...]]:
    """Where an invoice is, and what it is about."""
    facts, say = words.facts, words.say
    money = {"money": say.locale.currency(abs(facts["amount"]), say.currency)}
    line = _("%(money)s are credited.") if facts["amount"] < 0 else _("%(money)s are owed.")
    about = f"{words.call} – {facts['code']}"
    return reverse("invoice", args=(facts["number"],)), (about, line % money)


def _unattended(words: _Words) -> Letter:
    """Nobody acts for a holder or an applicant any more."""
    subject = words.filled(_("%(name)s: nobody acts for it any more"))
    line = _(
        "It holds an award or waits for a decision, and the last person who acted for it has left."
        " Find out who does now, and let them act for it."
    )
    return Letter(subject, (line,), reverse("organisation", args=(words.facts["organisation"],)))


KINDS: Final[Mapping[str, Callable[[_Words], Letter]]] = {
    "told": _told,
    "decided": _decided,
    "closing": _closing,
    "consent": _consent,
    "entry": _entry,
    "lead-asked": _lead_asked,
    "lead-changed": _lead_changed,
    "sign": _sign,
    "seat": _seat,
    "finding": _finding,
    "objection": _objection,
    "answered": _answered,
    "event": _event,
    "idle": _idle,
    "taken": _taken,
    "asked": _asked,
    "amended": _amended,
    "report": _report,
    "reports-late": _reports_late,
    "unattended": _unattended,
    "invoice": _invoice,
    "invoice-late": _invoice_late,
    "lifted": _lifted,
    "round-finding": _round_finding,
    "round-decided": _round_decided,
    "round-objection": _round_objection,
    "round-answered": _round_answered,
    "round-restored": _round_restored,
}
"""How each kind of notice is told."""
