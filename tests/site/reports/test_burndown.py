"""How a right ran down: each day of an award, worked out by hand, the same on both databases."""

from datetime import date

from headgate.site.records.database import opened
from headgate.site.reports.burndown import days
from tests.site.reports.ledgers import posted
from tests.site.reports.test_statement import AWARDS, award_transfers, counted


def test_days_are_those_worked_out_by_hand(address: str) -> None:
    """Grants, use, reservations freed in part or whole, overuse, what went back: by one query."""
    database = opened(address)
    posted(database, award_transfers(), AWARDS)
    with counted(database) as asked:
        found = days(database, "compute", "a", "h200")
    assert 1 == len(asked)
    expected = [
        ("03-01", 1_000, 0, 0, 0, 0, 1_000),
        ("03-02", 0, 100, 0, 0, 0, 900),
        ("03-03", 0, 0, 0, 60, 0, 840),
        ("03-04", 0, 0, 0, 50, 0, 790),
        ("03-05", 0, 0, 0, -50, 0, 840),
        ("03-31", 0, 200, 0, 0, 0, 640),
        ("04-01", 0, 40, 0, -60, 0, 660),
        ("04-02", 0, 0, 0, 0, 9, 660),
        ("04-03", 500, 0, 0, 0, 0, 1_160),
        ("04-04", 0, 0, 30, 0, 0, 1_130),
        ("04-05", 0, 0, 0, 25, 0, 1_105),
        ("04-06", 0, 1, 0, 0, 0, 1_104),
    ]
    told = [
        (day.day, day.granted, day.used, day.returned, day.reserved, day.over, day.left)
        for day in found
    ]
    assert [(date.fromisoformat(f"2026-{at}"), *rest) for at, *rest in expected] == told
