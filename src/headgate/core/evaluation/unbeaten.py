"""Whether the votes on teams say how each stands to every other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping


def unbeaten_by_the_rest(held: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Teams to whom the rest never won or held a tie; empty where each reaches each.

    `held` are (winner, loser) pairs, a tie both ways. Strengths of a Bradley-Terry model exist, and
    are the only ones, exactly where each team reaches each by wins (Ford 1957, Am. Math. Mon. 64).
    """
    beat: dict[str, set[str]] = defaultdict(set)
    beaten_by: dict[str, set[str]] = defaultdict(set)
    for winner, loser in held:
        beat[winner].add(loser)
        beaten_by[loser].add(winner)
    teams = {*beat, *beaten_by}
    if not teams:
        return frozenset()
    start = min(teams)
    above = _reached(start, beaten_by)
    if above != teams:
        return frozenset(above)
    below = _reached(start, beat)
    return frozenset(teams - below)


def _reached(start: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    found, path = {start}, [start]
    while path:
        new = set(steps.get(path.pop(), ())) - found
        found |= new
        path += new
    return found
