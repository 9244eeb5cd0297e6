"""What a holder submits to a cluster: what a rehearsal runs and a trace is read into."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One gang of `gpus` of one class that runs for `seconds` once it has started.

    `submitted` is UTC, ISO 8601. Ids are unique in a workload; ties in time go by id.
    """

    id: str
    award: str
    support_class: str
    gpus: int
    submitted: str
    seconds: int
