"""A what-if changes what it names, on the days it names, and nothing else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.faults import Faulty
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.overlay import said
from headgate.core.policy.schema import Policy
from headgate.core.policy.validate import validated
from headgate.core.supports import Compute
from tests.core.policy.small import SMALL, small

OVERLAY = """\
overlay: more-chips
because: {en: What if there were more?}
from: 2026-04-01
until: 2026-07-01
set:
  supports.compute.node_gpus: 4
  supports.compute.chips.b200: {name: B200}
  holders.academia: null
  holders.institute: {id: institute, name: {en: Institutes}, when: "false"}
  organisations.kinds: [firm, institute]
"""


def compute(policy: Policy) -> Compute:
    """Its section of GPUs."""
    section = policy.supports["compute"]
    assert isinstance(section, Compute)
    return section


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_nothing_changes_outside_the_overlays_days(day: date) -> None:
    """Inside [from, until) the policy is changed; on every other day it is the base's."""
    base, laid = small(), small(overlays__a_yaml=OVERLAY)
    inside = date(2026, 4, 1) <= day < date(2026, 7, 1)
    assert inside is (at(base, day).policy != at(laid, day).policy)


@given(st.dates(date(2025, 12, 30), date(2026, 8, 1)))
def test_a_day_on_which_nothing_begins_shares_the_policy_that_is_read_for_it(day: date) -> None:
    """What is said of it is what its own reading says, values and provenance, and it is held once
    for all days between two on which something begins or ends.
    """
    dated = SMALL.replace("node_gpus: 8", "node_gpus: [{value: 8, until: 2026-02-01},"
        " {value: 6, from: 2026-02-01}]")  # fmt: skip
    assert dated != SMALL
    laid = small(dated, overlays__a_yaml=OVERLAY)
    told, (tree, faults) = at(laid, day), said(laid, day)
    assert tree is not None
    assert ((), validated(tree).policy, tree.value) == (faults, told.policy, told.value)
    assert day == told.day
    begins = [one for one in (date(2026, 2, 1), date(2026, 4, 1), date(2026, 7, 1)) if one <= day]
    assert not begins or at(laid, begins[-1]).policy is told.policy


def test_an_overlay_replaces_adds_and_takes_away() -> None:
    """Values by path, new parts of a section or list, and null for what goes."""
    policy = at(small(overlays__a_yaml=OVERLAY), date(2026, 5, 1)).policy
    assert 4 == compute(policy).node_gpus
    assert ["h200", "b200"] == list(compute(policy).chips)
    assert ["business", "institute"] == [holder.id for holder in policy.holders]
    assert ("firm", "institute") == policy.organisations.kinds


def test_what_an_overlay_sets_is_assumed_and_names_the_overlay() -> None:
    """Every output that rests on it can say so."""
    resolved = at(small(overlays__a_yaml=OVERLAY), date(2026, 5, 1))
    own = resolved.provenance["supports.compute.node_gpus"]
    assert ("overlays/a.yaml", 6, "assumed") == (own.file, own.line, own.status)
    assert "overlays/a.yaml#more-chips" == own.source
    assert "supports.compute.node_gpus" in resolved.assumed()


def test_overlays_are_laid_in_order() -> None:
    """The later one wins, and the digest names base, overlays and their order."""
    one = "overlay: a\nbecause: {en: A}\nfrom: 2026-01-01\nonwards: true\n"
    first = one + "set: {supports.compute.node_gpus: 1}\n"
    second = one + "set: {supports.compute.node_gpus: 2}\n"
    laid = small(overlays__1_yaml=first, overlays__2_yaml=second)
    turned = small(overlays__1_yaml=second, overlays__2_yaml=first)
    assert 2 == compute(at(laid, date(2026, 1, 1)).policy).node_gpus
    assert 1 == compute(at(turned, date(2026, 1, 1)).policy).node_gpus
    assert 3 == len({laid.digest, turned.digest, small().digest})


@pytest.mark.parametrize(
    ("path", "mend"),
    [
        ("suports.compute.node_gpus: 4", "did you mean `supports`?"),
        ("holders.nobody: null", "write one of: business, academia"),
        ("programme.calender.first: 2026-04-01", "did you mean `calendar`?"),
        (
            "programme.calendar.rest.weekdays: [sunday]",
            "write the section as a whole: `programme.calendar.rest: {weekdays: ...}`",
        ),
        (
            "envelopes.compute.sharing.idle: lent",
            "write the section as a whole: `envelopes: {compute: {sharing: {idle: ...}}}`",
        ),
        ("programme.calendar.rst.weekdays: [sunday]", "did you mean `rest`?"),
        (
            "programme.calendar.rest: null",
            "take this line away; the policy has no such section",
        ),
    ],
)
def test_a_path_that_leads_nowhere_is_told_what_to_write(path: str, mend: str) -> None:
    """A misspelled what-if is never silently without effect; a section not there yet is no typo."""
    overlay = f"overlay: a\nbecause: {{en: A}}\nfrom: 2026-01-01\nonwards: true\nset:\n  {path}\n"
    with pytest.raises(Faulty) as raised:
        at(small(overlays__a_yaml=overlay), date(2026, 1, 1))
    assert [("overlay-path", 6, mend)] == [(f.code, f.line, f.mend) for f in raised.value.faults]


def test_a_document_reads_back_what_it_was_read_from() -> None:
    """A published bundle holds the texts, overlays included, and gives the same digest."""
    laid = small(SMALL, overlays__a_yaml=OVERLAY)
    assert laid.digest == Document.read(laid.texts).digest
