"""Who leaves at the portal loses the clusters too, with the next list and the next look."""

import subprocess
from pathlib import Path

from typer.testing import CliRunner

from headgate.cli import app
from headgate.cli.clusters import CHANGES
from headgate.engines.kueue.manifests import MEMBERS
from headgate.site.actions.agents import sign_orders
from headgate.site.actions.people import act_for, forget, send_away, stop_acting
from headgate.site.agents.gone import gone
from headgate.site.agents.models import Returned, SignedList
from headgate.site.desk.models import Alliance, Dossier, Member, Organisation
from headgate.site.desk.office import SITE
from headgate.site.portal.models import Person
from headgate.site.portal.people import PERSONAS
from headgate.site.portal.roles import Role
from headgate.steps.enforce import orders_of
from tests.commands import HEADGATE, environment
from tests.site.agents.conftest import NOW, Centre, Country, at
from tests.site.agents.test_agents import HOUR, later, term
from tests.site.agents.test_kueue_centre import Yard, yard

__all__ = ["yard"]


def owner() -> Person:
    """The policy owner of the demo."""
    (name,) = (one.username for one in PERSONAS if one.role is Role.POLICY_OWNER)
    return Person.objects.get(username=name)


def award(site: str) -> str:
    """A site's first award."""
    return next(order.quota.award for order in orders_of(term()) if order.cluster == site)


def held(centre: Centre) -> set[str]:
    """The logins that a cluster holds."""
    return {login for quota in centre.engine.observe() for login in quota.logins}


def test_an_account_that_is_closed_runs_nowhere_after_the_next_list(country: Country) -> None:
    """Sent away, and later forgotten: the login goes at once, and no name was ever told."""
    centre, minh = country.north, Person.objects.create(username="minh-of-the-portal")
    jin = Person.objects.create(username="jin")
    centre.logins[award("north")] = ["minh", "jin", "robot"]
    centre.people = {"minh": minh.pk, "jin": jin.pk}
    centre.look(NOW)
    assert {"minh", "jin", "robot"} == held(centre)
    send_away(owner(), minh, at(NOW))
    country.sign(later(HOUR))
    assert [] == centre.look(later(HOUR)).faults
    assert {"jin", "robot"} == held(centre)
    forget(owner(), minh, at(NOW))
    country.sign(later(2 * HOUR))
    centre.look(later(2 * HOUR))
    assert {"jin", "robot"} == held(centre)
    told = "".join(one.data for one in SignedList.objects.all())
    told += "".join(one.line for one in Returned.objects.all())
    assert "minh" not in told
    centre.cut = True
    centre.look(later(3 * HOUR))
    assert {"jin", "robot"} == held(centre), "without the portal too"


def test_whoever_acts_for_none_of_an_awards_organisations_loses_that_award(
    country: Country,
) -> None:
    """Leaving one of two organisations changes nothing; the last, or its leaving, does."""
    centre, code = country.north, award("north")
    bodies = [Organisation.objects.create(code=f"o-{n}", name="x", kind="firm") for n in range(2)]
    alliance = Alliance.objects.create(name="x", lead=bodies[0])
    member = Member.objects.create(alliance=alliance, organisation=bodies[1], entered=at(NOW))
    Dossier.objects.create(call="open", lead=bodies[0], alliance=alliance, code=code)
    minh = Person.objects.create(username="minh")
    centre.logins, centre.people = {code: ["minh"]}, {"minh": minh.pk}
    for body in bodies:
        act_for(owner(), minh, body.code, at(NOW))
    assert () == gone(SITE, [code])
    stop_acting(owner(), minh, bodies[0].code, at(NOW))
    assert () == gone(SITE, [code])
    member.left = at(NOW)
    member.save()
    assert ((code, minh.pk),) == gone(SITE, [code])
    country.sign(later(HOUR))
    centre.look(later(HOUR))
    assert set() == held(centre)
    act_for(owner(), minh, bodies[0].code, at(NOW))
    country.sign(later(2 * HOUR))
    centre.look(later(2 * HOUR))
    assert {"minh"} == held(centre)


def test_news_alone_is_signed_anew(country: Country) -> None:
    """What goes on signing leaves a list that says no more, till it is a day old."""
    send_away(owner(), Person.objects.create(username="m"), at(NOW))
    assert {"north", "south"} == {one.site for one in _news(country, NOW)}
    assert [] == _news(country, later(HOUR))
    assert {"north", "south"} == {one.site for one in _news(country, later(24 * HOUR))}


def _news(country: Country, when: str) -> list[SignedList]:
    return sign_orders(SITE, country.ring, at(when), news=True)


def test_on_kueue_the_role_in_the_namespace_goes(yard: Yard) -> None:
    """The binding names those who stay."""
    minh, code = Person.objects.create(username="m"), award("south")
    yard.centre.logins, yard.centre.people = {code: ["an", "minh"]}, {"minh": minh.pk}
    yard.centre.look(NOW)
    title = "RoleBinding", yard.maker.namespace(code), MEMBERS
    assert ["an", "minh"] == [one["name"] for one in yard.store.things[title]["subjects"]]
    send_away(owner(), minh, at(NOW))
    yard.country.sign(later(HOUR))
    yard.centre.look(later(HOUR))
    assert ["an"] == [one["name"] for one in yard.store.things[title]["subjects"]]


def test_a_plan_by_hand_knows_who_has_left(
    country: Country, begun_address: str, tmp_path: Path
) -> None:
    """Whoever plans and applies without an agent off-boards the same people, by the same rule.

    In a process of its own too, which starts no portal before it is asked who has left.
    """
    minh = Person.objects.create(username="minh")
    code, out = award("north"), tmp_path / "plan.jsonl"
    (tmp_path / "logins.csv").write_text(
        f"award,login,person\n{code},minh,{minh.pk}\n{code},jin,\n"
    )
    section = "{engine: rehearsal, site: north, gpus: {h200: 64, b200: 64}}"
    (tmp_path / "clusters.yaml").write_text(f"headgate: 1\nclusters: {{north: {section}}}\n")
    given = ("--clusters", tmp_path / "clusters.yaml", "--logins", tmp_path / "logins.csv")
    words = ["plan", begun_address, *map(str, given), "--at", NOW, "--out", str(out)]
    for logins in ({"minh", "jin"}, {"jin"}):
        told = CliRunner().invoke(app, words)
        assert CHANGES == told.exit_code, told.output
        assert logins == {name for name in ("minh", "jin") if f'"{name}"' in out.read_text()}
        send_away(owner(), minh, at(NOW))
    out.unlink()
    done = subprocess.run([*HEADGATE, *words], env=environment(), capture_output=True, check=False)
    assert (CHANGES, False) == (done.returncode, '"minh"' in out.read_text()), done.stderr
    assert country.north.engine.observe() == ()
