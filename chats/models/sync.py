from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q


class SyncRun(models.Model):
    """One reading of the whole account: its lines first, then each line as a part of its own (`SyncPart`)."""

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
    lines_read = models.PositiveIntegerField(default=0)
    chats_read = models.PositiveIntegerField(default=0)
    chats_with_messages = models.PositiveIntegerField(default=0)
    messages_read = models.PositiveIntegerField(default=0)
    messages_took = models.DurationField(
        default=timedelta(0), help_text="Spent reading messages, without the time in which nobody carried the run."
    )
    progressed_at = models.DateTimeField(null=True, blank=True, help_text="When the last checkpoint was written.")
    fence = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the lines are read; then, until when the remote asked all parts to wait."
    )
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


class SyncPart(models.Model):
    """One line of a run: its chats page by page, then the latest messages of each, with a checkpoint after every step.

    One worker carries a part at a time, under a lease with a number that rises with each taking.
    """

    class Stage(models.TextChoices):
        CHATS = "chats", "Reading chats"
        MESSAGES = "messages", "Reading messages"
        DONE = "done", "Done"

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="parts")
    line = models.ForeignKey("chats.Line", on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.CHATS)
    cursor = models.CharField(max_length=500, blank=True, help_text="The remote's cursor of the next page of chats.")
    last_chat_id = models.BigIntegerField(default=0, help_text="Messages are read up to this chat of ours.")
    fence = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="Empty once the part is done.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Failed calls in a row.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "line"], name="a_line_is_read_once_in_a_run"),
            models.CheckConstraint(
                name="a_part_is_due_until_it_is_done",
                condition=Q(stage="done", due_at__isnull=True) | ~Q(stage="done") & Q(due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Part {self.pk} of sync {self.run_id}"
