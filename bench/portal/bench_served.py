"""What the first look at each list costs in a process that serves, at ColdFront's size.

Such a process makes what its pages keep before anybody looks, and says in its metrics when it has.
The demo's term is multiplied as for `bench_running`; one person then looks at a list that nobody
has looked at, in a language that nobody has read. Costs are CPU time of the server's process, as
Linux counts it, over that of its login form: both with what the server itself takes for a request.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.ledger.bench_ledger import measure
from bench.portal.bench_memory import (
    AS_DEPLOYED,
    COMMAND,
    ENLARGE,
    _read,
    _signed_in,
    cpu_seconds,
    served,
)

FIRST: Final = {
    "running": ("agency-officer", "ko", "/running/"),
    "invoices": ("fund-officer", "vi", "/invoices/"),
    "projects": ("agency-officer", "ko", "/projects/"),
    "words": ("agency-officer", "ko", "/projects/?q=b700"),
    "search": ("agency-officer", "ko", "/search/?q=b700"),
    "search_letter": ("agency-officer", "ko", "/search/?q=o"),
    "search_letters": ("agency-officer", "ko", "/search/?q=o+p+e"),
    "home": ("agency-officer", "ko", "/home/"),
    "fund_home": ("fund-officer", "vi", "/home/"),
    "programme": (None, "vi", "/"),
}
"""Who looks first, in which language, at what."""
READY: Final = "headgate_kept_ready 1.0"
FORMS: Final = 10


def run() -> Iterator[dict[str, Any]]:
    """CPU of each first look over that of the login form, and of all that is made before."""
    if not Path("/proc/self/status").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        told = {**os.environ, **AS_DEPLOYED, "HEADGATE_DATABASE": f"sqlite:///{folder}/demo.db"}
        made = [*COMMAND, "demo", "--portal", "--out", f"{folder}/demo"]
        subprocess.run(made, env=told, check=True, stdout=subprocess.DEVNULL)
        enlarged = [sys.executable, "-c", ENLARGE, told["HEADGATE_DATABASE"]]
        subprocess.run(enlarged, env=told, check=True)
        with served(told, "--demo") as (base, worker):
            yield from _measured(worker, base)


def _measured(process: int, base: str) -> Iterator[dict[str, Any]]:
    begun = cpu_seconds(process)
    while READY not in _read(_nobody(base), f"{base}/metrics"):
        time.sleep(0.1)
    made = cpu_seconds(process) - begun
    people = {who: _signed_in(base, who, language) for who, language, _where in FIRST.values()}
    cost = partial(_cost, process, base)
    login = min(cost(_nobody(base), "/account/login/") for _ in range(FORMS))
    yield measure("portal", "served_ready_to_login", made / login, "ratio")
    for name, (who, _language, where) in FIRST.items():
        spent = cost(people[who], where)
        yield measure("portal", f"served_{name}_to_login", spent / login, "ratio")


def _nobody(base: str) -> Any:
    return _signed_in(base, None, "en")


def _cost(process: int, base: str, reader: Any, where: str) -> float:
    """CPU seconds of a process that answers one request."""
    begun = cpu_seconds(process)
    assert _read(reader, base + where), where
    return cpu_seconds(process) - begun
