from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    """Django's admin, with our site as the default one, so that every `@admin.register` lands on it."""

    default_site = "dashboard.site.ConsoleSite"
