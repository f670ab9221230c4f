from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from chats.models.common import Health, Service


class Chat(models.Model):
    """A conversation on one line, with one person or a group; bound to its line for ever.

    A chat that we are about to start has no `remote_id` until the remote has accepted its first message.
    """

    line = models.ForeignKey("chats.Line", on_delete=models.PROTECT, related_name="chats")
    remote_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    is_group = models.BooleanField(default=False)
    display_name = models.CharField(
        max_length=400, blank=True, help_text="The name the remote confirmed. Only a group's can be changed."
    )
    icon_url = models.TextField(blank=True, help_text="The group's picture, as the remote confirmed it.")
    service = models.CharField(max_length=10, choices=Service, blank=True)
    is_archived = models.BooleanField(default=False)
    left_at = models.DateTimeField(null=True, blank=True, help_text="When our line left the group.")

    # Both of the remote's health readings, then and now; neither is derived from the other.
    health_status = models.CharField(max_length=10, choices=Health, blank=True)
    health_doc_url = models.URLField(max_length=300, blank=True)
    health_status_at = models.DateTimeField(null=True, blank=True)
    health_score = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0 to 100, higher is healthier.")
    health_reason = models.CharField(max_length=300, blank=True)
    health_score_at = models.DateTimeField(null=True, blank=True)

    # Names and pictures have times of their own, because their events may come in any order.
    name_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    icon_changed_at = models.DateTimeField(null=True, blank=True, editable=False)

    card_shared_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When our line's contact card was last offered here."
    )

    # What the inbox shows of it, kept here so that no list has to read messages or participants.
    title = models.CharField(max_length=400, blank=True)
    search = SearchVectorField(null=True, editable=False)
    sort_at = models.DateTimeField(help_text="When something last happened; newest first in the inbox.")
    last_message_text = models.CharField(max_length=160, blank=True)
    last_message_is_ours = models.BooleanField(default=False)
    unread_count = models.PositiveIntegerField(default=0)

    messages_synced_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its messages were last read from the remote."
    )
    messages_read_as_of = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The remote's time of change when its messages were last read."
    )
    remote_created_at = models.DateTimeField(null=True, blank=True, editable=False)
    remote_updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [
            ("read_chats", "Can open the inbox and read chats"),
            ("reply_to_chats", "Can send messages"),
            ("manage_groups", "Can rename groups and change who is in them"),
        ]
        constraints = [
            models.CheckConstraint(
                name="health_score_is_0_to_100", condition=Q(health_score__isnull=True) | Q(health_score__lte=100)
            ),
        ]
        indexes = [
            # the inbox, all lines of a person
            models.Index(fields=["-sort_at", "-id"], name="chat_inbox"),
            # the inbox filtered to one line
            models.Index(fields=["line", "-sort_at", "-id"], name="chat_inbox_of_line"),
            # the inbox filtered to unread, and the unread counter of the rail
            models.Index(fields=["-sort_at", "-id"], condition=Q(unread_count__gt=0), name="chat_inbox_unread"),
            # the groups page
            models.Index(fields=["-sort_at", "-id"], condition=Q(is_group=True), name="chat_groups"),
            # the inbox filtered by health
            models.Index(fields=["health_status", "-sort_at", "-id"], name="chat_inbox_health"),
            # the inbox searched by name or handle
            GinIndex(fields=["search"], name="chat_search"),
            # events and answers of a chat that is being started: it has no id at the remote yet
            models.Index(fields=["line"], condition=Q(remote_id__isnull=True), name="chat_being_started"),
            # a sync: a line's chats one after the other
            models.Index(fields=["line", "id"], name="chat_of_line_by_id"),
        ]

    def __str__(self) -> str:
        return self.title or self.display_name or f"Chat {self.pk}"


class Participant(models.Model):
    """A handle in a chat, with the time it came and went. Those who left stay listed."""

    class Status(models.TextChoices):
        ACTIVE = "active", "In the group"
        LEFT = "left", "Left"
        REMOVED = "removed", "Removed"

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="participants")
    handle = models.ForeignKey("chats.Handle", on_delete=models.PROTECT, related_name="participations")
    remote_id = models.UUIDField(null=True, blank=True, editable=False)
    is_me = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    service = models.CharField(max_length=10, choices=Service, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chat", "handle"], name="a_handle_is_in_a_chat_once")]

    def __str__(self) -> str:
        return f"{self.handle} in {self.chat}"
