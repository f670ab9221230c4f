"""The account's own lines, and the simulated people they talk to."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from sandbox import clock

SERVICES = ["iMessage", "RCS", "SMS"]


class Line(models.Model):
    """A phone number rented by the account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    phone_number = models.CharField(max_length=16, unique=True)
    line_type = models.CharField(max_length=8, default="iMessage")
    # what a check for RCS from this line meets: ready, off (4004), no_account (4009) or failing (4010)
    rcs = models.CharField(max_length=10, default="ready")
    # ACTIVE or FLAGGED; a flagged line cannot send (403, code 2027)
    status = models.CharField(max_length=8, default="ACTIVE")
    # HEALTHY, AT_RISK or CRITICAL
    reputation = models.CharField(max_length=8, default="HEALTHY")
    forwarding_number = models.CharField(max_length=16, null=True)  # noqa: DJ001 - null is what the API sends
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.phone_number


class Person(models.Model):
    """A simulated person: a handle, a service, and habits that decide what they do with a message."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    handle = models.CharField(max_length=254, unique=True)
    first_name = models.CharField(max_length=40)
    last_name = models.CharField(max_length=40)
    # the best service this person has: iMessage, RCS or SMS
    service = models.CharField(max_length=8)
    # see `sandbox.people.habits.Habits`
    habits = models.JSONField(default=dict)
    # set by a keyword, cleared by any other message from them; account-wide
    opted_out_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_person_has_a_service", condition=Q(service__in=SERVICES)),
        ]

    def __str__(self) -> str:
        return self.handle


class CardShare(models.Model):
    """This person has shared their contact card with this line."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    line = models.ForeignKey(Line, on_delete=models.CASCADE)
    shared_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("person", "line", name="a_card_is_shared_once_per_line")]

    def __str__(self) -> str:
        return f"{self.person_id} with {self.line_id}"
