"""A programme's files from disk: the only part of the policy that touches files.

A programme is a folder with `programme.yaml`, `law/*.md` and `cases/*.yaml`, or that one file.
Everything read must lie inside the folder, be UTF-8 and have a size that people can read.
"""

from collections.abc import Iterable
from pathlib import Path

from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.document import PROGRAMME, Document
from headgate.core.policy.tree import BYTES_MOST, Place

FILES_MOST = 500


def read_programme(path: Path, overlays: Iterable[Path] = ()) -> Document:
    """Read a programme and lay overlays over it, in their order.

    Raises Faulty with every file that is missing, unreadable, not UTF-8, too large or outside the
    folder. Faults of what the files say are kept in the document, for `check`.
    """
    folder = path if path.is_dir() else path.parent
    faults: list[Fault] = []
    named = {PROGRAMME: folder / PROGRAMME if path.is_dir() else path}
    if path.is_dir() or path.name == PROGRAMME:
        for pattern in ("law/*.md", "cases/*.yaml"):
            found = sorted(folder.glob(pattern))[:FILES_MOST]
            named |= {file.relative_to(folder).as_posix(): file for file in found}
    for name, file in named.items():
        if not _inside(file, folder):
            faults.append(Code.FILE_OUTSIDE.at(Place(name), name=name))
    for index, overlay in enumerate(overlays, 1):
        named[f"overlays/{index:02}-{overlay.stem}.yaml"] = overlay
    outside = {fault.file for fault in faults}
    texts: dict[str, str] = {}
    for name, file in named.items():
        if name not in outside:
            text = _text(name, file)
            if isinstance(text, Fault):
                faults.append(text)
            else:
                texts[name] = text
    if faults:
        raise Faulty(faults)
    return Document.read(texts)


def _inside(file: Path, folder: Path) -> bool:
    """Whether a file, links followed, still lies in the programme's folder."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def _text(name: str, file: Path) -> str | Fault:
    """A file's text, or why it has none."""
    try:
        with file.open("rb") as stream:
            data = stream.read(BYTES_MOST + 1)
            size = file.stat().st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or Sentence("it is no file")
        missing = Code.OVERLAY_MISSING if name.startswith("overlays/") else Code.FILE_MISSING
        code = missing if isinstance(error, FileNotFoundError) else Code.FILE_UNREADABLE
        return code.at(Place(name), name=file.name, reason=reason)
    if len(data) > BYTES_MOST:
        return Code.FILE_TOO_LARGE.at(Place(name), size=size, limit=BYTES_MOST)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before) - before.rfind(b"\n")
        place = Place(name, before.count(b"\n") + 1, column)
        return Code.FILE_NOT_UTF_8.at(place, byte=error.start + 1)
