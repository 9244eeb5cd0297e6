"""Several people at one moment: what can be done once is done once, on either database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from headgate.core.ledger.refused import Refused
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.actions.sign import sign
from headgate.site.actions.submit import submit
from headgate.site.actions.take_due import take_due
from headgate.site.desk.board import preview
from headgate.site.desk.models import Dossier, Receipt, Signature
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal.models import Person
from headgate.steps.event import What
from tests.site.desk.cast import Cast, at, facts_of
from tests.whole.small import small

THREADS = 4


def at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Do all of them at one moment; what each gave, or why it was refused."""
    gate = Barrier(len(deeds))

    def one(deed: Callable[[], object]) -> object:
        try:
            gate.wait()
            return deed()
        except Refused as refused:
            return refused.reason
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(one, deeds))


@pytest.fixture
def players(site: str) -> Cast:
    """The cast of the small programme on each database."""
    del site
    return Cast(small().term.document, facts_of(small().term))


def writing(players: Cast) -> tuple[Person, Draft, datetime]:
    """Somebody who applies to the open call, what they write, and when."""
    players.until(What.CLOSE_CALL, "alliance")
    application = players.facts["applications/open"][0]
    person = players.register(application.applicant)
    return person, players.draft(application), at(application.at)


def test_handing_in_twice_is_one_receipt(players: Cast) -> None:
    """A double click, two tabs, a repeated request: one application, one number, one receipt."""
    person, draft, now = writing(players)
    dossier = save_draft(person, draft, now)
    told = at_once([lambda: submit(person, dossier.pk, dossier.version, now)] * THREADS)
    assert 1 == len({one.pk for one in told if isinstance(one, Receipt)})
    assert 1 == Receipt.objects.count()
    assert ["open-0001"] == list(Dossier.objects.values_list("code", flat=True))


def test_two_tabs_lose_nothing(players: Cast) -> None:
    """Of those who save over one version one is kept, and the others know that they must look."""
    person, draft, now = writing(players)
    dossier = save_draft(person, draft, now)
    texts = [replace(draft, title=f"Tab {number}") for number in range(THREADS)]
    saving = [partial(save_draft, person, text, now, dossier.pk, 1) for text in texts]
    told = at_once(list(saving))
    assert THREADS - 1 == told.count(DeskRefusal.STALE)
    assert 2 == Dossier.objects.get().version


def test_a_second_click_is_no_second_version(players: Cast) -> None:
    """The same text saved again overtakes nobody, so that no member's consent falls."""
    person, draft, now = writing(players)
    dossier = save_draft(person, draft, now)
    changed = replace(draft, title="Another title")
    told = at_once([lambda: save_draft(person, changed, now, dossier.pk, 1)] * THREADS)
    assert {2} == {one.version for one in told if isinstance(one, Dossier)}
    assert THREADS == len(told)


def test_a_second_click_begins_no_second_draft(players: Cast) -> None:
    """Whoever begins an application twice goes on with one; a draft of another text is another."""
    person, draft, now = writing(players)
    empty = replace(draft, title="", summary="", requests=(), months=0, answers={}, alliance=None)
    told = at_once([lambda: save_draft(person, empty, now)] * THREADS)
    assert 1 == len({one.pk for one in told if isinstance(one, Dossier)})
    (begun,) = Dossier.objects.all()
    save_draft(person, replace(empty, title="Mine"), now, begun.pk, 1)
    assert begun.pk != save_draft(person, empty, now).pk


def test_one_person_at_two_tabs_signs_once(players: Cast) -> None:
    """Two signatures are two persons, however quick one of them is."""
    players.until(What.DECIDE_CALL, "alliance")
    players.judge("alliance")
    now = players.closing("alliance")
    digest = preview("alliance", now).digest
    told = at_once([lambda: sign(players.owner, "alliance", digest, now)] * 2)
    assert 1 == told.count(DeskRefusal.ALREADY_SIGNED)
    assert 1 == Signature.objects.count()


def test_two_officers_decide_once(players: Cast) -> None:
    """The second one learns that what they saw is no longer what is due."""
    players.until(What.DECIDE_CALL, "alliance")
    players.judge("alliance")
    now = at("2026-02-10T00:00:00Z")
    players.settle("alliance", now)
    told = at_once(
        [
            lambda: take_due(players.owner, "decide call alliance", now),
            lambda: take_due(players.officer, "decide call alliance", now),
        ]
    )
    assert 1 == told.count(DeskRefusal.NOT_DUE)
