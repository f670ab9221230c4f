"""The sandbox as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Holds the sandbox's models."""

    name = "sandbox"
    label = "sandbox"
