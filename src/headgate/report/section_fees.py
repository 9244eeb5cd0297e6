"""Fees: who owes which share of the market price, by the rule that says so."""

from collections.abc import Iterator

from headgate.report.blocks import Block, Heading, Paragraph, Section, table
from headgate.report.drawings import bars, single
from headgate.report.speaker import Speaker
from headgate.report.summary import Summary
from headgate.report.summary_calls import CallSummary


def fees(summary: Summary, say: Speaker) -> Section:
    """The fees of every call that has some."""
    blocks: list[Block] = [Paragraph(say.say("fees.intro" if summary.billed else "fees.none"))]
    for call in summary.billed:
        blocks += _fees(call, say)
    return Section("fees", say.say("fees.title"), tuple(blocks))


def _fees(call: CallSummary, say: Speaker) -> Iterator[Block]:
    yield Heading(3, say.text(call.name))
    title = say.say("fees.chart")
    lines = [
        (f"{fee.rule} ({say.locale.percent(fee.share)})", fee.amount or 0, _money(fee.amount, say))
        for fee in call.fees
    ]
    yield bars(f"fees-{call.id}", title, single(lines))
    heads = say.heads("rule", "fee_share", "awards", "fee")
    cells = [
        (
            fee.rule,
            say.locale.percent(fee.share),
            say.locale.whole(fee.awards),
            _money(fee.amount, say),
        )
        for fee in call.fees
    ]
    awards = sum(fee.awards for fee in call.fees)
    known = [fee.amount for fee in call.fees if fee.amount is not None]
    foot = (
        say.say("total"),
        "",
        say.locale.whole(awards),
        _money(sum(known) if known else None, say),
    )
    yield table(f"fees-{call.id}", title, heads, cells, foot)


def _money(amount: int | None, say: Speaker) -> str:
    return say.say("none") if amount is None else say.locale.currency(amount, say.currency)
