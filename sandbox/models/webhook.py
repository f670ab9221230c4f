"""Webhook subscriptions, the events of the world, and their deliveries."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from sandbox import clock, ids


class Subscription(models.Model):
    """Who wants to hear of what."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    target_url = models.CharField(max_length=2048, unique=True)
    # 2025-01-01 or 2026-02-03, read from the address's `version`
    version = models.CharField(max_length=10)
    subscribed_events = ArrayField(models.CharField(max_length=60))
    phone_numbers = ArrayField(models.CharField(max_length=16), null=True)
    is_active = models.BooleanField(default=True)
    routing_key_header = models.CharField(max_length=100, null=True)  # noqa: DJ001 - null is what the API sends
    routing_id_header = models.CharField(max_length=100, null=True)  # noqa: DJ001 - null is what the API sends
    secret = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.target_url


class Event(models.Model):
    """Something that happened in the world, whether or not anybody subscribed to it."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    type = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=clock.now)
    trace_id = models.CharField(max_length=32)
    phone_number = models.CharField(max_length=16)
    chat_id = models.UUIDField(null=True)
    data: models.JSONField[Any, Any] = models.JSONField()
    # the payload of version 2025-01-01 where it differs
    data_2025: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index("created_at", "id", name="events_in_order")]

    def __str__(self) -> str:
        return self.type


class Delivery(models.Model):
    """One event on its way to one subscription."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"
        DROPPED = "dropped"  # a fault asked for it

    # Neither indexed nor watched: events are never deleted.
    event = models.ForeignKey(Event, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=200, default="")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the post: what is due
            models.Index("due_at", "id", condition=Q(state="waiting"), name="deliveries_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.subscription_id}"


class RoutingToken(models.Model):
    """What a receiver asked for in the routing header the last time it took an event of this chat."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE)
    chat_id = models.UUIDField()
    token = models.CharField(max_length=1024)

    class Meta:
        constraints = [models.UniqueConstraint("subscription", "chat_id", name="one_token_per_chat")]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.chat_id}"
