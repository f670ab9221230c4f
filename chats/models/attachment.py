from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q


def stored_name(_row: object, _filename: str) -> str:
    """Where a file is stored: under a name of our own, which says nothing about what is in it."""
    name = uuid.uuid4().hex
    return f"{name[:2]}/{name}"


class Attachment(models.Model):
    """A file that somebody of the team sends: stored here first, then with the remote, then named in a message.

    stored ──address──► requested ──bytes──► uploaded ──the message is accepted──► referenced
       └──────────────────────┴── refused for good ──► failed

    It belongs to a line, and to nobody but who picked it until it is sent. What is not sent is deleted after a day.
    """

    class State(models.TextChoices):
        STORED = "stored", "Stored here"
        REQUESTED = "requested", "Being uploaded"  # the remote gave an address for it
        UPLOADED = "uploaded", "Uploaded"
        REFERENCED = "referenced", "Sent"
        FAILED = "failed", "Failed"

    line = models.ForeignKey("chats.Line", on_delete=models.PROTECT, related_name="attachments")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    message = models.ForeignKey(
        "chats.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="attachments"
    )
    part = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Which part of the message it is.")
    upload = models.OneToOneField(
        "chats.Operation",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="attachment",
        help_text="The operation that puts it with the remote.",
    )

    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of its content, in hexadecimal.")
    file = models.FileField(upload_to=stored_name, max_length=200)

    state = models.CharField(max_length=10, choices=State, default=State.STORED)
    remote_id = models.UUIDField(null=True, blank=True, editable=False)
    upload_url = models.TextField(blank=True, editable=False, help_text="The signed address, while it is of use.")
    upload_headers = models.JSONField(default=dict, editable=False)
    upload_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    uploaded_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_uploaded_file_has_a_remote_id",
                condition=~Q(state__in=["requested", "uploaded", "referenced"]) | Q(remote_id__isnull=False),
            ),
            models.CheckConstraint(name="a_failed_file_says_why", condition=~Q(state="failed") | ~Q(error="")),
        ]
        indexes = [
            # pruning: what was picked and not sent; and how much of that one person has
            models.Index(fields=["created_at"], condition=Q(message__isnull=True), name="attachment_unsent"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def as_part(self) -> dict[str, Any]:
        """The part of a message that this file is, as it is kept here; `engine.files` turns it into the remote's."""
        return {
            "type": "media",
            "attachment": self.pk,
            "filename": self.name,
            "mime_type": self.content_type,
            "size_bytes": self.size,
        }


class MediaCopy(models.Model):
    """Our copy of a file that the remote has in a message: its addresses end, and so may the file itself."""

    class State(models.TextChoices):
        DUE = "due", "To be fetched"
        KEPT = "kept", "Kept here"
        GONE = "gone", "Gone"  # the remote does not have it, or it cannot be kept

    message = models.ForeignKey("chats.Message", null=True, on_delete=models.SET_NULL, related_name="media_copies")
    part = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    file = models.FileField(upload_to=stored_name, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "media copies"
        constraints = [
            models.UniqueConstraint(fields=["message", "part"], name="a_part_is_copied_once"),
            models.CheckConstraint(name="a_kept_copy_has_a_file", condition=~Q(state="kept") | ~Q(file="")),
        ]
        indexes = [
            # the tick that fetches
            models.Index(fields=["due_at"], condition=Q(state="due"), name="media_copy_due"),
            # pruning: whose message is gone
            models.Index(fields=["id"], condition=Q(message__isnull=True), name="media_copy_orphan"),
        ]

    def __str__(self) -> str:
        return f"Part {self.part} of message {self.message_id}"
