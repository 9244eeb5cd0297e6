"""The commands of site agents: `headgate agent` beside a cluster, and what makes one known.

Exit codes of `agent --once`: 0 all is well, 2 bad input, 4 a plan waits for an operator or is
refused, 5 the cluster or the portal was down (nothing was lost), 6 something else is to be seen to.
"""

import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.clusters import (
    DOWN,
    DRIFTING,
    REFUSED,
    ClustersOption,
    LoginsOption,
    has_portal,
)
from headgate.cli.ledger import DatabaseOption, KeysOption
from headgate.cli.shared import fault, ledger_at, mendable, passes, say, until_stopped

if TYPE_CHECKING:
    from headgate.agent.look import Agent, Logins, Looked
    from headgate.core.ledger.checkpoint import Verifier
    from headgate.site.records.database import Database

FIRST_WAIT_SECONDS = 15
"""How soon a portal that was down is asked again; each further time after twice as long."""

SiteArgument = Annotated[str, typer.Argument(help="The site, as the policy's lots call it.")]


def agent(
    portal: Annotated[
        str, typer.Option(envvar="HEADGATE_PORTAL", help="https://host of the portal.")
    ],
    clusters: ClustersOption,
    cluster: Annotated[str, typer.Option("--cluster", help="Its name in the clusters file.")],
    token: Annotated[
        Path, typer.Option(envvar="HEADGATE_TOKEN", help="The file with the site's credential.")
    ],
    keys: Annotated[
        Path,
        typer.Option(envvar="HEADGATE_KEYS", help="The programme's public keys, one a line."),
    ],
    logins: LoginsOption = None,
    spool: Annotated[
        Path, typer.Option(envvar="HEADGATE_SPOOL", help="What must not be forgotten.")
    ] = Path("agent.spool"),
    authority: Annotated[
        Path | None, typer.Option(help="CA certificates (PEM), if not those of the system.")
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Apply no plan before an operator has allowed it.")
    ] = False,
    every: Annotated[int, typer.Option(min=10, max=86_400, help="Seconds between looks.")] = 300,
    once: Annotated[bool, typer.Option("--once", help="Look once and end, as for cron.")] = False,
) -> None:
    """Run beside one cluster: pull its signed orders, apply them, tell what came of it and use."""
    with mendable("agent"):
        from headgate.agent.look import Agent
        from headgate.agent.portal import Portal
        from headgate.agent.spool import opened
        from headgate.readers.clusters import named, read_clusters

        section = named(read_clusters(clusters), cluster)
        authorities = str(authority) if authority is not None else None
        door = Portal(portal, section.site, _secret(token), authorities)
        pinned = public_keys(keys)
        with opened(spool, section.site) as kept:
            use = spool.with_name(f"{spool.name}.use")
            one = Agent(cluster, section, _logins(logins), pinned, door, kept, use, ask)
            code = _looks(one, every, once=once)
    if code:
        raise typer.Exit(code)


def _looks(one: "Agent", every: int, *, once: bool) -> int:
    """Look again and again, or once; the exit code of the last look."""
    from headgate.agent.look import look

    failed = 0
    while True:
        looked = look(one, int(time.time()))
        _tell(one.section.site, looked)
        if once:
            return _code(looked)
        failed = 0 if looked.online else failed + 1
        pause = min(every, FIRST_WAIT_SECONDS * 2 ** (failed - 1)) if failed else every
        # Agents that lost their portal together do not all come back at one moment.
        time.sleep(pause * (0.8 + 0.4 * random.random()))


def _tell(site: str, looked: "Looked") -> None:
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    waiting = f", {looked.waiting:,} to tell" if looked.waiting else ""
    say(f"{at} {site}: {looked.outcome}, {looked.changes:,} changes{waiting}")
    if looked.waits:
        say(f"  a plan waits for an operator's word on the portal: {looked.waits}")
    for each in looked.faults:
        say(f"  {each}")


def _code(looked: "Looked") -> int:
    from headgate.engines.drive import Enforced

    if looked.waits or looked.outcome == Enforced.REFUSED.value:
        return REFUSED
    if looked.outcome == Enforced.DOWN.value or not looked.online:
        return DOWN
    return DRIFTING if looked.faults else 0


def _secret(path: Path) -> str:
    """A credential, from a file that nobody else may read."""
    if path.stat().st_mode & 0o077:
        what = "others can read it"
        raise fault(str(path), "token-open", what, f"Run: chmod 600 {path}")
    found = path.read_text("ascii").strip()
    if not found or any(map(str.isspace, found)):
        raise fault(
            str(path), "token-bad", "it holds no credential", "Enrol the site, and copy it."
        )
    return found


def public_keys(path: Path) -> "tuple[Verifier, ...]":
    """The public keys that sign orders: the newest pair of the journal's `keys` file."""
    from headgate.core.ledger.checkpoint import Algorithm, parse_vkeys

    mend = "Take the file `keys` of the published journal."
    if not path.is_file():
        raise fault(str(path), "keys-missing", "there is no such file", mend)
    found = parse_vkeys(path.read_bytes())
    names = {key.name for key in found}
    if len(names) != 1 or {key.algorithm for key in found} != set(Algorithm):
        raise fault(str(path), "keys-bad", "it holds not both keys of one log", mend)
    return found


def _logins(path: Path | None) -> "Logins":
    from headgate.readers.logins_csv import read_logins

    return lambda gone: read_logins(path, gone) if path is not None else {}


def _need_portal(database: "Database") -> None:
    """Raise `Faulty` where a ledger has no portal beside it that could hand anything out."""
    if not has_portal(database):
        what, mend = (
            "the portal has no tables there",
            "Start it once: headgate serve --database ...",
        )
        raise fault("--database", "portal-missing", what, mend)


def enrol(site: SiteArgument, database: DatabaseOption) -> None:
    """Make a site's agent known to the portal: prints its credential, once."""
    with mendable(f"ledger enrol {site}"), ledger_at(database) as kept:
        from headgate.site.actions.agents import enrol as enrol_site

        _need_portal(kept)
        say(enrol_site(kept, site, datetime.now(UTC)))


def revoke(site: SiteArgument, database: DatabaseOption) -> None:
    """End a site's credential at once; what its agent brought stays."""
    with mendable(f"ledger revoke {site}"), ledger_at(database) as kept:
        from headgate.site.actions.agents import revoke as revoke_site

        _need_portal(kept)
        revoke_site(kept, site, datetime.now(UTC))
        say(f"{site}: its credential is worth nothing any more")


def orders(
    keys: KeysOption,
    database: DatabaseOption,
    every: Annotated[
        float | None,
        typer.Option(min=1, help="Go on: sign what has changed, so many seconds apart."),
    ] = None,
) -> None:
    """Sign what each site shall hold, for its agent to pull; publish the journal before.

    With --every a list follows within seconds of what it rests on, as when somebody is sent away.
    """
    with mendable("ledger orders"), ledger_at(database) as kept:
        _need_portal(kept)
        if every is None:
            _sign(kept, keys, news=False)
        else:
            _sign_on(kept, keys, every)


def _sign(kept: "Database", keys: Path, *, news: bool) -> None:
    from headgate.site.actions.agents import sign_orders

    for listed in sign_orders(kept, keys, datetime.now(UTC), news=news):
        say(f"{listed.site}: as of {listed.size:,} entries, {listed.digest}")


def _sign_on(kept: "Database", keys: Path, every: float) -> None:
    """Sign again and again; a refusal is told once, and it goes on when that was mended."""
    from headgate.core.ledger.refused import Refused

    said = ""
    with until_stopped():
        for _ in passes(every, once=False):
            try:
                _sign(kept, keys, news=True)
                said = ""
            except Refused as error:
                refused = f"{error.about}: {error.reason.value}"
                if refused != said:
                    typer.echo(f"ledger orders: {refused}", err=True)
                said = refused
