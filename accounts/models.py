"""Who: users, their teams and roles, the keys agents present, and the record of changes."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import QueryDict

from accounts.roles import Role
from accounts.scopes import Scope
from soc.web.evidence import plain

MAX_NAME = 301
"""Of a person: first and last name, each of 150 characters."""


class Team(models.Model):
    """A group of people who see the same events, alerts and keys; there is always one default team."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_team")
        ]

    def __str__(self) -> str:
        """The name as pages have it: what cannot be seen in it is drawn."""
        return plain(self.name)


class User(AbstractUser):
    """A person who signs in; the one role (accounts/roles.py) says what he may do, the teams say what he sees."""

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    must_change_password = models.BooleanField(default=False)
    single_key_shortcuts = models.BooleanField(default=True)
    alt_shortcuts = models.BooleanField(default=False, db_default=False)  # Alt in front of each
    keymap = models.JSONField(default=dict, db_default={})  # keys that the person replaced (accounts/shortcuts.py)
    mail_notices = models.BooleanField(default=True)  # notices also come by mail, where there is an address

    def __str__(self) -> str:
        """The name as pages have it: what cannot be seen in it is drawn. As long as a name can be at the most."""
        return plain(self.get_full_name() or self.username)[:MAX_NAME]


class RolePolicy(models.Model):
    """What the administrators have decided for everybody of a role; without a row the defaults hold."""

    class Exceptions(models.TextChoices):
        DIRECT = "direct", "saves exceptions directly"
        DRAFT = "draft", "saves exceptions as drafts for review"

    role = models.CharField(primary_key=True, max_length=16, choices=Role.choices)
    exceptions = models.CharField(max_length=8, choices=Exceptions.choices, default=Exceptions.DIRECT)
    second_factor = models.BooleanField(default=False)  # nobody of the role works without one

    def __str__(self) -> str:
        return self.get_role_display()


def _ingest_only() -> list[str]:
    return [Scope.EVENTS_WRITE.value]


class ApiKey(models.Model):
    """A key that an agent or a client presents: `Authorization: ApiKey base64(id:key)`.

    Only the SHA-256 of the 256 random bits is kept; the key itself is shown once. An agent's key has the scope
    `events:write` and nothing else. A key with other scopes acts for a person: it may what the person may, within its
    scopes and its team, and it stops when the person is deactivated.
    """

    id = models.CharField(primary_key=True, max_length=20)
    name = models.CharField(max_length=80)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="api_keys")
    secret_sha256 = models.BinaryField(max_length=32)
    events_per_second = models.PositiveIntegerField(default=20_000)
    demo = models.BooleanField(default=False)
    scopes = ArrayField(models.CharField(max_length=24, choices=Scope.choices), default=_ingest_only)
    acts_for = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="api_keys")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    replaced_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="replaces")
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """A link that signs its user in once, such as the first administrator's; only its SHA-256 is kept."""

    token_sha256 = models.BinaryField(max_length=32, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Notice(models.Model):
    """Something a person should know: shown in the product until read, and sent by mail where that is wanted.

    `key` makes it unique: the same thing is told the same person once, however often it is noticed.
    """

    MOST_TEXT = 300

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", "Assigned to you"
        MENTIONED = "mentioned", "You were mentioned"
        ESCALATED = "escalated", "Escalated"
        PAST_TARGET = "past_target", "Past target"
        REVIEW = "review", "Review"
        ACCESS = "access", "Access to a team"

    class Mail(models.TextChoices):
        NONE = "none"
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.CharField(max_length=MOST_TEXT)
    path = models.CharField(max_length=300)  # where it leads, within the product
    key = models.CharField(max_length=120)
    actor_name = models.CharField(max_length=150, blank=True)
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=8, choices=Mail.choices, default=Mail.NONE)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_after = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-at"], name="notice_newest"),
            models.Index(fields=["user"], name="notice_unread", condition=models.Q(read_at__isnull=True)),
            models.Index(fields=["mail_after"], name="notice_mail_due", condition=models.Q(mail="waiting")),
        ]

    def __str__(self) -> str:
        return self.text


class AccessRequest(models.Model):
    """Somebody asks to be let into a team, from the page of something of that team; an administrator decides.

    At most one of a person and team is open; the older ones stay, as what was decided before.
    """

    MOST_PATH = 300

    class State(models.TextChoices):
        OPEN = "open"
        GRANTED = "granted"
        DECLINED = "declined"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_requests")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="access_requests")
    path = models.CharField(max_length=MOST_PATH)  # the page that the person was on, within the product
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "team"], condition=models.Q(state="open"), name="one_open_access_request"
            )
        ]
        indexes = [models.Index(fields=["asked_at"], name="access_waiting", condition=models.Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.user} to {self.team}"


class SavedQuery(models.Model):
    """What stands in the address of a page, under a name: a person's own, or shared with a team (accounts/saved.py)."""

    noun: ClassVar[str]  # as sentences say it

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="+")  # null: the owner's own
    name = models.CharField(max_length=60)
    query = models.TextField()  # the page's query string, canonical, without what is of the moment
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The query string that opens it: what was saved, and which one it is."""
        kept = QueryDict(self.query, mutable=True)
        kept["saved"] = str(self.pk)
        return kept.urlencode()


class Change(models.Model):
    """One entry of the append-only record: who changed what, when, through which door, and how to take it back.

    It serves audit, activity on pages, undo and the managers' numbers for any past date.
    A database trigger refuses to update or delete a row.
    """

    class Door(models.TextChoices):
        PAGE = "page"
        API = "api"
        COMMAND = "command"
        SYSTEM = "system"

    at = models.DateTimeField()
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=150)
    door = models.CharField(max_length=8, choices=Door.choices)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    verb = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    inverse = models.JSONField(null=True)
    note = models.TextField(blank=True)
    group = models.UUIDField(null=True)  # one act on many objects: undone together
    undoes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="undone_by")

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "-at"], name="change_of_object"),
            models.Index(fields=["group"], name="change_of_group", condition=models.Q(group__isnull=False)),
            models.Index(fields=["-at"], name="change_newest"),
            models.Index(fields=["object_type", "-at"], name="change_of_kind"),
            models.Index(fields=["actor", "-at"], name="change_of_actor"),
            models.Index(fields=["team", "-at"], name="change_of_team"),
            models.Index(fields=["verb", "-at"], name="change_of_verb"),
            models.Index(fields=["door", "-at"], name="change_of_door"),
            models.Index(fields=["-at"], name="change_with_note", condition=~models.Q(note="")),
        ]
