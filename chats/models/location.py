from __future__ import annotations

from datetime import datetime

from django.db import models


class SharedLocation(models.Model):
    """Whether a person shares where they are with a line, and where they were seen last.

    The remote tells of the beginning and the end; a place is told only when it is asked for (linq-v3, 1.5).
    """

    handle = models.ForeignKey("chats.Handle", on_delete=models.CASCADE, related_name="shared_locations")
    line = models.ForeignKey("chats.Line", on_delete=models.CASCADE, related_name="shared_locations")
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When it ends by itself; empty: never.")
    ended_at = models.DateTimeField(null=True, blank=True)

    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    place = models.CharField(max_length=300, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When they were there.")
    read_at = models.DateTimeField(null=True, blank=True, help_text="When we asked last.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handle", "line"], name="a_person_shares_with_a_line_once"),
        ]

    def __str__(self) -> str:
        return f"Where {self.handle} is"

    def is_running(self, now: datetime) -> bool:
        """Whether it is still shared at this moment, as far as we were told."""
        return self.ended_at is None and (self.ends_at is None or self.ends_at > now)
