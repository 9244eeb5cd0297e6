"""The journal's lines: fixed bytes, an exact inverse, every refusal by name."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.entry import (
    ENTRY_BYTES_MAX,
    FIELDS,
    Entry,
    EntryRefusal,
    Kind,
    as_transfer,
    decode,
    encode,
    transfer_entry,
)
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import NAME_LENGTH_MAX
from headgate.core.ledger.transfer import Phase, Transfer
from tests.core.ledger.builders import NOON, numbered, reserve, settle

OPENED = Entry(Kind.CALL_OPENED, NOON, "call-1", ("ab12", "compute", "2026-04-01T00:00:00Z"))
OPENED_LINE = (
    b"headgate-1\tcall-opened\t2026-03-09T12:00:00Z\tcall-1\tab12\tcompute\t2026-04-01T00:00:00Z"
)
RESERVED_LINE = (
    b"headgate-1\ttransfer\t2026-03-09T12:00:00Z\treserve"
    b"\taward/a\tuse/seoul\t10\tgpu_second\tpending\t\tjob-1"
)

unbroken = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))
plain = st.text(unbroken, max_size=40)
names = st.text(unbroken, min_size=1, max_size=40)
instants = st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0"))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any entry that has a line."""
    kind = draw(st.sampled_from(Kind))
    fields = tuple(draw(plain) for _ in FIELDS[kind])
    return Entry(kind, draw(instants), draw(names), fields)


transfers = st.builds(
    Transfer,
    id=names,
    debit=names,
    credit=names,
    amount=st.integers(1, 2**63 - 1),
    unit=names,
    phase=st.sampled_from(Phase),
    pending=st.none() | names,
    at=instants,
    why=names,
)


def test_line_is_these_bytes_and_no_others() -> None:
    """The published format: anyone can write a line by hand and find its hash in the tree."""
    assert OPENED_LINE == encode(OPENED)
    assert RESERVED_LINE == encode(transfer_entry(reserve()))


def test_every_kind_declares_its_fields_once() -> None:
    """A kind without fields, or a field named twice, would make lines that cannot be read."""
    assert set(Kind) == set(FIELDS)
    assert all(names and len(set(names)) == len(names) for names in FIELDS.values())


def test_fields_can_be_asked_for_by_name() -> None:
    """A reader need not count tabs."""
    assert "compute" == OPENED.named()["support"]


@given(entries())
def test_decode_is_the_inverse_of_encode(entry: Entry) -> None:
    """What was written is what is read, and reading then writing gives the same bytes."""
    line = encode(entry)
    assert entry == decode(line)
    assert line == encode(decode(line))
    assert b"\n" not in line


@given(st.binary(max_size=60) | st.builds(bytes.__add__, st.just(OPENED_LINE), st.binary()))
def test_bytes_that_are_no_entry_are_refused_by_name(data: bytes) -> None:
    """Arbitrary bytes are either exactly an entry's line or a named refusal, never a crash."""
    with contextlib.suppress(Refused):
        assert data == encode(decode(data))


@given(transfers)
def test_transfer_survives_the_journal(transfer: Transfer) -> None:
    """The books can be built again from the journal alone."""
    assert transfer == as_transfer(decode(encode(transfer_entry(transfer))))


def test_longest_transfer_fits_into_an_entry() -> None:
    """Whatever the ledger accepts, the journal can publish: a name's length is told in bytes."""
    name = "\U0001f30d" * (NAME_LENGTH_MAX // 4)
    longest = Transfer(name, name, name, 2**63 - 1, name, Phase.PENDING, name, NOON, name)
    assert len(encode(transfer_entry(longest))) <= ENTRY_BYTES_MAX


REFUSED_ENTRIES = [
    (EntryRefusal.TOO_LONG, replace(OPENED, fields=("x" * 65_536, "", ""))),
    (EntryRefusal.FIELDS_MISCOUNTED, replace(OPENED, fields=("a", "b"), at="noon")),
    (EntryRefusal.INSTANT_BAD, replace(OPENED, at="noon", subject="")),
    (EntryRefusal.SUBJECT_BAD, replace(OPENED, subject="", fields=("\t", "", ""))),
    (EntryRefusal.FIELD_NOT_PLAIN, replace(OPENED, fields=("a\tb", "c", "d"))),
    (EntryRefusal.FIELD_NOT_PLAIN, replace(OPENED, fields=("a", "b", "c\n"))),
]

REFUSED_LINES = [
    (EntryRefusal.TOO_LONG, OPENED_LINE + b"x" * 65_536),
    (EntryRefusal.NOT_UTF8, b"\xff"),
    (EntryRefusal.VERSION_UNKNOWN, b""),
    (EntryRefusal.VERSION_UNKNOWN, OPENED_LINE.replace(b"-1", b"-2", 1)),
    (EntryRefusal.KIND_UNKNOWN, b"headgate-1"),
    (EntryRefusal.KIND_UNKNOWN, b"headgate-1\tcall-closed"),
    (EntryRefusal.FIELDS_MISCOUNTED, b"headgate-1\tcall-opened\t2026-03-09T12:00:00Z"),
    (EntryRefusal.FIELDS_MISCOUNTED, OPENED_LINE + b"\t"),
    (EntryRefusal.INSTANT_BAD, OPENED_LINE.replace(b"-09T", b"-32T")),
    (EntryRefusal.SUBJECT_BAD, OPENED_LINE.replace(b"call-1", b"")),
    (EntryRefusal.FIELD_NOT_PLAIN, OPENED_LINE + b"\n"),
]

REFUSED_TRANSFERS = [
    (EntryRefusal.NOT_A_TRANSFER, OPENED_LINE),
    (EntryRefusal.PHASE_UNKNOWN, RESERVED_LINE.replace(b"pending", b"posted")),
    (EntryRefusal.AMOUNT_BAD, RESERVED_LINE.replace(b"\t10\t", b"\t010\t")),
    (EntryRefusal.AMOUNT_BAD, RESERVED_LINE.replace(b"\t10\t", b"\t+10\t")),
    (EntryRefusal.AMOUNT_BAD, RESERVED_LINE.replace(b"\t10\t", b"\t0\t")),
    (EntryRefusal.AMOUNT_BAD, RESERVED_LINE.replace(b"\t10\t", "\t١٠\t".encode())),
    (EntryRefusal.AMOUNT_BAD, RESERVED_LINE.replace(b"\t10\t", b"\t" + b"9" * 5_000 + b"\t")),
]


@pytest.mark.parametrize(("refusal", "entry"), REFUSED_ENTRIES, ids=numbered(REFUSED_ENTRIES))
def test_what_has_no_line_is_not_encoded(refusal: EntryRefusal, entry: Entry) -> None:
    """Nothing enters the journal that a reader could take for something else."""
    with pytest.raises(Refused) as refused:
        encode(entry)
    assert refusal is refused.value.reason


@pytest.mark.parametrize(("refusal", "line"), REFUSED_LINES, ids=numbered(REFUSED_LINES))
def test_what_is_no_line_is_not_decoded(refusal: EntryRefusal, line: bytes) -> None:
    """A changed line is refused with what is wrong with it."""
    with pytest.raises(Refused) as refused:
        decode(line)
    assert refusal is refused.value.reason


@pytest.mark.parametrize(("refusal", "line"), REFUSED_TRANSFERS, ids=numbered(REFUSED_TRANSFERS))
def test_what_is_no_transfer_is_not_posted_again(refusal: EntryRefusal, line: bytes) -> None:
    """One transfer has one line: no second way of writing its amount or phase is read."""
    with pytest.raises(Refused) as refused:
        as_transfer(decode(line))
    assert refusal is refused.value.reason


def test_every_refusal_is_provoked() -> None:
    """No refusal exists that this suite cannot provoke."""
    provoked = [*REFUSED_ENTRIES, *REFUSED_LINES, *REFUSED_TRANSFERS]
    assert set(EntryRefusal) == {refusal for refusal, _ in provoked}


def test_settled_transfer_names_its_reservation() -> None:
    """The line of a post carries the id of the reservation it resolves."""
    assert "reserve" == transfer_entry(settle()).named()["pending"]
