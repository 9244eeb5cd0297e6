"""The centres' pages: how each cluster stands and what to do, and why a project's job waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.enforcement.engine import Change
from headgate.core.enforcement.receipt import Report
from headgate.core.quantities import instant_of, seconds_of
from headgate.core.supports.kind import JOULE
from headgate.engines.drive import Enforced
from headgate.report.speaker import shown_units
from headgate.site.actions.agents import allow, announce, end_outage, sites_of
from headgate.site.actions.take_in import READ
from headgate.site.agents.gone import gone
from headgate.site.agents.models import Agent, SignedList
from headgate.site.agents.projects import Project, on_record, projects, words
from headgate.site.agents.reading import announced, list_of, report_of, signed_lists
from headgate.site.agents.said import differences, fault
from headgate.site.desk.clock import coming
from headgate.site.desk.office import SITE
from headgate.site.desk.pages.telling import at_the_desk, reader
from headgate.site.desk.taking import let_happen
from headgate.site.portal.lists import Choice, Column, Kept, download, journal_state, listing
from headgate.site.portal.reading import policy_of, programme, speaker_of
from headgate.site.portal.registry import Group, Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN, STAFF, Role, is_staff, roles_of
from headgate.site.portal.words import EVENTS, day, language, tag, whole
from headgate.site.records.kept import Stands
from headgate.steps.event import What

CENTRES: Final = frozenset({What.METER, What.ENFORCE, What.RECLAIM})
"""The events that rest on what the centres told, or follow from it."""

SILENT_SECONDS: Final = 3_600
"""How long an agent may say nothing before its page says so."""

LATE_HOURS: Final = 24
"""How long use may not be told before its page says so."""

OUTCOMES: Final[dict[str, tuple[Promise, str]]] = {
    Enforced.NOTHING_TO_DO.value: (lazy("Holds its orders"), "green"),
    Enforced.CONVERGED.value: (lazy("Holds its orders"), "green"),
    Enforced.DRIFTING.value: (lazy("Holds something else"), "orange"),
    Enforced.REFUSED.value: (lazy("Not carried out"), "red"),
    Enforced.DOWN.value: (lazy("Cluster does not answer"), "red"),
}
"""How an agent's last look ended."""

FAULTS_MOST: Final = 50
TOLD_BY_AGENTS: Final = frozenset({"running", "energy"})
"""Columns of projects that only agents know anything of."""
ROWS_MOST: Final = 400
"""Of a plan that waits, or of what is otherwise, as a page shows it."""


@dataclass(frozen=True, slots=True)
class Centre:
    """One site as its card shows it."""

    agent: Agent
    listed: SignedList | None
    report: Report | None
    now: datetime

    @property
    def tag(self) -> Any:
        """How it stands, in one word."""
        if self.agent.revoked is not None:
            return tag(_("Credential ended"), "grey")
        if self.report is None:
            return tag(_("Never heard"), "grey")
        seen = self.agent.seen or self.agent.enrolled
        if (self.now - seen).total_seconds() > SILENT_SECONDS:
            return tag(_("Silent"), "red")
        return tag(*OUTCOMES.get(self.report.back.outcome, (lazy("Unknown"), "grey")))

    @property
    def behind(self) -> bool:
        """Whether the cluster follows another list than the one that was signed last."""
        return bool(self.listed and self.report and self.listed.digest != self.report.back.orders)

    @property
    def held(self) -> int | None:
        """How many quotas were read back; None where the last look did not come so far."""
        back = self.report.back if self.report else None
        return len(back.held) if back is not None and back.outcome in READ else None

    @property
    def lag_hours(self) -> int | None:
        """Since how many hours use has not been told; None before any was."""
        if not self.agent.looked:
            return None
        return max(0, int(self.now.timestamp()) - seconds_of(self.agent.looked)) // 3_600

    @property
    def late(self) -> bool:
        """Whether use has not been told for so long that somebody should see to it."""
        return (self.lag_hours or 0) >= LATE_HOURS

    @property
    def drift(self) -> list[tuple[str | Promise, ...]]:
        """Every field that is otherwise than ordered."""
        return _rows(self.report.drift if self.report else ())

    @property
    def planned(self) -> list[tuple[str | Promise, ...]]:
        """Every field that the plan which waits would change."""
        return _rows(self.report.planned if self.report else ())

    @property
    def faults(self) -> list[SafeString]:
        """What is to be seen to, in the reader's language."""
        return [fault(line) for line in self.report.faults[:FAULTS_MOST]] if self.report else []


def _rows(changes: Sequence[Change]) -> list[tuple[str | Promise, ...]]:
    stood = programme() if changes else None
    say = speaker_of(policy_of(stood), language()) if stood is not None else None
    names = (say.holder, say.class_known) if say is not None else (str, str)
    rows = (row for one in changes for row in differences(one, *names))
    return list(islice(rows, ROWS_MOST))


@at_the_desk
def clusters(request: HttpRequest) -> HttpResponse:
    """Every centre: how it stands, what waits for a word, what is otherwise, what is announced.

    Also those that the programme orders from and where no agent is.
    """
    now = datetime.now(UTC)
    if request.method == "POST":
        _deed(request, now)
        return redirect("clusters")
    lists = {one.site: one for one in SignedList.objects.all()}
    said = {site: list_of(one) for site, one in lists.items()}
    agents = list(Agent.objects.all())
    centres = [Centre(one, lists.get(one.site), report_of(one), now) for one in agents]
    awards = {order.quota.award for one in said.values() for order in one.orders}
    left, known = set(gone(SITE, awards)), {pair for one in said.values() for pair in one.gone}
    event, _moment_of_it = coming()
    told = {
        "centres": centres,
        "alone": sorted(_ordered_from(programme()) - {one.site for one in agents}),
        "outages": announced(now, said.values()),
        "left": len({person for _, person in left - known}) if said else 0,
        "signed": bool(lists),
        "event": event if event is not None and event.what in CENTRES else None,
        "what": EVENTS[event.what.value] if event is not None else "",
        "operates": Role.OPERATOR in roles_of(reader(request)),
    }
    return render(request, "agents/clusters.html", told)


def _ordered_from(stood: Stands | None) -> set[str]:
    """The sites of the running term; none before a programme was begun."""
    if stood is None:
        return set()
    return sites_of(policy_of(stood), stood.standing.starts, stood.holdings)


def _deed(request: HttpRequest, now: datetime) -> None:
    given, person = request.POST, reader(request)
    match given.get("deed"):
        case "take":
            _event, moment = coming()
            let_happen(person, given.get("event", ""), moment)
            messages.success(request, _("Done: it stands in the journal."))
        case "allow":
            allow(person, given.get("site", ""), given.get("plan", ""), now)
            messages.success(request, _("Allowed: the agent carries it out when it next looks."))
        case "announce":
            begins, ends = (_moment(given.get(name, "")) for name in ("begins", "ends"))
            if given.get("ends") and ends is None:
                begins = None
            announce(person, given.get("site", ""), begins, ends, given.get("text", ""), now)
            messages.success(request, _("Announced."))
        case "over":
            number = given.get("outage", "")
            end_outage(person, int(number) if number.isdecimal() and len(number) < 19 else 0, now)
            messages.success(request, _("Told to be over."))


def _moment(text: str) -> datetime | None:
    """A moment that was typed, in UTC; None for none."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _columns(named: Callable[[str], str]) -> list[Column[Project]]:
    kind = cache(named)

    def used(project: Project) -> int:
        return shown_units(project.standing.used, "gpu_second")

    def budget(project: Project) -> int:
        return shown_units(project.quota.gpu_seconds_budget, "gpu_second")

    def most(project: Project) -> str:
        gpus = project.quota.gpus_most
        return "–" if gpus is None else whole(gpus)

    def energy(project: Project) -> str:
        joules = project.joules
        return "–" if joules is None else whole(shown_units(joules, JOULE))

    return [
        Column("name", lazy("Project"), lambda p: p.name),
        Column("site", lazy("Site"), lambda p: p.site),
        Column("class", lazy("Class"), lambda p: kind(p.quota.support_class), roomy=True),
        Column("gpus", lazy("GPUs at once"), lambda p: p.quota.gpus_most or 0, most, figure=True),
        Column(
            "running",
            lazy("GPUs running"),
            lambda p: p.standing.running,
            lambda p: whole(p.standing.running),
            figure=True,
        ),
        Column("used", lazy("GPU-hours used"), used, lambda p: whole(used(p)), figure=True),
        Column(
            "budget",
            lazy("GPU-hours of the term"),
            budget,
            lambda p: whole(budget(p)),
            figure=True,
        ),
        Column("ends", lazy("Until"), lambda p: p.quota.ends[:10], lambda p: day(p.quota.ends)),
        Column("energy", lazy("Energy, kWh"), lambda p: p.joules or 0, energy, figure=True),
        Column("why", lazy("Why a job waits"), words()),
    ]


@at_the_desk
def projects_page(request: HttpRequest) -> HttpResponseBase:
    """What each project holds and why its job waits: all of them for staff, others' own."""
    now, stood = datetime.now(UTC), programme()
    lists, person = signed_lists(), reader(request)
    if lists or stood is None:
        found = Kept(list(projects(person, instant_of(int(now.timestamp())), lists)))
    else:
        found = on_record(person, stood)
    sites = sorted({one.site for one in found.rows})
    choices = [Choice("site", lazy("Site"), tuple((site, site) for site in sites))]
    named = speaker_of(policy_of(stood), language()).class_known if stood is not None else str
    columns = [one for one in _columns(named) if lists or one.name not in TOLD_BY_AGENTS]
    seen = _("As of %(now)s (UTC)") % {"now": f"{now:%Y-%m-%d %H:%M}"}
    told_at = (lambda: seen) if lists else journal_state
    if file := download(request, "projects", found, columns, choices, told_at):
        return file
    told = {
        "listing": listing(request, found, columns, choices),
        "outages": announced(now, lists),
        "signed": bool(lists),
        "staff": is_staff(reader(request)),
        "number": reader(request).pk,
    }
    return render(request, "agents/projects.html", told)


_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("clusters/", "clusters", clusters, STAFF, _BOTH, lazy("Clusters"), Group.AWARDS),
    Page(
        "projects/",
        "projects",
        projects_page,
        roles=ANYBODY_SIGNED_IN,
        title=lazy("Projects"),
        group=Group.AWARDS,
        ahead=(Role.OPERATOR,),
    ),
)
