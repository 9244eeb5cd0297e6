"""What was given back to teams whose objections were upheld after the term had turned."""

from collections.abc import Iterator

from headgate.report.blocks import Block, Cell, Paragraph, table
from headgate.report.speaker import Speaker
from headgate.report.summary import RoundSummary


def restored(evaluation: RoundSummary, say: Speaker, team: str = "") -> Iterator[Block]:
    """Every giving in its order, of all teams or of one; nothing where nothing was owed."""
    whole, day = say.locale.whole, say.locale.day
    rows: list[tuple[Cell, ...]] = [
        (
            day(on),
            each,
            say.code("restored", one.outcome),
            whole(one.blocks),
            whole(one.owed),
            day(one.until),
        )
        for each, on, one in evaluation.restored
        if team in ("", each)
    ]
    if rows:
        yield Paragraph(say.say("restored.text"))
        named = ("day", "team", "finding", "given_back", "still_owed", "until")
        heads = [say.say(f"col.{name}") for name in named]
        title, texts = say.say("restored.title"), frozenset({1, 2, 5})
        yield table(f"restored-{evaluation.id}", title, heads, rows, texts=texts)
