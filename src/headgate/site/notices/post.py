"""Letters: each notice by e-mail, in its reader's language, until the mail server has it.

A letter is claimed before it is sent and marked when the mail server has taken it, so two workers
never send one side by side. A worker that dies in between leaves its claim, which runs out: that
letter may then be sent a second time, and bears the same Message-ID, by which mail programs know
it again. None is lost: what the server refuses is tried again, ever more seldom.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import override

from headgate.site.desk.office import SITE
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.notices.wishes import reader_of

LOG: Final = logging.getLogger(__name__)
BATCH: Final = 100
CLAIM: Final = timedelta(minutes=10)
"""How long a claim holds: longer than any mail server takes for one letter."""

TRIES_MOST: Final = 20
"""After so many tries, some two weeks, a letter waits for somebody to mend the address."""


def deliver(now: datetime) -> tuple[int, int]:
    """Send what is to be sent; how many letters the mail server took, and how many it refused."""
    sent = refused = 0
    for notice in _claimed(now):
        try:
            send(notice)
        except Exception:
            LOG.exception("letter %s was not sent", notice.pk)
            refused += 1
        else:
            with SITE.writing():
                Notice.objects.filter(pk=notice.pk).update(mailed=now)
            sent += 1
    return sent, refused


def unsent() -> QuerySet[Notice]:
    """Letters to people with an address that no mail server has taken yet."""
    addressed = Notice.objects.exclude(person__email="").filter(person__is_active=True)
    return addressed.filter(mailed__isnull=True)


def _claimed(now: datetime) -> Sequence[Notice]:
    """Up to a batch of letters that this worker alone sends."""
    with SITE.writing():
        waiting = (
            unsent()
            .filter(tries__lt=TRIES_MOST)
            .filter(Q(claimed__isnull=True) | Q(claimed__lt=now - CLAIM))
        )
        found = [
            one
            for one in waiting.select_related("person").order_by("tries", "id")[: 2 * BATCH]
            if one.claimed is None or one.claimed < now - CLAIM * 2 ** min(one.tries - 1, 10)
        ][:BATCH]
        keys = [one.pk for one in found]
        Notice.objects.filter(pk__in=keys).update(claimed=now, tries=F("tries") + 1)
    return found


def send(notice: Notice) -> None:
    """One letter, as text and as a page; raises SMTPException or OSError where it is not taken."""
    person = notice.person
    with override(reader_of(person).language):
        found = letter(notice)
        link = f"{settings.HEADGATE_ADDRESS}{found.path}"
        context = {"letter": found, "link": link, "name": person.get_full_name()}
        page = render_to_string("notices/letter.html", context)
        text = render_to_string("notices/letter.txt", context)
    subject = " ".join(found.subject.split())[:200]
    mail = EmailMultiAlternatives(subject, text, None, [person.email], headers=_headers(notice))
    mail.attach_alternative(page, "text/html")
    mail.send()


def _headers(notice: Notice) -> dict[str, str]:
    host = settings.HEADGATE_ADDRESS.partition("://")[2].partition("/")[0].partition(":")[0]
    named = f"<notice-{notice.pk}-{notice.at:%Y%m%d%H%M%S}@{host or 'localhost'}>"
    return {"Message-ID": named, "Auto-Submitted": "auto-generated"}
