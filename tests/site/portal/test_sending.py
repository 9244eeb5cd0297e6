"""A list's file is the whole list, whatever its size, and a process holds little of it."""

import asyncio
import json
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import IO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.template import RequestContext, Template
from django.test import RequestFactory

from headgate.site.portal import sending
from headgate.site.portal.sending import file_of, page_of

HEADS = [("name", "Name"), ("number", "Number")]
ROWS = [(f'Viện "{n}" 대학', n) for n in range(400)]


def sent(request: HttpRequest, kind: str, rows: Iterator[tuple[str, int]]) -> bytes:
    """What arrives of a file, by whichever way it is sent."""
    response = file_of(request, "list", kind, HEADS, (rows, "Journal of 3 entries"))
    assert f'attachment; filename="list.{kind}"' == response["Content-Disposition"]
    if not isinstance(response, StreamingHttpResponse):
        return bytes(getattr(response, "content"))  # noqa: B009 - some answers have none.
    if not response.is_async:
        parts = list(response)
    else:

        async def gathered() -> list[bytes]:
            return [part async for part in response]

        parts = asyncio.run(gathered())
    assert 1 < len(parts)
    response.close()
    whole = b"".join(parts)
    assert len(whole) == int(response["Content-Length"])
    return whole


def asked(is_async: bool) -> HttpRequest:
    """A request as one kind of server or the other hands it on."""
    if not is_async:
        return RequestFactory().get("/")
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    return ASGIRequest(scope, BytesIO())


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("at_once", [100, 10**9])
@pytest.mark.parametrize("number", [0, 1, len(ROWS)])
def test_a_file_is_the_same_in_one_piece_and_in_many(
    monkeypatch: pytest.MonkeyPatch, is_async: bool, at_once: int, number: int
) -> None:
    """For either kind of server, as JSON and as CSV, with no rows, one and many."""
    monkeypatch.setattr(sending, "AT_ONCE", min(at_once, 40 if number < 2 else at_once))
    rows = ROWS[:number]
    told = json.loads(sent(asked(is_async), "json", iter(rows)))
    listed = [{"name": name, "number": count} for name, count in rows]
    assert {"state": "Journal of 3 entries", "rows": listed} == told
    lines = sent(asked(is_async), "csv", iter(rows)).decode("utf-8-sig").splitlines()
    assert ["Name,Number", "Journal of 3 entries"] == [lines[0], lines[-1]]
    assert number == len(lines) - 2


def test_a_workbook_is_sent_in_parts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is a workbook that can be opened."""
    monkeypatch.setattr(sending, "AT_ONCE", 1000)
    book = zipfile.ZipFile(BytesIO(sent(asked(True), "xlsx", iter(ROWS))))
    assert book.testzip() is None
    assert len(ROWS) + 2 == book.read("xl/worksheets/sheet1.xml").count(b"<row ")


def test_a_server_that_waits_for_nobody_is_handed_parts_it_need_not_gather() -> None:
    """Parts of another kind would be gathered whole in memory before the first is sent."""
    rows = iter(ROWS * 100)
    response = file_of(asked(True), "list", "csv", HEADS, (rows, ""))
    assert isinstance(response, StreamingHttpResponse)
    assert response.is_async
    response.close()


def test_what_goes_wrong_with_a_row_is_no_half_file() -> None:
    """A row that cannot be read is told before anything is sent."""

    def rows() -> Iterator[tuple[str, int]]:
        yield from ROWS * 100
        raise ValueError("row")

    with pytest.raises(ValueError, match="row"):
        file_of(asked(False), "list", "csv", HEADS, (rows(), ""))


def test_a_page_has_its_long_parts_where_its_template_has_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each part once, in order, as it is; what a page has no place for is not even asked for, and
    what goes wrong in a part is raised before anything is sent.
    """
    files: list[IO[bytes]] = []

    def temporary() -> IO[bytes]:
        files.append(BytesIO())
        return files[-1]

    def wrong() -> Iterator[str]:
        yield "one"
        raise ValueError("two")

    template = Template("<b>{{ told }}</b>{{ some }}{% if told == 'x' %}{{ more }}{% endif %}!")

    def page(told: str, **parts: Iterable[str]) -> bytes:
        answer = page_of(RequestFactory().get("/"), "any", {"told": told}, parts)
        return bytes(getattr(answer, "content"))  # noqa: B009 - some answers have none.

    def rendered(name: str, context: dict[str, object], request: HttpRequest) -> str:
        assert "any" == name
        return template.render(RequestContext(request, context))

    monkeypatch.setattr(sending, "render_to_string", rendered)
    monkeypatch.setattr(sending, "TemporaryFile", temporary)
    assert b"<b>&lt;</b><i>1</i>2!" == page("<", some=iter(("<i>1</i>", "2")), more=wrong())
    with pytest.raises(ValueError, match="two"):
        page("x", some=["1"], more=wrong())
    assert [True, True] == [file.closed for file in files]
