"""The public pages: what was promised and attained, the calls, every award with its reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.policy.schema import Call, Policy
from headgate.core.supports.kind import Accounts
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars
from headgate.report.speaker import Speaker
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.lists import Choice, Column, download, journal_state, kept, listing
from headgate.site.portal.outcomes import Applicant, applicants, why
from headgate.site.portal.pages.running import drawn
from headgate.site.portal.reading import Made, clocks
from headgate.site.portal.registry import Page
from headgate.site.portal.words import language, next_call, outcome_tag, outcome_word
from headgate.site.records.kept import Stands
from headgate.site.reports.statement import Account, accounts

SAMPLE: Final = (("call", "open-1"),)


def _speaker(policy: Policy) -> Speaker:
    """Who speaks in the reader's language."""
    return reading.speaker_of(policy, language())


def _begun(request: HttpRequest) -> Stands | HttpResponse:
    """Where the programme stands, or the page that says that none has begun."""
    stood = reading.programme()
    return stood if stood is not None else render(request, "portal/not_begun.html")


def programme(request: HttpRequest) -> HttpResponse:
    """What the programme is: figures, promise and award by class of holders, the calls."""
    stood = _begun(request)
    if isinstance(stood, HttpResponse):
        return stood
    policy, made = reading.policy_of(stood), reading.decisions()
    say, held = _speaker(policy), _held(stood, policy)
    told = {
        "name": say.text(policy.programme.name),
        "starts": say.locale.day(stood.standing.starts),
        "ends": say.locale.day(stood.standing.ends),
        "figures": _figures(stood, len(made), say),
        "shares": [_shares(policy, support, made, held, say) for support in policy.envelopes],
        "calls": [_told(call_id, call, say, stood, made) for call_id, call in policy.calls.items()],
    }
    return render(request, "portal/programme.html", told)


def _figures(stood: Stands, decided: int, say: Speaker) -> list[tuple[str, str]]:
    figures = [
        (say.locale.whole(len(stood.holdings)), _("awards run now")),
        (say.locale.whole(decided), _("decisions that anyone can derive again")),
        (say.locale.whole(stood.size), _("entries in the public journal")),
    ]
    used = _used_by_unit(kept("used", stood.moved, lambda: list(reading.used().items())).rows)
    for place, unit in enumerate(sorted(used), start=1):
        what = _("%(unit)s used so far") % {"unit": say.unit(unit)}
        figures.insert(place, (say.amount(used[unit], unit), what))
    return figures


def _used_by_unit(found: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The units of a support's classes together: GPU-seconds, seconds of seats."""
    summed: dict[str, int] = {}
    for unit, amount in found:
        name = unit.partition(".")[0]
        summed[name] = summed.get(name, 0) + amount
    return summed


_Held = Mapping[tuple[str, str], int]
"""What a class of holders has of a support, in the support's measure."""


def _held(stood: Stands, policy: Policy) -> _Held:
    """What the running awards come to; those that are of one amount are counted together."""
    found: dict[tuple[str, str], int] = {}
    alike = Counter(map(attrgetter("support", "holder", "support_class", "amount"), stood.holdings))
    for (support, holder, kind, amount), number in alike.items():
        more = number * amount * policy.supports[support].rate(kind)
        found[support, holder] = found.get((support, holder), 0) + more
    return found


def _shares(
    policy: Policy, support: str, made: list[reading.Made], held: _Held, say: Speaker
) -> dict[str, Any]:
    """Promise and award of one support in its measure, as a chart and as the table beside it.

    Blocks of calls are not those of envelopes: what they come to can be compared.
    """
    envelopes, kind = policy.envelopes[support], policy.supports[support]
    decided = [m for m in made if m.step == "envelopes" and m.subject == support]
    promised = decided[-1].result["amounts"] if decided else {}
    legend = [say.say("series.promised"), say.say("series.awarded")]
    unit = say.unit(kind.measure)
    title = _("Promised and awarded for the running term, in %(unit)s") % {"unit": unit}
    rows, lines = [], []
    for holder, share in envelopes.shares.items():
        want, has = promised.get(holder, 0), held.get((support, holder), 0)
        parts = tuple(
            Part(place, amount, say.amount(amount, kind.measure))
            for place, amount in enumerate((want, has))
        )
        rows.append(Row(say.holder(holder), parts))
        amounts = (say.percent(share, envelopes.of), parts[0].text, parts[1].text)
        lines.append((say.holder(holder), *amounts, say.percent(has, want)))
    return {
        "name": say.text(kind.name),
        "drawing": bars(f"shares-{support}", title, rows, legend),
        "heads": [say.say("col.holder"), say.say("col.share"), *legend, _("Attained")],
        "lines": lines,
    }


def _told(
    call_id: str, call: Call, say: Speaker, stood: Stands, made: list[reading.Made]
) -> dict[str, Any]:
    on = today(stood)
    is_open = on <= call.closes and call_id not in reading.received(stood)
    phase = "coming" if on < call.opens else "open" if is_open else "review"
    decided = any((m.step, m.subject) == ("award-list", call_id) for m in made)
    return {
        "id": call_id,
        "name": say.text(call.name),
        "clocks": list(clocks(call, say.locale, on)),
        "phase": "decided" if decided else phase,
        "holders": ", ".join(map(say.holder, call.holders)),
        "offered": say.block(call.block, _blocks_offered(call)),
        "next": next((c for c in clocks(call, say.locale, on) if not c.passed), None),
    }


def _blocks_offered(call: Call) -> int:
    """What a call offers, in blocks; the policy's check lets through whole blocks only."""
    size = next(iter(call.block.values()))
    return sum(terms.offered for terms in call.classes.values()) // size


def calls(request: HttpRequest) -> HttpResponse:
    """Every call with its days."""
    stood = _begun(request)
    if isinstance(stood, HttpResponse):
        return stood
    policy, made = reading.policy_of(stood), reading.decisions()
    say = _speaker(policy)
    told = [_told(call_id, call, say, stood, made) for call_id, call in policy.calls.items()]
    context = {
        "calls": told,
        "is_open": any(one["phase"] == "open" for one in told),
        "next_call": next_call(policy.calls.values(), today(stood)),
    }
    return render(request, "portal/calls.html", context)


def _columns(say: Speaker, call: str, section: Call) -> list[Column[Applicant]]:
    def points(one: Applicant) -> str:
        return say.locale.points(one.score, 2) if one.score else say.say("none")

    def shown(one: Applicant) -> Any:
        return outcome_tag(one.outcome)

    return [
        Column(
            "application",
            lazy("Application"),
            lambda a: a.id,
            address=lambda a: reverse("award", args=(call, a.id)),
        ),
        Column(
            "holder", lazy("Class of holders"), lambda a: a.holder, lambda a: say.holder(a.holder)
        ),
        Column("outcome", lazy("Outcome"), lambda a: a.outcome, shown),
        Column(
            "class", lazy("Class"), lambda a: a.pool, lambda a: say.class_known(a.pool), roomy=True
        ),
        Column(
            "blocks", lazy("Blocks"), lambda a: a.blocks, lambda a: say.locale.whole(a.blocks), True
        ),
        Column("score", lazy("Score"), lambda a: a.score, points, True),
        Column("reason", lazy("Reason"), lambda a: why(section, a, say)),
    ]


def _best_first(made: Iterable[Made], call: str) -> list[Applicant]:
    """Everybody who applied to a call: who is awarded first, then by score."""
    found = applicants(made, call).values()
    return sorted(found, key=lambda one: (not one.is_awarded, -one.score, one.id))


def call(request: HttpRequest, call: str) -> HttpResponseBase:
    """One call: its days, what came of it, and every application's outcome with its reason."""
    stood = _begun(request)
    if isinstance(stood, HttpResponse):
        return stood
    policy = reading.policy_of(stood)
    if call not in policy.calls:
        raise Http404
    say, section = _speaker(policy), policy.calls[call]
    made = reading.decisions()
    follows = stood.document.digest, stood.standing.starts, reading.followed(made)
    rows = kept(f"call {call}", follows, lambda: _best_first(made, call))
    found = rows.rows
    columns = _columns(say, call, section)
    outcomes = dict.fromkeys(one.outcome for one in found)
    choices = [
        Choice("outcome", lazy("Outcome"), tuple((o, outcome_word(o)) for o in outcomes)),
        Choice(
            "holder", lazy("Class of holders"), tuple((h, say.holder(h)) for h in section.holders)
        ),
    ]
    if file := download(request, f"awards-{call}", rows, columns, choices, journal_state):
        return file
    told = _told(call, section, say, stood, made)
    awarded = [one for one in found if one.is_awarded]
    figures = [
        (say.locale.whole(len(found)), _("applications")),
        (say.locale.whole(sum(not one.refused for one in found)), _("eligible")),
        (say.locale.whole(len(awarded)), _("awarded")),
        (say.locale.whole(sum(one.blocks for one in awarded)), say.blocks_of(section.block)),
    ]
    told |= {"figures": figures if found else []}
    return render(
        request,
        "portal/call.html",
        {"call": told, "listing": listing(request, rows, columns, choices)},
    )


def award(request: HttpRequest, call: str, application: str) -> HttpResponse:
    """One application: what became of it, why, and what moved on its account."""
    stood = _begun(request)
    if isinstance(stood, HttpResponse):
        return stood
    policy, made = reading.policy_of(stood), reading.decisions()
    found = applicants(made, call) if call in policy.calls else {}
    if application not in found:
        raise Http404
    say, one = _speaker(policy), found[application]
    return render(
        request,
        "portal/award.html",
        {
            "one": one,
            "call": _told(call, policy.calls[call], say, stood, made),
            "holder": say.holder(one.holder),
            "tag": outcome_tag(one.outcome),
            "score": say.locale.points(one.score, 2) if one.score else "",
            "blocks": say.block(policy.calls[call].block, one.blocks),
            "class": say.class_known(one.pool),
            "why": why(policy.calls[call], one, say),
            "runs": stood.runs(application),
            **(_statement(one, policy.calls[call], say) if one.is_awarded else {}),
        },
    )


def _statement(one: Applicant, section: Call, say: Speaker) -> dict[str, Any]:
    """What was granted, has gone, is reserved and is left, and what was drawn: one query."""
    kept = Accounts(section.support)
    paths = {kept.award(one.id, name): name for name in section.classes}
    energy = [kept.energy(one.id, support_class) for support_class in section.classes]
    found = {account.path: account for account in accounts(reading.DATABASE, [*paths, *energy])}
    return {
        "lines": [
            _line(found[path], say.class_known(name), say)
            for path, name in paths.items()
            if path in found
        ],
        "energy": [" ".join(drawn(found[path], say)) for path in energy if path in found],
    }


def _line(account: Account, name: str, say: Speaker) -> dict[str, Any]:
    now, unit = account.balance, account.unit
    left = now.credits_posted - now.debits_posted - now.debits_pending
    amounts = (now.credits_posted, now.debits_posted, now.debits_pending, left)
    return {
        "class": name,
        "account": account.path,
        "unit": say.unit(unit),
        "amounts": [say.amount(amount, unit) for amount in amounts],
        "gone": say.percent(now.debits_posted, now.credits_posted),
    }


def journal(request: HttpRequest) -> HttpResponse:
    """The head of the journal, and how anybody verifies it."""
    stood = _begun(request)
    if isinstance(stood, HttpResponse):
        return stood
    say = _speaker(reading.policy_of(stood))
    newest = "SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1"
    latest = "SELECT seq, kind, at, subject FROM entry ORDER BY seq DESC LIMIT 10"
    told = {
        "size": say.locale.whole(stood.size),
        "digest": stood.document.digest,
        "checkpoints": reading.DATABASE.rows(newest),
        "entries": reading.DATABASE.rows(latest),
    }
    return render(request, "portal/journal.html", told)


PAGES: Final = (
    Page("", "programme", programme, title=lazy("Programme"), ahead=(None,)),
    Page("calls/", "calls", calls, title=lazy("Calls and awards")),
    Page("calls/<slug:call>/", "call", call, sample=SAMPLE),
    Page(
        "calls/<slug:call>/<slug:application>/",
        "award",
        award,
        sample=(*SAMPLE, ("application", "open-1-0001")),
    ),
    Page("journal/", "journal", journal, title=lazy("Journal")),
)
