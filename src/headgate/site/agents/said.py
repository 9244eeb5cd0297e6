"""What agents told, in the reader's language: faults of a look, and fields of quotas.

Agents speak English, in closed sets of sentences; a page says the same sentence in its reader's
language, what it is about stays as it was told. What is in no set is quoted.
"""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.enforcement.engine import Action, Change, Quota, QuotaState
from headgate.core.enforcement.orders import OrdersRefusal
from headgate.core.enforcement.plan import Owner, Refusal, differing
from headgate.core.enforcement.receipt import Trouble
from headgate.core.quantities import HOUR_SECONDS
from headgate.engines.kueue.drift import What
from headgate.engines.slurm.sacct import MENDS
from headgate.report.locale import LOCALES
from headgate.site.portal.words import instant, language, whole

SENTENCES: Final = frozenset(
    one.value for group in (Trouble, Refusal, OrdersRefusal, What) for one in group
)
"""What an agent can find wrong, in its own words; `MENDS` are those that say what to do."""

OWNERS: Final[dict[Owner, Promise]] = {
    Owner.AWARD: lazy("the award"),
    Owner.LEDGER: lazy("the ledger"),
    Owner.POLICY: lazy("the policy"),
    Owner.SITE: lazy("the site"),
    Owner.DECISION: lazy("a decision"),
}
FIELDS: Final[dict[str, Promise]] = {
    "gpus_most": lazy("GPUs at once"),
    "gpu_seconds_budget": lazy("GPU-hours of the term"),
    "starts": lazy("Start"),
    "ends": lazy("End"),
    "state": lazy("State"),
    "holder": lazy("Class of holders"),
    "logins": lazy("Logins"),
    "shares": lazy("Shares"),
}
STATES: Final[dict[QuotaState, Promise]] = {
    QuotaState.OPEN: lazy("open"),
    QuotaState.SUSPENDED: lazy("suspended"),
    QuotaState.PARTIAL: lazy("changed by another hand"),
}
ACTIONS: Final[dict[Action, Promise]] = {
    Action.ADD: lazy("add"),
    Action.CHANGE: lazy("change"),
    Action.REMOVE: lazy("take away"),
}
WHOLE: Final = frozenset({"gpus_most", "gpu_seconds_budget", "shares"})
REMOVED: Final = re.compile(
    r"(\d+) of (\d+) quotas would go, (\d+) may \((.*?)(?:; (\d+) more)?\)", re.DOTALL
)
"""What the refusal of a mass removal is about."""

PLACES: Final = 4
"""Of a GPU-hour that is not whole: a second more or less is seen."""


def fault(line: str) -> SafeString:
    """A line of a report: the sentence, what it is about and its code; else the line, quoted."""
    told, _line, mend = line.partition("\n    mend: ")
    text, _space, code = told.rpartition(" [")
    known = next((one for one in SENTENCES if text == one or text.endswith(f": {one}")), None)
    if known is None:
        said = format_html(_("The cluster says: {}"), format_html('<q lang="en">{}</q>', told))
    else:
        about = _about(text.removesuffix(known).removesuffix(": "))
        said = format_html("{}: {} [{}", about, _(known), code)
    return format_html("{} – {}", said, _(mend)) if mend in MENDS.values() else said


def _about(text: str) -> str:
    """What a sentence is about: names, but for the figures of a mass removal."""
    if found := REMOVED.fullmatch(text):
        *figures, names, more = found.groups()
        counts = zip(("gone", "held", "most"), (whole(int(one)) for one in figures), strict=True)
        rest = _("%(names)s and %(n)s more") % {"names": names, "n": whole(int(more or 0))}
        told = {**dict(counts), "names": rest if more else names}
        return _("%(gone)s of %(held)s quotas would go, and %(most)s may (%(names)s)") % told
    return text


def differences(
    change: Change, holder: Callable[[str], str], kind: Callable[[str], str]
) -> Iterator[tuple[str | Promise, ...]]:
    """Every field that a change is about: what is done, whose it is, of which class, its name, what
    is held and ordered, and who decides it. `holder` names a class of holders, `kind` one of a
    support.

    Of a quota that is added or taken away as a whole, how much it is says enough.
    """
    who = change.award or holder(change.holder)
    for one in differing(change):
        if change.action is Action.CHANGE or one.field in WHOLE:
            held, wanted = (_field(it, one.field, holder) for it in (change.held, change.wanted))
            told = FIELDS[one.field], held, wanted, OWNERS[one.owner]
            yield ACTIONS[change.action], who, kind(change.support_class), *told


def _field(quota: Quota | None, name: str, holder: Callable[[str], str]) -> str:
    """What a field of a quota holds; a dash for nothing, or without a quota."""
    value = None if quota is None else getattr(quota, name)
    match value:
        case None:
            return _("no limit") if quota is not None and name == "gpus_most" else "–"
        case QuotaState():
            return str(STATES[value])
        case int() if name == "gpu_seconds_budget":
            return hours(value)
        case int():
            return whole(value)
        case tuple():
            return ", ".join(value) or "–"
    shown = holder if name == "holder" else instant
    return shown(value) if value else "–"


def hours(gpu_seconds: int) -> str:
    """GPU-hours to the second: as many as there are, whole where they are whole."""
    places = PLACES if gpu_seconds % HOUR_SECONDS else 0
    return LOCALES[language()].fixed(Fraction(gpu_seconds, HOUR_SECONDS), places)
