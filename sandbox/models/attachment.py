"""Files that were announced, and uploaded or not."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import models

from sandbox import clock, ids

UPLOAD_TIME = timedelta(minutes=15)


class Attachment(models.Model):
    """A file. Its row is made when it is announced; its bytes are in a file of the same id (`sandbox.files`)."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveIntegerField()
    # signs the address it is uploaded to
    secret = models.CharField(max_length=64, default=secrets.token_hex)
    is_complete = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    upload_until = models.DateTimeField()

    def __str__(self) -> str:
        return self.filename

    @property
    def status(self) -> str:
        """`pending`, `complete` or `failed`: announced, but never uploaded in time."""
        if self.is_complete:
            return "complete"
        return "pending" if clock.now() < self.upload_until else "failed"
