"""Rows that a process keeps: found by words that are told once, and made anew when they must be."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from threading import Event, Thread

from django.test import RequestFactory
from django.utils import translation

from headgate.core.calls.matching import words_of
from headgate.site.portal import lists
from headgate.site.portal.lists import Column, Kept, kept, listing


def test_kept_rows_are_told_once_in_each_language() -> None:
    """To look for a second word tells no row anew, and a reader of another language has theirs."""
    told: list[int] = []

    def shown(number: int) -> str:
        told.append(number)
        return f"{translation.gettext('Marked')} {number}"

    columns: tuple[Column[int], ...] = (
        Column("n", "N", str),
        Column("shown", "Shown", str, shown),
    )
    rows = Kept(range(20))

    def found(words: str) -> int:
        address = RequestFactory().get("/", {"q": words})
        return listing(address, rows, columns).count

    assert (20, 2, 0) == (found("marked"), found("marked 7"), found("da cham"))
    with translation.override("vi"):
        assert (20, 0) == (found("da cham"), found("marked"))
    assert [*range(20)] * 2 == told


def test_a_word_stands_in_one_value_and_not_where_two_meet() -> None:
    """Values are kept as one text: it has no word that none of them has, in no writing."""
    column: Column[str] = Column("name", "Name", str)
    names = ["ab", "cd", "컴퓨팅", "자원을", "", "e\0f", "Viện Tính toán"]

    def found(words: str, of: Sequence[str] = names) -> list[str]:
        rows: Kept[str] = Kept(of)
        return [*rows.having([column], words_of(words))]

    assert [["ab"], ["cd"], []] == [found("b"), found("cd"), found("bc")]
    assert [["컴퓨팅"], ["자원을"], []] == [found("퓨팅"), found("자원"), found("팅자")]
    assert [["e\0f"], ["e\0f"], ["Viện Tính toán"]] == [found("e f"), found("f"), found("tinh")]
    assert [] == found("a", [])


def test_a_value_that_stood_in_the_list_before_is_not_put_into_words_again() -> None:
    """After one more deed only what it touched is put into words; what it touched is found anew.

    However many rows have a value it is told once.
    """
    told: list[str] = []

    def shown(row: tuple[str, str]) -> str:
        told.append(row[1])
        return f"is {row[1]}"

    columns: tuple[Column[tuple[str, str]], ...] = (
        Column("name", "Name", lambda row: row[0], address=lambda row: f"/{row[0]}/"),
        Column("state", "State", lambda row: row[1], shown),
    )

    def found(rows: Kept[tuple[str, str]], words: str) -> list[str]:
        address = RequestFactory().get("/", {"q": words})
        return [row[0] for row in listing(address, rows, columns).rows]

    rows = [("one", "open"), ("two", "open"), ("three", "open")]
    before = kept("told again", 1, lambda: rows)
    assert (["one", "two", "three"], ["open"]) == (found(before, "is open"), told)
    after = kept("told again", 2, lambda: [("four", "open"), ("two", "shut"), *rows[::2]])
    assert (["two"], ["four", "one", "three"]) == (found(after, "shut"), found(after, "open"))
    assert (["open", "shut"], ["four"]) == (told, found(after, "four"))
    with translation.override("ko"):
        assert (["two"], 4) == (found(after, "shut"), len(told))


def test_what_a_process_keeps_is_made_anew_when_it_follows_from_something_else() -> None:
    """Rows are another once what they follow from is; the few lists asked for last are kept."""
    names = [f"rows {number}" for number in range(lists.KEPT_MOST + 1)]
    first: list[Kept[str]] = [kept(name, 1, partial(list, [name])) for name in names]
    assert first[-1] is kept(names[-1], 1, list)
    assert ["moved"] == kept(names[-1], 2, lambda: ["moved"]).rows
    again = kept(names[0], 1, lambda: ["anew"])
    assert (["rows 0"], ["anew"]) == (first[0].rows, again.rows)


def test_rows_that_somebody_is_making_are_waited_for() -> None:
    """Two who look at once have the same rows, which were made once."""
    begun, goes_on, made = Event(), Event(), list[int]()

    def rows() -> list[int]:
        made.append(1)
        begun.set()
        assert goes_on.wait(60)
        return made

    def look() -> None:
        found.append(kept("at once", 1, rows))

    found: list[Kept[int]] = []
    both = [Thread(target=look) for _ in range(2)]
    both[0].start()
    assert begun.wait(60)
    both[1].start()
    both[1].join(0.1)
    assert both[1].is_alive(), "it waits"
    goes_on.set()
    for one in both:
        one.join(60)
    assert [1] == made
    assert found[0] is found[1]


LAID_OUT = [(False, False), (True, False), (False, True)]


def test_a_cell_says_how_it_is_laid_out() -> None:
    """Figures stand to the right, a name that would break over three lines has room for itself."""
    plain: Column[str] = Column("n", "N", str)
    kinds = [replace(plain, figure=f, roomy=r).kind for f, r in LAID_OUT]
    assert ["", " govuk-table__cell--numeric", " hg-roomy"] == kinds
