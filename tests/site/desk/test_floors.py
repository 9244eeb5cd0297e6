"""A board says by how much its list misses what the policy promises to some."""

import re

import pytest
from django.test import override_settings

from headgate.core.policy.document import Document
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of
from tests.site.portal.asking import text_of
from tests.whole.small import small

FLOORS = """\
    floors:
      - {id: academies, when: applicant.kind == "academy", share: 90 %}
      - {id: anybody, when: 'true', share: 1 %}
"""


@pytest.mark.usefixtures("lone_site")
@override_settings(ALLOWED_HOSTS=["*"])
def test_a_floor_that_cannot_be_kept_is_told_before_the_list_is_signed() -> None:
    """Nobody is of the kind that is promised nine tenths: the board says how far it falls short,
    and why the list's worth is less than nothing.
    """
    texts = dict(small().term.document.texts)
    head, name, rest = texts["programme.yaml"].partition("  open:\n")
    rest = rest.replace("    partial_awards", f"{FLOORS}    partial_awards", 1)
    document = Document.read({**texts, "programme.yaml": f"{head}{name}{rest}"})
    cast = Cast(document, facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    page = text_of(browser(cast.officer).get("/boards/open/"))
    assert "taken off its worth" in page
    rows = dict(re.findall(r">(academies|anybody)</th>.*?<td[^>]*>([^<]*)</td></tr>", page))
    assert rows["academies"].endswith("units short")
    assert "Kept" == rows["anybody"]
