"""A print is a PDF that everybody can read: tagged, in its language, with its fonts, as text."""

import io
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import StreamObject

from headgate.report.blocks import (
    Block,
    Code,
    Document,
    Folded,
    Heading,
    Items,
    Note,
    Numbers,
    Paragraph,
    Section,
    link,
    table,
)
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars
from headgate.report.pages import laid_out
from headgate.report.pdf import pdf, printable
from headgate.report.speaker import speaker
from tests.report.checking import findings

TITLES = {
    "en": "The evaluation round",
    "vi": "Kỳ đánh giá các liên minh: đội nào ở lại?",
    "ko": "단계평가: 어느 팀이 남는가?",
}
HOSTILE = [
    '#panic("x") *bold* _it_ = heading $x$ @ref <label> `raw` \\u{41} // gone',
    "<script>alert(1)</script>&amp;<b>",
    "= Not a heading",
    "two\nlines\r\nand\ta tab",
    "a" * 200,
    "가" * 200,
    "#" * 90 + "]" * 90,
]

NAMES = [
    "شركة الذكاء",
    "המכון הלאומי",
    "राष्ट्रीय संस्थान",
    "জাতীয় সংস্থা",
    "தேசிய நிறுவனம்",
    "สถาบันแห่งชาติ",
    "វិទ្យាស្ថាន",
    "ეროვნული",
    "Ազգային",
    "ብሔራዊ ተቋም",
    "國家研究院 研究所 かな",
]


def document(*blocks: Block, title: str = "Title") -> Document:
    """A document of one part."""
    return Document(title, "Subtitle", "Footer", date(2026, 9, 16), (Section("a", "A", blocks),))


@cache
def rich(language: str) -> bytes:
    """A document with a block of every kind."""
    title = TITLES[language]
    rows = [Row(title, (Part(0, 7, "7"), Part(1, 3, "3")))]
    told = document(
        Paragraph(title, "lead"),
        Numbers((("what", "7"), ("more", "8"))),
        Heading(4, "Four levels down"),
        Note("Note", (title, link("#a", "the part"), link("https://example.org", "elsewhere"))),
        bars("chart", "Chart of it", rows, ["one", "two"]),
        table("t", "Chart of it", ["Team", "Points"], [(title, "7")], ("Total", "7")),
        table("u", "Another table", ["Team", "Points"], [(link("#gone", "nowhere"), "7")]),
        Items(("first", "second")),
        Code("headgate evaluate stage\nsecond line"),
        Folded("Open me", (Heading(3, "Within"), Paragraph("Inside"))),
        title=title,
    )
    return pdf(told, language)


def text_of(data: bytes) -> str:
    """All text of a PDF with single blanks, as another program extracts it."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return " ".join(text.replace("\u200b", "").split())


def root_of(data: bytes) -> Any:
    """What the file says of itself as a whole."""
    return PdfReader(io.BytesIO(data)).trailer["/Root"]


def tags(data: bytes) -> Iterator[Any]:
    """Every element of the tag tree, in reading order."""
    open_ = [root_of(data)["/StructTreeRoot"]]
    while open_:
        found: Any = open_.pop(0).get_object()
        if isinstance(found, list):
            open_[:0] = found
        elif isinstance(found, dict):
            if "/S" in found:
                yield found
            open_[:0] = [found["/K"]] if "/K" in found else []


@pytest.mark.parametrize("language", TITLES)
def test_a_print_is_tagged_titled_and_in_its_language(language: str) -> None:
    """PDF/UA-1 and PDF/A-2a are declared, and what they ask for first is there."""
    root = root_of(rich(language))
    assert (language, True) == (root["/Lang"], root["/MarkInfo"]["/Marked"])
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    told = root["/Metadata"].get_data().decode()
    assert TITLES[language] in told
    assert "<pdfuaid:part>1</pdfuaid:part>" in told
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in told


@pytest.mark.parametrize("language", TITLES)
def test_a_print_can_be_read_aloud_and_searched(language: str) -> None:
    """Every text comes out as text, Vietnamese and Korean too; what cannot be printed is said."""
    found = text_of(rich(language))
    for part in (
        TITLES[language],
        "Inside",
        "elsewhere",
        "nowhere",
        "second line",
        "Another table",
    ):
        assert part in found, part
    assert 1 == found.count("Chart of it"), "the table under its chart repeats no caption"


@pytest.mark.parametrize("language", TITLES)
def test_another_program_finds_nothing_against_a_print(language: str) -> None:
    """Every block in every language: structure, tags, language, titles, tables, links, charts."""
    assert [] == findings(rich(language))


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (lambda root: root.__delitem__("/Lang"), "UA-06-001"),
        (lambda root: root.__delitem__("/StructTreeRoot"), "UA-01-005"),
        (lambda root: root.__delitem__("/MarkInfo"), "UA-01-002"),
        (lambda root: root.__delitem__("/ViewerPreferences"), "UA-07-002"),
        (lambda root: root.__delitem__("/Metadata"), "UA-28-004"),
    ],
)
def test_it_would_find_what_is_taken_away(damage: Callable[[Any], None], rule: str) -> None:
    """A check that finds nothing has been seen to find something."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(rich("vi"))) as print_:
        damage(print_.Root)
        print_.save(out)
    assert rule in {one.split()[0] for one in findings(out.getvalue())}


def test_every_font_is_in_the_file() -> None:
    """A reader needs no font of its own, and sees what was meant."""
    fonts = fonts_of(rich("ko"))
    assert fonts
    for described in fonts:
        assert "Pretendard" in described["/FontName"]
        assert isinstance(described["/FontFile3"].get_object(), StreamObject)


def fonts_of(data: bytes) -> list[Any]:
    """What is told of each font of a PDF."""
    pages = PdfReader(io.BytesIO(data)).pages
    found = [font.get_object() for page in pages for font in _fonts(page["/Resources"])]
    inner = [font["/DescendantFonts"][0].get_object() for font in found]
    return [font["/FontDescriptor"].get_object() for font in inner]


def _fonts(resources: Any) -> Iterator[Any]:
    yield from resources.get("/Font", {}).values()
    for drawn in resources.get("/XObject", {}).values():
        yield from _fonts(drawn.get_object().get("/Resources", {}))


def test_headings_skip_no_level_and_tables_have_heads() -> None:
    """A listener can jump from heading to heading, and hears which column a cell is of."""
    kinds = [tag["/S"] for tag in tags(rich("en"))]
    heads: list[Any] = [tag["/A"].get_object() for tag in tags(rich("en")) if tag["/S"] == "/TH"]
    told = [part for head in heads for part in (head if isinstance(head, list) else [head])]
    assert ["/Column"] * 4 == [part["/Scope"] for part in told if "/Scope" in part]
    assert ["/H1", "/H2", "/H3", "/H2"] == [kind for kind in kinds if kind[:2] == "/H"]
    assert 4 == kinds.count("/TH")
    assert 2 == kinds.count("/Table")
    assert 2 == kinds.count("/LI")
    assert 2 == kinds.count("/Link")


def test_a_chart_says_what_it_shows() -> None:
    """A drawing has its figures as words; the signs of its legend are passed over."""
    (alt,) = [tag["/Alt"] for tag in tags(rich("vi")) if tag["/S"] == "/Figure"]
    assert f"{TITLES['vi']}: one 7, two 3" == alt


def test_the_same_document_gives_the_same_bytes() -> None:
    """Nothing of the hour or the machine is in a print."""
    told = document(Paragraph("text"))
    assert pdf(told, "en") == pdf(told, "en")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_in_both_forms(name: str) -> None:
    """Markup of any kind, overlong words and line ends in a name are shown and do nothing."""
    rows = [Row(name, (Part(0, 7, name),))]
    told = document(
        Paragraph(name),
        Heading(3, name),
        Note(name, (link("#a", name),)),
        Numbers(((name, name),)),
        bars("chart", name, rows, [name]),
        table("t", name, [name, name], [(name, name)]),
        Items((name,)),
        Code(name),
        title=name,
    )
    plain = "".join(name.split())
    printed = "".join(text_of(pdf(told, "en")).split())
    assert 10 < printed.count(plain)
    page = laid_out(speaker("en", {}, "KRW"), told).decode()
    assert "<script" not in page
    assert "<b>" not in page


@settings(max_examples=15)
@given(st.text(max_size=60))
def test_any_text_can_be_printed(text: str) -> None:
    """No name breaks a print, whatever letters, controls or halves of letters it has."""
    assert pdf(document(Paragraph(text), Code(text), title=text or "-"), "vi").startswith(b"%PDF")


def test_letters_that_the_faces_lack_are_given_by_number() -> None:
    """No letter is lost or drawn as a box; turns of direction cannot rearrange a line."""
    assert "漢ang [U+202E]gpj [U+0000] a b" == printable("漢ang \u202egpj \0 a\u2028b")
    assert "[U+13E3][U+1F3DB]" == printable("Ꮳ🏛"), "a rare script, a picture"
    assert "a[U+200D]b [U+E000]" == printable("a\u200db \ue000"), "no shape, or one of its own"
    assert "Việt 한글" == printable("Vie\u0323\u0302t 한글")


def test_words_from_right_to_left_are_set_apart() -> None:
    """The figure after a name in Arabic stands after it, and its own figures stand in it."""
    assert "\u2068שלום\u2069, 512 GPU" == printable("שלום, 512 GPU")
    assert "to \u2068شركة 3 المحدودة\u2069 (7)" == printable("to شركة 3 المحدودة (7)")
    assert "\u2068هوش\u200cمصنوعی\u2069" == printable("هوش\u200cمصنوعی"), "a joiner of its script"


def test_a_name_in_any_script_is_print_and_text() -> None:
    """The living scripts of the world are drawn as they are written, and can be searched."""
    rows = [(name, "7") for name in NAMES]
    made = pdf(document(Paragraph(NAMES[0]), table("t", "T", ["N", "G"], rows), title="T"), "en")
    assert [] == findings(made)
    found = text_of(made)
    assert "[U+" not in found
    for name in NAMES:
        assert set(name) - {" "} <= {*unicodedata.normalize("NFKC", found), *found}, name
    drawn = [tag for tag in fonts_of(made) if "Pretendard" not in tag["/FontName"]]
    assert len(NAMES) - 1 <= len(drawn), "each in a face of its own, and none in another"


def _codes(face: str) -> set[int]:
    folder = files("headgate.report").joinpath("fonts")
    return set(TTFont(io.BytesIO(folder.joinpath(face).read_bytes())).getBestCmap())


def test_the_list_of_letters_is_that_of_the_fonts() -> None:
    """What is thought to be printable is what the fonts have, each letter in one face only."""
    folder = files("headgate.report").joinpath("fonts")
    listed = [
        code
        for line in folder.joinpath("letters.txt").read_text("ascii").split()
        for low, high in [line.split("-")]
        for code in range(int(low, 16), int(high, 16) + 1)
    ]
    names = [f"others/{one.name}" for one in folder.joinpath("others").iterdir()]
    others = [_codes(name) - {0x200C, 0x200D} for name in names if name.endswith(".ttf")]
    assert _codes("Pretendard-Regular.otf") == _codes("Pretendard-Bold.otf")
    together = [*_codes("Pretendard-Regular.otf"), *(code for face in others for code in face)]
    assert sorted(listed) == sorted(together)
