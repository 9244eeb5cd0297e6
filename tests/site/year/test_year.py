"""A whole year played by every role at the pages, in a real browser, ends as the cycle ends it.

From the adoption of the policy to the turn of the term nothing is done but by pressing buttons. The
journal that comes of it has the root that `cycle.py` gives for the same deeds.
"""

import re
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Page

from headgate.site.records.database import opened
from headgate.site.verifying import verify_database
from tests.site.actions.metered import root_of
from tests.site.chromium import CHROMIUM, SIZES, chromium, served
from tests.site.portal.asking import LANGUAGES
from tests.site.year import plan
from tests.site.year.player import Player, Seat

SEATS = {
    "policy-owner": Seat("en", "desk"),
    "agency-officer": Seat("ko", "desk"),
    "operator": Seat("vi", "desk"),
    "applicant": Seat("vi", "telephone"),
    "mai": Seat("en", "telephone"),
    "reviewer": Seat("ko", "telephone"),
    "lan": Seat("vi", "desk"),
    "jisoo": Seat("en", "telephone"),
}
"""How the people of the year sit in `make test`: in three languages, at both sizes."""

NIGHTLY = [Seat(language, size) for language in LANGUAGES for size in SIZES]
"""`make nightly` plays the year once more for each, with everybody in one language at one size."""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="tests/site/year/test_year.py needs the Debian package chromium"
)


@pytest.mark.parametrize("seat", [None, *NIGHTLY], ids=str)
def test_a_year_at_the_pages_ends_as_the_cycle_ends_it(tmp_path: Path, seat: Seat | None) -> None:
    """Call, application, consent, review, signatures, notice, objection, use, report, round, turn.

    Every page is looked at by whoever meets it first, in their language, at both sizes.
    """
    if seat is not None and settings.get_current_profile_name() != "nightly":
        pytest.skip("tests/site/year/test_year.py plays this one in `make nightly`")
    folder = plan.programme(tmp_path)
    address = f"sqlite:///{tmp_path / 'year.db'}"
    words = ["--demo", "--people", "--invented", "0", "--programme", str(folder)]

    def sits(username: str) -> Seat:
        return seat or SEATS.get(username, Seat("en", "desk"))

    with served(tmp_path, [*words, "--database", address]) as base, chromium() as browser:
        year = Year(Player(browser, base, sits, _said()))
        try:
            year.play()
        finally:
            year.player.leave()
    assert [] == year.player.faults, "\n".join(year.player.faults)
    honest = plan.honest(folder)
    database = opened(address)
    assert (len(honest.entries), honest.root().hex()) == root_of(database)
    assert () == verify_database(database).faults
    database.connection.close()


def _said() -> list[str]:
    """What the policy and the people say in their own words."""
    policy = "".join(
        [(plan.PROGRAMME / "programme.yaml").read_text("utf-8"), *plan.OF_THE_YEAR.values()]
    )
    words = [word for one in plan.ASKED for word in (one.text, one.answer)]
    return [*re.findall(r"\{en: ([^}]+)\}", policy), plan.REMARK, *words, *SAID]


SAID = (
    "Work that took a while to describe",
    "We train models of our language on it",
    "The reason for these points",
    "We asked for more blocks",
    "The pool is spent, so nothing can be added",
    "The accounts are attached now",
    "Nothing was attached",
    "An alliance of two",
)
TITLE, SUMMARY, WHY, MORE, SPENT, REPLY, SHUT, ALLIANCE = SAID


class Year:
    """The people of the year; each method is something that somebody does at the pages."""

    def __init__(self, player: Player) -> None:
        self.player = player

    @property
    def page(self) -> Page:
        """The page of whoever sits at the portal now."""
        return self.player.page

    def play(self) -> None:
        """The whole year."""
        self.adopt()
        self.let_people_in()
        self.events("agency-officer", 2)
        self.register()
        self.apply("alliance")
        self.apply("open")
        self.events("agency-officer", 2)
        self.apply("hours")
        self.events("agency-officer", 1)
        self.judge("alliance")
        self.sign("alliance")
        self.events("agency-officer", 1)
        self.find()
        self.judge("open")
        self.sign("open")
        self.answer()
        self.move_up()
        self.events("policy-owner", 1)
        self.events("operator", 1)
        self.hand_over(plan.HAND_OVER)
        self.events("agency-officer", 1)
        self.confirm(plan.HAND_OVER)
        self.another_lead(plan.ANOTHER_LEAD)
        self.events("operator", 1)
        self.sign("hours")
        self.events("agency-officer", 1)
        self.events("operator", 3)
        self.ask(plan.EXPLAINED)
        self.ask(plan.MEMBERS_ASKED)
        self.events("operator", 2)
        self.ask(plan.LONGER)
        self.events("operator", 1)
        self.ask(plan.REPORTED)
        self.events("operator", 5)
        self.read()

    def adopt(self) -> None:
        """The policy owner begins the programme with the policy that lies here."""
        self.player.open("/")
        self.player.sit("policy-owner")
        self.player.open("/calendar/")
        self.player.press(self.page.locator("main form button"))

    def let_people_in(self) -> None:
        """The policy owner makes the accounts that the demo has not."""
        people = {"lan": "reviewer", "jisoo": "reviewer", "mai": "applicant"}
        for username, role in people.items():
            self.player.open("/people/new/")
            self.player.fill(username=username, name=f"{username.title()} Nguyen", email="")
            self.page.locator(f'input[name="roles"][value="{role}"]').check()
            self.player.press(self.page.locator("main form button"))
        self.player.open("/people/")

    def register(self) -> None:
        """The officer registers organisations, says who acts for each, and forms the panel."""
        self.player.sit("agency-officer")
        for one in plan.ORGANISATIONS.values():
            self.player.open("/organisations/new/")
            self.player.fill(code=one.id, name=f"Body {one.id}", kind=one.kind, size=one.size)
            self.player.fill(region=one.region, founded=str(one.founded))
            self.player.typed("fact-youth_led", "yes" if one.facts["youth_led"] else "no")
            self.player.press(self.page.locator("main form button"))
        self.player.open("/organisations/")
        for code in plan.ORGANISATIONS:
            self.person("mai" if code == plan.MEMBER else "applicant")
            self.player.typed("organisation", code)
            self.player.deed("act")
        for username, code in plan.REVIEWERS.items():
            self.person(username)
            self.player.fill(code=code, expertise="language model GPU")
            self.player.deed("appoint")
        self.player.sit("reviewer")
        self.player.open("/ties/")

    def person(self, username: str) -> None:
        """The page of somebody, found in the list."""
        self.player.open(f"/people/?q={username}")
        row = self.page.locator("tbody tr").filter(has=self.page.get_by_text(username, exact=True))
        self.player.press(row.locator("a").first)

    def events(self, username: str, count: int) -> None:
        """Somebody takes the next events of the calendar."""
        self.player.sit(username)
        for _ in range(count):
            self.player.open("/calendar/")
            self.player.press(self.page.locator("main form.hg-next button"))
        self.player.open("/home/")

    def apply(self, call: str) -> None:
        """The applicant hands in what is planned, members agreeing first."""
        self.player.sit("applicant")
        for wish in (one for one in plan.WISHES if one.call == call):
            self.hand_in(wish)

    def hand_in(self, wish: plan.Wish) -> None:
        """One application from the invitation to its receipt."""
        self.player.open("/applications/")
        if wish.members:
            self.ally(wish)
        begin = f'form[action="/applications/{wish.call}/{wish.lead}/"] button'
        self.player.press(self.page.locator(begin))
        own = self.page.url
        if wish.members:
            self.page.locator('[name="alliance"]').first.select_option(index=1)
        support, least, most = wish.asked
        self.player.fill(title=TITLE, summary=SUMMARY, months="6")
        self.player.typed(f"class-{support}-least", str(least))
        self.player.typed(f"class-{support}-most", str(most))
        self.player.deed("save")
        if wish.members:
            self.agree()
            self.page.goto(own)
        self.player.deed("despite" if wish.code == plan.REFUSED else "submit")
        assert wish.code in self.page.locator("main").inner_text()

    def ally(self, wish: plan.Wish) -> None:
        """A member forms an alliance and lets another in, which it asks to lead, and which does."""
        self.player.sit("mai")
        self.player.open("/applications/")
        self.player.fill(name=ALLIANCE)
        self.player.typed("lead", wish.members[0])
        self.player.press(self.page.locator("form:has(#alliance-name) button"))
        self.player.fill(member=wish.lead, role="data", parts="1")
        self.player.press(self.page.locator("form:has([name=parts]) button").first)
        self.player.press(self.page.get_by_role("link", name=ALLIANCE, exact=True))
        self.player.typed("organisation", wish.lead)
        self.player.deed("ask")
        self.player.sit("applicant")
        self.player.open("/applications/")
        self.player.press(self.page.get_by_role("link", name=ALLIANCE, exact=True))
        self.player.deed("take")
        self.player.open("/applications/")

    def agree(self) -> None:
        """The member finds what waits for its yes, and agrees."""
        self.player.sit("mai")
        self.player.open("/applications/")
        self.player.press(self.page.locator("form:has([value=consent]) button").first)
        self.player.sit("applicant")

    def judge(self, call: str) -> None:
        """The officer gives the seats; each reviewer declares and marks."""
        self.player.sit("agency-officer")
        self.player.open(f"/boards/{call}/")
        self.player.deed("assign")
        for username, reviewer in plan.REVIEWERS.items():
            self.player.sit(username)
            self.player.open("/reviews/")
            for wish in plan.WISHES:
                if wish.call == call and wish.code != plan.REFUSED:
                    self.mark(wish, reviewer)

    def mark(self, wish: plan.Wish, reviewer: str) -> None:
        """One sheet."""
        self.player.open(f"/reviews/{wish.code}/")
        self.player.deed("clear")
        for criterion in plan.CRITERIA[wish.call]:
            self.player.typed(f"points-{criterion}", str(plan.points(wish, reviewer, criterion)))
            self.player.typed(f"comment-{criterion}", WHY)
        self.player.press(self.page.locator("main form button").last)

    def find(self) -> None:
        """The officer finds on the gate; what is shut is replied to and found anew."""
        self.gate("open-0001", passed=True)
        self.gate(plan.MOVES_UP, passed=True)
        self.gate(plan.REPLIED, passed=False)
        self.player.sit("applicant")
        self.application(plan.REPLIED)
        self.player.typed("text", REPLY)
        self.player.deed("reply")
        self.gate(plan.REPLIED, passed=True)

    def gate(self, code: str, *, passed: bool) -> None:
        """One finding."""
        self.player.sit("agency-officer")
        self.player.open("/boards/open/")
        self.player.fill(code=code, gate="audit", passed="yes" if passed else "no")
        self.player.fill(remark=plan.REMARK if passed else SHUT, evidence=plan.EVIDENCE)
        self.player.deed("gate")

    def application(self, code: str) -> None:
        """An application of the applicant, found in their list."""
        self.player.open("/applications/")
        hrefs = [a.get_attribute("href") for a in self.page.locator("tbody th a").all()]
        for href in hrefs:
            self.player.open(href or "")
            if code in self.page.locator("main .hg-code").all_inner_texts():
                return
        raise AssertionError(code)

    def sign(self, call: str) -> None:
        """Two persons sign the list that they see."""
        for username in ("agency-officer", "policy-owner"):
            self.player.sit(username)
            self.player.open(f"/boards/{call}/panel/")
            self.player.open(f"/boards/{call}/what-if/")
            self.player.press(self.page.locator("main form button"))
            self.player.open(f"/boards/{call}/?sure=1")
            self.player.deed("sign")
        self.player.open(f"/boards/{call}/answers/")

    def answer(self) -> None:
        """A winner takes the award and objects to its size, another gives it up."""
        self.player.sit("applicant")
        self.application("open-0001")
        self.player.deed("accept")
        self.player.typed("text", MORE)
        self.player.deed("object")
        self.application(plan.DECLINES)
        self.player.deed("decline")
        self.player.sit("agency-officer")
        self.player.open("/boards/open/")
        self.player.typed("text", SPENT)
        self.player.deed("answer")
        self.agreed("open-0001")

    def agreed(self, code: str) -> None:
        """Both sides sign the agreement on an award that was taken: the holder, then the office."""
        self.player.sit("applicant")
        self.player.open(f"/agreements/{code}/")
        self.player.press(self.page.locator("main form button"))
        self.player.sit("agency-officer")
        self.player.open("/boards/open/answers/")
        self.player.deed("agree")

    def move_up(self) -> None:
        """Whoever stood by for the award that was given up is told, takes it, and signs."""
        self.player.sit("applicant")
        self.player.open("/home/")
        assert plan.MOVES_UP in self.page.locator("main").inner_text()
        self.player.open("/notices/")
        self.application(plan.MOVES_UP)
        self.player.deed("accept")
        self.agreed(plan.MOVES_UP)

    def running(self, username: str, one: plan.Asked) -> None:
        """Somebody goes to the page of a running award, from the list of those that they may."""
        self.player.sit(username)
        self.player.open("/running/")
        self.player.press(self.page.get_by_role("link", name=one.award, exact=True))

    def hand_over(self, one: plan.Asked) -> None:
        """The operator tells a holder that its award can be used."""
        self.running("operator", one)
        self.player.typed("text", one.text)
        self.player.deed("hand-over")

    def confirm(self, one: plan.Asked) -> None:
        """The holder has tried it, and its time begins."""
        self.running("applicant", one)
        form = 'main form:has([name="deed"][value="usable"])'
        self.page.locator(f'{form} [name="text"]').fill(one.answer)
        self.player.deed("usable", form)

    def ask(self, one: plan.Asked) -> None:
        """The holder asks, and the officer answers with a reason."""
        self.running(one.by, one)
        form = f'main form:has([name="change"][value="{one.change}"])'
        self.page.locator(form).evaluate(
            "e => { if (e.closest('details')) e.parentElement.open = true }"
        )
        members = one.parts.get("parts", {})
        for number, (name, count) in enumerate(members.items()):
            self.page.locator(f'{form} [name="member"]').nth(number).fill(name)
            self.page.locator(f'{form} [name="parts"]').nth(number).fill(str(count))
        if "months" in one.parts:
            self.page.locator(f'{form} [name="months"]').fill(str(one.parts["months"]))
        self.page.locator(f'{form} [name="text"]').fill(one.text)
        self.player.deed("ask", form)
        self.running("agency-officer", one)
        if "spares_percent" in one.parts:
            self.player.typed("spares", str(one.parts["spares_percent"]))
        self.player.typed("text", one.answer)
        self.player.deed("grant" if one.granted else "refuse")

    def another_lead(self, one: plan.Asked) -> None:
        """The lead asks for another, which agrees, and the officer grants it with a reason."""
        self.running("applicant", one)
        self.player.press(self.page.locator('main a[href^="/alliances/"]'))
        self.player.typed("organisation", one.parts["lead"])
        self.player.typed("text", one.text)
        self.player.deed("ask")
        self.player.sit("mai")
        self.player.open("/applications/")
        self.player.press(self.page.get_by_role("link", name=ALLIANCE, exact=True))
        self.player.deed("agree")
        self.running("agency-officer", one)
        self.player.typed("text", one.answer)
        self.player.deed("grant")
        self.running("applicant", one)
        assert not self.page.locator('main button[name="deed"]').count(), "who led asks no more"

    def read(self) -> None:
        """The public, the auditor and the fund officer read what became of it."""
        for where in ("/", "/calls/", "/calls/open/", "/calls/open/open-0001/", "/journal/"):
            self.player.open(where)
        for username in ("auditor", "fund-officer"):
            self.player.sit(username)
            for where in ("/home/", "/decisions/", "/entries/", "/profile/"):
                self.player.open(where)
        self.player.sit("applicant")
        self.player.open(f"/running/{plan.LONGER.award}/statement/")
        for where in ("/notices/", "/account/sessions/"):
            self.player.open(where)
        self.player.sit("auditor")
        for where in ("/boards/", "/boards/open/", "/doubles/open-0001/", "/people/"):
            self.player.open(where)
