"""The page of the search box: everything that the reader may see, in their words."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headgate.site.desk.looking import SHOWN_MOST
from headgate.site.desk.searching import search
from headgate.site.portal import reading
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role
from headgate.site.portal.words import language

QUERY_MOST: Final = 200
"""Characters of a query that are read."""


def found(request: HttpRequest) -> HttpResponse:
    """What was found by kind; public, and of the rest what the reader's roles show."""
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    query = request.GET.get("q", "")[:QUERY_MOST].strip()
    say = reading.speaker_of(reading.policy_of(stood), language())
    told = {"query": query, "found": search(query, request.user, stood, say), "most": SHOWN_MOST}
    response = render(request, "desk/found.html", told)
    response["Cache-Control"] = "private, no-store"
    return response


PAGES: Final = (Page("search/", "search", found, ahead=(Role.AGENCY_OFFICER,)),)
