"""Synthetic award problems of a stated size, from a seed: nobody in them exists."""

import hashlib
import random
from fractions import Fraction

from headgate.core.awards import Candidate, Floor, Limit, LimitKind, Option, Pool, Problem

CHIPS = {"a100": 8, "h100": 32, "h200": 32, "b200": 64, "npu": 6}
"""Units that one block of eight counts, in quarters of an H100."""

SECTORS = {"national": (15, Fraction(1, 2)), "industry": (60, Fraction(3, 10)),
           "academia": (25, Fraction(1, 5))}  # fmt: skip
"""Applicants of each hundred, and share of all units."""

REGIONS = {"capital": 40, "north": 25, "south": 20, "islands": 15}


def _lot(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def _size(draw: random.Random, middle: float, most: int) -> int:
    return max(1, min(most, round(draw.lognormvariate(0, 0.9) * middle)))


def ten_pools(count: int, seed: int) -> Problem:
    """Five kinds of chips at two sites; `count` candidates ask for about five times the supply."""
    draw = random.Random(seed)
    capacities = [150, 100, 350, 250, 275, 200, 120, 80, 60, 40]
    names = [f"{chip}-{site}" for chip in CHIPS for site in ("east", "west")]
    pools = tuple(
        Pool(name, max(1, capacity * count // 2000), CHIPS[name.split("-")[0]])
        for name, capacity in zip(names, capacities, strict=True)
    )
    units = sum(pool.capacity * pool.weight for pool in pools)
    organisations = max(5, count // 5)
    limits = [
        Limit(f"envelope-{sector}", LimitKind.ENVELOPE, sector, int(share * units))
        for sector, (_, share) in SECTORS.items()
    ]
    limits += [
        Limit(f"organisation-{at}", LimitKind.CONCENTRATION, f"organisation-{at}", units * 4 // 100)
        for at in range(organisations)
    ]
    floors = [Floor(f"floor-{region}", region, least=units * 4 // 100)
              for region in ("south", "islands")]  # fmt: skip
    floors.append(Floor("floor-small", "small-firm", share=Fraction(1, 2), share_of="industry"))
    candidates = tuple(_candidate(draw, f"A-{at:04}", seed, organisations) for at in range(count))
    return Problem(pools, tuple(limits), tuple(floors), candidates, extra_worth=Fraction(7, 10))


def _candidate(draw: random.Random, name: str, seed: int, organisations: int) -> Candidate:
    [sector] = draw.choices(list(SECTORS), [part for part, _ in SECTORS.values()])
    [region] = draw.choices(list(REGIONS), list(REGIONS.values()))
    tags = {sector, region, f"organisation-{draw.randrange(organisations)}"}
    if sector == "industry" and draw.random() < 0.7:
        tags.add("small-firm")
    most = _size(draw, 6 if sector == "national" else 2, 96)
    least = max(1, round(most * draw.uniform(0.25, 1)))
    chips = draw.sample(list(CHIPS), draw.choices((1, 2, 3), (45, 35, 20))[0])
    sites = draw.choices((("east",), ("west",), ("east", "west")), (15, 15, 70))[0]
    options = tuple(
        Option(f"{chip}-{site}", least, most, Fraction(draw.randint(70, 100) if at else 100, 100))
        for at, chip in enumerate(chips)
        for site in sites
    )
    score = 100 * max(200, min(1000, round(draw.gauss(700, 120))))
    return Candidate(name, score, options, frozenset(tags), _lot(seed, name))


def open_call(seed: int) -> Problem:
    """An open call with the published totals of a real one: 514 candidates ask for 1,714 blocks.

    Two pools of 287 and 255 blocks, caps of 32 and 16 blocks, three envelopes, whole requests only.
    """
    draw = random.Random(seed)
    sizes = [_size(draw, 2.2, 32) for _ in range(514)]
    while sum(sizes) != 1714:
        at = draw.randrange(514)
        sizes[at] = max(1, min(32, sizes[at] + (1 if sum(sizes) < 1714 else -1)))
    pools = (Pool("h200", 287, 8), Pool("b200", 255, 8))
    shares = {"academia": 2700, "industry": 1320, "institute": 316}
    limits = tuple(Limit(f"envelope-{name}", LimitKind.ENVELOPE, name, units)
                   for name, units in shares.items())  # fmt: skip
    candidates = []
    for at, size in enumerate(sizes):
        name = f"A-{at:04}"
        pool = draw.choice(("h200", "b200")) if size <= 16 else "h200"
        [sector] = draw.choices(list(shares), (62, 31, 7))
        options = (Option(pool, max(1, size // 2), size),)
        tags = frozenset({sector})
        score = draw.randint(500, 980) * 100
        candidates.append(Candidate(name, score, options, tags, _lot(seed, name)))
    return Problem(pools, limits, (), tuple(candidates), partial=False)
