"""Who sees an application's documents, and how a page tells of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Prefetch

from headgate.core.policy.schema import Attachment as Asked
from headgate.core.policy.schema import Call
from headgate.site.desk.dossiers import involved
from headgate.site.desk.models import Attachment, Dossier, Review, State
from headgate.site.desk.office import acts_for
from headgate.site.portal.models import Person
from headgate.site.portal.roles import OFFICE, Role, roles_of

_NOW: Final = Attachment.objects.filter(replaced__isnull=True).defer("content")
"""What is attached now, without its content."""
WITH_DOCUMENTS: Final = Prefetch("attachments", queryset=_NOW, to_attr="documents")
"""Brings the documents of many applications in one query."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One document that a call asks for, and what answers it now."""

    id: str
    asked: Asked
    there: Attachment | None


def slots(call: Call, dossier: Dossier) -> list[Slot]:
    """Every document that the call asks for, with what is attached, without its content."""
    brought = getattr(dossier, "documents", None)
    there = {one.asked: one for one in (_documents(dossier) if brought is None else brought)}
    return [Slot(name, asked, there.get(name)) for name, asked in call.attachments.items()]


def _documents(dossier: Dossier) -> Iterable[Attachment]:
    return _NOW.filter(dossier=dossier)


def sees_files(person: Person, dossier: Dossier) -> bool:
    """Whether somebody may read an application's documents.

    Those who act for one of its organisations; a reviewer with a seat who has declared to have no
    conflict; the office once it was handed in, but for those with a part in it.
    """
    roles, inside = roles_of(person), acts_for(person, *involved([dossier]))
    if inside:
        return Role.APPLICANT in roles
    if dossier.state == State.SUBMITTED and not roles.isdisjoint(OFFICE):
        return True
    seats = Review.objects.filter(dossier=dossier, reviewer__person=person, cleared__isnull=False)
    return Role.REVIEWER in roles and seats.exists()
