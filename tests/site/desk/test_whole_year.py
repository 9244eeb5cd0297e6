"""People play the year that a simulated world played, and the journal is the same, byte for byte.

This is decision 0008 at work: the desk is a world like any other, so nothing that people do by hand
may end in another journal than the cycle makes of the same facts.
"""

from collections.abc import Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from headgate.core.canonical import digest
from headgate.core.duties.amendment import Amendment, Change
from headgate.core.policy.document import Document
from headgate.cycle import replay
from headgate.readers.facts import Recorded
from headgate.site.actions.amend import answer, ask, confirm, hand_over
from headgate.site.desk.models import Deed, Dossier, Review
from headgate.site.desk.office import SITE
from headgate.site.desk.outside import catch_up
from headgate.site.records.kept import ended, stands
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What, amendments_name
from headgate.steps.term import Term
from tests.site.actions.metered import root_of
from tests.site.desk.cast import Cast, facts_of
from tests.whole.korea import korea
from tests.whole.small import small


def _same(honest: Term, term: Term) -> None:
    """The journal of the database is that of the cycle, and verifies."""
    assert honest.root() == term.root()
    assert (len(honest.entries), honest.root().hex()) == root_of(SITE)
    assert () == verify_database(SITE).faults


@pytest.mark.usefixtures("site")
def test_people_end_with_the_same_checkpoint() -> None:
    """Every application, sheet, finding, signature and answer is an action; nothing is lost."""
    honest = small().term
    cast = Cast(honest.document, facts_of(honest))
    _same(honest, cast.play())
    handed_in = sum(len(v) for n, v in cast.facts.items() if n.startswith("applications/"))
    assert handed_in == Dossier.objects.count()
    assert 0 < Review.objects.count() < Deed.objects.count()


@pytest.mark.usefixtures("site")
def test_a_demo_whose_year_was_played_starts_again() -> None:
    """Rounds, hearings and the turn too are lived through by the world of a new server."""
    honest = small().term
    cast, days = Cast(honest.document, facts_of(honest)), list[str]()
    cast.play()
    catch_up(Recorded(cast.facts), days.append)
    assert [str(event) for event in agenda(honest.document)][-1] == days[-1]


@pytest.mark.usefixtures("lone_site")
def test_koreas_year_is_played_by_people() -> None:
    """Five hundred applications, each by somebody, end with the checkpoint of the rehearsal."""
    if settings.get_current_profile_name() != "nightly":
        pytest.skip("tests/site/desk/test_whole_year.py plays Korea's year in `make nightly`")
    honest = korea().term
    _same(honest, Cast(honest.document, facts_of(honest)).play())


def _answered(award: str, change: Change, event: Event, text: str, **parts: object) -> Amendment:
    """What the journal shall have of a request that was asked and granted on an event's day."""
    words, reason, call = digest(f"{text}\n".encode()), digest(b"Yes"), award.partition("-")[0]
    told: dict[str, object] = {"words": words, "reason": reason, **parts}
    return Amendment(award, call, change, event.day, event.day, True, **told)  # type: ignore[arg-type]


def _with(document: Document, after: Event, names: list[str]) -> Iterator[Event]:
    """The calendar with what is answered after one of its events."""
    for event in agenda(document):
        yield event
        if event == after:
            yield from (Event(event.day, What.AMEND, name) for name in names)


@pytest.mark.usefixtures("site")
def test_what_is_asked_of_awards_ends_with_the_same_checkpoint() -> None:
    """Handed over late, explained and given back by hand: the cycle makes the same of the facts."""
    honest = small().term
    document, facts = honest.document, dict(facts_of(honest))
    look = next(e for e in agenda(document) if e.what is What.RECLAIM)
    meter = next(e for e in agenda(document) if (e.what, e.day) == (What.METER, look.day))
    held = [d.subject for d in honest.decisions if d.step == "reclaim"]
    first, second = [name for name in held if name.startswith("alliance-")][:2]
    made = {
        "hand-over-1": _answered(first, Change.HAND_OVER, meter, "Ready", usable=meter.day),
        "explanation-2": _answered(second, Change.EXPLANATION, meter, "Late", spares_percent=20),
        "give-back-3": _answered(second, Change.GIVE_BACK, meter, "Spare", blocks=1),
    }
    facts |= {amendments_name(name): [one] for name, one in made.items()}
    cast = Cast(document, facts)
    noon = datetime.combine(meter.day, time(12), ZoneInfo("Asia/Seoul"))
    term = None
    for event in agenda(document):
        term = cast.live(event)
        if event == meter:
            over = hand_over(cast.operator, first, "Ready", noon)
            confirm(cast.applicant_of(first), over.pk, True, "Yes", noon)
            for name in ("explanation-2", "give-back-3"):
                one = made[name]
                parts = {"change": one.change} | ({"blocks": 1} if one.blocks else {})
                text = "Late" if one.spares_percent else "Spare"
                asked = ask(cast.applicant_of(second), second, parts, (text, ""), noon)
                answer(cast.officer, asked.pk, True, "Yes", noon, one.spares_percent)
    assert term is not None
    _same(replay(document, _with(document, meter, list(made)), Recorded(facts)), term)
    stood = stands(SITE)
    assert stood is not None
    past = {one.award for one in ended(SITE, stood.holdings)}
    assert {*held} - term.holdings.keys() == past
    late = datetime.combine(term.day, time(12), ZoneInfo("Asia/Seoul"))
    code = min(name for name in past if name.startswith("alliance-"))
    final = {"change": Change.REPORT, "report": "final"}
    asked = ask(cast.applicant_of(code), code, final, ("What we found", ""), late)
    answer(cast.owner, asked.pk, True, "Read", late)
    assert () == verify_database(SITE).faults
