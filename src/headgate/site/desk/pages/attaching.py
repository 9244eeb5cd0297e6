"""The documents of an application: attached on a page of their own, and given as downloads only.

They have their own page so that no text is lost with a file that is refused: the draft was saved
before.
"""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from headgate.core.ledger.refused import Refused
from headgate.site.actions.attach import MEGABYTE, attach, detach
from headgate.site.desk.clock import now
from headgate.site.desk.dossiers import involved
from headgate.site.desk.files import Slot, sees_files, slots
from headgate.site.desk.models import Attachment, Dossier, State
from headgate.site.desk.office import CallNow, acts_for, call_now, own_dossier
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    number,
    reader,
    told_refusal,
    words,
)
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN, Role

NO_PAGE: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""What a document may do where a browser shows it after all: nothing."""


@at_the_desk
def attachments(request: HttpRequest, dossier: int) -> HttpResponse:
    """What the call wants attached, what is there, and a form for each."""
    found = own_dossier(reader(request), dossier)
    rules = call_now(found.call)
    if request.method == "POST":
        try:
            _deed(request, found, rules)
            return redirect("attachments", dossier=found.pk)
        except Refused as refused:
            messages.error(request, told_refusal(refused))
        found.refresh_from_db()
    context = {
        "dossier": found,
        "call": words(rules.call.name),
        "slots": told_slots(slots(rules.call, found)),
        "changing": found.state != State.SUBMITTED and not rules.received,
    }
    return render(request, "desk/attachments.html", context)


def endings(kind: str) -> tuple[str, ...]:
    """How the names of files of a type end, the usual one first."""
    return {"text": ("txt", "text"), "jpeg": ("jpg", "jpeg")}.get(kind, (kind,))


def told_slots(listed: list[Slot]) -> list[dict[str, Any]]:
    """What is asked for and what is attached, in the reader's language."""
    return [
        {
            "id": one.id,
            "name": words(one.asked.name),
            "types": ", ".join(kind.upper() for kind in one.asked.types),
            "accept": ",".join(f".{end}" for kind in one.asked.types for end in endings(kind)),
            "most": one.asked.megabytes_most,
            "required": one.asked.required,
            "there": one.there,
            "size": f"{figures().whole(-(-one.there.size // 1024))} KB" if one.there else "",
        }
        for one in listed
    ]


def _deed(request: HttpRequest, found: Dossier, rules: CallNow) -> None:
    """Attach what was chosen, or take away what is there."""
    given, person = request.POST, reader(request)
    asked, version = given.get("asked", ""), number(given.get("version"))
    if given.get("deed") == "detach":
        detach(person, found.pk, asked, version, now())
        messages.success(request, _("The document was taken away."))
        return
    sent = request.FILES.get("file")
    if sent is None:
        messages.error(request, _("Choose a file first."))
        return
    rule = rules.call.attachments.get(asked)
    most = rule.megabytes_most * MEGABYTE if rule else 0
    attach(person, found.pk, asked, sent.name or "", sent.read(most + 1), version, now())
    messages.success(request, _("The document is attached."))


@at_the_desk
def attachment(request: HttpRequest, attachment: int) -> HttpResponse:
    """One document as a file to keep, for whoever may see its application."""
    told = Attachment.objects.select_related("dossier__lead", "dossier__alliance")
    found = told.defer("content").filter(pk=attachment).first()
    if found is None or not sees_files(reader(request), found.dossier):
        raise Http404
    if found.replaced is not None and not acts_for(reader(request), *involved([found.dossier])):
        raise Http404
    response = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    code = found.dossier.code or found.dossier.call
    name = f"{code}-{found.asked}.{endings(found.kind)[0]}"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = NO_PAGE
    response["X-Content-Type-Options"] = "nosniff"
    return response


_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page(
        "documents/<int:dossier>/",
        "attachments",
        attachments,
        frozenset({Role.APPLICANT}),
        _BOTH,
        sample=(("dossier", 1),),
    ),
    Page(
        "attachments/<int:attachment>/",
        "attachment",
        attachment,
        ANYBODY_SIGNED_IN,
        sample=(("attachment", 1),),
    ),
)
