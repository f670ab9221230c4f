"""Addresses of pictures in a request.

A picture is not fetched, so that the sandbox works without a network: an address that nobody could fetch is refused
as one that was not reached, and a name that cannot be a picture's as one that is none.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from sandbox.api.errors import ApiError

MAX_LENGTH = 2048
NO_PICTURE = (".pdf", ".txt", ".html", ".htm", ".json", ".mp4", ".mov", ".mp3", ".zip", ".vcf")


def address(value: object, name: str) -> str:
    """A picture's address. Raises `ApiError`: 1001 when there is none, 5007 unless https and public, 5006 for a file
    that is no picture."""
    if value is None:
        raise ApiError(1001, f"{name} is required")
    if not isinstance(value, str):
        raise ApiError(1003, f"{name} must be a string")
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme != "https" or len(value) > MAX_LENGTH or not value.isprintable() or _is_private(host):
        raise ApiError(5007, f"{name} could not be fetched: it must be a public https address")
    if parts.path.lower().endswith(NO_PICTURE):
        raise ApiError(5006, f"{name} is not an image")
    return value


def _is_private(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
