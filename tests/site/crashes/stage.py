"""Databases as they are before each flow: made once, in order, and copied for each kill."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from headgate.journal import keys
from headgate.readers.facts import Recorded
from headgate.site.actions.post import post
from headgate.site.actions.publish import publish
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.records.database import Database, opened
from headgate.steps.event import What
from tests.core.ledger.builders import CHART
from tests.servers.postgres import Cluster
from tests.site.actions.metered import DAY, facts
from tests.site.conftest import SITE_USER
from tests.site.crashes.flows import ORIGIN, batch, due, kinds
from tests.whole.small import small

_copies: Final = count()


@dataclass(frozen=True, slots=True)
class Scene:
    """One ledger with its folder, in which there may be a ring of keys and what was published."""

    address: str
    folder: Path


@dataclass
class Stage(ABC):
    """Ledgers by what has happened in them; `empty` names one in which nothing has."""

    folder: Path
    empty: str
    made: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    def copy(self, ledger: str, name: str) -> str:
        """Copy a ledger to which nobody is connected; what the copy is called."""

    @abstractmethod
    def address(self, ledger: str) -> str:
        """Where a ledger is found."""

    @abstractmethod
    def drop(self, ledger: str) -> None:
        """Remove a ledger."""

    @contextmanager
    def scene(self, name: str) -> Iterator[Scene]:
        """A ledger of one's own as it was made under a name."""
        if name not in self.made:
            self._make(name)
        number = next(_copies)
        ledger = self.copy(self.made[name], f"copy{number}")
        folder = self.folder / f"scene-{number}"
        shutil.copytree(self.folder / name, folder)
        yield Scene(self.address(ledger), folder)
        opened(self.address(ledger)).connection.close()
        self.drop(ledger)
        shutil.rmtree(folder)

    def _make(self, name: str) -> None:
        before, action = SCENES[name]
        if before and before not in self.made:
            self._make(before)
        folder, base = self.folder / name, self.made.get(before, self.empty)
        if before:
            shutil.copytree(self.folder / before, folder)
        else:
            folder.mkdir()
        ledger = self.copy(base, f"scene{len(self.made)}")
        database = opened(self.address(ledger), "stage")
        action(database, folder)
        database.connection.close()
        self.made[name] = ledger


class OnSqlite(Stage):
    """Ledgers in files."""

    def copy(self, ledger: str, name: str) -> str:
        """Copy the file; whoever closed it last has left nothing beside it."""
        return str(shutil.copy(ledger, self.folder / f"{name}.db"))

    def address(self, ledger: str) -> str:
        """The file's address."""
        return f"sqlite:///{ledger}"

    def drop(self, ledger: str) -> None:
        """Remove the file and what lies beside it."""
        for file in self.folder.glob(f"{Path(ledger).name}*"):
            file.unlink()


@dataclass
class OnPostgres(Stage):
    """Ledgers on a server; called after the stage's folder, for there may be several stages."""

    def __init__(self, folder: Path, empty: str, cluster: Cluster) -> None:
        super().__init__(folder, empty)
        self.cluster = cluster

    def copy(self, ledger: str, name: str) -> str:
        """Make a database from another."""
        self.cluster.create(f"{self.folder.name}-{name}", ledger)
        return f"{self.folder.name}-{name}"

    def address(self, ledger: str) -> str:
        """Where the site's role finds it."""
        return self.cluster.url(ledger, SITE_USER)

    def drop(self, ledger: str) -> None:
        """Remove the database."""
        self.cluster.drop(ledger)


Action = Callable[[Database, Path], None]


def _nothing(_: Database, __: Path) -> None:
    """Leave everything as it is."""


def _post(size: int, word: str) -> Action:
    def act(database: Database, _: Path) -> None:
        post(database, CHART, batch(size, word))

    return act


def _publish(database: Database, folder: Path) -> None:
    if not (folder / "ring").exists():
        keys.create(folder / "ring", ORIGIN)
    publish(database, folder / "public", folder / "ring")


def _ring(_: Database, folder: Path) -> None:
    keys.create(folder / "ring", ORIGIN)


def _programme(first: int, stop: int) -> Action:
    """Take the small programme's events from a number on up to another; the beginning is -1."""

    def act(database: Database, _: Path) -> None:
        if first < 0:
            begin_programme(database, small().term.document)
        for event in due()[max(first, 0) : stop]:
            take_event(database, Recorded(facts()), event)

    return act


def _calendar() -> Iterator[tuple[str, tuple[str, Action]]]:
    """The programme before the first event of each kind, and at its end."""
    stops = sorted({*kinds().values(), _LATER, _USED, len(due())})
    before, first = "", -1
    for stop in stops:
        yield f"before event {stop}", (before, _programme(first, stop))
        before, first = f"before event {stop}", stop


_LATER: Final = next(n for n, event in enumerate(due()) if event.day > DAY)
_USED: Final = 1 + next(n for n, event in enumerate(due()) if event.what is What.METER)
IMPORTABLE: Final = f"before event {_LATER}"
CORRECTABLE: Final = f"before event {_USED}"
TERM: Final = "a whole term"

SCENES: Final[Mapping[str, tuple[str, Action]]] = {
    "empty": ("", _nothing),
    "keys": ("", _ring),
    "ledger": ("", _post(200, "award")),
    "ledger and keys": ("ledger", _ring),
    "published": ("ledger and keys", _publish),
    "grown": ("published", _post(200, "later")),
    **dict(_calendar()),
    TERM: (f"before event {len(due())}", _ring),
}
"""Each scene: what was before it, and what then happened."""
