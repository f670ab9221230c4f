"""Chats and who is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db import models
from django.db.models import Q

from sandbox import clock, ids
from sandbox.models.line import Line, Person


def identity(line_number: str, handles: Iterable[str]) -> str:
    """What makes two creates the same chat: the line and the exact, unordered set of recipients."""
    text = "\n".join([line_number, *sorted(set(handles))])
    return hashlib.sha256(text.encode()).hexdigest()


class Chat(models.Model):
    """A conversation of one line with one person, or a group."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    # without an index of its own: `chats_of_a_line` begins with it
    line = models.ForeignKey(Line, on_delete=models.CASCADE, db_index=False)
    is_group = models.BooleanField(default=False)
    # the other person of a direct chat
    peer = models.ForeignKey(Person, on_delete=models.CASCADE, null=True)
    display_name = models.TextField(null=True)  # noqa: DJ001 - null: the API shows the recipients' handles
    icon = models.TextField(null=True)  # noqa: DJ001 - null: no icon
    service = models.CharField(max_length=8)
    # `identity()` while a create with the same people may reuse this chat, then null
    reuse_key = models.CharField(max_length=64, null=True)  # noqa: DJ001 - unique unless null
    # when our line left; until somebody adds it back every interaction answers 409, code 2013
    left_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    # first message our line ever sent here: a new conversation of that line
    first_outbound_at = models.DateTimeField(null=True)

    # what `sandbox.health` reads
    outbound = models.PositiveIntegerField(default=0)
    inbound = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveIntegerField(default=0)  # outbound since the last inbound
    opted_out = models.BooleanField(default=False)  # the keyword arrived in this chat
    tapbacks = models.PositiveIntegerField(default=0)  # theirs on our messages; they count as replies
    rapid = models.PositiveIntegerField(default=0)  # ours in quick succession since the last inbound
    undelivered = models.PositiveIntegerField(default=0)  # sent or failed since the last delivery
    asked_to_stop = models.BooleanField(default=False)  # their last message asks for it, in words that are no keyword
    last_sent_at = models.DateTimeField(null=True)
    # what came of all that when it last changed: HEALTHY, AT_RISK, CRITICAL or OPTED_OUT
    health = models.CharField(max_length=9, default="HEALTHY")
    health_at = models.DateTimeField(default=clock.now)
    # what the other person has made up their mind to: open, stopped (reads no more), blocked (gets no more)
    stance = models.CharField(max_length=7, default="open")

    class Meta:
        indexes = [
            # GET /v3/chats: newest first
            models.Index("updated_at", "id", name="chats_newest_first"),
            # GET /v3/chats?from=
            models.Index("line", "updated_at", "id", name="chats_of_a_line"),
            # stats: new conversations of a line in 24 hours
            models.Index("line", "first_outbound_at", name="new_conversations"),
        ]
        constraints = [
            # a constraint rather than `unique`, which would add a second index, for searches by prefix
            models.UniqueConstraint("reuse_key", name="a_chat_is_reused_by_its_people"),
            models.CheckConstraint(
                name="a_direct_chat_has_a_peer",
                condition=Q(is_group=True, peer__isnull=True) | Q(is_group=False, peer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Participant(models.Model):
    """A handle in a chat, ours included; who left or was removed stays listed."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    # without an index of its own: `a_handle_is_in_a_chat_once` begins with it
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="participants", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True)  # null: our own line
    handle = models.CharField(max_length=254)
    is_me = models.BooleanField(default=False)
    service = models.CharField(max_length=8)
    status = models.CharField(max_length=8, default="active")  # active, left, removed
    joined_at = models.DateTimeField(default=clock.now)
    left_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # GET /v3/chats?to=
            models.Index("handle", name="participant_handle"),
        ]
        constraints = [models.UniqueConstraint("chat", "handle", name="a_handle_is_in_a_chat_once")]

    def __str__(self) -> str:
        return self.handle
