"""Two centres with an agent each, on a portal of the small programme in its second term."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from headgate.agent.look import Agent, Looked, look
from headgate.agent.portal import Answer, Portal, PortalDown, _named
from headgate.agent.spool import opened as spool_at
from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.clusters.rehearsal import RehearsalCluster
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Action, Change, Engine, Plan, Quota
from headgate.core.enforcement.job import Job
from headgate.core.ledger.checkpoint import Verifier
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.failures import Failure
from headgate.engines.kueue.engine import Kueue
from headgate.engines.rehearsal import Rehearsal
from headgate.engines.slurm.engine import Slurm
from headgate.journal import keys
from headgate.readers.logins_csv import read_logins
from headgate.site.actions.agents import enrol, sign_orders
from headgate.site.actions.publish import publish
from headgate.site.desk.office import SITE
from headgate.site.records.database import opened
from tests.site.portal.conftest import begun_address, begun_template, empty_template

__all__ = ["begun_address", "begun_template", "empty_template"]

GPUS = {"north": {"h200": 64, "b200": 80}, "south": {"h200": 48}}
NOW = "2026-10-05T08:00:00Z"
"""A moment in the term that the programme has reached; days pass from here."""


def at(text: str) -> datetime:
    """An instant as the portal's clock has it."""
    return datetime.fromtimestamp(seconds_of(text), UTC)


class Wire(Portal):
    """The way to a portal in this process, which may be cut, and whose clock is the test's."""

    def __init__(self, site: str, token: str, centre: "Centre") -> None:
        super().__init__("https://portal.example", site, token)
        self._site, self._centre = site, centre

    def _asked(self, what: str, data: bytes | None) -> Answer:
        if self._centre.cut or (self._centre.deaf and what != "orders"):
            raise PortalDown(f"{what}: cut")
        where, told = f"/agents/{self._site}/{what}", dict(self._headers)
        client = Client(headers=told)
        if data is None:
            response: Any = client.get(where)
        else:
            response = client.post(where, data, content_type="application/jsonl")
        self._centre.sent += what != "orders"
        if response.status_code >= 400:
            raise _named(response.status_code, what, response.content.decode())
        if self._centre.dies and what != "orders":
            raise KeyboardInterrupt
        word = response.headers.get("Headgate-Word", "")
        return Answer(response.content, self._centre.clock, word)


@dataclass(slots=True)
class Centre:
    """One site: its cluster, its agent's folder, and what happens to its connection."""

    site: str
    token: str
    pinned: tuple[Verifier, ...]
    folder: Path
    engine: Rehearsal
    cut: bool = False
    deaf: bool = False
    """Whether the portal hands out lists and takes nothing in."""

    dies: bool = False
    """Whether the agent dies as soon as the portal has taken what it sent, before it knows."""

    clock: int = 0
    sent: int = 0
    asks: bool = False
    section: AnyCluster | None = None
    """The cluster's section where it is no rehearsal."""

    logins: dict[str, list[str]] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    """The numbers at the portal of those whose logins they are."""

    def look(self, when: str, *, clock: str | None = None) -> Looked:
        """An agent starts, looks once and ends; its clock says `when`, the portal's `clock`."""
        self.clock = seconds_of(clock or when)
        rehearsed = RehearsalCluster(engine="rehearsal", site=self.site, gpus=GPUS[self.site])
        section = self.section or rehearsed
        with spool_at(self.folder / "spool", self.site) as spool:
            wire = Wire(self.site, self.token, self)
            use, asks = self.folder / "use", self.asks
            agent = Agent(self.site, section, self._logins, self.pinned, wire, spool, use, asks)
            return look(agent, seconds_of(when))

    def _logins(self, gone: Collection[tuple[str, int]]) -> Mapping[str, tuple[str, ...]]:
        """As the site's operator has written them down."""
        path = self.folder / "logins.csv"
        rows = [
            (a, one, self.people.get(one, "")) for a, some in self.logins.items() for one in some
        ]
        path.write_text("award,login,person\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
        return read_logins(path, gone)

    def opened(self, section: AnyCluster, spent: Mapping[tuple[str, str], int]) -> Engine:
        """The cluster's engine, whose clock is the agent's."""
        if isinstance(section, KueueCluster):
            return Kueue(section, spent, lambda: instant_of(self.clock))
        if isinstance(section, SlurmCluster):
            return Slurm(section, spent)
        return self.engine

    def restart(self, *failures: Failure, held: tuple[Quota, ...] = (), jobs: list[Job]) -> None:
        """Another cluster in its place, which holds some quotas that an agent made."""
        self.engine = Rehearsal(self.site, GPUS[self.site], jobs, failures)
        made = (
            Change(Action.ADD, q.award, q.support_class, None, q, "held", q.holder) for q in held
        )
        if held:
            self.engine.apply(Plan(self.site, tuple(made)))


@dataclass(slots=True)
class Country:
    """A portal, its keys, and two centres."""

    ring: Path
    public: Path
    north: Centre
    south: Centre

    def sign(self, when: str = NOW) -> None:
        """Publish the journal and sign what every site shall hold."""
        publish(SITE, self.public, self.ring)
        sign_orders(SITE, self.ring, at(when))


@pytest.fixture
def country(
    begun_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Country]:
    """The programme's portal with two centres enrolled and their lists signed."""
    opened(begun_address)
    ring = keys.create(tmp_path / "ring", "test.headgate/small")
    centres = {}
    for site, gpus in GPUS.items():
        folder = tmp_path / site
        folder.mkdir()
        token = enrol(SITE, site, at(NOW))
        engine = Rehearsal(site, gpus, [])
        centres[site] = Centre(site, token, ring.keys.listed, folder, engine)
    for where in ("headgate.operating.opened", "headgate.agent.look.opened"):
        monkeypatch.setattr(
            where, lambda section, spent: centres[section.site].opened(section, spent)
        )
    with override_settings(ALLOWED_HOSTS=["*"]):
        made = Country(tmp_path / "ring", tmp_path / "public", centres["north"], centres["south"])
        made.sign()
        yield made
