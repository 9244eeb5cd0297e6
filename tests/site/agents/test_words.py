"""The centres' pages speak three languages, refusals and reasons included."""

import polib
import pytest

from headgate.engines.slurm.sacct import MENDS
from headgate.site.agents.projects import SAID
from headgate.site.agents.refusals import AgentRefusal
from headgate.site.agents.said import SENTENCES
from tests.site.desk.test_desk_words import in_python
from tests.site.portal import test_words as portal

AGENTS = portal.PORTAL.parent / "agents"


@pytest.mark.parametrize("language", portal.TRANSLATED)
def test_every_text_of_the_centres_is_translated(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages, refusals with their mends, and why a job waits: none is English for all."""
    monkeypatch.setattr(portal, "PORTAL", AGENTS)
    texts = portal.in_templates() | in_python(AGENTS)
    texts |= {reason.value for reason in AgentRefusal} | {*SAID.values()}
    texts |= SENTENCES | {*MENDS.values()}
    folder = AGENTS / "locale" / language / "LC_MESSAGES"
    written = polib.pofile(str(folder / "django.po"))
    told = {entry.msgid: entry.msgstr or entry.msgstr_plural for entry in written}
    assert set() == texts - told.keys()
    assert all(told.values())
    compiled = polib.mofile(str(folder / "django.mo"))
    assert told == {entry.msgid: entry.msgstr or entry.msgstr_plural for entry in compiled}
    portal.test_translations_have_the_values_of_their_text(language)
    portal.test_no_template_says_anything_outside_its_marks()
