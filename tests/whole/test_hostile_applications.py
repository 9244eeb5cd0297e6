"""What strangers send in stops no call: each hostile application is refused, told why, verified.

The term is published with its real pages, because they too show what was sent in.
"""

from collections.abc import Sequence
from dataclasses import replace

from headgate.bundle.verify import verify
from headgate.bundle.write import bundle_files
from headgate.core.calls.application import Application, Request
from headgate.core.calls.screening import is_id, subject_of
from headgate.core.policy.dated import at
from headgate.cycle import run
from headgate.readers.policy_files import read_programme
from headgate.report.pages import pages
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from tests.whole.small import PROGRAMME, signers

IDS = ("", "../../etc", "a\nb", "a\tb", "a b", "x" * 2000, "\u202eevil", "<script>", "a" * 65)


def hostile(honest: Application) -> list[Application]:
    """One honest application's twins, each with something in it that no form should take."""
    request = honest.requests[0]
    twins = [replace(honest, id=name) for name in IDS if not is_id(name)]
    twins += [
        replace(honest, id="when", at="\n"),
        replace(honest, id="twice", requests=(request, request)),
        replace(honest, id="huge", requests=(Request(request.support_class, 10**30, 10**40),)),
        replace(honest, id="kind", applicant=replace(honest.applicant, kind="<b>\n")),
        replace(honest, at=""),
    ]
    return twins


class Besieged(Simulated):
    """A world in which hostile applications come in beside the honest ones."""

    def applications(self, call: str) -> Sequence[Application]:
        """The simulated applications, and twins of the first."""
        received = list(super().applications(call))
        return [*hostile(received[0]), *received]


def test_hostile_applications_are_refused_one_by_one() -> None:
    """The call is decided, every refusal is in the journal, and a stranger derives it all again."""
    document = read_programme(PROGRAMME)
    policy = at(document, first_day(document)).policy
    term = run(document, Besieged(policy, {}, "seed"))
    files = bundle_files(term, {}, pages(term, {}), signers())
    assert () == verify(files, pages).faults
    screened = {d.subject: d for d in term.decisions if d.step == "screening"}
    for call in policy.calls:
        received = term.facts[f"applications/{call}"].values
        twins = [a for a in received if isinstance(a, Application) and not a.id.startswith(call)]
        assert len(IDS) + 3 == len(twins)
        for twin in twins:
            assert b'"refusal":' in screened[subject_of(twin.id)].line()
            assert twin.id not in term.holdings
    assert term.holdings
