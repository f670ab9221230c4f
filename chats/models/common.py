"""Choices that several models share, in the remote's own words."""

from __future__ import annotations

from django.db import models


class Service(models.TextChoices):
    """How a message travels. Empty in a column means: the remote has not decided yet."""

    IMESSAGE = "iMessage", "iMessage"
    RCS = "RCS", "RCS"
    SMS = "SMS", "SMS"


class Health(models.TextChoices):
    """A chat's health as the remote gives it today. Empty means: not said yet."""

    HEALTHY = "HEALTHY", "Healthy"
    AT_RISK = "AT_RISK", "At risk"
    CRITICAL = "CRITICAL", "Critical"
    OPTED_OUT = "OPTED_OUT", "Opted out"
