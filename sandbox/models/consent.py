"""Who must not be written to: the account's blocklist, and the sends that overrode an opt-out."""

from __future__ import annotations

from django.db import models

from sandbox import clock


class BlockedHandle(models.Model):
    """A handle the account blocked: nothing from it is heard, and nothing is sent to it alone."""

    # E.164, an e-mail address in lower case, a short code or an alphanumeric sender
    handle = models.CharField(max_length=254, unique=True)
    reason = models.TextField(null=True)  # noqa: DJ001 - null is what the API sends
    blocked_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.handle


class OptOutOverride(models.Model):
    """One message sent to somebody who had opted out, because the request said so; kept for the audit."""

    handle = models.CharField(max_length=254)
    key_hint = models.CharField(max_length=8)  # the last characters of the token it was sent with
    trace_id = models.CharField(max_length=32)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.handle} at {self.at}"
