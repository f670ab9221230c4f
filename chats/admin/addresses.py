"""Addresses of pages that keep their filters."""

from __future__ import annotations

from django.http import HttpRequest


def same_page(request: HttpRequest, **changes: str) -> str:
    """The page's own address with these parts of its query changed; an empty value takes one out."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path
