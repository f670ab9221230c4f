"""The console: Django's admin site with rooms of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.apps import apps
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django_htmx.http import HttpResponseClientRefresh


class ConsoleSite(AdminSite):
    """Django's admin at the root, with the rooms of `chats.admin.urls` beside its own pages."""

    site_title = "Chatdeck"
    site_header = "Chatdeck"
    index_title = "Home"
    site_url = None
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Our rooms first: the admin's own patterns end in one that catches everything."""
        # Imported late: the rooms' views need the models, and this module is read before they are.
        from chats.admin.urls import urlpatterns

        return [self._room(pattern) for pattern in urlpatterns] + super().get_urls()

    def _room(self, pattern: URLPattern) -> URLPattern:
        view = pattern.callback
        guarded = (
            self._async_room(view)
            if iscoroutinefunction(view)
            else self.admin_view(view, getattr(view, "cacheable", False))
        )
        return URLPattern(pattern.pattern, guarded, pattern.default_args, pattern.name)

    def _async_room(self, view: Callable[..., Awaitable[HttpResponseBase]]) -> Callable[..., Any]:
        """The sign-in for an async view, which `admin_view` cannot carry. It is a stream, so it gets a plain 403."""

        async def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            # Reading the session asks the database, which an async view may not do by itself.
            if not await sync_to_async(self.has_permission)(request):
                return HttpResponse("Sign in first.", status=403, content_type="text/plain; charset=utf-8")
            return await view(request, *args, **kwargs)

        return update_wrapper(inner, view)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """One application's lists, under its own name and nothing more."""
        title = apps.get_app_config(app_label).verbose_name
        return super().app_index(request, app_label, {"title": title, **(extra_context or {})})

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Home: the numbers and alerts of whoever asks."""
        from chats.admin.home import home_context

        return super().index(request, {**home_context(request), **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The sign-in page. A part of a page that asked after the session ended reloads its whole page instead."""
        if request.method == "GET" and request.headers.get("HX-Request") == "true":
            return HttpResponseClientRefresh()
        return super().login(request, extra_context)
