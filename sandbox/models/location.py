"""Who lets a line see where they are."""

from __future__ import annotations

from django.db import models

from sandbox import clock, ids
from sandbox.models.chat import Chat
from sandbox.models.line import Line, Person


class LocationShare(models.Model):
    """A person shares their location with a line. The row goes when the share ends."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    line = models.ForeignKey(Line, on_delete=models.CASCADE)
    # where it was started; null: outside of any chat
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, null=True)
    began_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True)  # null: until they or we end it

    class Meta:
        constraints = [models.UniqueConstraint("person", "line", name="a_location_is_shared_once_per_line")]

    def __str__(self) -> str:
        return f"{self.person_id} with {self.line_id}"
