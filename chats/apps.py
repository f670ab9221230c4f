from __future__ import annotations

from django.apps import AppConfig


class ChatsConfig(AppConfig):
    name = "chats"
    verbose_name = "Records"
    default_auto_field = "django.db.models.BigAutoField"
