from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class SyncRun(models.Model):
    """One reading of the whole account, with a checkpoint after every page so that it can go on after a kill."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"

    class Stage(models.TextChoices):
        LINES = "lines", "Reading lines"
        CHATS = "chats", "Reading chats"
        MESSAGES = "messages", "Reading messages"
        DONE = "done", "Done"

    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.LINES)
    cursor = models.CharField(max_length=500, blank=True, help_text="The remote's cursor of the next page of chats.")
    last_chat_id = models.BigIntegerField(default=0, help_text="Messages are read up to this chat of ours.")
    lines_read = models.PositiveIntegerField(default=0)
    chats_read = models.PositiveIntegerField(default=0)
    chats_with_messages = models.PositiveIntegerField(default=0)
    messages_read = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="Failed calls in a row.")
    error = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="one_sync_runs_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"Sync {self.pk} ({self.get_state_display()})"
