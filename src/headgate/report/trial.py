"""The page of a what-if: one workload under each variant of a policy, behind walls and shared.

What is shown is handed in as whole numbers: GPU-seconds, seconds of waiting, counts of jobs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from headgate.core.policy.schema import Policy
from headgate.core.policy.sharing import EVERYBODY, SPOT
from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS
from headgate.core.supports.text import Text
from headgate.report import charts, trial_awards
from headgate.report.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Drawing,
    Items,
    Note,
    Paragraph,
    Section,
    table,
)
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars, dates, drawing, stacks, ticks
from headgate.report.locale import LOCALES
from headgate.report.pages import file_of, laid_out
from headgate.report.speaker import Speaker, speaker_of
from headgate.report.trial_awards import Lists

AS_IT_STANDS: Final = "as it stands"
"""The variant that is today's policy; the others are laid beside it."""

Three = tuple[int, int, int]
Value = int | str | bool | tuple[str, ...] | None
"""A word's value; a tuple are names, told as they are."""
Writer = Callable[[int, Speaker], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One variant (without a name: the policy as it stands), behind walls or shared.

    A figure is as the workload came, and the lowest and highest of all histories. Waits are mean,
    median and 95th percentile, by envelope and by GPUs of a gang. A month has its first day and,
    by envelope, GPU-seconds promised and held. Changes are, by envelope, jobs, those that ended
    sooner and later than behind walls, and thousandths of the time they took there: as the
    workload came, and the lowest and highest of all histories. `lent` is
    GPU-seconds by envelope where credits are kept, else empty.
    """

    variant: str
    shared: bool
    figures: Mapping[str, Three]
    by_envelope: Mapping[str, Three]
    by_size: Mapping[str, Three]
    months: tuple[tuple[date, Mapping[str, tuple[int, int]]], ...]
    changes: Mapping[str, tuple[int, int, int, Three]]
    lent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Trial:
    """All columns, and what they were made from: `sources` are names with digests.

    `sharing` are each variant's words of sharing, from a day on; `because` is what each overlay
    asks.
    """

    policy: Policy
    trace: str
    columns: tuple[Column, ...]
    histories: int
    sources: tuple[tuple[str, str], ...]
    settings: Mapping[str, int | None]
    left_out: Mapping[str, int]
    sharing: tuple[tuple[str, date, Mapping[str, Value]], ...]
    because: Mapping[str, Text]


HOURS = (
    "offered", "held", "idle", "fillable", "split", "waited", "unpaid", "borrowed", "lost", "cut",
    "inference_held", "inference_charged", "spot_held",
)  # fmt: skip
COUNTS = (
    "jobs",
    "unserved",
    "stops",
    "inference",
    "inference_first",
    "inference_spilled",
    "spot_stops",
)
DAYS = ("first_median", "first_most", "term_median", "term_most")
COSTS = ("energy", "energy_cost", "worth", "fillable_worth", "inference_cost", "spot_income")
WAITS = ("mean", "median", "p95")
CHANGE_STYLES = (0, 5, 1)
"""Grey is who ends as behind walls."""


def trial_pages(trial: Trial | None, lists: Lists | None = None) -> Mapping[str, bytes]:
    """The page in every language, by file name: jobs, or award lists and cuts, or both."""
    given = [part.policy for part in (trial, lists) if part is not None]
    return {file_of(lang): _page(given[0], trial, lists, lang) for lang in LOCALES if given}


def _page(policy: Policy, trial: Trial | None, lists: Lists | None, language: str) -> bytes:
    say = speaker_of(policy, language)
    found = [*([] if trial is None else parts_of(trial, say, _PARTS))]
    if lists is not None:
        found[-1:-1] = trial_awards.sections(lists, say, alone=trial is None)
        found += [_made_from(lists.sources, say)] if trial is None else []
    subtitle = say.say("trial.lists_subtitle")
    return laid_out(
        say,
        Document(
            say.text(policy.programme.name),
            subtitle if trial is None else say.say("trial.subtitle", trace=trial.trace),
            say.say("trial.footer"),
            policy.programme.calendar.first,
            tuple(found),
        ),
    )


def _made_from(sources: Sequence[tuple[str, str]], say: Speaker) -> Section:
    digests = Code("\n".join(f"{digest}  {name}" for name, digest in sources))
    blocks = (Paragraph(say.say("trial.sources_intro")), digests)
    return Section("sources", say.say("trial.sources"), blocks)


_PARTS: Final = ("brief", "use", "waits", "changes", "months", "sources")


def parts_of(trial: Trial, say: Speaker, names: Sequence[str]) -> Iterator[Section]:
    """Parts of the page, by their names."""
    makers = {
        "brief": _brief,
        "use": _use,
        "waits": _waits,
        "changes": _changes,
        "months": _months,
        "sources": _sources,
    }
    for name in names:
        yield Section(name, say.say(f"trial.{name}"), tuple(makers[name](trial, say)))


def _name(column: Column, say: Speaker) -> str:
    regime = say.say("trial.shared" if column.shared else "trial.walls")
    return f"{_variant(column, say)}, {regime}"


def _variant(column: Column, say: Speaker) -> str:
    return column.variant or say.say("trial.stands")


def _hours(seconds: int, say: Speaker) -> str:
    return say.locale.fixed(Fraction(seconds, HOUR_SECONDS), 1)


def _gpu_hours(amount: int, say: Speaker) -> str:
    return say.amount(amount, "gpu_second")


ENVELOPES = {SPOT: "spot_envelope", EVERYBODY: "everybody"}
"""The words for envelopes that are no class of holders'."""


def _holder(envelope: str, say: Speaker) -> str:
    if envelope in say.holders:
        return say.holder(envelope)
    return say.say(f"trial.{ENVELOPES[envelope]}") if envelope in ENVELOPES else envelope


def _brief(trial: Trial, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.intro"), "lead")
    rows = [
        Row(_name(c, say), (Part(int(c.shared), mean, _hours(mean, say)),))
        for c in trial.columns
        for mean in [c.figures["mean"][0]]
    ]
    legend = [say.say("trial.walls"), say.say("trial.shared")]
    if trial.because:
        asked = (f"{name}: {say.text(why)}" for name, why in trial.because.items())
        yield Items(tuple(asked))
    heads = [say.say("trial.figure"), *(_name(column, say) for column in trial.columns)]
    yield table("brief-table", say.say("trial.brief_table"), heads, list(_answers(trial, say)))
    yield bars("brief-waits", say.say("trial.mean_chart"), rows, legend)
    yield Note(say.say("trial.assumed_title"), tuple(_assumptions(trial, say)))


def _answers(trial: Trial, say: Speaker) -> Iterator[tuple[Cell, ...]]:
    """What a reader in a hurry takes away, as the workload came."""
    came = [{name: three[0] for name, three in c.figures.items()} for c in trial.columns]
    yield say.say("trial.used"), *(say.percent(f["held"], f["offered"]) for f in came)
    wasted = say.say("trial.in_hours", what=say.say("trial.fillable"))
    yield wasted, *(_gpu_hours(f["fillable"], say) for f in came)
    for kind in ("mean", "p95"):
        yield say.say(f"trial.wait_{kind}"), *(_hours(f[kind], say) for f in came)
    lost = say.say("trial.in_hours", what=say.say("trial.lost"))
    yield lost, *(_gpu_hours(f["lost"], say) for f in came)
    yield say.say("trial.unserved"), *(_whole(f["unserved"], say) for f in came)


def _assumptions(trial: Trial, say: Speaker) -> Iterator[Cell]:
    yield say.say("trial.assumed_dealt")
    yield say.say("trial.assumed_demand")
    left_out = trial.left_out
    yield say.say("trial.left_out", never=left_out["never_run"], large=left_out["too_large"])
    if trial.histories > 1:
        yield say.say("trial.histories", n=trial.histories - 1)
    else:
        yield say.say("trial.one_history")


def _use(trial: Trial, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.use_intro"))
    legend = [say.say(f"trial.{name}") for name in ("held", "fillable", "unasked")]
    rows = [Row(_name(column, say), tuple(_parts(column, say))) for column in trial.columns]
    yield stacks("use-chart", say.say("trial.use_chart"), rows, legend)
    heads = [say.say("trial.figure"), *(_name(column, say) for column in trial.columns)]
    told = {name for column in trial.columns for name in column.figures}
    lines = [_line(name, trial.columns, say) for name in (*HOURS, *COUNTS, *DAYS) if name in told]
    yield table("use-table", say.say("trial.use_table"), heads, lines)
    costs = [_line(name, trial.columns, say) for name in COSTS if name in told]
    if costs:
        yield table("costs-table", say.say("trial.costs_table"), heads, costs)


def _parts(column: Column, say: Speaker) -> Iterator[Part]:
    held, idle, fillable = (column.figures[name][0] for name in ("held", "idle", "fillable"))
    for style, amount in enumerate((held, fillable, idle - fillable)):
        yield Part(style, amount, _gpu_hours(amount, say))


def _line(name: str, columns: Sequence[Column], say: Speaker) -> tuple[Cell, ...]:
    write = _writer(name)
    label = say.say(f"trial.{name}")
    named = say.say("trial.in_hours", what=label) if name in HOURS else label
    told = (column.figures.get(name) for column in columns)
    return (named, *(say.say("none") if t is None else ranged(t, write, say) for t in told))


def _writer(name: str) -> Writer:
    if name in HOURS:
        return _gpu_hours
    if name in DAYS:
        return _days
    return _kilowatt_hours if name == "energy" else _whole


def _days(seconds: int, say: Speaker) -> str:
    return say.locale.fixed(Fraction(seconds, DAY_SECONDS), 1)


def _kilowatt_hours(watt_hours: int, say: Speaker) -> str:
    return say.locale.fixed(Fraction(watt_hours, 1000), 0)


def _whole(amount: int, say: Speaker) -> str:
    return say.locale.whole(amount)


def ranged(three: Three, write: Writer, say: Speaker) -> str:
    """A figure, with its lowest and highest where histories differ, on a line of their own."""
    came, low, high = three
    if low == high:
        return write(came, say)
    return f"{write(came, say)}\n({write(low, say)}\u00a0– {write(high, say)})"


def _waits(trial: Trial, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.waits_intro"))
    yield _waits_chart(trial, say)
    heads = [say.say("trial.of_whom"), *(_name(column, say) for column in trial.columns)]
    rows: list[tuple[Cell, ...]] = []
    for n, kind in enumerate(WAITS):
        word = say.say(f"trial.{kind}")
        all_jobs = (ranged(c.figures[kind], _hours, say) for c in trial.columns)
        rows.append((f"{say.say('trial.all_jobs')}, {word}", *all_jobs))
        for envelope in _envelopes(trial):
            known = (c.by_envelope.get(envelope) for c in trial.columns)
            cells = (say.say("none") if w is None else _hours(w[n], say) for w in known)
            rows.append((f"{_holder(envelope, say)}, {word}", *cells))
    yield table("waits-table", say.say("trial.waits_table"), heads, rows)
    sizes = [
        (f"{size} GPU, {say.say(f'trial.{kind}')}", *_cells(trial, size, n, say))
        for size in trial.columns[0].by_size
        for n, kind in enumerate(WAITS)
    ]
    yield table("sizes-table", say.say("trial.sizes_table"), heads, sizes)


def _waits_chart(trial: Trial, say: Speaker) -> Drawing:
    """Median and 95th percentile of each envelope's waits, one bar a column."""
    rows = [
        Row(
            f"{_holder(envelope, say)}, {say.say(f'trial.{WAITS[n]}')}",
            tuple(_wait(style, c, envelope, n, say) for style, c in enumerate(trial.columns)),
        )
        for envelope in _envelopes(trial)
        for n in (1, 2)
    ]
    legend = [_name(column, say) for column in trial.columns]
    return bars("waits-chart", say.say("trial.waits_chart"), rows, legend)


def _wait(style: int, column: Column, envelope: str, n: int, say: Speaker) -> Part:
    three = column.by_envelope.get(envelope)
    told = say.say("none") if three is None else _hours(three[n], say)
    return Part(style, three[n] if three else 0, told)


def _envelopes(trial: Trial) -> tuple[str, ...]:
    """Those of any column: an overlay may have one more, or one less."""
    return tuple(dict.fromkeys(name for c in trial.columns for name in c.by_envelope))


def _cells(trial: Trial, size: str, place: int, say: Speaker) -> Iterator[Cell]:
    for column in trial.columns:
        three = column.by_size.get(size)
        yield say.say("none") if three is None else _hours(three[place], say)


def _changes(trial: Trial, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.changes_intro"))
    columns = [column for column in trial.columns if column.shared]
    legend = [say.say(f"trial.{word}") for word in ("sooner", "unchanged", "later")]
    bars_of = [_moved(column, name, say) for column in columns for name in column.changes]
    if bars_of:
        title = say.say("trial.changes_table")
        yield stacks("changes-chart", title, bars_of, legend, 1000, styles=CHANGE_STYLES)
    words = ("variant", "envelope", "jobs", "sooner", "later", "pace")
    rows: list[tuple[Cell, ...]] = []
    for column in columns:
        for name, (jobs, sooner, later, pace) in column.changes.items():
            counts = (_whole(count, say) for count in (jobs, sooner, later))
            told = ranged(pace, _per_cent, say) if jobs else say.say("none")
            lent = _gpu_hours(column.lent[name], say) if column.lent else say.say("none")
            rows.append((_variant(column, say), _holder(name, say), *counts, told, lent))
    heads = [say.say(f"trial.{word}") for word in words]
    heads.append(say.say("trial.in_hours", what=say.say("trial.lent")))
    texts = frozenset({1})
    yield table("changes-table", say.say("trial.changes_table"), heads, rows, texts=texts)


def _moved(column: Column, envelope: str, say: Speaker) -> Row:
    """An envelope's jobs as one bar of a thousand: sooner than behind walls, as there, later."""
    jobs, sooner, later, _ = column.changes[envelope]
    parts = (
        Part(style, 1000 * count // max(jobs, 1), say.percent(count, max(jobs, 1)))
        for style, count in zip(CHANGE_STYLES, (sooner, jobs - sooner - later, later), strict=True)
    )
    return Row(f"{_holder(envelope, say)}, {_variant(column, say)}", tuple(parts))


def _per_cent(per_mille: int, say: Speaker) -> str:
    return say.percent(per_mille, 1000)


def _months(trial: Trial, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.months_intro"))
    yield from (_months_chart(trial, name, say) for name in _envelopes(trial))
    heads = [say.say("trial.month"), say.say("trial.envelope"), say.say("trial.promised")]
    heads += [_name(column, say) for column in trial.columns]
    rows: list[tuple[Cell, ...]] = []
    for n, (day, by_envelope) in enumerate(trial.columns[0].months):
        promised_all = sum(promised for promised, _ in by_envelope.values())
        for envelope in _envelopes(trial):
            share = say.percent(by_envelope.get(envelope, (0, 0))[0], promised_all)
            cells = (_share(column, n, envelope, say) for column in trial.columns)
            rows.append((say.locale.day(day), _holder(envelope, say), share, *cells))
    texts = frozenset({1})
    yield table("months-table", say.say("trial.months_table"), heads, rows, texts=texts)


def _months_chart(trial: Trial, envelope: str, say: Speaker) -> Drawing:
    """The share promised to an envelope, and what it attained in each column, month by month."""
    months = trial.columns[-1].months
    days = [day for day, _ in months]
    layers = [[_per_mille(month, envelope, 0) for _, month in months]]
    layers += [[_per_mille(month, envelope, 1) for _, month in c.months] for c in trial.columns]
    up = ticks(max(map(max, layers)), 4, lambda amount: say.percent(amount, 1000))
    title = say.say("trial.months_chart", whom=_holder(envelope, say))
    names = [say.say("trial.promised"), *(_name(column, say) for column in trial.columns)]
    told = "; ".join(
        f"{name}: {', '.join(say.percent(amount, 1000) for amount in layer)}"
        for name, layer in zip(names, layers, strict=True)
    )

    def draw(width: int) -> tuple[int, Markup]:
        return charts.lines(layers, dates(days, width, say.locale), up, width)

    legend = tuple((charts.stroke(n), name) for n, name in enumerate(names))
    return replace(drawing(f"months-{envelope}", title, told, draw), legend=legend)


def _per_mille(month: Mapping[str, tuple[int, int]], envelope: str, which: int) -> int:
    whole = sum(amounts[which] for amounts in month.values())
    return 1000 * month.get(envelope, (0, 0))[which] // max(whole, 1)


def _share(column: Column, month: int, envelope: str, say: Speaker) -> str:
    held = {name: amount for name, (_, amount) in column.months[month][1].items()}
    return say.percent(held.get(envelope, 0), sum(held.values()))


def _sources(trial: Trial, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.sources_intro"))
    heads = [say.say("trial.word")]
    heads += [f"{name or say.say('trial.stands')}, {day}" for name, day, _ in _dated(trial, say)]
    rows = [
        (say.say(f"trial.word_{word}"), *(_value(said[word], say) for _, _, said in trial.sharing))
        for word in trial.sharing[0][2]
    ]
    texts = frozenset(range(1, len(heads)))
    yield table("sharing-table", say.say("trial.sharing_table"), heads, rows, texts=texts)
    yield Items(tuple(f"{name}: {value}" for name, value in _settings(trial, say)))
    yield Code("\n".join(f"{digest}  {name}" for name, digest in trial.sources))


def _dated(trial: Trial, say: Speaker) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    for name, day, said in trial.sharing:
        yield name, say.locale.day(day), said


def _value(value: Value, say: Speaker) -> str:
    """A word's value for people."""
    if value is None or value == ():
        return say.say("none")
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, bool | str):
        return say.say(f"trial.is_{str(value).lower()}")
    return _whole(value, say)


def _settings(trial: Trial, say: Speaker) -> Iterator[tuple[str, str]]:
    for name, value in trial.settings.items():
        yield say.say(f"trial.set_{name}"), say.say("none") if value is None else _whole(value, say)
