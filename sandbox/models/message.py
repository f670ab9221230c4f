"""Messages and reactions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT

from sandbox import clock, ids
from sandbox.models.chat import Chat, Participant


class Message(models.Model):
    """A message, with the moments it passed through."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    # without an index of its own: `messages_newest_first` begins with it
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, db_index=False)
    # Neither indexed nor watched: nobody asks for the messages of a sender, and senders are never deleted alone.
    sender = models.ForeignKey(Participant, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    is_from_me = models.BooleanField()
    parts = models.JSONField()
    effect = models.JSONField(null=True)
    reply_to = models.JSONField(null=True)  # {message_id, part_index}
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - null is what the API sends
    preferred_service = models.CharField(max_length=8, null=True)  # noqa: DJ001 - null: the sender did not say
    service = models.CharField(max_length=8, null=True)  # noqa: DJ001 - null: not decided yet
    # pending, queued, sent, delivered, received, read, failed
    delivery_status = models.CharField(max_length=9)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    # of the request that sent it; repeated in its later events
    trace_id = models.CharField(max_length=32)
    # came in through the API, rather than with the world or from a person
    accepted = models.BooleanField(default=False)
    # message, or poll, or memo; a poll's options are in `PollOption`
    kind = models.CharField(max_length=8, default="message", db_default="message")
    # how often it was edited
    edits = models.PositiveSmallIntegerField(default=0, db_default=0)
    # gone from the API; the people still have it
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # GET …/messages: newest first; and how many were sent in the last minute
            models.Index("chat", "created_at", "id", name="messages_newest_first"),
            # POST …/read
            models.Index("chat", condition=Q(is_from_me=False, read_at__isnull=True), name="unread_messages"),
            # stats: what was accepted
            models.Index("created_at", condition=Q(accepted=True), name="accepted_messages"),
            # GET /v3/messages/{messageId}/thread: the replies to a message
            models.Index(KT("reply_to__message_id"), condition=Q(reply_to__isnull=False), name="replies_to_a_message"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Reaction(models.Model):
    """A tapback or a sticker on a part of a message."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE)
    part_index = models.PositiveIntegerField(default=0)
    type = models.CharField(max_length=10)
    custom_emoji = models.CharField(max_length=16, null=True)  # noqa: DJ001 - null is what the API sends
    # of a sticker: {emoji} or {attachment_id, url, file_name, mime_type}
    sticker = models.JSONField(null=True)
    # of a sticker: {x, y, scale, rotation}
    placement = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            # stickers stack
            models.UniqueConstraint(
                fields=["message", "participant", "part_index"],
                condition=~Q(type="sticker"),
                name="one_tapback_each_per_part",
            ),
        ]

    def __str__(self) -> str:
        return self.type
