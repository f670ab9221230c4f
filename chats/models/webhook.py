from __future__ import annotations

from django.db import models
from django.db.models import Q


class WebhookEvent(models.Model):
    """An event as it came in: verified, stored, answered; processed afterwards. Unique by the remote's id."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Kept, not used"  # a type that nothing here needs, kept all the same
        PARKED = "parked", "Failed"  # failed too often; can be run again by hand

    event_id = models.CharField(max_length=100, unique=True)
    event_type = models.CharField(max_length=80)
    version = models.CharField(max_length=20, blank=True)
    payload = models.JSONField()
    trace_id = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    line = models.ForeignKey("chats.Line", null=True, blank=True, on_delete=models.SET_NULL, related_name="events")
    chat = models.ForeignKey("chats.Chat", null=True, blank=True, on_delete=models.SET_NULL, related_name="events")
    happened_at = models.DateTimeField(null=True, blank=True, help_text="When the remote says it happened.")
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    unfinished = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Tries in a row of which nothing was heard: their worker stopped."
    )
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_waiting_event_is_due", condition=~Q(state="pending") | Q(due_at__isnull=False)
            ),
            models.CheckConstraint(name="a_parked_event_says_why", condition=~Q(state="parked") | ~Q(error="")),
        ]
        indexes = [
            # the processor: what is due, oldest first
            models.Index(fields=["due_at", "id"], condition=Q(state="pending"), name="event_due"),
            # the activity page, by line, type and state
            models.Index(fields=["line", "-id"], name="event_of_line"),
            models.Index(fields=["event_type", "-id"], name="event_by_type"),
            models.Index(fields=["state", "-id"], name="event_by_state"),
        ]

    def __str__(self) -> str:
        return self.event_type


class WebhookSubscription(models.Model):
    """Where we asked the remote to deliver events, and the secret it signs them with (told only once)."""

    remote_id = models.UUIDField(unique=True)
    target_url = models.TextField()
    signing_secret = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    replace_asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody asked for a new secret: another subscription takes its place."
    )
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text="Its secret is taken for ten minutes more, for what is still on its way."
    )

    class Meta:
        permissions = [("run_setup", "Can set up the connection to the remote")]

    def __str__(self) -> str:
        return self.target_url
