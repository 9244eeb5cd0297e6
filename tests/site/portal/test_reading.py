"""What a process keeps of the decisions that it has read."""

from collections.abc import Mapping
from typing import Any

from headgate.core import canonical
from headgate.core.decision import Decision
from headgate.site.portal.reading import Made, _made


def _read(subjects: Mapping[str, object], spaced: bool = False) -> list[Made]:
    """Decisions of so many results, by what they are about, as they are read from their lines."""
    alike: dict[str, Any] = {}
    made = []
    for seq, (subject, result) in enumerate(subjects.items()):
        line = canonical.line(
            Decision("fee", "calls.open.fee", subject, "2026-03-01", "0" * 64, (), (), result)
        ).decode()
        made.append(_made(seq, line.replace('":', '" :') if spaced else line, alike))
    return made


def test_decisions_that_say_the_same_say_it_once() -> None:
    """Bills of alike awards are held once, each decision keeps its own subject and place, and no
    other result is taken for theirs: not one that is longer, nor any in lines of another form.
    """
    bill, other = {"amount": 5, "due": "2026-04-01"}, {"amount": 6, "due": "2026-04-01"}
    results = {"A": bill, "B": bill, "C": other, "D": {**bill, "result": "x"}, "E": [bill]}
    for spaced in (False, True):
        made = _read(results, spaced)
        assert list(results) == [one.subject for one in made]
        assert list(results.values()) == [one.result for one in made]
        assert list(range(5)) == [one.seq for one in made]
        assert (not spaced) == (made[0].result is made[1].result)
