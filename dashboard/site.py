"""The console: Django's admin site with rooms of its own."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class ConsoleSite(AdminSite):
    site_title = "Chatdeck"
    site_header = "Chatdeck"
    index_title = "Home"
    enable_nav_sidebar = False
