"""Why the desk says no: one closed list for everything that a person can ask of it."""

from datetime import date
from enum import Enum
from typing import NoReturn

from django.utils.translation import gettext_noop as _

from headgate.core.faults import Sentence
from headgate.core.ledger.refused import Refused
from headgate.core.supports.text import Text


class DeskRefusal(Enum):
    """Why an action is not done, in order of precedence; the value is what mends it."""

    NO_PROGRAMME = _("No programme has begun here yet: begin one with its policy.")
    ROLE_MISSING = _("Ask the policy owner for the role that may do this.")
    NOT_YOURS = _("Choose one of those listed for you, or ask who acts for the organisation.")
    CALL_UNKNOWN = _("Choose one of the calls of the policy.")
    CALL_NOT_OPEN = _("Wait for the day on which the call opens; drafts are kept until then.")
    LATE = _("The call has closed. What was handed in before stays as it is.")
    STALE = _("Somebody saved in the meantime: look at their text, then save yours again.")
    HANDED_IN = _("It was handed in: withdraw it before the call closes, then change it.")
    NOT_HANDED_IN = _("Hand the application in first.")
    FORM_FAULTY = _("Mend the answers that are named.")
    FILE_UNKNOWN = _("Choose one of the documents that the call asks for.")
    FILE_TOO_LARGE = _("Attach a smaller file: the call says how large it may be.")
    FILE_TYPE = _("Attach a file of a type that is asked for; its content says its type.")
    CONSENT_MISSING = _("Ask every member to agree to this version.")
    NOT_ELIGIBLE = _("Mend what the rules name, or hand it in despite them to have it decided.")
    NAME_TAKEN = _("Somebody else has this name or address already: choose another.")
    OWNED = _("There is a policy owner already: they let others in at the page of people.")
    ROLES_APART = _("Who audits has no other role: take the other roles away, or choose another.")
    SENT_AWAY = _("The account was closed: make a new one for whoever comes back.")
    ORGANISATION_UNKNOWN = _("Name a registered organisation by its code, or by its whole name.")
    MEMBER_TWICE = _("The organisation is in already.")
    PARTS_WRONG = _("Give a member from 1 to 1,000 parts of each support of the policy.")
    NOT_CLOSED = _("Wait until the call has closed and its applications were received.")
    DECIDED = _("The call was decided: what was received stays as it is.")
    CONFLICT = _("Let somebody without a part in it do this.")
    NOT_ASSIGNED = _("Only those who were assigned to an application may do this.")
    NOT_CLEARED = _("Say first whether you have a conflict of interest.")
    SEAT_TAKEN = _("The reviewer has this seat already.")
    PANEL_FULL = _("The panel has as many reviewers for it as the policy allows.")
    SHEET_FAULTY = _("Give every criterion whole points from 0 to its full marks, and a comment.")
    GATE_UNKNOWN = _("Choose one of the gates of the call.")
    SOURCE_MISSING = _("Name the programme that gave the grants, in at most 100 characters.")
    NO_GRANT_RULE = _("The policy lets nothing follow from other grants: find on a gate by hand.")
    NO_GRANTS = _("Bring the list of another programme first.")
    NOTHING_TO_REPLY = _("There is no finding against the application on this gate.")
    EVIDENCE_FAULTY = _("Name each document by its SHA-256, as 64 hexadecimal digits.")
    SHEETS_MISSING = _(
        "Wait for the sheets that are named, or give seats by hand at Panel and minutes."
    )
    LIST_CHANGED = _("Something changed since: look at the list as it is now, and sign that.")
    ALREADY_SIGNED = _("Another person must sign too: you have.")
    REVIEWED = _("Let somebody decide who did not review for this call.")
    NOT_SIGNED = _("Two persons must sign the list first.")
    NOT_TOLD = _("Wait for the result: it is told when two persons have signed.")
    NOT_AWARDED = _("Only who was awarded, or waits on standby, can answer an award.")
    NO_AGREEMENT = _("There is an agreement once an award of a call that has one was taken.")
    TEXT_CHANGED = _("The text changed since: read it as it is now, and sign that.")
    ANSWERED = _("It was answered already, and the answer stays.")
    WINDOW_CLOSED = _("The days for this have passed.")
    ANSWERS_OPEN = _("Wait for the winners' answers, or until their days have passed.")
    STANDBY_UNASKED = _("Wait until whoever moves up was asked: the worker does that by itself.")
    OBJECTION_OPEN = _("Answer the objections first.")
    ROUND_UNKNOWN = _("Choose one of the rounds of the policy.")
    ROUND_OPEN = _("Wait until the round is decided; a finding on a gate is replied to before.")
    ROUND_CLOSED = _("The round was closed: what was received stays as it is.")
    EXPERTS_SEATED = _("The experts of the round have their sheets already.")
    ROUND_TURNED = _(
        "The term of the round has ended and nothing can have it decided again: a place can only "
        "be given by a new call or a later round."
    )
    OBJECTED = _("The objection is there already, and its text stays as it is.")
    TEAM_UNKNOWN = _("Choose one of the teams of the round.")
    TEXT_MISSING = _("Write it in 1 to 20,000 characters.")
    NO_RIGHT = _("The policy of the round gives no days for objections.")
    NOTHING_WAITS = _("No team of the round waits for this remedy.")
    LOT_UNSIGNED = _("Publish a checkpoint first: a lot is drawn from a root that others hold.")
    LOT_WAITS = _("Wait until every tied team has shown its secret, or its days have passed.")
    SECRET_WRONG = _("Show the text whose SHA-256 the team signed with the round's method.")
    FILE_MISSING = _("Choose a CSV file of items for at least one pillar.")
    KNOWN_DIFFERS = _("Give the known works whose digest the policy of the round names.")
    NO_TEAMS = _("Wait until the call of the round is decided: it has no team yet.")
    ASKED_ALREADY = _("A request of this kind waits for its answer: wait for that.")
    WORDS_MISSING = _("Write in words what you ask or answer, in at most 20,000 characters.")
    ENTRY_UNAGREED = _("Wait until whoever comes has agreed to enter with its parts.")
    LEAD_NOT_INSIDE = _("Ask for a member that is in the alliance now.")
    LEAD_UNDER_REVIEW = _(
        "Wait until what is named is decided, or take it back before its call closes: until then"
        " the office can let somebody act for the lead."
    )
    LEAD_HAS_AWARDS = _("Something was awarded meanwhile: ask anew, and let the office answer.")
    LEAD_UNAGREED = _("Wait until every member has agreed to the other lead.")
    SILENCE_TOO_SHORT = _("Wait until the days have passed in which the holder may answer.")
    OVERDUE_FIRST = _("Let happen first what the calendar holds before that day.")
    NOT_DUE = _("Nothing is due yet that could be done now.")
    UNANSWERED = _("It may have been done or not: look whether it was, and do it again if not.")


def refuse(reason: DeskRefusal, about: object = "") -> NoReturn:
    """Say no, by name; raises `Refused`.

    A sentence, a day or a name of the policy is told in its reader's language; all else as it is.
    """
    named = isinstance(about, date | Text)
    told = Sentence("{about}", about=about) if named else about
    raise Refused(reason, told if isinstance(told, str) else str(told))
