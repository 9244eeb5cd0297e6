"""What the office waits for once a list was told: answers of who moved up, and signatures."""

from collections.abc import Iterator, Mapping, Sequence

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
    yield from _moved_up(rules, every)
    yield from _agreements(rules, every)


def _moved_up(rules: Rules, every: Sequence[AwardList]) -> Iterator[Clock]:
    """Whoever moved up and has not answered yet: the call waits for them."""
    for listed in every:
        if not listed.turns or rules[listed.call].decided:
            continue
        asked = Asked(rules[listed.call], listed, now())
        if asked.last is not None and (number := len(asked.silent)):
            title = ngettext(
                "%(call)s: last day for %(n)s who moved up to take the award",
                "%(call)s: last day for %(n)s who moved up to take their awards",
                number,
            ) % {"call": name_of(rules[listed.call].call), "n": number}
            where = reverse("answers", args=(listed.call,))
            yield Clock(f"moved-up-{listed.call}", title, asked.last, where)


def _agreements(rules: Rules, every: Sequence[AwardList]) -> Iterator[Clock]:
    """Agreements that their holders have signed, and the office has not."""
    calls = [rules[one.call] for one in every if one.told is not None and one.call in rules]
    agreed = [one.id for one in calls if one.call.agreement is not None and not one.decided]
    if not agreed:
        return
    signed = AgreementSignature.objects.filter(dossier__call__in=agreed)
    office = signed.filter(side=Side.OFFICE, dossier=OuterRef("dossier"), digest=OuterRef("digest"))
    waiting = signed.filter(~Exists(office), side=Side.HOLDER)
    numbers = dict(waiting.order_by().values_list("dossier__call").annotate(Count("pk")))
    for listed in every:
        number = numbers.get(listed.call, 0)
        last = accept_by(rules[listed.call], turns_of(listed)[-1].told) if number else None
        if last is not None:
            title = ngettext(
                "%(call)s: %(n)s agreement waits for the office’s signature",
                "%(call)s: %(n)s agreements wait for the office’s signature",
                number,
            ) % {"call": name_of(rules[listed.call].call), "n": number}
            where = reverse("answers", args=(listed.call,))
            yield Clock(f"agreements-{listed.call}", title, last, where)
