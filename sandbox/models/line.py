"""The account's own lines, and the simulated people they talk to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sandbox import clock, ids

SERVICES = ["iMessage", "RCS", "SMS"]


class Line(models.Model):
    """A phone number rented by the account."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    phone_number = models.CharField(max_length=16, unique=True)
    line_type = models.CharField(max_length=8, default="iMessage")
    # what a check for RCS from this line meets: ready, off (4004), no_account (4009) or failing (4010)
    rcs = models.CharField(max_length=10, default="ready")
    # shared or of a sandbox account: only who wrote to this line may be written to from it (403, code 2008)
    inbound_first = models.BooleanField(default=False, db_default=False)
    # ACTIVE or FLAGGED; a flagged line cannot send (403, code 2027)
    status = models.CharField(max_length=8, default="ACTIVE")
    # HEALTHY, AT_RISK or CRITICAL
    reputation = models.CharField(max_length=8, default="HEALTHY")
    # while it is flagged: when that ends
    flagged_until = models.DateTimeField(null=True)
    # set by hand through the control API, then it is not reviewed; null: `sandbox.reputation` decides
    pinned_reputation = models.CharField(max_length=8, null=True)  # noqa: DJ001 - null: not pinned
    # how far the volume last rose above the line's norm, and until when that is remembered
    spike = models.FloatField(default=0)
    spike_until = models.DateTimeField(null=True)
    forwarding_number = models.CharField(max_length=16, null=True)  # noqa: DJ001 - null is what the API sends
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.phone_number


class LineHour(models.Model):
    """What a line did in one hour of the world: what its reputation is reckoned from."""

    line = models.ForeignKey(Line, on_delete=models.CASCADE)
    hour = models.DateTimeField()
    sent = models.PositiveIntegerField(default=0)
    received = models.PositiveIntegerField(default=0)  # tapbacks count as replies
    failed = models.PositiveIntegerField(default=0)
    opt_outs = models.PositiveIntegerField(default=0)
    reports = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint("line", "hour", name="a_line_has_an_hour_once")]

    def __str__(self) -> str:
        return f"{self.line_id} at {self.hour}"


class Person(models.Model):
    """A simulated person: a handle, a service, and habits that decide what they do with a message."""

    id = models.UUIDField(primary_key=True, default=ids.new)
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
