from __future__ import annotations

from django.db import models

from chats.models.common import Service


class Contact(models.Model):
    """A person we talk to, under one or more handles."""

    name = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="For example Europe/Paris. Empty: unknown.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or f"Contact {self.pk}"


class Handle(models.Model):
    """A phone number, e-mail address or sender name, as the remote writes it.

    Opt-out, block and service belong here and not to the contact, because this is what the remote knows.
    """

    value = models.CharField(max_length=320, unique=True)
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="handles")
    service = models.CharField(max_length=10, choices=Service, blank=True, editable=False)
    opted_out_at = models.DateTimeField(null=True, blank=True, editable=False)
    blocked_at = models.DateTimeField(null=True, blank=True, editable=False)
    block_reason = models.CharField(max_length=500, blank=True, db_default="", editable=False)
    # What a capability check said, and when; empty: never asked. Good for minutes, not for days (linq-v3, 1.9).
    has_imessage = models.BooleanField(null=True, blank=True, editable=False)
    has_imessage_at = models.DateTimeField(null=True, blank=True, editable=False)
    has_rcs = models.BooleanField(null=True, blank=True, editable=False)
    has_rcs_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["value"]

    def __str__(self) -> str:
        return self.contact.name if self.contact and self.contact.name else self.value
