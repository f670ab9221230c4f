from __future__ import annotations

from django.db import models
from django.db.models import Q


class Heartbeat(models.Model):
    """When something that has to go on was last seen going on. A hole between two beats is a gap."""

    DOOR = "door"
    REMOTE = "remote"

    name = models.CharField(max_length=20, unique=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Reconciliation(models.Model):
    """One reading of the chats that changed since a moment, because their events may have been lost.

    At most one is carried out and one waits; whatever else is noticed meanwhile widens the one that waits.
    """

    class Cause(models.TextChoices):
        RHYTHM = "rhythm", "Regular check"
        DOOR = "door", "The console was down"
        REMOTE = "remote", "The remote was out of reach"
        SILENT = "silent", "No events came in"
        LOST = "lost", "Events were missing"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"

    class Stage(models.TextChoices):
        CHANGED = "changed", "Reading changed chats"
        UNSETTLED = "unsettled", "Asking for what became of messages"

    cause = models.CharField(max_length=10, choices=Cause)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.CHANGED)
    since = models.DateTimeField(help_text="Chats that changed at the remote after this are read.")
    until = models.DateTimeField(help_text="What changed after this is the next one's.")
    cursor = models.CharField(max_length=500, blank=True, help_text="The remote's cursor of the next page of chats.")
    in_order = models.BooleanField(default=True, help_text="Whether the remote has listed newest first so far.")
    chats_read = models.PositiveIntegerField(default=0)
    messages_found = models.PositiveIntegerField(default=0)
    messages_corrected = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(default=0, help_text="Found or corrected too late for an event on its way.")
    chats_skipped = models.PositiveIntegerField(default=0, help_text="Chats that could not be understood.")
    minute_started_at = models.DateTimeField(null=True, blank=True)
    calls_in_minute = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="Failed calls in a row.")
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state__in=["waiting", "running"]), name="one_reconciliation_at_a_time"
            ),
            models.CheckConstraint(
                name="an_open_reconciliation_is_due", condition=Q(state="done") | Q(due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Reconciliation {self.pk} ({self.get_cause_display()})"

    @property
    def is_thorough(self) -> bool:
        """Whether every chat of the window is asked about, and not only those that say that they changed."""
        return self.cause != self.Cause.RHYTHM
