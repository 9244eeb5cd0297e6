"""What an operator sees of the centres and can do there, and what a project's people are told."""

import html
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from headgate.core.enforcement.engine import Action, Change, Quota, QuotaState
from headgate.core.enforcement.waiting import Wait, Waiting
from headgate.core.metering.usage import Usage
from headgate.core.quantities import KILOWATT_HOUR_JOULES
from headgate.engines.drive import Enforced
from headgate.engines.rehearsal import Job
from headgate.engines.slurm.sacct import MENDS
from headgate.report.locale import LOCALES
from headgate.site.actions.take_in import take_use
from headgate.site.agents.models import Agent, Outage, SignedList
from headgate.site.agents.projects import Project, projects, words
from headgate.site.agents.reading import announced, list_of
from headgate.site.agents.said import SENTENCES, differences, fault
from headgate.site.desk.models import Acting, Dossier, Organisation
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.enforce import orders_of
from tests.site.agents.conftest import NOW, Country
from tests.site.agents.test_agents import DAY, HOUR, later, operator, term
from tests.site.portal.asking import LANGUAGES, enter, speak, text_of


@pytest.fixture
def client(country: Country) -> Iterator[Client]:
    """The operator at the portal of two centres that have looked once."""
    with override_settings(HEADGATE_DEMO=True):
        for centre in (country.north, country.south):
            centre.look(NOW)
        reader = Client()
        enter(reader, Role.OPERATOR)
        yield reader


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_operator_sees_each_centre(client: Client, language: str) -> None:
    """Both centres with what they follow and hold, in every language, for few queries."""
    speak(client, language)
    Agent.objects.update(looked="2020-01-01T00:00:00Z")
    with CaptureQueriesContext(connection) as asked:
        shown = text_of(client.get("/clusters/"))
    assert len(asked) <= 12
    assert all(f'<h2 class="govuk-heading-l">{site} ' in shown for site in ("north", "south"))
    assert "govuk-tag--green" in shown
    assert {"en": "Late", "vi": "Chậm", "ko": "늦음"}[language] in shown, "told years ago"
    assert {"en": "1 January 2020", "vi": "01/01/2020", "ko": "2020년 1월 1일"}[language] in (
        shown.replace("\N{NO-BREAK SPACE}", " ")
    ), "an instant in the reader's words"


def test_drift_is_shown_with_who_owns_the_field(
    client: Client, country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the cluster would not take is told field by field."""
    held = country.north.engine.observe()
    spoilt = replace(held[0], gpu_seconds_budget=77)
    country.north.restart(held=(spoilt, *held[1:]), jobs=[])
    monkeypatch.setattr(country.north.engine, "apply", lambda _: None)
    assert Enforced.DRIFTING.value == country.north.look(later(HOUR)).outcome
    asked = LOCALES["vi"].whole(held[0].gpu_seconds_budget // HOUR)
    shown = text_of(client.get("/clusters/"))
    assert ">0.0214<" in shown, "77 seconds are no whole GPU-hour"
    assert "the ledger</td>" in shown
    assert "Holds something else" in shown
    speak(client, "vi")
    shown = text_of(client.get("/clusters/"))
    row = f'>0,0214</td><td class="govuk-table__cell govuk-table__cell--numeric">{asked}<'
    assert row in shown
    assert str(held[0].gpu_seconds_budget) not in shown


def test_a_quota_is_told_in_the_readers_words() -> None:
    """Every kind of field: figures and instants as the language has them, nothing as its code."""
    term = "2026-09-01T00:00:00Z", "2027-03-01T00:00:00Z"
    big = Quota("a", "h200", None, 5_000_000 * HOUR, *term, QuotaState.PARTIAL, "firms", ("x", "y"))
    small = replace(big, gpus_most=1_234, state=QuotaState.OPEN, starts=term[1], logins=())
    small = replace(small, holder="labs")
    change = Change(Action.CHANGE, "a", "h200", big, small, "")
    with override("ko"):
        rows = {str(row[3]): row[4:6] for row in differences(change, str.upper, str)}
        assert ("제한 없음", "1,234") == rows["동시 GPU 수"]
        assert ("2026년 9월 1일, 00:00:00", "2027년 3월 1일, 00:00:00") == rows["시작"]
        assert [("다른 사람이 바꿈", "열림"), ("x, y", "–")] == [rows["상태"], rows["로그인"]]
        assert ("FIRMS", "LABS") in rows.values(), "a class of holders has its name"
        added = list(differences(replace(change, action=Action.ADD, held=None), str, str.upper))
        assert {("추가", "H200", "–")} == {(str(row[0]), row[2], row[4]) for row in added}
    with override("vi"):
        (_, budget) = next(
            row[4:6]
            for row in differences(replace(change, held=None, wanted=big), str, str)
            if row[3] == "Giờ GPU của kỳ"
        )
        assert "5.000.000" == budget


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_agent_found_wrong_is_told_in_the_readers_language(language: str) -> None:
    """Its closed sentences are said anew; what a cluster said is quoted as English, and escaped."""
    with override(language):
        for sentence in SENTENCES:
            said = html.unescape(fault(f"north 3: {sentence} [a-code]"))
            assert said.startswith("north 3: ")
            assert said.endswith(" [a-code]")
            assert (language == "en") == (sentence in said)
        row = "sacct:3:1: job 7 ended 5 s <too> early [sacct-ended]"
        for mend in MENDS.values():
            said = fault(f"{row}\n    mend: {mend}")
            assert '<q lang="en">sacct:3:1: job 7 ended 5 s &lt;too&gt; early' in said
            assert (language == "en") == (mend in html.unescape(said))


def test_a_plan_that_waits_is_read_and_allowed_on_the_page(
    client: Client, country: Country
) -> None:
    """The page shows the plan and its digest; the button allows this plan and no other."""
    held = country.north.engine.observe()
    strays = tuple(replace(quota, award=f"stray-{n}") for n, quota in enumerate(held))
    country.north.restart(held=(*held, *strays), jobs=[])
    waits = country.north.look(later(HOUR)).waits
    shown = text_of(client.get("/clusters/"))
    assert waits in shown
    assert "remove stray-0" in shown
    assert ">take away</td>" in shown
    assert ">stray-0</th>" in shown
    speak(client, "vi")
    assert "hạn mức sẽ bị bỏ, trong khi chỉ được bỏ" in text_of(client.get("/clusters/"))
    speak(client, "en")
    wrong = {"deed": "allow", "site": "north", "plan": "0" * 64}
    assert "allow that" in text_of(client.post("/clusters/", wrong, follow=True))
    client.post("/clusters/", {**wrong, "plan": waits})
    assert waits == Agent.objects.get(site="north").word
    assert len(strays) == country.north.look(later(2 * HOUR)).changes


def test_only_an_operator_may_give_the_word(client: Client, country: Country) -> None:
    """An auditor reads the page and can press nothing on it."""
    country.north.look(later(HOUR))
    enter(client, Role.AUDITOR)
    told = {"deed": "announce", "site": "north", "begins": "2026-10-05T10:00", "text": "x"}
    assert "role" in text_of(client.post("/clusters/", told, follow=True))
    assert 0 == Outage.objects.count()


def test_an_outage_is_announced_seen_by_applicants_and_ended(client: Client) -> None:
    """Who waits for the site reads why, and no longer once it is over."""
    told = {"deed": "announce", "site": "south", "begins": "2026-10-05T10:00", "ends": ""}
    client.post("/clusters/", {**told, "text": "the cooling is <off>"})
    outage = Outage.objects.get()
    reader = Client()
    enter(reader, Role.APPLICANT)
    assert "the cooling is &lt;off&gt;" in text_of(reader.get("/projects/"))
    assert {Wait.OUTAGE} == {
        p.why for p in _shown(operator(), later(3 * HOUR)) if p.site == "south"
    }
    client.post("/clusters/", {"deed": "over", "outage": outage.pk})
    assert "cooling" not in text_of(reader.get("/projects/"))
    for wrong in ({**told, "text": ""}, {**told, "site": "x", "text": "y"}):
        assert "say what it is" in text_of(client.post("/clusters/", wrong, follow=True))
    planned = {**told, "begins": f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}"}
    client.post("/clusters/", {**planned, "text": "new valves"})
    assert Outage.objects.get(text="new valves").planned


def test_what_waits_is_told_as_the_cluster_says_it(
    client: Client, country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real jobs come before what can be derived: the most of them, in words, with Slurm's name."""
    quota = next(o.quota for o in orders_of(term()) if o.cluster == "south")
    told = [("Priority", 1), ("QOSGrpGRESMinutes", 3), ("<b>x</b>", 2)]
    waiting = [Waiting(quota.award, quota.support_class, why, jobs) for why, jobs in told]
    monkeypatch.setattr("headgate.agent.look.read_waiting", lambda *_: tuple(waiting))
    country.south.look(later(HOUR))
    (found,) = (p for p in _shown(operator()) if (p.name, p.site) == (quota.award, "south"))
    assert Wait.BUDGET_KEPT is found.why
    assert words()(found).endswith("(QOSGrpGRESMinutes × 3; <b>x</b> × 2; Priority × 1)")
    for language in LANGUAGES:
        speak(client, language)
        shown = text_of(client.get("/projects/"))
        assert "QOSGrpGRESMinutes × 3; &lt;b&gt;x&lt;/b&gt; × 2" in shown
        assert (language == "en") == ("kept for jobs that run" in shown)


def test_what_an_outage_costs_is_told_in_gpu_days(client: Client) -> None:
    """From its beginning to its end within the awards' dates, or to now."""
    gpus = sum(o.quota.gpus_most or 0 for o in orders_of(term()) if o.cluster == "south")
    begins = {"deed": "announce", "site": "south", "begins": "2026-10-05T00:00"}
    client.post("/clusters/", {**begins, "ends": "2026-10-07T12:00", "text": "was cut"})
    found = announced(datetime(2026, 10, 6, tzinfo=UTC), map(list_of, SignedList.objects.all()))
    assert [gpus * 5 // 2] == [one.gpu_days for one in found]
    client.post("/clusters/", {**begins, "begins": "2027-01-01T00:00", "ends": "", "text": "flood"})
    later_on = datetime(2027, 1, 11, tzinfo=UTC)
    found = announced(later_on, map(list_of, SignedList.objects.all()))
    assert [gpus * 10] == [one.gpu_days for one in found]
    shown = text_of(client.get("/clusters/"))
    assert "flood" in shown


def test_the_operator_reads_who_has_left_since_the_lists_were_signed(
    client: Client, country: Country
) -> None:
    """Until they are signed anew, whoever was sent away keeps the login: how many, and no names."""
    assert "since the lists were signed" not in text_of(client.get("/clusters/"))
    Person.objects.create(username="one-who-left", is_active=False)
    shown = text_of(client.get("/clusters/"))
    assert "1 person has left since the lists were signed" in shown
    assert "one-who-left" not in shown
    country.sign(later(HOUR))
    assert "since the lists were signed" not in text_of(client.get("/clusters/"))


def _shown(person: Person, now: str = NOW) -> list[Project]:
    return list(projects(person, now))


def test_a_spent_budget_is_told_with_its_day_and_what_to_do(client: Client) -> None:
    """In the reader's words, with the name by which Slurm calls it."""
    order = orders_of(term())[0]
    quota, site = order.quota, order.cluster
    gpus = quota.gpu_seconds_budget // DAY
    begun = "2026-09-03T00:00:00Z"
    row = Usage(
        *(site, "big", 1, quota.award, quota.support_class, gpus + 1, begun),
        *(later(3 * DAY, begun), later(3 * DAY, begun), 25_000 * KILOWATT_HOUR_JOULES),
    )
    assert [] == take_use(Agent.objects.get(site=site), [row], datetime.now(UTC))
    (found,) = (p for p in _shown(operator()) if p.why is Wait.BUDGET_SPENT)
    assert (quota.award, site, "2026-09-03") == (found.name, found.site, found.spent[:10])
    assert "25,000" in text_of(client.get("/projects/"))
    said = words()(found)
    assert "spent on 3\N{NO-BREAK SPACE}September\N{NO-BREAK SPACE}2026" in said
    assert said.endswith("(QOSGrpGRESMinutes)")
    for language, day in {"vi": "03/09/2026", "ko": "2026년 9월 3일"}.items():
        with override(language):
            assert day in words()(found)
            assert "spent" not in words()(found)
    speak(client, "en")
    assert said in html.unescape(text_of(client.get("/projects/")))
    assert b"QOSGrpGRESMinutes" in client.get("/projects/?format=csv").content


def test_people_see_the_projects_that_they_act_for(client: Client) -> None:
    """An applicant reads of the own award, and of no other's."""
    mine, other = sorted({order.quota.award for order in orders_of(term())})[:2]
    person = Person.objects.get(username="applicant")
    bodies = [Organisation.objects.create(code=f"o-{n}", name="x", kind="firm") for n in range(2)]
    for body, code in zip(bodies, (mine, other), strict=True):
        Dossier.objects.create(call="open", lead=body, code=code)
    Acting.objects.create(person=person, organisation=bodies[0], since=datetime.now(UTC))
    assert {mine} == {p.name for p in _shown(person)}
    reader = Client()
    enter(reader, Role.APPLICANT)
    for _ in ("signed", "on record"):
        shown = text_of(reader.get("/projects/"))
        assert mine in shown
        assert other not in shown
        assert other in text_of(client.get("/projects/"))
        SignedList.objects.all().delete()


@pytest.mark.usefixtures("client")
def test_running_jobs_are_counted_before_the_ledger_knows_them(country: Country) -> None:
    """What an agent has told counts at once; on all its GPUs a project waits for itself."""
    quota = next(o.quota for o in orders_of(term()) if o.cluster == "south")
    assert quota.gpus_most is not None
    job = Job("all", quota.award, quota.support_class, quota.gpus_most, later(HOUR), 30 * DAY)
    country.south.restart(held=country.south.engine.observe(), jobs=[job])
    country.south.look(later(3 * HOUR))
    (found,) = (p for p in _shown(operator()) if (p.name, p.site) == (quota.award, "south"))
    assert (Wait.AT_MOST, quota.gpus_most) == (found.why, found.standing.running)
    assert 2 * HOUR * quota.gpus_most == found.standing.used


def test_before_orders_are_signed_the_pages_say_what_to_do(client: Client) -> None:
    """Nothing is made up where nothing was signed: the page says that nobody follows it yet."""
    SignedList.objects.all().delete()
    assert [] == _shown(operator())
    assert "headgate ledger orders" in text_of(client.get("/clusters/"))
    shown = text_of(client.get("/projects/"))
    assert "No centre follows signed orders here yet" in shown
    assert all(order.quota.award in shown for order in orders_of(term()))
    assert "Its cluster does not hold the order yet" not in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_site_without_an_agent_is_shown_with_what_to_do(client: Client, language: str) -> None:
    """The programme orders from it all the same: it is no site that nobody asks about."""
    speak(client, language)
    alone = {"en": "No agent", "vi": "Không có tác nhân", "ko": "에이전트 없음"}[language]
    assert alone not in text_of(client.get("/clusters/"))
    Agent.objects.filter(site="south").delete()
    shown = text_of(client.get("/clusters/"))
    assert 1 == shown.count(alone)
    assert "headgate ledger enrol south" in shown


def test_the_operator_takes_what_the_centres_told_from_the_page(
    client: Client, country: Country
) -> None:
    """The month's use is metered by a button; while a centre is silent, the page says which."""
    told = {"deed": "take", "event": "meter"}
    country.north.look(later(2 * HOUR))
    Agent.objects.filter(site="south").update(looked="")
    assert 'value="take"' in text_of(client.get("/clusters/"))
    silent = text_of(client.post("/clusters/", told, follow=True))
    said = silent.partition("govuk-notification-banner__heading")[2][:200]
    assert "Wait until every site" in said
    assert "south" in said
    country.south.look(later(2 * HOUR))
    before = len(term().facts)
    assert "stands in the journal" in text_of(client.post("/clusters/", told, follow=True))
    assert before + 1 == len(term().facts)
    enter(client, Role.AUDITOR)
    assert 'value="take"' not in text_of(client.get("/clusters/"))
