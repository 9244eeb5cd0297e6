"""Facts of a meter: what a cluster says was used, one record for each attempt of a job."""

from dataclasses import dataclass, field

from headgate.core.canonical import UNTOLD


@dataclass(frozen=True, slots=True)
class Usage:
    """One attempt of one job, as its cluster accounts for it.

    `gpus` are the allocated devices (allocation bills, not load). Instants are UTC, ISO 8601.
    `ended` is None while the attempt runs; `seen` is when the meter looked. The outside fact that
    makes the ledger's transfer id is (cluster, job, attempt). `joules` is the energy of an attempt
    that has ended; None where its cluster does not account it.
    """

    cluster: str
    job: str
    attempt: int
    award: str
    support_class: str
    gpus: int
    started: str
    ended: str | None
    seen: str
    joules: int | None = field(default=None, metadata=UNTOLD)
