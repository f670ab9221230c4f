from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditRecord(models.Model):
    """Who changed what, when. Written in the same transaction as the change; never holds a message's text."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    action = models.CharField(max_length=60)
    line = models.ForeignKey("chats.Line", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    chat = models.ForeignKey("chats.Chat", null=True, blank=True, on_delete=models.SET_NULL, related_name="audit")
    target = models.CharField(max_length=120, blank=True)
    before = models.CharField(max_length=500, blank=True)
    after = models.CharField(max_length=500, blank=True)
    happened_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        # a chat's history
        indexes = [models.Index(fields=["chat", "-id"], name="audit_of_chat")]

    def __str__(self) -> str:
        return self.action
