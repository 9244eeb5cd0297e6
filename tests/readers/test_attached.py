"""What a file is told by its content: real documents are known, and nothing else passes for one."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.policy.schema import FileType
from headgate.readers.attached import type_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20 + b"\0\0\0\0IEND\xaeB`\x82"
PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


def packed(*files: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP file of some files, in order."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


def office(part: str, *more: tuple[str, bytes]) -> bytes:
    """A document of Office Open XML with its main part."""
    return packed(("[Content_Types].xml", b"<Types/>"), (part, b"<x/>"), *more)


def bomb() -> bytes:
    """A small document that says to unpack to a gigabyte."""
    small = office("word/document.xml", ("word/media/x", b"\0" * 77))
    length = (77).to_bytes(4, "little")
    return small.replace(length * 2, length + (2**30).to_bytes(4, "little"))


def told(kind: str) -> bytes:
    """A document that says its type in a first file, and a second one."""
    return packed(("mimetype", kind.encode()), ("content.xml", b"<x/>"))


HWP = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + b"\0" * 504
    + b"HWP Document File".ljust(64, b"\0")
    + "FileHeader".encode("utf-16-le")
)
KNOWN = {
    FileType.PDF: PDF,
    FileType.DOCX: office("word/document.xml"),
    FileType.XLSX: office("xl/workbook.xml"),
    FileType.PPTX: office("ppt/presentation.xml"),
    FileType.ODT: told("application/vnd.oasis.opendocument.text"),
    FileType.ODS: told("application/vnd.oasis.opendocument.spreadsheet"),
    FileType.ODP: told("application/vnd.oasis.opendocument.presentation"),
    FileType.HWP: HWP,
    FileType.HWPX: told("application/hwp+zip"),
    FileType.PNG: PNG,
    FileType.JPEG: b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9",
    FileType.TEXT: "Kế hoạch\t연구 계획\r\nline\n".encode(),
}

OTHERS = {
    "nothing": b"",
    "blanks": b" \n\n",
    "a program for Windows": b"MZ\x90\x00" + b"\0" * 60,
    "a program for Linux": b"\x7fELF\x02\x01\x01",
    "a PDF that was cut short": PDF[:20],
    "a PDF behind something else": b"\0\0" + PDF,
    "a picture that was cut short": PNG[:-4],
    "a document with macros": office("word/document.xml", ("word/vbaProject.bin", b"x")),
    "a document of two types": office("word/document.xml", ("xl/workbook.xml", b"<x/>")),
    "any ZIP file": packed(("virus.exe", b"MZ")),
    "a PDF that is a ZIP file too": PDF + packed(("virus.exe", b"MZ")),
    "a document that writes elsewhere": office("word/document.xml", ("../../.profile", b"x")),
    "a document that unpacks to a gigabyte": bomb(),
    "a damaged ZIP file": office("word/document.xml")[:40],
    "a packed type": packed(("mimetype", b"application/hwp+zip"), method=zipfile.ZIP_DEFLATED),
    "an old Word file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "text in another encoding": "Kế hoạch".encode("utf-16"),
    "text that turns itself around": "abc\u202egpj.exe".encode(),
}


@pytest.mark.parametrize("kind", FileType)
def test_a_document_is_known_by_its_content(kind: FileType) -> None:
    """Every type that a policy can ask for is told from the bytes alone."""
    assert kind == type_of(KNOWN[kind])


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_none_of_them_has_no_type(what: str) -> None:
    """Neither a name nor a beginning makes a document of it."""
    assert type_of(OTHERS[what]) is None


@given(st.binary(max_size=400), st.sampled_from(sorted(KNOWN.values())), st.integers(0, 60))
def test_no_bytes_break_the_reader(noise: bytes, known: bytes, cut: int) -> None:
    """Noise, and a document with noise in it, has a type or none."""
    for content in (noise, known[:cut] + noise, known[:cut] + noise + known[cut:]):
        assert type_of(content) in (None, *FileType)
