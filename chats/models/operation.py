from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Kind(models.TextChoices):
    """What an operation asks the remote to do."""

    SEND_MESSAGE = "send_message", "Send a message"
    CREATE_CHAT = "create_chat", "Start a chat"
    RENAME_GROUP = "rename_group", "Rename the group"
    SET_GROUP_ICON = "set_group_icon", "Change the group's picture"
    ADD_PARTICIPANT = "add_participant", "Add a person"
    REMOVE_PARTICIPANT = "remove_participant", "Remove a person"
    LEAVE_GROUP = "leave_group", "Leave the group"
    MARK_READ = "mark_read", "Mark as read"
    UPLOAD_ATTACHMENT = "upload_attachment", "Upload a file"


class State(models.TextChoices):
    """Where an operation stands.

    queued ──claim──► sending ──2xx──► accepted ──webhook, lookup──► confirmed
       │                 ├─ no reply ──► unknown ──same key, webhook, lookup──► accepted | failed
       └─► cancelled     └─ 4xx that will not change ──► failed
    """

    QUEUED = "queued", "Queued"  # waits for its turn
    SENDING = "sending", "Sending"  # claimed; the remote may or may not have it
    UNKNOWN = "unknown", "Outcome unknown"  # the reply never came; settled by key, webhook or lookup
    ACCEPTED = "accepted", "Accepted"  # the remote has it; final where no event confirms
    CONFIRMED = "confirmed", "Confirmed"  # the remote showed the effect
    FAILED = "failed", "Failed"  # will not happen, and `error` says why
    CANCELLED = "cancelled", "Cancelled"  # taken back before it left


OPEN = [State.QUEUED, State.SENDING, State.UNKNOWN]
"""The states in which the engine still has to act; an accepted one may still wait for its event."""


class Priority(models.IntegerChoices):
    """Lower leaves first."""

    PERSON = 10, "A person's own"
    AUTOMATIC = 50, "Automatic"


class Pace(models.IntegerChoices):
    """Which budgets an operation still has to be given by before it may leave; each holds the next ones too."""

    FREE = 0, "None"
    TALK = 1, "A message's"
    NEW = 2, "A new conversation's"


PACE_OF = {Kind.SEND_MESSAGE: Pace.TALK, Kind.CREATE_CHAT: Pace.NEW, Kind.ADD_PARTICIPANT: Pace.NEW}
"""What is asked of an operation of each kind; nothing of the others."""

LASTING = frozenset({"to", "handle", "display_name", "group_chat_icon", "forwarding_number"})
"""What of a payload is no one's words: it stays when the retention takes the rest. See `chats.engine.retention`."""

NOT_THERE = Q(state=State.QUEUED, first_sent_at__isnull=True)
"""What the remote surely does not have, and so can be taken back: it has not left, or was turned away each time."""

TALK = frozenset({Kind.SEND_MESSAGE, Kind.CREATE_CHAT})
"""What says something in a chat: it leaves in the order it was said, and not to who has opted out."""
CHANGES = frozenset(
    {Kind.RENAME_GROUP, Kind.SET_GROUP_ICON, Kind.ADD_PARTICIPANT, Kind.REMOVE_PARTICIPANT, Kind.LEAVE_GROUP}
)
"""What changes a group: made in the order it was asked for."""


class Operation(models.Model):
    """One effect that somebody asked of the remote: a row first, then a call. See the design's laws 2 and 3."""

    Kind = Kind
    State = State
    Priority = Priority
    Pace = Pace

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Its idempotency key.")
    kind = models.CharField(max_length=30, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    lane = models.ForeignKey("chats.Lane", on_delete=models.PROTECT, related_name="operations")
    line = models.ForeignKey("chats.Line", null=True, blank=True, on_delete=models.PROTECT, related_name="operations")
    chat = models.ForeignKey("chats.Chat", null=True, blank=True, on_delete=models.CASCADE, related_name="operations")
    message = models.OneToOneField(
        "chats.Message", null=True, blank=True, on_delete=models.CASCADE, related_name="operation"
    )
    retry_of = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="retried_as",
        help_text="The failed operation that this one does anew, under a key of its own; each is done anew once.",
    )
    payload = models.JSONField(default=dict)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.PERSON)
    pace = models.SmallIntegerField(
        choices=Pace, default=Pace.FREE, db_default=0, help_text="The budgets that it still has to be given by."
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the engine looks at it next; empty when nothing is left to do."
    )
    send_before = models.DateTimeField(null=True, blank=True, help_text="Past this moment it is too late to be useful.")
    attempts = models.PositiveIntegerField(default=0)
    lookups = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0, help_text="The claim it was last taken under.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    first_sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When it may first have reached the remote: the age of its key there."
    )

    created_at = models.DateTimeField()
    retried_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person last had it tried again: its patience counts from then."
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    error_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, help_text="What went wrong last, as a sentence.")
    trace_id = models.CharField(max_length=64, blank=True)
    cleared_at = models.DateTimeField(
        null=True, blank=True, help_text="When the retention took what its payload said; it cannot be retried since."
    )

    dismissed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the team had seen that it failed, so that no panel shows it any more."
    )
    # Without an index: only the deletion of an account asks for it.
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, db_index=False, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        permissions = [("view_activity", "Can open the activity page"), ("retry_operations", "Can retry operations")]
        constraints = [
            models.CheckConstraint(
                name="sending_has_a_lease", condition=~Q(state="sending") | Q(lease_expires_at__isnull=False)
            ),
            models.CheckConstraint(name="failed_says_why", condition=~Q(state="failed") | ~Q(error="")),
            models.CheckConstraint(
                name="settled_has_a_time",
                condition=~Q(state__in=["confirmed", "failed", "cancelled"])
                | Q(settled_at__isnull=False, due_at__isnull=True),
            ),
            models.CheckConstraint(
                name="waiting_has_a_due_time",
                condition=~Q(state__in=["queued", "unknown"]) | Q(due_at__isnull=False),
            ),
        ]
        indexes = [
            # the drain: what is due on a lane, people before campaigns, what a spent budget holds behind the rest
            models.Index(
                fields=["lane", "priority", "pace", "id"],
                condition=Q(state__in=["queued", "unknown", "accepted"], due_at__isnull=False),
                name="operation_paced",
            ),
            # the sweep: lanes with something due
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="operation_due_at"),
            # the sweep: what waits past its last useful moment
            models.Index(
                fields=["send_before"],
                condition=Q(state="queued", send_before__isnull=False),
                name="operation_too_late",
            ),
            # the sweep: leases that ran out
            models.Index(fields=["lease_expires_at"], condition=Q(state="sending"), name="operation_lease"),
            # order within a chat, and the changes a chat's page shows as pending
            models.Index(
                fields=["chat", "id"],
                condition=Q(state__in=["queued", "sending", "unknown", "accepted"]),
                name="operation_open",
            ),
            # the activity page, by line and by state
            models.Index(fields=["line", "-id"], name="operation_of_line"),
            models.Index(fields=["state", "-id"], name="operation_by_state"),
            # home: what failed lately
            models.Index(fields=["settled_at"], condition=Q(state="failed"), name="operation_failed_at"),
            # the retention: what has ended and may still say something
            models.Index(
                fields=["settled_at"],
                condition=Q(cleared_at__isnull=True, settled_at__isnull=False) & ~Q(payload={}),
                name="operation_says",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def can_be_taken_back(self) -> bool:
        """`NOT_THERE`, of a row at hand; only the database knows whether it still holds."""
        return self.state == State.QUEUED and self.first_sent_at is None
