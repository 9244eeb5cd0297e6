"""What type a file has, told from its content: its name is whatever its sender wrote.

A type is named only where the whole of the content bears it out as far as can be seen without
running any of it. Macros and files that are of two types at once are of none.
"""

import io
import zipfile
from typing import Final

from headgate.core.ledger.text import is_plain
from headgate.core.policy.schema import FileType

ENTRIES_MOST: Final = 10_000
"""Files in one packed document: more is no document."""

UNPACKED_MOST: Final = 2**29
"""Bytes that it may say to unpack to: more fills the memory of whoever opens it, and is none."""

_NAMED_MOST: Final = 200
_PACKED: Final = {
    "word/document.xml": FileType.DOCX,
    "xl/workbook.xml": FileType.XLSX,
    "ppt/presentation.xml": FileType.PPTX,
}
_TOLD: Final = {
    b"application/vnd.oasis.opendocument.text": FileType.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": FileType.ODS,
    b"application/vnd.oasis.opendocument.presentation": FileType.ODP,
    b"application/hwp+zip": FileType.HWPX,
}
"""Types that say what they are in a first file named `mimetype` (OpenDocument 1.3, OWPML)."""

_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def type_of(content: bytes) -> FileType | None:
    """The type of a file, or none where it is none that a call can ask for."""
    if content.startswith(b"%PDF-"):
        whole = b"%%EOF" in content[-1024:]
        return FileType.PDF if whole and not zipfile.is_zipfile(io.BytesIO(content)) else None
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileType.PNG if content.endswith(b"IEND\xaeB`\x82") else None
    if content.startswith(b"\xff\xd8\xff"):
        return FileType.JPEG if content.rstrip(b"\0").endswith(b"\xff\xd9") else None
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    if content.startswith(_COMPOUND):
        return FileType.HWP if _is_hwp(content) else None
    return FileType.TEXT if _is_text(content) else None


def _packed(content: bytes) -> FileType | None:
    """The type of a document that is a ZIP file, of which nothing but names is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            files = packed.infolist()
            names = {one.filename for one in files}
            if len(files) > ENTRIES_MOST or any("vbaproject" in n.lower() for n in names):
                return None
            if sum(one.file_size for one in files) > UNPACKED_MOST or any(map(_leads_out, names)):
                return None
            first = files[0] if files else None
            if first is not None and first.filename == "mimetype":
                plain = first.compress_type == zipfile.ZIP_STORED
                small = first.file_size <= _NAMED_MOST
                return _TOLD.get(packed.read(first).strip()) if plain and small else None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError):
        return None
    found = [kind for name, kind in _PACKED.items() if name in names]
    return found[0] if len(found) == 1 and "[Content_Types].xml" in names else None


def _leads_out(name: str) -> bool:
    """Whether a packed file would be written outside the folder into which it is unpacked."""
    return name[:1] in ("/", "\\") or ".." in name.replace("\\", "/").split("/")


def _is_hwp(content: bytes) -> bool:
    """Whether a compound file has the signature of Hangul 5.0 where a stream can begin."""
    named = "FileHeader".encode("utf-16-le") in content
    return named and content.find(b"HWP Document File") % 64 == 0


def _is_text(content: bytes) -> bool:
    """Whether it is UTF-8 text of lines without control characters."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    return bool(text.strip()) and all(is_plain(line) for line in lines if line)
