"""Running the portal: its surroundings, its tables, its demo, and the server that answers.

Nothing here may import Django before `prepare` has said what the site is.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from headgate.core.faults import Fault, Faulty
from headgate.rings import settle, usually

if TYPE_CHECKING:
    from headgate.core.policy.document import Document
    from headgate.cycle import World
    from headgate.site.records.database import Database

DEMO_ADDRESS: Final = "sqlite:///build/portal/headgate.db"
PLAIN_ADDRESS: Final = "sqlite:///headgate.db"
SQLITE: Final = "sqlite:///"
BACKLOG: Final = 2048
"""Who may wait to be answered: as many as uvicorn lets wait."""

Said = Callable[[str], None]
Work = Callable[[Said], None]
"""Something to be made, which says what it is doing."""


def prepare(address: str, host: str, programme: str, *, demo: bool) -> None:
    """Say to the site what it is, where the environment has not: before Django is there."""
    os.environ["HEADGATE_DATABASE"] = address
    if programme:
        os.environ["HEADGATE_PROGRAMME"] = programme
    if demo:
        os.environ["HEADGATE_DEMO"] = "true"
    reached_by_https = os.environ.get("HEADGATE_ADDRESS", "").startswith("https://")
    if demo or (is_loopback(host) and not reached_by_https):
        os.environ.setdefault("HEADGATE_HTTPS", "false")
    file = _file(address)
    file.parent.mkdir(parents=True, exist_ok=True)
    if "HEADGATE_SECRET_KEY" not in os.environ and not _secret_given():
        os.environ["HEADGATE_SECRET_KEY"] = secret(file.with_name(f"{file.name}.secret"))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _file(address: str) -> Path:
    """The database's file; of another database, the name that files beside it are given."""
    return Path(address.removeprefix(SQLITE) if address.startswith(SQLITE) else "headgate")


def _secret_given() -> bool:
    folder = os.environ.get("HEADGATE_SECRETS")
    return folder is not None and Path(folder, "HEADGATE_SECRET_KEY").is_file()


def secret(path: Path) -> str:
    """The secret in a file that only its owner can read; made where there is none."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip()
    with os.fdopen(handle, "w") as file:
        made = secrets.token_urlsafe(50)
        file.write(f"{made}\n")
    return made


def unmade(database: "Database") -> bool:
    """Whether a site's tables are still to be made, or to be renewed."""
    from headgate.site.records.database import unmade as lacking

    return lacking(database) > 0


def make_tables(database: "Database", *, owner: bool = False, lacking: bool | None = None) -> None:
    """See that the ledger and the portal have their tables, and every role its group.

    `lacking` is what `unmade` said, where it was asked already: that takes a while. An owner also
    gives the service's role its rights anew. Of others nothing is asked, where the tables are
    there, that the service's own role may not do.
    """
    from django.core.management import call_command

    from headgate.site.portal.roles import make_groups
    from headgate.site.records.database import create, grant_working_tables

    if owner or (unmade(database) if lacking is None else lacking):
        create(database)
        call_command("migrate", database=database.alias, verbosity=0, interactive=False)
        grant_working_tables(database)
    make_groups()


def demo_is_to_fill(database: "Database") -> bool:
    """See that the people of the demo are there; whether its programme still has a term to run."""
    from headgate.site.portal.people import make_personas
    from headgate.site.records.kept import stands

    make_personas()
    stood = stands(database)
    return stood is None or stood.standing.index == 0


def desk_is_to_know() -> bool:
    """Whether a term that ran here has applicants whom the desk does not know."""
    from headgate.site.desk.demo import is_unknown

    return is_unknown()


def let_desk_know() -> None:
    """Give the desk the applications of a rehearsed term, as if they had come through its pages.

    Its people then find what a worker would have told them by now.
    """
    from headgate.site.desk.clock import now
    from headgate.site.desk.demo import know
    from headgate.site.notices.gather import gather

    if know():
        gather(now())


def invite(document: "Document", world: "World", invented: int, progress: Said) -> None:
    """Let invented people begin a programme by the actions of the desk, where none has begun.

    `invented` applicants of each call at most; with none, the programme is left to be begun at the
    pages. The world answers from now on for clusters, meters and evaluators.
    """
    from headgate.site.desk.demo import fill
    from headgate.site.desk.office import SITE
    from headgate.site.desk.outside import answers, catch_up
    from headgate.site.portal.people import make_personas
    from headgate.site.records.kept import kept_term

    make_personas()
    if kept_term(SITE) is not None:
        catch_up(world, progress)
    elif invented:
        fill(document, world, invented, progress)
    answers(world, invented)


class Stopped(Exception):
    """Nobody waits any more for what is being made; what was kept of it is whole."""


def listening(host: str, port: int) -> socket.socket:
    """The address to answer at, taken before anything long is begun; raises Faulty where it is not
    to be had.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(place, family=family, backlog=BACKLOG)
    except OSError as error:
        what = f"nothing can answer at {host}:{port}: {error.strerror or error}"
        mend = f"Name another port, such as --port {port % 65_535 + 1}, or another --host."
        raise Faulty([Fault("--port", 0, 0, "address-not-free", what, mend)]) from error


def answer(listener: socket.socket, said: Said, first: Work | None = None) -> None:
    """Answer until somebody stops it; all pages are there before the first is asked for.

    What is to be made `first` is made beside it, and until then the pages say how far it is. Where
    that fails, nothing answers any more, and its error is raised. What lists keep is made after it,
    in the same way, before anybody looks.
    """
    import uvicorn
    from django.urls import resolve

    from headgate.site.apart import have_computed
    from headgate.site.portal.ahead import keep_up
    from headgate.site.portal.asgi import application
    from headgate.site.portal.preparing import PREPARING
    from headgate.site.portal.unreadable import Reader

    resolve("/")
    have_computed()
    usually()
    config = uvicorn.Config(
        application, http=Reader, log_level="warning", server_header=False, ws="none"
    )
    server, stopped = uvicorn.Server(config), Event()

    def started() -> None:
        while not (server.started or server.should_exit or stopped.is_set()):
            time.sleep(0.02)

    def make(work: Work) -> None:
        try:
            started()
            work(step)
            PREPARING.under_way = False
            said("the demo is ready")
        finally:
            server.should_exit |= PREPARING.under_way

    def ahead() -> None:
        started()
        keep_up(stopped, settle)

    def step(_: str) -> None:
        if server.should_exit:
            raise Stopped
        PREPARING.steps += 1

    host, port = listener.getsockname()[:2]
    named = f"[{host}]" if ":" in host else host
    said(f"the portal answers at http://{named}:{port}/  (stop it with Ctrl+C)")
    with ThreadPoolExecutor(1) as beside, suppress(KeyboardInterrupt, Stopped):
        PREPARING.under_way = first is not None
        made = beside.submit(make, first) if first is not None else None
        beside.submit(ahead)
        try:
            server.run(sockets=[listener])
        finally:
            stopped.set()
        if made is not None:
            made.result()
