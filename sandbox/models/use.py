"""Uses of what may be used only so often."""

from __future__ import annotations

from django.db import models

from sandbox import clock


class Use(models.Model):
    """One use of something limited, as long as it counts; see `sandbox.limits`."""

    kind = models.CharField(max_length=24)
    subject = models.CharField(max_length=64)  # what the limit is counted for: a chat, a number
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index("kind", "subject", "at", name="uses_that_count")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"
