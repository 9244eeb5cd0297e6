"""The commands that run the portal: `headgate serve`, `worker` and `migrate`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.shared import database_at, ledger_at, mendable, passes, say, until_stopped

if TYPE_CHECKING:
    from headgate.demo import Run
    from headgate.site.serving import Said


DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", envvar="HEADGATE_DATABASE", help="The ledger's address."),
]


def serve(
    database: DatabaseOption = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Fill an empty database and sign in by one click.")
    ] = False,
    people: Annotated[
        bool, typer.Option("--people", help="Begin the demo with its calls open, to be played.")
    ] = False,
    invented: Annotated[
        int, typer.Option(help="Invented applicants of a call; 0: begin it all yourself.", min=0)
    ] = 40,
    programme: Annotated[
        str, typer.Option(envvar="HEADGATE_PROGRAMME", help="The programme: a folder or a name.")
    ] = "korea-2025",
    host: Annotated[str, typer.Option(help="The address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to answer at.", min=1, max=65535)] = 8000,
) -> None:
    """Run the portal until Ctrl+C; what its tables need is made first."""
    with mendable("serve"):
        from headgate.site.serving import (
            DEMO_ADDRESS,
            PLAIN_ADDRESS,
            answer,
            demo_is_to_fill,
            desk_is_to_know,
            listening,
            make_tables,
            prepare,
            unmade,
        )

        address = database or (DEMO_ADDRESS if demo else PLAIN_ADDRESS)
        listener = listening(host, port)
        prepare(address, host, programme, demo=demo)
        make = None
        with database_at(address) as kept:
            lacking = unmade(kept)
            if not (demo and lacking):
                make_tables(kept, lacking=lacking)
            if demo and (people or lacking or demo_is_to_fill(kept) or desk_is_to_know()):
                make = partial(_make_demo, address, programme, invented if people else None)
        if make is not None:
            say("the demo is being prepared: half a minute, in which its pages say how far it is")
        answer(listener, say, make)


def worker(
    database: DatabaseOption = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="One look, and no more.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Look by the clock of a demo.")] = False,
) -> None:
    """Do what no page waits for: make the notices, and send them by e-mail. Ctrl+C stops it."""
    with mendable("worker"):
        from headgate.site.serving import PLAIN_ADDRESS, prepare

        address = database or PLAIN_ADDRESS
        prepare(address, "localhost", "", demo=demo)
        with ledger_at(address):
            from headgate.site.notices.working import work

            with until_stopped():
                if not once:
                    say(f"looking every {every:g} s  (stop it with Ctrl+C)")
                for _ in passes(every, once=once):
                    done = work()
                    if once or done.worth_telling:
                        say(str(done))


def migrate(database: DatabaseOption = None) -> None:
    """Make or renew the tables of a site, as the owner of its database, and its roles' groups."""
    with mendable("migrate"):
        from headgate.site.serving import PLAIN_ADDRESS, make_tables, prepare

        address = database or PLAIN_ADDRESS
        prepare(address, "localhost", "", demo=False)
        with database_at(address) as kept:
            make_tables(kept, owner=True)
        say("the tables are as this version needs them")


def owner(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's own name.")] = "",
    email: Annotated[str, typer.Option(help="Where letters reach them.")] = "",
    database: DatabaseOption = None,
) -> None:
    """Make the first policy owner of a site, and say where they set their password."""
    with mendable("owner"):
        from headgate.site.serving import PLAIN_ADDRESS, prepare

        address = database or PLAIN_ADDRESS
        prepare(address, "localhost", "", demo=False)
        with ledger_at(address):
            from datetime import UTC, datetime

            from django.conf import settings

            from headgate.site.actions.people import first_owner
            from headgate.site.portal.people import first_password

            made = first_owner(username, name, email, datetime.now(UTC))
            say(f"{settings.HEADGATE_ADDRESS}{first_password(made)}")
            say("set the password there, once, within three days")


def check_site(database: str | None) -> None:
    """Say everything that must be mended before real people use a site; raises `Faulty`."""
    from headgate.core.faults import Faulty
    from headgate.site.serving import PLAIN_ADDRESS, prepare

    address = database or PLAIN_ADDRESS
    prepare(address, "0.0.0.0", "", demo=False)
    with database_at(address):
        from headgate.site.portal.checks import findings

        faults, advice = findings()
    for one in advice:
        say(str(one))
    if faults:
        raise Faulty(faults)
    say("the site may be opened: settings, tables, the service's role and a first owner are there")


@contextmanager
def through_portal(programme: str, *, wanted: bool) -> "Iterator[Run]":
    """What takes a term: the cycle, or where `wanted` the one that keeps it for the demo's portal.

    A term that has ended there is never touched; it is then taken in memory alone.
    """
    if not wanted:
        from headgate.cycle import run

        yield run
        return
    from headgate.site.serving import (
        DEMO_ADDRESS,
        demo_is_to_fill,
        let_desk_know,
        make_tables,
        prepare,
    )

    address = os.environ.get("HEADGATE_DATABASE") or DEMO_ADDRESS
    prepare(address, "localhost", programme, demo=True)
    with database_at(address) as kept:
        from headgate.cycle import run
        from headgate.site.actions.take import rehearse

        make_tables(kept)
        yield partial(rehearse, kept) if demo_is_to_fill(kept) else run
        let_desk_know()


def _make_demo(address: str, programme: str, invented: int | None, progress: "Said") -> None:
    """Make the demo in a site: its term, or, with `invented` applicants, calls open to be played.

    Killed, the next start goes on from there.
    """
    from headgate.demo import Choices, rehearse
    from headgate.site.actions.take import rehearse as rehearse_kept
    from headgate.site.serving import demo_is_to_fill, let_desk_know, make_tables

    with database_at(address) as kept:
        progress("tables")
        make_tables(kept)
        if invented is not None:
            _invite(programme, invented, progress)
            return
        if demo_is_to_fill(kept):
            rehearse(programme, Choices(), progress, partial(rehearse_kept, kept))
        let_desk_know()


def _invite(programme: str, invented: int, progress: "Said" = lambda _: None) -> None:
    """Bring the demo's programme to where its first calls are open; once it has begun, leave it."""
    from headgate.core.policy.dated import at
    from headgate.demo import populations
    from headgate.readers.policy_files import read_programme
    from headgate.readers.programmes import data_files, find
    from headgate.simulation.world import Simulated
    from headgate.site.serving import invite
    from headgate.steps.agenda import first_day

    folder = find(programme)
    document = read_programme(folder)
    policy = at(document, first_day(document)).policy
    known = populations(data_files(folder), policy.calls.keys())
    invite(document, Simulated(policy, known, "headgate"), invented, progress)
