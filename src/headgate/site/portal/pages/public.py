"""The public pages: what the programme is, and how to check it."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from headgate.site.portal.registry import Page


def programme(request: HttpRequest) -> HttpResponse:
    """What the programme is."""
    return render(request, "portal/programme.html")


PAGES: Final = (Page("", "programme", programme, title=_("Programme")),)
