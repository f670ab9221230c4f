from __future__ import annotations

from django.apps import apps
from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    """Django's admin, with our site as the default one, so that every `@admin.register` lands on it."""

    default_site = "dashboard.site.ConsoleSite"

    def ready(self) -> None:
        """Name Django's accounts in the words of the console: here "groups" are chats, so Django's are roles.

        Only what is read changes. Migrations compare the classes as Django wrote them and see nothing.
        """
        auth = apps.get_app_config("auth")
        auth.verbose_name = "People and roles"
        for name, one, many in (("User", "person", "people"), ("Group", "role", "roles")):
            words = auth.get_model(name)._meta
            words.verbose_name, words.verbose_name_plural = one, many
        super().ready()
