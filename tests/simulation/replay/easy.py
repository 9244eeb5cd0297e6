"""EASY backfill by its published definition, written apart from the replay.

After Feitelson and Weil ("Utilization and predictability in scheduling the IBM SP2 with
backfilling", IPPS 1998) and Lifka (JSSPP 1995): jobs start in order of submission while they fit;
the first that does not is given the earliest time in the profile of expected releases; a later one
is moved ahead if it can run now, for all of its limit, with that promise standing in the profile.
Here the profile is kept and asked directly, instead of the replay's shadow time and spare GPUs.
"""

from headgate.simulation.replay.pool import Pool


def fits(profile: list[tuple[int, int]], asks: int, begin: int, end: int) -> bool:
    """Whether so many GPUs are free in a profile of (moment, change) from `begin` to `end`."""
    free, ok = 0, True
    for place, (at, change) in enumerate(profile):
        free += change
        until = profile[place + 1][0] if place + 1 < len(profile) else end
        if at < end and until > begin and free < asks:
            ok = False
    return ok


def with_job(
    profile: list[tuple[int, int]], asks: int, begin: int, end: int
) -> list[tuple[int, int]]:
    """The profile with a job in it."""
    changes: dict[int, int] = dict(profile)
    changes[begin] = changes.get(begin, 0) - asks
    changes[end] = changes.get(end, 0) + asks
    return sorted(changes.items())


def starts_of(pool: Pool) -> list[int]:
    """The start of every gang of a pool with one envelope and one step."""
    gangs, free = pool.gangs, int(pool.steps.gpus[0])
    submitted, seconds = gangs.submitted.tolist(), gangs.seconds.tolist()
    limits, asks = gangs.limit.tolist(), gangs.gpus.tolist()
    starts: dict[int, int] = {}
    running: list[int] = []
    queue: list[int] = []
    arrived = 0
    while arrived < len(asks) or running:
        ends = [starts[job] + seconds[job] for job in running]
        now = min([*ends, *submitted[arrived : arrived + 1]])
        for job in [job for job in running if starts[job] + seconds[job] == now]:
            running.remove(job)
            free += asks[job]
        while arrived < len(asks) and submitted[arrived] == now:
            queue.append(arrived)
            arrived += 1
        while queue and asks[queue[0]] <= free:
            free -= asks[queue[0]]
            starts[queue[0]] = now
            running.append(queue.pop(0))
        if len(queue) < 2:
            continue
        profile = [(now, free)]
        for job in running:
            profile.append((starts[job] + limits[job], asks[job]))
        merged: dict[int, int] = {}
        for at, change in profile:
            merged[at] = merged.get(at, 0) + change
        profile = sorted(merged.items())
        first = queue[0]
        for begin, _ in profile:
            if fits(profile, asks[first], begin, begin + limits[first]):
                profile = with_job(profile, asks[first], begin, begin + limits[first])
                break
        for job in queue[1:]:
            if asks[job] <= free and fits(profile, asks[job], now, now + limits[job]):
                profile = with_job(profile, asks[job], now, now + limits[job])
                free -= asks[job]
                starts[job] = now
                running.append(job)
                queue.remove(job)
    return [starts[job] for job in range(len(asks))]
