"""The working records: ordinary rows, which an action may change and a person may have erased.

Only actions write here. What the journal will say of somebody or something is its `code`, a
pseudonym; names, texts and accounts stay here.
"""

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from headgate.site.desk.grant_models import OutsideGrant, OutsideList
from headgate.site.desk.round_models import RoundKnown, RoundObjection, RoundSecret
from headgate.site.portal.findable import Findable

ELSEWHERE = (OutsideGrant, OutsideList, RoundKnown, RoundObjection, RoundSecret)
"""Records of modules of their own: Django looks for all of them here."""


class Organisation(models.Model):
    """A body that may apply, with the facts that the policy asks of every organisation.

    `registration` is the number under which the state registers it, `registered` the same as it is
    compared.
    """

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=64)
    size = models.CharField(max_length=64)
    region = models.CharField(max_length=64, blank=True)
    founded = models.DateField(null=True)
    facts = models.JSONField(default=dict)
    registration = models.CharField(max_length=40, blank=True)
    registered = models.CharField(max_length=40, blank=True, db_index=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="parts")
    findable = Findable(of=("code", "name", "region"))
    called = Findable(of=("name",))

    def __str__(self) -> str:
        return self.name


class Acting(models.Model):
    """That a person acts for an organisation, since when and until when."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        """Nobody acts twice for one organisation at one time."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "organisation"],
                condition=Q(until__isnull=True),
                name="acting_once",
            )
        ]


class Reviewer(models.Model):
    """A person who reviews: the pseudonym of their marks, and what they know."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    code = models.CharField(max_length=64, unique=True)
    expertise = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.code


class Tie(models.Model):
    """That a reviewer has told of being close to an organisation, and in what way."""

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="ties")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    why = models.CharField(max_length=300)


class Alliance(models.Model):
    """Several organisations that apply as one; the lead signs for them.

    `former` are those that led it before, oldest first: code, name, and the instant until when.
    """

    name = models.CharField(max_length=300)
    lead = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="leads")
    former = models.JSONField(default=list)
    called = Findable(of=("name",))

    def __str__(self) -> str:
        return self.name


LEAD_PARTS: Final = 1
"""Parts that the lead of an alliance has of each support: nobody is asked for them."""


class Member(models.Model):
    """A member of an alliance: its role, its parts of each support, when it came and went.

    `shares` are its parts of those supports of which it has others than `parts`; `to_lead` is since
    when it is asked to lead, while it is in.
    """

    alliance = models.ForeignKey(Alliance, on_delete=models.CASCADE, related_name="members")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=100, blank=True)
    parts = models.PositiveIntegerField(default=1)
    shares = models.JSONField(default=dict)
    entered = models.DateTimeField()
    left = models.DateTimeField(null=True)
    to_lead = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they entered; each is in once at a time."""

        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alliance", "organisation"],
                condition=Q(left__isnull=True),
                name="member_once",
            )
        ]

    def parts_of(self, support: str) -> int:
        """Its parts of one support."""
        found: int = self.shares.get(support, self.parts)
        return found


class State(models.TextChoices):
    """Where an application is before the call closes."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class Dossier(models.Model):
    """An application while people work on it; `version` counts its savings.

    `code` and `line` are there once it was handed in: its id in the journal, and the exact line
    that the call's facts will have.
    """

    call = models.CharField(max_length=64)
    lead = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    alliance = models.ForeignKey(Alliance, null=True, on_delete=models.PROTECT)
    title = models.CharField(max_length=300, blank=True)
    summary = models.TextField(blank=True)
    requests = models.JSONField(default=list)
    months = models.IntegerField(default=0)
    answers = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    code = models.CharField(max_length=64, null=True, unique=True)
    line = models.TextField(blank=True)
    at = models.DateTimeField(null=True)
    findable = Findable(of=("code", "title", "call", "summary"))
    called = Findable(of=("title",))

    class Meta:
        """In the order in which they were handed in."""

        ordering: ClassVar = ["at", "code", "id"]
        indexes: ClassVar = [
            models.Index(fields=["call", "state", "at", "code", "lead"], name="dossier_in_order")
        ]

    def __str__(self) -> str:
        return self.title or self.code or f"{self.call} {self.pk}"


class Attachment(models.Model):
    """A document of an application, in the database so that its transactions and backups hold it.

    `name` is what its sender called it; `kind` is its type, told from the content. Another one in
    its place has it `replaced`; what was handed in is kept, because its digest is public.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="attachments")
    asked = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()
    replaced = models.DateTimeField(null=True)

    class Meta:
        """One document at a time answers what is asked."""

        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dossier", "asked"],
                condition=Q(replaced__isnull=True),
                name="attachment_once",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """A member's yes to one version of an application, or of whoever comes to enter by a request.

    A later version needs another; a yes to a request is to its parts, or to who shall lead, and its
    version is 0.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="consents")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    version = models.PositiveIntegerField()
    asking = models.ForeignKey(
        "Asking", null=True, on_delete=models.CASCADE, related_name="consents"
    )
    at = models.DateTimeField()

    class Meta:
        """Each member says yes once to one version, and once to one request."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dossier", "organisation", "version"],
                condition=models.Q(asking=None),
                name="consent_once",
            ),
            models.UniqueConstraint(fields=["asking", "organisation"], name="entry_once"),
        ]


class Receipt(models.Model):
    """That an application was handed in: when, and SHA-256 of its line in the call's facts."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="receipts")
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)

    class Meta:
        """In order."""

        ordering: ClassVar = ["at", "id"]


class Conflict(models.Model):
    """Why a reviewer may not review an application: found, or declared by them."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="conflicts")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE)
    declared = models.BooleanField()
    why = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        """One is enough."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dossier", "reviewer"], name="conflict_once")
        ]


class Review(models.Model):
    """A reviewer's seat at an application; `points` and `comments` by criterion once it is done.

    `cleared` is when the reviewer declared to have no conflict; before that nothing is shown.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.PROTECT)
    assigned = models.DateTimeField()
    cleared = models.DateTimeField(null=True)
    points = models.JSONField(default=dict)
    comments = models.JSONField(default=dict)
    marked = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        """Nobody has two seats at one application."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dossier", "reviewer"], name="review_once")
        ]


class RoundSheet(models.Model):
    """An expert's sheet for one team of a round, known to the expert by its label alone.

    `points` by criterion once it is given. A `repeat` is a team's second sheet under another label:
    it checks the expert's attention and counts for nothing.
    """

    round = models.CharField(max_length=64)
    pillar = models.CharField(max_length=64)
    reviewer = models.ForeignKey(Reviewer, on_delete=models.PROTECT)
    team = models.CharField(max_length=200)
    label = models.CharField(max_length=8)
    repeat = models.BooleanField(default=False)
    points = models.JSONField(default=dict)
    given = models.DateTimeField(null=True)

    class Meta:
        """A label names one sheet of an expert, and a team has one that counts."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["round", "pillar", "reviewer", "label"], name="sheet_label_once"
            ),
            models.UniqueConstraint(
                fields=["round", "pillar", "reviewer", "team", "repeat"], name="sheet_team_once"
            ),
        ]


class RoundFinding(models.Model):
    """What was found on a gate of a round about a team, on which evidence, and the team's reply.

    The team's days to reply count from `at`; a finding on other documents begins them anew, and the
    reply to the one before stays readable.
    """

    round = models.CharField(max_length=64)
    team = models.CharField(max_length=200)
    gate = models.CharField(max_length=64)
    passed = models.BooleanField()
    remark = models.CharField(max_length=1000, blank=True)
    evidence = models.JSONField(default=list)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()
    reply = models.TextField(blank=True)
    replied = models.DateTimeField(null=True)

    class Meta:
        """One finding a gate of a team."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "team", "gate"], name="round_finding_once")
        ]


class Finding(models.Model):
    """What was found on a gate, on which evidence (SHA-256), and the applicant's reply."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="findings")
    gate = models.CharField(max_length=64)
    passed = models.BooleanField()
    remark = models.CharField(max_length=1000, blank=True)
    evidence = models.JSONField(default=list)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()
    reply = models.TextField(blank=True)
    replied = models.DateTimeField(null=True)

    class Meta:
        """One finding a gate; it may be found anew after a reply."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dossier", "gate"], name="finding_once")
        ]


class AwardList(models.Model):
    """The list that is signed for a call, `awards` as settled; another one replaces it unsigned."""

    call = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64)
    proposal = models.TextField()
    winners = models.JSONField(default=list)
    awards = models.JSONField(default=dict)
    standby = models.JSONField(default=list)
    told = models.DateTimeField(null=True)
    turns = models.JSONField(default=list)


class Signature(models.Model):
    """One of the two persons who sign a list."""

    award_list = models.ForeignKey(AwardList, on_delete=models.CASCADE, related_name="signatures")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        """Two persons, not one twice."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["award_list", "person"], name="signature_once")
        ]


class Acceptance(models.Model):
    """A winner's answer: the award is taken, or given up."""

    dossier = models.OneToOneField(Dossier, on_delete=models.CASCADE)
    accepted = models.BooleanField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()


class Side(models.TextChoices):
    """For whom an agreement is signed."""

    HOLDER = "holder"
    OFFICE = "office"


class AgreementSignature(models.Model):
    """That one side has signed an agreement, by the SHA-256 of exactly what it says."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="agreed")
    side = models.CharField(max_length=16, choices=Side)
    digest = models.CharField(max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()

    class Meta:
        """Each side signs one text once."""

        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dossier", "side", "digest"], name="agreed_once")
        ]


class Objection(models.Model):
    """What an applicant holds against a result, and what was answered."""

    dossier = models.OneToOneField(Dossier, on_delete=models.CASCADE)
    text = models.TextField()
    at = models.DateTimeField()
    answer = models.TextField(blank=True)
    upheld = models.BooleanField(null=True)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    answered = models.DateTimeField(null=True)


class Asking(models.Model):
    """What was asked of a running award, or handed over to it, and how it was answered.

    `asked` has the parts of the request, as the journal will have them; `event` is the name under
    which the journal has the answer.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="askings")
    change = models.CharField(max_length=16)
    asked = models.JSONField(default=dict)
    text = models.TextField()
    link = models.URLField(max_length=500, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="askings"
    )
    at = models.DateTimeField()
    granted = models.BooleanField(null=True)
    answer = models.TextField(blank=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="answers"
    )
    answered = models.DateTimeField(null=True)
    event = models.CharField(max_length=64, blank=True)

    class Meta:
        """In order."""

        ordering: ClassVar = ["id"]


class Deed(models.Model):
    """Who did what when: one row an action; an auditor reads them, nobody changes them."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    action = models.CharField(max_length=64)
    about = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        """In order; the newest of an action is found at once."""

        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["action", "id"], name="deed_by_action")]
