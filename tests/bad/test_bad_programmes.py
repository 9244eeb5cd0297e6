"""Every fault a policy can have is told with its line and its mend, and all faults at once.

Each file of `programmes/` holds the sections that are wrong; the good programme supplies the rest,
so that lines are those of the file itself. Its comments say what is expected (`# expect: code line,
...`), whether it stands `alone`, is a case file or an overlay (`# as: NAME`), or is asked for its
adoption (`# adopt: DAY`).
"""

import re
from datetime import date
from pathlib import Path

import pytest

from headgate.core.faults import Fault
from headgate.core.policy.check import adoptable, check
from headgate.core.policy.codes import Code
from headgate.core.policy.document import PROGRAMME, Document

HERE = Path(__file__).parent
BAD = sorted((HERE / "programmes").glob("*.yaml"))
READING = {
    "file-unreadable",
    "file-not-utf-8",
    "file-too-large",
    "file-outside",
    "file-missing",
} | {"overlay-missing"}


def good() -> dict[str, str]:
    """The texts of the good programme."""
    files = sorted(path for path in (HERE / "good").rglob("*") if path.is_file())
    return {path.relative_to(HERE / "good").as_posix(): path.read_text("utf-8") for path in files}


def sections(text: str) -> dict[str, str]:
    """A programme's text by top-level section."""
    found = re.split(r"(?m)^(?=[a-z])", text)
    return {part.partition(":")[0]: part for part in found if part.strip()}


def notes(text: str, word: str) -> list[str]:
    """What the comments at a bad file's head say after a word."""
    return re.findall(rf"(?m)^# {word}: (.*)$", text)


def expected_of(text: str) -> list[str]:
    """The faults that a bad file's head names, each with its line, sorted."""
    return sorted(entry.strip() for line in notes(text, "expect") for entry in line.split(","))


def programme(text: str) -> tuple[Document, str]:
    """The good programme with a bad file in it, and the name under which the file stands."""
    texts = good()
    name = next(iter(notes(text, "as")), PROGRAMME)
    if name == PROGRAMME and "# alone\n" not in text:
        rest = sections(texts[PROGRAMME])
        text += "".join(part for key, part in rest.items() if key not in sections(text))
    return Document.read({**texts, name: text}), name


def told(text: str) -> tuple[list[Fault], str]:
    """The faults of a bad file's programme, and the name under which the file stands."""
    document, name = programme(text)
    adopted = notes(text, "adopt")
    if adopted:
        assert check(document) == []
        return adoptable(document, date.fromisoformat(adopted[0])), name
    return check(document), name


def test_the_good_programme_is_good() -> None:
    """A programme without faults passes, and may be adopted: no rule of it is untried."""
    document = Document.read(good())
    assert check(document) == []
    assert adoptable(document, date(2026, 3, 1)) == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_fault_is_told_with_its_line_and_its_mend(path: Path) -> None:
    """Exactly the faults that the file's head names, at those lines, each with a mend."""
    text = path.read_text("utf-8")
    faults, name = told(text)
    assert expected_of(text) == sorted(f"{fault.code} {fault.line}" for fault in faults)
    assert {name} == {fault.file for fault in faults}
    assert all(fault.what and fault.mend and "{" not in fault.mend[:1] for fault in faults)


def test_there_are_enough_bad_files_and_every_fault_is_among_them() -> None:
    """The corpus provokes every member of the enumeration; reading's own are provoked elsewhere."""
    provoked = {entry.split()[0] for path in BAD for entry in expected_of(path.read_text("utf-8"))}
    assert {code.id for code in Code} - READING == provoked
    assert len(BAD) >= 80


def test_names_of_faults_are_stable_and_unique() -> None:
    """A fault's name is its member's name in kebab-case, so that translations can rely on it."""
    assert [code.name.lower().replace("_", "-") for code in Code] == [code.id for code in Code]
