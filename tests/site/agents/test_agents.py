"""What is promised of two centres and their agents: nothing is lost, nothing counts twice."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from headgate.agent.look import Trouble
from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.enforcement.orders import OrdersRefusal
from headgate.core.ledger.refused import Refused
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.drive import Enforced
from headgate.engines.failures import Failure, FailurePoint
from headgate.engines.rehearsal import Job
from headgate.journal import keys
from headgate.site.actions.agents import allow, enrol, revoke, sign_orders
from headgate.site.agents import doors
from headgate.site.agents.models import Agent, Attempt, Returned, SignedList
from headgate.site.agents.refusals import AgentRefusal
from headgate.site.desk.office import SITE
from headgate.site.portal.models import Person
from headgate.site.portal.people import PERSONAS
from headgate.site.portal.roles import Role
from headgate.site.records.kept import kept_term
from headgate.site.verifying import verify_database
from headgate.steps.enforce import orders_of
from headgate.steps.term import Term
from tests.site.agents.conftest import NOW, Country, at

HOUR, DAY = 3_600, 86_400


def later(seconds: int, of: str = NOW) -> str:
    """An instant some time on."""
    return instant_of(seconds_of(of) + seconds)


def term() -> Term:
    """The term as it stands."""
    found = kept_term(SITE)
    assert found is not None
    return found


def operator() -> Person:
    """Whoever runs the centres in the demo."""
    (name,) = (one.username for one in PERSONAS if one.role is Role.OPERATOR)
    return Person.objects.get(username=name)


def jobs(site: str, count: int = 5) -> list[Job]:
    """A few jobs under the site's first awards, from the beginning of the look on."""
    quotas = [o.quota for o in orders_of(term()) if o.cluster == site][:count]
    return [
        Job(f"{site}-{n}", q.award, q.support_class, 1, later(HOUR * n), 10 * HOUR)
        for n, q in enumerate(quotas)
    ]


def told() -> dict[tuple[str, str, int], tuple[str, str | None]]:
    """Every attempt that the portal knows."""
    rows = Attempt.objects.values_list("site", "job", "attempt", "started", "ended")
    return {row[:3]: row[3:] for row in rows}


def codes(faults: list[str]) -> list[str]:
    """The codes of some faults."""
    return [each.rpartition("[")[2].rstrip("]") for each in faults]


def test_orders_are_applied_and_read_back_and_stand_in_the_journal(country: Country) -> None:
    """Each centre's agent brings its cluster to the signed list; a second look changes nothing."""
    before = len(verified())
    for centre in (country.north, country.south):
        looked = centre.look(NOW)
        assert (Enforced.CONVERGED.value, []) == (looked.outcome, looked.faults)
        assert looked.changes == len(centre.engine.observe())
        again = centre.look(NOW)
        assert (Enforced.NOTHING_TO_DO.value, 0, 0) == (again.outcome, again.changes, again.waiting)
    assert 2 == Returned.objects.exclude(event="").count() == Returned.objects.count()
    made = verified()[before:]
    ordered = {f"{order.quota.award}@{order.cluster}" for order in orders_of(term())}
    assert ordered == {subject for subject, _ in made}
    assert {True} == {result["stands"] for _, result in made}


def verified() -> list[tuple[str, dict[str, object]]]:
    """What was decided of orders, once the whole database has been derived again."""
    assert () == verify_database(SITE).faults
    rows = SITE.rows("SELECT data FROM kept WHERE kind = 'decision' ORDER BY key")
    found = [json.loads(line) for (line,) in rows]
    return [(one["subject"], one["result"]) for one in found if one["step"] == "order"]


def test_nobodys_login_leaves_the_site(country: Country) -> None:
    """Who may run is applied on the cluster, and neither the portal nor the journal hears of it."""
    centre, award = country.north, orders_of(term())[0].quota.award
    centre.logins[award] = ["minh-the-login"]
    assert Enforced.CONVERGED.value == centre.look(NOW).outcome
    assert ("minh-the-login",) in {quota.logins for quota in centre.engine.observe()}
    kept = SITE.rows("SELECT data FROM kept")
    assert not [row for row in kept if "minh-the-login" in row[0]]
    agent = Agent.objects.get(site="north")
    assert "minh-the-login" not in agent.report + Returned.objects.get().line


def test_use_arrives_once_however_often_it_is_told(country: Country) -> None:
    """The same window again, the same parcel again and another look change nothing."""
    centre = country.north
    centre.look(NOW)
    centre.restart(held=centre.engine.observe(), jobs=jobs("north"))
    for hours in (2, 5, 30, 40):
        assert [] == centre.look(later(hours * HOUR)).faults
    before = told()
    assert len(jobs("north")) == len(before)
    assert None not in {ended for _, ended in before.values()}
    sent = centre.sent
    centre.look(later(41 * HOUR))
    assert (before, sent + 1) == (told(), centre.sent), "only the report was told"
    (centre.folder / "spool").unlink()
    centre.look(later(42 * HOUR))
    assert before == told()


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_agent_that_dies_as_the_portal_answers_loses_and_doubles_nothing(
    country: Country, at_once: int
) -> None:
    """What the portal has taken and the agent does not know is told again, and is there once."""
    for centre in (country.north, country.south)[:at_once]:
        centre.restart(jobs=jobs(centre.site))
        centre.look(NOW)
        centre.dies = True
        for hours in (3, 6, 9):
            with pytest.raises(KeyboardInterrupt):
                centre.look(later(hours * HOUR))
        centre.dies = False
        assert 0 == centre.look(later(40 * HOUR)).waiting
        mine = [key for key in told() if key[0] == centre.site]
        assert len(jobs(centre.site)) == len(mine)
    assert () == verify_database(SITE).faults


def test_what_a_dead_agent_had_begun_stands_in_the_receipt(country: Country) -> None:
    """Killed after it changed the cluster, the next look tells what was changed."""
    centre = country.north
    begun = len(orders_of(term()))
    centre.dies = True
    with pytest.raises(KeyboardInterrupt):
        centre.look(NOW)
    assert 1 == Returned.objects.count(), "it had told it, and did not know"
    centre.dies = False
    centre.look(later(60))
    assert 1 == Returned.objects.count()
    centre.restart(Failure(FailurePoint.APPLY_UNACKNOWLEDGED), jobs=[])
    looked = centre.look(later(HOUR))
    assert (Enforced.CONVERGED.value, True) == (looked.outcome, 0 < looked.changes < begun)


def test_a_portal_that_is_down_for_a_week_misses_nothing(country: Country) -> None:
    """Every hour's look goes on; when the portal is back it hears of each attempt, once."""
    centre = country.north
    centre.restart(jobs=jobs("north"))
    centre.look(NOW)
    centre.cut = True
    week = [centre.look(later(day * DAY)) for day in range(1, 8)]
    assert {("portal-down",)} == {tuple(codes(looked.faults)) for looked in week}
    assert not any(looked.online for looked in week)
    assert 0 < week[-1].waiting <= len(jobs("north")) + 1, "one row an attempt, one report"
    assert {} == told()
    centre.cut = False
    assert (0, []) == ((found := centre.look(later(8 * DAY))).waiting, found.faults)
    assert len(jobs("north")) == len(told())
    centre.restart(held=(), jobs=[])
    assert Enforced.CONVERGED.value == centre.look(later(9 * DAY)).outcome


def test_a_portal_that_goes_away_before_it_is_told_hears_it_later(country: Country) -> None:
    """What could not be told stays to be told, whatever became of the first half of the look."""
    centre = country.north
    centre.restart(jobs=jobs("north"))
    centre.deaf = True
    looks = [centre.look(later(hours * HOUR)) for hours in (0, 3, 40)]
    assert [["portal-down"]] * 3 == [codes(looked.faults) for looked in looks]
    assert len(jobs("north")) + 2 == looks[-1].waiting, "the first report changed something"
    assert (0, {}) == (Returned.objects.count(), told())
    centre.deaf = False
    assert 0 == centre.look(later(41 * HOUR)).waiting
    assert len(jobs("north")) == len(told())
    assert 1 <= Returned.objects.exclude(event="").count()


def test_without_the_portal_the_last_list_is_followed(country: Country) -> None:
    """What somebody changes by hand meanwhile is put right by the list that was signed."""
    centre = country.north
    centre.look(NOW)
    held = centre.engine.observe()
    spoilt = replace(held[0], gpu_seconds_budget=1)
    centre.restart(held=(spoilt, *held[1:]), jobs=[])
    centre.cut = True
    assert 1 == centre.look(later(DAY)).changes
    assert held == centre.engine.observe()


@pytest.mark.parametrize("jump", [-400 * DAY, -HOUR, HOUR, 400 * DAY])
def test_a_clock_that_jumps_opens_and_closes_nothing_and_loses_no_use(
    country: Country, jump: int
) -> None:
    """With the portal or without it, dates are told by a clock that two have agreed on."""
    centre = country.north
    centre.restart(jobs=jobs("north"))
    centre.look(NOW)
    held = centre.engine.observe()
    true = later(2 * HOUR)
    looked = centre.look(later(jump, true), clock=true)
    assert "clock-off" in codes(looked.faults)
    assert held == centre.engine.observe()
    centre.cut = True
    centre.look(later(jump, true))
    assert held == centre.engine.observe()
    centre.cut = False
    if jump > 0:
        centre.restart(held=held, jobs=jobs("north"))
    assert [] == centre.look(later(40 * HOUR)).faults
    assert len(jobs("north")) == len(told())


def test_what_lies_in_the_portals_future_comes_again(country: Country) -> None:
    """An attempt that has ended after now is not taken as it is, and is not forgotten either."""
    now = int(datetime.now(UTC).timestamp())
    centre, soon = country.north, instant_of(now + 200)
    q = orders_of(term())[0].quota
    job = Job("soon", q.award, q.support_class, 1, instant_of(now - HOUR), HOUR + 100)
    centre.restart(jobs=[job])
    looked = centre.look(soon, clock=soon)
    held = {quota.award: quota.state for quota in centre.engine.observe()}
    if held[q.award] is not QuotaState.OPEN:
        pytest.skip("today the small programme's second term is over: nothing can start")
    assert (1, {}) == (looked.waiting, told())


def test_a_mass_removal_waits_for_the_operators_word(country: Country) -> None:
    """More than a tenth would go: the plan waits under its digest, and goes under no other."""
    centre = country.north
    centre.look(NOW)
    held = centre.engine.observe()
    strays = tuple(replace(quota, award=f"stray-{n}") for n, quota in enumerate(held))
    centre.restart(held=(*held, *strays), jobs=[])
    looked = centre.look(later(HOUR))
    assert (Enforced.REFUSED.value, ["mass-removal"]) == (looked.outcome, codes(looked.faults))
    assert len(held) * 2 == len(centre.engine.observe())
    with pytest.raises(Refused, match=AgentRefusal.PLAN_OTHER.name):
        allow(operator(), "north", "0" * 64, at(later(HOUR)))
    Agent.objects.filter(site="north").update(word="0" * 64)
    other = centre.look(later(HOUR + 1))
    assert (looked.waits, Enforced.REFUSED.value) == (other.waits, other.outcome)
    assert len(held) * 2 == len(centre.engine.observe())
    allow(operator(), "north", looked.waits, at(later(HOUR)))
    done = centre.look(later(2 * HOUR))
    assert (Enforced.CONVERGED.value, len(strays), "") == (done.outcome, done.changes, done.waits)
    assert "" == Agent.objects.get(site="north").word, "a word is good for one plan"


def test_what_was_allowed_is_what_is_applied_or_nothing(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that asks waits for each plan; a cluster that changes meanwhile is left, by name."""
    centre = country.north
    centre.asks = True
    looked = centre.look(NOW)
    assert (Enforced.REFUSED.value, ["plan-waits"]) == (looked.outcome, codes(looked.faults))
    assert () == centre.engine.observe()
    allow(operator(), "north", looked.waits, at(NOW))
    observe, seen = centre.engine.observe, []

    def meddled() -> tuple[Quota, ...]:
        seen.append(1)
        ours = observe()
        stray = Quota("stray", "h200", 1, 1, NOW, later(DAY), QuotaState.OPEN)
        return ours if len(seen) == 1 else (*ours, stray)

    monkeypatch.setattr(centre.engine, "observe", meddled)
    raced = centre.look(later(60))
    assert (Enforced.REFUSED.value, ["plan-other"]) == (raced.outcome, codes(raced.faults))
    monkeypatch.undo()
    for where in ("headgate.operating.opened", "headgate.agent.look.opened"):
        monkeypatch.setattr(where, lambda *_: centre.engine)
    assert () == centre.engine.observe()
    waits = centre.look(later(120)).waits
    allow(operator(), "north", waits, at(later(120)))
    assert (Enforced.CONVERGED.value, "") == ((d := centre.look(later(180))).outcome, d.waits)
    assert Enforced.NOTHING_TO_DO.value == centre.look(later(240)).outcome


def test_a_list_that_is_not_to_be_followed_changes_nothing(country: Country) -> None:
    """Unsigned, another site's, swapped, older: each by its name, and the last one stands."""
    centre = country.north
    centre.look(NOW)
    good = SignedList.objects.get(site="north")
    south = SignedList.objects.get(site="south").data
    head, note, _ = good.data.split("\n\n")
    wrong = {
        OrdersRefusal.FORM_BAD: "nonsense",
        OrdersRefusal.UNSIGNED: f"{head}\n\n{note}\n",
        OrdersRefusal.FOREIGN: south,
        OrdersRefusal.OTHER_LIST: good.data.replace(
            '"gpu_seconds_budget":', '"gpu_seconds_budget":1', 1
        ),
    }
    for refusal, data in wrong.items():
        SignedList.objects.filter(site="north").update(data=data)
        looked = centre.look(later(HOUR))
        assert [refusal.name.lower().replace("_", "-")] == codes(looked.faults)
        assert Enforced.NOTHING_TO_DO.value == looked.outcome
    country.sign(later(2 * HOUR))
    assert [] == centre.look(later(2 * HOUR)).faults
    SignedList.objects.filter(site="north").update(data=good.data)
    assert ["older"] == codes(centre.look(later(3 * HOUR)).faults)


def test_before_any_list_was_signed_nothing_is_touched(country: Country) -> None:
    """An agent without orders changes nothing, and says so."""
    SignedList.objects.all().delete()
    looked = country.north.look(NOW)
    assert [Trouble.NOTHING_FOLLOWED.name.lower().replace("_", "-")] == codes(looked.faults)
    assert () == country.north.engine.observe()


def test_a_credential_that_ended_ends_at_once(country: Country) -> None:
    """Revoked, or replaced by another, the old one opens no door; each site has its own."""
    centre = country.north
    revoke(SITE, "north", at(NOW))
    assert ["credential-refused"] == codes(centre.look(NOW).faults)[:1]
    centre.token = enrol(SITE, "north", at(NOW))
    assert [] == centre.look(NOW).faults
    centre.token = country.south.token
    assert ["credential-refused"] == codes(centre.look(NOW).faults)[:1]
    assert not Agent.objects.filter(token=centre.token).exists(), "only its digest is kept"


def test_nothing_is_signed_that_nobody_can_look_up(country: Country) -> None:
    """Orders derive from a published checkpoint, or there are none."""
    country.north.look(NOW)
    with pytest.raises(Refused, match=AgentRefusal.NOT_PUBLISHED.name):
        sign_orders(SITE, country.ring, at(NOW))
    with pytest.raises(Refused, match=AgentRefusal.SITE_UNKNOWN.name):
        enrol(SITE, "nowhere", at(NOW))
    for refused in (AgentRefusal.SITE_BAD, AgentRefusal.NOT_ENROLLED):
        with pytest.raises(Refused, match=refused.name):
            revoke(SITE, "x", at(NOW)) if "NOT" in refused.name else enrol(SITE, "X y", at(NOW))


def test_a_cluster_that_is_down_is_named_and_waited_for(country: Country) -> None:
    """The orders wait, nothing goes on record, and the next look goes on."""
    centre = country.north
    centre.restart(Failure(FailurePoint.OBSERVE), jobs=[])
    looked = centre.look(NOW)
    assert (Enforced.DOWN.value, True) == (looked.outcome, "cluster-down" in codes(looked.faults))
    assert 0 == Returned.objects.count()
    assert Enforced.CONVERGED.value == centre.look(later(60)).outcome


def test_a_list_that_is_not_renewed_is_named(country: Country) -> None:
    """Whoever holds newer lists back is noticed at the centre; the old one is followed."""
    assert [] == country.north.look(later(29 * DAY)).faults
    looked = country.north.look(later(31 * DAY))
    assert ["list-old"] == codes(looked.faults)
    assert Enforced.NOTHING_TO_DO.value == looked.outcome
    country.sign(later(31 * DAY))
    assert [] == country.north.look(later(31 * DAY)).faults


def test_use_that_cannot_be_read_or_is_not_taken_is_named_and_kept(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report does not claim use that was not read, and what was refused stays to be told."""
    centre = country.north
    centre.restart(Failure(FailurePoint.USAGE), jobs=jobs("north"))
    assert ["use-unread"] == codes(centre.look(NOW).faults)
    assert "" == Agent.objects.get(site="north").looked
    monkeypatch.setattr(doors, "ROWS_MOST", 0)
    looked = centre.look(later(40 * HOUR))
    assert (["not-taken"], len(jobs("north")) + 1) == (codes(looked.faults), looked.waiting)
    assert "" == Agent.objects.get(site="north").looked, "use is told before it is claimed"
    monkeypatch.undo()
    monkeypatch.setattr("headgate.operating.opened", lambda *_: centre.engine)
    monkeypatch.setattr("headgate.agent.look.opened", lambda *_: centre.engine)
    assert 0 == centre.look(later(41 * HOUR)).waiting
    assert later(41 * HOUR) == Agent.objects.get(site="north").looked


def test_new_keys_are_followed_once_they_are_pinned(country: Country) -> None:
    """After a rotation the last list stays in force until the operator has put the new keys in."""
    centre = country.north
    centre.look(NOW)
    old = SignedList.objects.get(site="north").data
    keys.rotate(country.ring)
    country.sign(later(HOUR))
    looked = centre.look(later(HOUR))
    assert (["unsigned"], Enforced.NOTHING_TO_DO.value) == (codes(looked.faults), looked.outcome)
    centre.pinned = keys.load(country.ring).keys.listed
    assert [] == centre.look(later(2 * HOUR)).faults
    SignedList.objects.filter(site="north").update(data=old)
    assert ["unsigned"] == codes(centre.look(later(3 * HOUR)).faults)
