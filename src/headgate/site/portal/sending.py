"""A list's file, or a page to be printed, written as its rows are read and sent from where it lies.

However many rows there are, a process holds a few hundred of them. The file is whole before any of
it is sent, so that whatever goes wrong is a page in words and never half a file.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, Final
from uuid import uuid4

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from headgate.site.reports.tables import Row, write_csv, write_xlsx

TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
"""The suffixes of a list's downloads, and what each is."""

AT_ONCE: Final = 256 * 1024
"""Bytes of a file that are sent at once; a larger one is sent in parts of as many."""


Told = tuple[Iterable[Row], str]
"""A list's rows, and to which state of things they belong."""


def file_of(
    request: HttpRequest, name: str, kind: str, heads: Sequence[tuple[str, str]], told: Told
) -> HttpResponseBase:
    """The file of a list for whoever asks; `heads` are its columns: name and head of each."""
    file = _written(lambda out: _write(kind, heads, told, out))
    response = _sent(request, file, TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def page_of(
    request: HttpRequest, template: str, told: Mapping[str, Any], parts: Mapping[str, Iterable[str]]
) -> HttpResponseBase:
    """A page with `parts` of any length, each of them where the template has its name."""
    mark = f"<!--{uuid4().hex}-->"
    places = {name: mark_safe(f"{mark}{name}{mark}") for name in parts}
    page = render_to_string(template, {**told, **places}, request).split(mark)

    def write(out: BinaryIO) -> None:
        for number, piece in enumerate(page):
            for text in parts[piece] if number % 2 else (piece,):
                out.write(text.encode())

    return _sent(request, _written(write), "text/html; charset=utf-8")


def _written(write: Callable[[BinaryIO], None]) -> IO[bytes]:
    """A file of its own with what is written, which goes when it is closed."""
    file = TemporaryFile()  # noqa: SIM115 - it is closed once it is sent.
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    return file


def _write(kind: str, heads: Sequence[tuple[str, str]], told: Told, out: BinaryIO) -> None:
    rows, state = told
    if kind == "json":
        _write_json([column for column, _ in heads], rows, out, state)
        return
    listed = _headed([head for _, head in heads], rows)
    (write_csv if kind == "csv" else write_xlsx)(listed, out, state)


def _headed(heads: Row, rows: Iterable[Row]) -> Iterator[Row]:
    yield heads
    yield from rows


def _write_json(names: Sequence[str], rows: Iterable[Row], out: BinaryIO, state: str) -> None:
    before = f'{{"state": {json.dumps(state, ensure_ascii=False)}, "rows": ['
    for row in rows:
        listed = dict(zip(names, row, strict=True))
        told = json.dumps(listed, ensure_ascii=False, default=float)
        out.write(f"{before}{told}".encode())
        before = ", "
    out.write(f"{before if before != ', ' else ''}]}}".encode())


def _sent(request: HttpRequest, file: IO[bytes], kind: str) -> HttpResponseBase:
    size = file.tell()
    file.seek(0)
    if size <= AT_ONCE:
        with file:
            return HttpResponse(file.read(), content_type=kind)
    parts: Any = _Later(file) if isinstance(request, ASGIRequest) else _Parts(file)
    response = StreamingHttpResponse(parts, content_type=kind)
    response["Content-Length"] = str(size)
    return response


class _Parts:
    """A file in parts; whoever answers closes it, even where nobody has taken all of them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        while part := self._file.read(AT_ONCE):
            yield part

    def close(self) -> None:
        """Nothing more of it is sent."""
        self._file.close()


class _Later:
    """The same for a server that would else gather all parts before it sends one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._parts = _Parts(file)
        self.close = self._parts.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
