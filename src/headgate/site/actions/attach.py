"""A document is attached to a draft, or taken away: a new version, as any other change is."""

import re
from datetime import datetime

from headgate.core import canonical
from headgate.readers.attached import type_of
from headgate.site.desk.models import Attachment, Dossier, State
from headgate.site.desk.office import call_now, doing, own_dossier
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person

MEGABYTE = 1024**2


def attach(
    person: Person,
    dossier_id: int,
    asked: str,
    name: str,
    content: bytes,
    version: int,
    now: datetime,
) -> Attachment:
    """Attach a file to the version that was seen, in place of the one that was there.

    The same file again changes nothing, and no member's consent falls. Raises `Refused`.
    """
    with doing(person, "attach", f"{dossier_id} {asked}", now):
        dossier = _draft(person, dossier_id, asked, version, now)
        rules = call_now(dossier.call).call.attachments[asked]
        if len(content) > rules.megabytes_most * MEGABYTE:
            refuse(DeskRefusal.FILE_TOO_LARGE, f"{asked}: {rules.megabytes_most} MB")
        kind = type_of(content)
        if kind not in rules.types:
            refuse(DeskRefusal.FILE_TYPE, f"{asked}: {', '.join(rules.types)}")
        digest = canonical.digest(content)
        there = dossier.attachments.filter(asked=asked, replaced__isnull=True).first()
        if there is not None and there.digest == digest:
            return there
        _put_away(dossier, asked, now)
        _change(dossier)
        return Attachment.objects.create(
            dossier=dossier,
            asked=asked,
            digest=digest,
            name=plain_name(name),
            kind=kind,
            size=len(content),
            content=content,
            person=person,
            at=now,
        )


def detach(person: Person, dossier_id: int, asked: str, version: int, now: datetime) -> None:
    """Take a file away from the version that was seen; raises `Refused`."""
    with doing(person, "detach", f"{dossier_id} {asked}", now):
        dossier = _draft(person, dossier_id, asked, version, now)
        if dossier.attachments.filter(asked=asked, replaced__isnull=True).exists():
            _put_away(dossier, asked, now)
            _change(dossier)


def plain_name(name: str) -> str:
    """What a sender called a file, as one plain line without folders."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(sign if sign.isprintable() else " " for sign in last)
    return shown.strip()[:200] or "file"


def _draft(person: Person, dossier_id: int, asked: str, version: int, now: datetime) -> Dossier:
    """The draft that was seen, while it may still be changed."""
    dossier = own_dossier(person, dossier_id)
    rules = call_now(dossier.call)
    rules.need_before_closing(now)
    if asked not in rules.call.attachments:
        refuse(DeskRefusal.FILE_UNKNOWN, asked)
    if dossier.state == State.SUBMITTED:
        refuse(DeskRefusal.HANDED_IN, dossier.code)
    if dossier.version != version:
        refuse(DeskRefusal.STALE, dossier.code or "")
    return dossier


def _put_away(dossier: Dossier, asked: str, now: datetime) -> None:
    """What was handed in once stays as evidence of its digest; anything else is forgotten."""
    there = dossier.attachments.filter(asked=asked, replaced__isnull=True)
    if dossier.receipts.exists():
        there.update(replaced=now)
    else:
        there.delete()


def _change(dossier: Dossier) -> None:
    dossier.version += 1
    dossier.state = State.DRAFT
    dossier.save()
