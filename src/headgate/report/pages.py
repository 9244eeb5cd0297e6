"""The pages of a term: one self-contained HTML file in each language, as bytes.

Pure and deterministic: `headgate verify` makes the pages again and compares every byte.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from headgate.report.blocks import Document, Items, Section, link
from headgate.report.locale import LOCALES
from headgate.report.section_applicants import anchors_of
from headgate.report.section_calls import calls
from headgate.report.section_end import assumptions, check, reallocation
from headgate.report.section_fees import fees
from headgate.report.section_history import history
from headgate.report.section_round import rounds
from headgate.report.section_shares import shares
from headgate.report.section_use import use
from headgate.report.section_verdict import verdict
from headgate.report.speaker import Speaker, speaker_of
from headgate.report.summary import Summary, summaries_of
from headgate.steps.term import Term

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS = (
    "verdict", "shares", "calls", "fees", "use", "round", "history", "reallocation", "check",
    "assumptions", "earlier", "main", "contents",
)  # fmt: skip
"""Anchors that are the page's own and that no application may take."""


def pages(term: Term, data: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The report of the newest term that has ended in every language, by file name.

    Those of earlier terms lie in a folder each. `data` are the programme's data files, by path; a
    programme without any has a page too.
    """
    *earlier, newest = summaries_of(term, data)
    told = {"": (newest, "terms/"), **{f"terms/{_number(one)}/": (one, "../") for one in earlier}}
    return {
        folder + file_of(language): page(summary, language, beside)
        for folder, (summary, beside) in told.items()
        for language in LOCALES
    }


def _number(summary: Summary) -> int:
    """The number of a term as people count."""
    return summary.past.index + 1


def file_of(language: str) -> str:
    """The file of a language; English has the plain name."""
    return "report.html" if language == "en" else f"report.{language}.html"


def page(summary: Summary, language: str, beside: str = "terms/") -> bytes:
    """One page of a summary; the folders of earlier terms lie `beside` it."""
    say = speaker_of(summary.policy, language)
    days = {"starts": summary.past.starts, "ends": summary.past.ends}
    name = say.text(summary.policy.programme.name)
    subtitle, footer = say.say("page.subtitle", **days), say.say("page.footer")
    told = Document(name, subtitle, footer, summary.past.starts, sections(summary, say, beside))
    return laid_out(say, told)


def laid_out(say: Speaker, told: Document, languages: Sequence[str] = tuple(LOCALES)) -> bytes:
    """A document as a page that is linked to its translations."""
    text = (
        _environment()
        .get_template("page.html.j2")
        .render(
            say=say,
            title=told.title,
            subtitle=told.subtitle,
            footer=told.footer,
            sections=told.sections,
            style=_style(),
            tongues=[
                {"language": other, "name": _own_name(other), "file": file_of(other)}
                for other in languages
            ],
        )
    )
    return text.encode()


def sections(summary: Summary, say: Speaker, beside: str) -> tuple[Section, ...]:
    """The page's parts, in the order in which a reader should meet them."""
    anchors = anchors_of(summary.calls, SECTIONS)
    return (
        verdict(summary, say),
        shares(summary, say),
        calls(summary, say, anchors),
        fees(summary, say),
        use(summary, say, anchors),
        rounds(summary, say, anchors),
        *_standings(summary, say),
        reallocation(summary, say, anchors),
        check(summary, say),
        assumptions(summary, say),
        *_earlier(summary, say, beside),
    )


def _standings(summary: Summary, say: Speaker) -> Iterator[Section]:
    """The standings over the rounds of all terms so far, once there are some of earlier ones."""
    if summary.earlier:
        told = history([*summary.earlier, *summary.rounds], say)
        yield Section("history", say.say("stage.history"), tuple(told))


def _earlier(summary: Summary, say: Speaker, beside: str) -> Iterator[Section]:
    """The pages of the terms before, of which there are none in the first."""
    if summary.terms:
        told = [
            link(
                f"{beside}{n}/{file_of(say.locale.language)}",
                say.say("earlier.term", number=n, starts=starts, ends=ends),
            )
            for n, (starts, ends) in enumerate(summary.terms, start=1)
        ]
        yield Section("earlier", say.say("earlier.title"), (Items(tuple(told)),))


def _own_name(language: str) -> str:
    return {"en": "English", "vi": "Tiếng Việt", "ko": "한국어"}[language]


def _style() -> Markup:
    """The style sheet; it is this package's own file, so nothing in it can be anybody's input."""
    return Markup(files("headgate.report").joinpath("templates", "style.css").read_text("utf-8"))


@cache
def _environment() -> "Environment":
    """The templates; Jinja is imported here, because most commands make no page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("headgate.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
