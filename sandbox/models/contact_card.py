"""The name and picture that a line shares."""

from __future__ import annotations

from django.db import models

from sandbox import clock, ids
from sandbox.models.line import Line


class ContactCard(models.Model):
    """The active card of a line. A line has one at most, and the API has no way to take it away."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    line = models.OneToOneField(Line, on_delete=models.CASCADE)
    first_name = models.TextField()
    last_name = models.TextField(null=True)  # noqa: DJ001 - null is what the API sends
    image_url = models.TextField(null=True)  # noqa: DJ001 - null is what the API sends
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.first_name} on {self.line_id}"
