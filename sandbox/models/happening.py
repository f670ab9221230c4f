"""What is due, and what was answered."""

from __future__ import annotations

from typing import Any

from django.db import models

from sandbox import clock


class Happening(models.Model):
    """Something the world will do at a moment. The row goes, in the same transaction, when it is done."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)
    # while one with this key waits, another is not planned: a person answers a burst of messages once
    key = models.CharField(max_length=120, null=True)  # noqa: DJ001 - unique unless null

    class Meta:
        indexes = [models.Index("at", "id", name="what_is_due")]
        # a constraint rather than `unique`, which would add a second index, for searches by prefix
        constraints = [models.UniqueConstraint("key", name="a_key_waits_once")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"


class Answer(models.Model):
    """The answer given to an idempotency key, kept to be given again."""

    # Assumption (8.2 7): the account and the family of endpoints make the scope; it is kept for ever.
    family = models.CharField(max_length=16)
    key = models.CharField(max_length=255)
    status = models.PositiveSmallIntegerField()
    body: models.JSONField[Any, Any] = models.JSONField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("family", "key", name="a_key_is_answered_once")]

    def __str__(self) -> str:
        return f"{self.family} {self.key}"
