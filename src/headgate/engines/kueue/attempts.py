"""Workload objects -> usage records, one for each admission, remembered from look to look.

A Workload shows only its latest admission, and none once it has been evicted or deleted, so every
look is remembered. An attempt is known by the Workload's uid and the second in which it was
admitted: whoever looks again, with or without the memory, gives it the same id.

What a look can see of an attempt's end:

- finished, or evicted and not admitted since: the instant that Kueue wrote;
- admitted again since: Kueue's own count of seconds spent in earlier admissions;
- deleted: the last instant at which it was seen to run, so less than the time between two looks is
  lost. So is an attempt that begins and is evicted between two looks. Nothing is guessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.kueue.drift import quantity

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One admission as last seen; `before` are the seconds that Kueue counted in earlier ones."""

    usage: Usage
    before: int


Attempts = Mapping[Key, Attempt]


@dataclass(frozen=True, slots=True)
class Meter:
    """How a cluster's Workloads are read.

    `queues` gives the award and chip class of every ClusterQueue of ours, `resources` the resource
    that pods ask for of each chip class.
    """

    cluster: str
    queues: Mapping[str, tuple[str, str]]
    resources: Mapping[str, str]

    def look(self, known: Attempts, workloads: Iterable[Mapping[str, Any]], now: str) -> Attempts:
        """What is known after one look; `workloads` are all that there are, ours or not."""
        listed = {thing["metadata"]["uid"]: thing for thing in workloads}
        running = (self._attempt(uid, thing, now) for uid, thing in sorted(listed.items()))
        fresh = {attempt_key(one.usage): one for one in running if one is not None}
        after = {**known, **{name: self._news(known.get(name), one) for name, one in fresh.items()}}
        for name, one in known.items():
            if one.usage.ended is None and name not in fresh:
                after[name] = _ended(one, listed.get(name[0]))
        return after

    def _attempt(self, uid: str, thing: Mapping[str, Any], now: str) -> Attempt | None:
        """The admission that a Workload shows, or None: not admitted, not ours, or no GPUs."""
        status = thing.get("status") or {}
        admission = status.get("admission") or {}
        admitted, finished = condition(thing, "Admitted"), condition(thing, "Finished")
        where = self.queues.get(admission.get("clusterQueue", ""))
        if admitted is None or where is None:
            return None
        gpus = gpus_of(admission, self.resources[where[1]])
        if gpus < 1:
            return None
        attempt = seconds_of(admitted)
        usage = Usage(self.cluster, uid, attempt, *where, gpus, admitted, finished, now)
        return Attempt(usage, status.get("accumulatedPastExecutionTimeSeconds", 0))

    def _news(self, earlier: Attempt | None, now: Attempt) -> Attempt:
        """An attempt that has ended once stays as it is."""
        return earlier if earlier is not None and earlier.usage.ended is not None else now


def attempt_key(usage: Usage) -> Key:
    """What tells an attempt from all others."""
    return usage.job, usage.attempt


def within(attempts: Attempts, since: str, until: str) -> tuple[Usage, ...]:
    """The attempts that touch a window, as they stood at its end; what used nothing is left out."""
    found = []
    for one in attempts.values():
        usage = one.usage
        if usage.started < until and (usage.ended is None or usage.ended > since):
            ended = usage.ended if usage.ended is not None and usage.ended <= until else None
            seen = usage.seen if ended is not None else min(usage.seen, until)
            row = replace(usage, ended=ended, seen=min(max(seen, ended or seen), until))
            if (row.ended or row.seen) > row.started:
                found.append(row)
    return tuple(sorted(found, key=lambda usage: (usage.started, attempt_key(usage))))


def without(attempts: Attempts, since: str) -> Attempts:
    """What must still be remembered when nobody asks for what ended before `since`."""
    return {
        name: one
        for name, one in attempts.items()
        if one.usage.ended is None or one.usage.ended > since
    }


def _ended(one: Attempt, thing: Mapping[str, Any] | None) -> Attempt:
    """An attempt that is no longer shown, with the latest end that can be shown."""
    usage = one.usage
    if thing is None:
        return replace(one, usage=replace(usage, ended=usage.seen))
    evicted = condition(thing, "Evicted")
    past = (thing.get("status") or {}).get("accumulatedPastExecutionTimeSeconds", 0)
    ended = usage.seen
    if evicted is not None and condition(thing, "Admitted") is None:
        ended = max(evicted, usage.started)
    elif past > one.before:
        ended = instant_of(seconds_of(usage.started) + past - one.before)
    return replace(one, usage=replace(usage, ended=ended, seen=max(usage.seen, ended)))


def condition(thing: Mapping[str, Any], kind: str) -> str | None:
    """Since when a condition is true, or None while it is not."""
    for one in (thing.get("status") or {}).get("conditions", ()):
        if one["type"] == kind and one["status"] == "True":
            return str(one["lastTransitionTime"])
    return None


def gpus_of(admission: Mapping[str, Any], resource: str) -> int:
    """The whole GPUs that an admission holds: Kueue's sum over each set's pods."""
    used = (
        (part.get("resourceUsage") or {}).get(resource, "0")
        for part in admission.get("podSetAssignments", ())
    )
    return int(sum(quantity(str(amount)) for amount in used))
