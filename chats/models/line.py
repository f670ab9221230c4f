from __future__ import annotations

from django.db import models


class Line(models.Model):
    """A phone line rented from the remote: the boundary of what a person may see and the queue things leave by."""

    class Type(models.TextChoices):
        IMESSAGE = "iMessage", "iMessage"
        RCS = "RCS", "RCS"

    class Status(models.TextChoices):
        """Known only from `phone_number.status_updated`; empty until one came."""

        ACTIVE = "ACTIVE", "Active"
        FLAGGED = "FLAGGED", "Flagged"

    class Reputation(models.TextChoices):
        HEALTHY = "HEALTHY", "Healthy"
        AT_RISK = "AT_RISK", "At risk"
        CRITICAL = "CRITICAL", "Critical"

    remote_id = models.UUIDField(unique=True, editable=False)
    phone_number = models.CharField(max_length=16, unique=True, editable=False)
    label = models.CharField(max_length=80, blank=True, help_text="What the team calls this line.")
    line_type = models.CharField(max_length=10, choices=Type, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, blank=True, editable=False)
    status_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    reputation = models.CharField(max_length=10, choices=Reputation, blank=True, editable=False)
    reputation_doc_url = models.URLField(max_length=300, blank=True, editable=False)
    forwarding_number = models.CharField(max_length=16, blank=True, editable=False)
    is_active = models.BooleanField(
        default=True, editable=False, help_text="False once the remote no longer lists the line; its chats stay."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["label", "phone_number"]
        permissions = [
            ("use_all_lines", "Can see and use every line"),
            ("watch_lines", "Can open the lines page"),
        ]

    def __str__(self) -> str:
        return self.label or self.phone_number
