from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


def _budget(
    name: str, default: int, *, least: int = 1, most: int, may_be_empty: bool = True, help_text: str
) -> models.PositiveIntegerField[int | None, int | None]:
    """How much may leave in some time; null is no limit, which a form offers only where `may_be_empty`."""
    # The column itself takes nothing below 0.
    bounds = [MinValueValidator(least), MaxValueValidator(most)]
    return models.PositiveIntegerField(
        name,
        null=True,
        blank=may_be_empty,
        default=default,
        db_default=default,
        validators=bounds if least else bounds[1:],
        help_text=help_text,
    )


class Line(models.Model):
    """A phone line rented from the remote: the boundary of what a person may see and the queue things leave by."""

    class Type(models.TextChoices):
        IMESSAGE = "iMessage", "iMessage"
        RCS = "RCS", "RCS"

    class Status(models.TextChoices):
        """Known only from `phone_number.status_updated`; empty until one came."""

        ACTIVE = "ACTIVE", "Active"
        FLAGGED = "FLAGGED", "Flagged"

    class Reputation(models.TextChoices):
        HEALTHY = "HEALTHY", "Healthy"
        AT_RISK = "AT_RISK", "At risk"
        CRITICAL = "CRITICAL", "Critical"

    class Pause(models.TextChoices):
        """Why nothing leaves by the line; empty while it is open."""

        BY_HAND = "by_hand", "Paused by hand"
        FAILURES = "failures", "It failed again and again"
        FLAGGED = "flagged", "It is flagged"

    remote_id = models.UUIDField(unique=True, editable=False)
    phone_number = models.CharField(max_length=16, unique=True, editable=False)
    label = models.CharField(max_length=80, blank=True, help_text="What the team calls this line.")
    line_type = models.CharField(max_length=10, choices=Type, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, blank=True, editable=False)
    status_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    reputation = models.CharField(max_length=10, choices=Reputation, blank=True, editable=False)
    reputation_doc_url = models.URLField(max_length=300, blank=True, editable=False)
    forwarding_number = models.CharField(max_length=16, blank=True, editable=False)
    is_active = models.BooleanField(
        default=True, editable=False, help_text="False once the remote no longer lists the line; its chats stay."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)

    # The pace of what leaves, and its budgets: see `chats.engine.pacing`. Empty means: not limited by us.
    gap_seconds = models.FloatField(
        "gap between messages (seconds)",
        default=1.0,
        db_default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(600)],
        help_text="The least pause between two messages; automatic ones add up to half of it by chance. People may "
        "be ten messages ahead of it. 0: no pause.",
    )
    messages_a_minute = _budget(
        "messages a minute",
        20,
        most=10_000,
        help_text="Counted over any 60 seconds. Holds automatic messages only; those of people count too. "
        "Empty: no limit.",
    )
    messages_a_day = _budget(
        "messages a day",
        7000,
        most=1_000_000,
        help_text="Counted over any 24 hours. Holds automatic messages only; those of people count too. The remote "
        "recommends 7,000 at most, in and out. Empty: no limit.",
    )
    new_conversations_a_day = _budget(
        "new conversations a day",
        45,
        least=0,
        most=1000,
        help_text="People whom this line has never written to, counted over any 24 hours; holds everybody's. At 50 "
        "the remote calls the line at risk. 0: none. Empty: no limit.",
    )
    messages_a_minute_to_one = _budget(
        "messages a minute to one person",
        30,
        most=30,
        may_be_empty=False,
        help_text="To one person or group in any 60 seconds; holds everybody's. The remote refuses more than 30.",
    )
    reserve_percent = models.PositiveSmallIntegerField(
        "reserve for people (percent)",
        default=10,
        db_default=10,
        validators=[MaxValueValidator(90)],
        help_text="The share of each budget that automatic messages leave to people.",
    )

    # A line that fails pauses itself: see `chats.engine.breaker`.
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = models.CharField(max_length=10, choices=Pause, blank=True, db_default="", editable=False)
    pause_detail = models.CharField(max_length=500, blank=True, db_default="", editable=False)
    trial_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When one message may try whether the line works again."
    )
    trial = models.ForeignKey(
        "chats.Operation", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    trials = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    failing_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Set while there are failures in a row."
    )

    class Meta:
        ordering = ["label", "phone_number"]
        constraints = [
            models.CheckConstraint(
                name="a_paused_line_says_why",
                condition=Q(paused_at__isnull=True, pause_reason="") | Q(paused_at__isnull=False) & ~Q(pause_reason=""),
            ),
        ]
        permissions = [
            ("pause_lines", "Can pause and resume lines"),
            ("use_all_lines", "Can see and use every line"),
            ("watch_lines", "Can open the lines page"),
        ]

    def __str__(self) -> str:
        return self.label or self.phone_number

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None
