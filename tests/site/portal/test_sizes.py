"""What a page asks of the database does not depend on how much there is."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from headgate.site.records.database import opened
from tests.site.portal.asking import MOST, PUBLIC_MOST, SEEN, Told, told
from tests.site.portal.crowd import grow

FEW, MANY = 3, 60
"""So many that a list has more than one page."""


def more(few: list[str], many: list[str]) -> str:
    """Of which kind the queries are that are asked more often where there is more."""
    counts = [Counter(re.sub(r"\d+", "0", sql)[:200] for sql in told) for told in (few, many)]
    return "; ".join(f"+{n} {sql}" for sql, n in (counts[1] - counts[0]).items())


@pytest.mark.usefixtures("portal")
def test_no_page_asks_more_where_there_is_more(
    begun_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page, home too, in every role: at most 12 queries, 3 for the public, and as many for
    60 of each thing as for 3.
    """
    found: dict[int, Told] = {}
    for times in (FEW, MANY):
        opened(f"sqlite:///{shutil.copy(begun_template, tmp_path / f'{times}.db')}")
        with monkeypatch.context() as patch:
            found[times] = told(Client(), grow(patch, times))
    most = {page.name: PUBLIC_MOST if page.is_public else MOST for page in SEEN}
    wrong = {}
    for name, (status, asked) in found[MANY].items():
        fewer = found[FEW][name]
        if status != fewer[0] or len(asked) != len(fewer[1]) or len(asked) > most[name[0]]:
            told_more = more(fewer[1], asked)
            wrong[name] = f"{fewer[0]}→{status}, {len(fewer[1])}→{len(asked)}: {told_more}"
    assert "" == "\n".join(f"{name}: {said}" for name, said in wrong.items())
    assert len(SEEN) <= len({page for page, _role in found[MANY]}) + 1
