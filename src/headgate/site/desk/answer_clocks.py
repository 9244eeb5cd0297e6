"""What the office waits for once a list was told: answers of who moved up, and signatures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils.translation import ngettext

from headgate.core.policy.schema import Call
from headgate.site.desk.clock import Clock, now
from headgate.site.desk.models import AgreementSignature, AwardList, Side
from headgate.site.desk.office import CallNow
from headgate.site.desk.turns import Asked, accept_by, turns_of
from headgate.site.portal.words import language

Rules = Mapping[str, CallNow]


def name_of(call: Call) -> str:
    """A call in the reader's language."""
    return call.name.say(language())


def of_lists(rules: Rules, every: Sequence[AwardList]) -> Iterator[Clock]:
    """The clocks of the lists that were told, for whoever decides."""
    told = [(rules[one.call], one) for one in every if one.told is not None and one.call in rules]
    waiting = [(call, listed) for call, listed in told if not call.decided]
    yield from _moved_up(waiting)
    yield from _agreements(waiting)


def _moved_up(told: Iterable[tuple[CallNow, AwardList]]) -> Iterator[Clock]:
    """Whoever moved up and has not answered yet: the call waits for them."""
    for call, listed in told:
        if not listed.turns:
            continue
        asked = Asked(call, listed, now())
        if asked.last is not None and (number := len(asked.silent)):
            title = ngettext(
                "%(call)s: last day for %(n)s who moved up to take the award",
                "%(call)s: last day for %(n)s who moved up to take their awards",
                number,
            )
            yield _of_answers("moved-up", call, title, number, asked.last)


def _agreements(told: Sequence[tuple[CallNow, AwardList]]) -> Iterator[Clock]:
    """Agreements that their holders have signed, and the office has not."""
    agreed = [call.id for call, _listed in told if call.call.agreement is not None]
    if not agreed:
        return
    signed = AgreementSignature.objects.filter(dossier__call__in=agreed)
    office = signed.filter(side=Side.OFFICE, dossier=OuterRef("dossier"), digest=OuterRef("digest"))
    waiting = signed.filter(~Exists(office), side=Side.HOLDER)
    numbers = dict(waiting.order_by().values_list("dossier__call").annotate(Count("pk")))
    for call, listed in told:
        number = numbers.get(call.id, 0)
        last = accept_by(call, turns_of(listed)[-1].told) if number else None
        if last is not None:
            title = ngettext(
                "%(call)s: %(n)s agreement waits for the office’s signature",
                "%(call)s: %(n)s agreements wait for the office’s signature",
                number,
            )
            yield _of_answers("agreements", call, title, number, last)


def _of_answers(uid: str, call: CallNow, title: str, number: int, last: date) -> Clock:
    """A clock of so many, whose page is that of the answers to a call."""
    told = title % {"call": name_of(call.call), "n": number}
    return Clock(f"{uid}-{call.id}", told, last, reverse("answers", args=(call.id,)))
