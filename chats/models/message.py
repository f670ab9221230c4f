from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from chats.models.common import Service


class DeliveryStatus(models.TextChoices):
    """How far a message came, in the remote's words. It never moves backwards; see `chats.engine.delivery`."""

    PENDING = "pending", "Pending"
    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"
    FAILED = "failed", "Failed"
    RECEIVED = "received", "Received"


class Message(models.Model):
    """One message of a chat.

    One that we send has our `key` first and gets the remote's id later, from the answer or from a
    webhook, whichever comes first: both find the same row.
    """

    Status = DeliveryStatus

    class Direction(models.TextChoices):
        INBOUND = "inbound", "Received"
        OUTBOUND = "outbound", "Sent"

    chat = models.ForeignKey("chats.Chat", on_delete=models.CASCADE, related_name="messages")
    remote_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    key = models.CharField(
        max_length=255,
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="The idempotency key it left with.",
    )
    direction = models.CharField(max_length=10, choices=Direction)
    sender = models.ForeignKey("chats.Handle", null=True, blank=True, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    parts = models.JSONField(default=list)
    text = models.TextField(blank=True, help_text="The parts as plain text.")
    effect = models.JSONField(null=True, blank=True)
    reply_to_remote_id = models.UUIDField(null=True, blank=True)
    reply_to_part = models.PositiveSmallIntegerField(default=0)
    service = models.CharField(max_length=10, choices=Service, blank=True)
    preferred_service = models.CharField(max_length=10, blank=True)

    delivery_status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    happened_at = models.DateTimeField(help_text="Its place in the thread: when it was sent, or written until then.")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(
        null=True, blank=True, help_text="Set when the remote recovered it late: history, not news."
    )
    heard_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When somebody's message was counted as news here, once."
    )
    cleared_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its content was deleted here, as the retention says."
    )
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When somebody here had it deleted, at the remote too."
    )
    error_code = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    trace_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_failed_message_says_why", condition=~Q(delivery_status="failed") | ~Q(error="")
            ),
        ]
        indexes = [
            # a chat's thread, newest first
            models.Index(fields=["chat", "-happened_at", "-id"], name="message_thread"),
            # retention: what is due to be cleared; reconciliation: messages of the last day
            models.Index(fields=["happened_at"], condition=Q(cleared_at__isnull=True), name="message_by_time"),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"

    @property
    def is_ours(self) -> bool:
        return self.direction == self.Direction.OUTBOUND


class Reaction(models.Model):
    """A tapback or sticker on one part of a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    part_index = models.PositiveSmallIntegerField(default=0)
    handle = models.ForeignKey("chats.Handle", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_me = models.BooleanField(default=False)
    type = models.CharField(max_length=20)
    custom_emoji = models.CharField(max_length=40, blank=True)
    remote_id = models.CharField(max_length=64, blank=True)
    reacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "part_index", "handle", "type", "custom_emoji", "remote_id"],
                nulls_distinct=False,
                name="a_reaction_is_there_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} on message {self.message_id}"
