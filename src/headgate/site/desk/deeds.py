"""What somebody did, in the reader's words: rows of the table of deeds have a name for each."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headgate.core.duties.amendment import Change
from headgate.site.desk.models import Side

DEEDS: Final[dict[str, Promise]] = {
    "accept": _("Takes the award"),
    "decline": _("Gives the award up"),
    "act for": _("Lets somebody act for an organisation"),
    "stop acting": _("No longer lets somebody act for an organisation"),
    "agree to enter": _("Agrees to enter an award"),
    "allow plan": _("Lets a centre carry out a plan"),
    "announce outage": _("Announces an outage"),
    "end outage": _("Ends an outage"),
    "answer": _("Answers what was asked of an award"),
    "answer objection": _("Answers an objection"),
    "answer round objection": _("Answers an objection to a round"),
    "uphold round objection": _("Has a round decided again"),
    "appoint": _("Appoints a reviewer"),
    "assign reviewers": _("Assigns reviewers"),
    "seat": _("Gives a reviewer a seat"),
    "attach": _("Attaches a document"),
    "detach": _("Takes a document away"),
    "bring grants": _("Brings in grants of another programme"),
    "drop grants": _("Takes grants of another programme away"),
    "hold grants": _("Fixes which grants count"),
    "consent": _("Consents to an application"),
    "declare conflict": _("Declares a conflict of interest"),
    "declare none": _("Declares no conflict of interest"),
    "declare tie": _("Declares a tie"),
    "form alliance": _("Forms an alliance"),
    "enter alliance": _("Enters an alliance"),
    "leave alliance": _("Leaves an alliance"),
    "find gate": _("Looks at a condition"),
    "find round gate": _("Looks at a condition of a round"),
    "reply gate": _("Replies about a condition"),
    "reply round gate": _("Replies about a condition of a round"),
    "first owner": _("Becomes the first policy owner"),
    "fix known works": _("Fixes works that experts know"),
    "seat experts": _("Seats experts"),
    "give sheet": _("Gives a sheet"),
    "forget": _("Erases a person's name"),
    "send away": _("Takes every access of a person away"),
    "set roles": _("Sets a person's roles"),
    "make account": _("Makes an account"),
    "hand over": _("Hands an award over"),
    "let invented winners answer": _("Lets invented winners answer"),
    "mark": _("Marks an application"),
    "object": _("Objects to a result"),
    "object to round": _("Objects to a round"),
    "record payment": _("Records a payment"),
    "save draft": _("Saves a draft"),
    "submit": _("Hands an application in"),
    "withdraw": _("Takes an application back"),
    "show secret": _("Shows the number for a lot"),
    "bring further items": _("Decides a round on further items"),
    "fill places": _("Fills places that stayed empty"),
    "sign": _("Signs an award list"),
    "take": _("Does what is due"),
    "register": _("Registers an organisation"),
    **dict.fromkeys((f"sign agreement as {side}" for side in Side), _("Signs an agreement")),
    **dict.fromkeys((f"ask {kind}" for kind in Change), _("Asks something of an award")),
}
"""Every deed by the name under which it is kept."""
