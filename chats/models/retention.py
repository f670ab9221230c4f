from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Retention(models.Model):
    """How long things are kept here. One row; the remote forgets messages after a day (linq-v3, 3.6)."""

    DEFAULT_EVENT_DAYS = 30

    message_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Days to keep what messages say, wherever that is. Empty: for ever."
    )
    event_days = models.PositiveIntegerField(
        default=DEFAULT_EVENT_DAYS, help_text="Days to keep webhook events that were processed; never longer than that."
    )
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="retention_is_one_row", condition=Q(pk=1)),
            models.CheckConstraint(name="retention_is_a_day_or_more", condition=Q(event_days__gte=1)),
            models.CheckConstraint(
                name="retention_of_messages_is_a_day_or_more",
                condition=Q(message_days__isnull=True) | Q(message_days__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return "Retention"

    @classmethod
    def current(cls) -> Retention:
        """The setting in force; the defaults when nobody has changed them."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def days_of_events(self) -> int:
        """How many days processed events are kept: they say what messages say, so never longer than those."""
        return self.event_days if self.message_days is None else min(self.event_days, self.message_days)
