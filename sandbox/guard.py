"""Keeps web pages out of the control API and of the sandbox's page.

Neither asks for a token, since it is a tool on loopback. So that no page in the developer's browser can use them, a
request must call the sandbox by a loopback name (or another name would do after it was pointed at 127.0.0.1), and
one that a browser sends from a page must come from the sandbox's own page.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]


def refusal(headers: Headers) -> str | None:
    """The sentence that refuses a request with these headers, or None when it may come in."""
    found = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers}
    host = found.get("host", "")
    if not is_loopback(host):
        return "The control API is called by a loopback name only, such as 127.0.0.1 or localhost."
    origin = found.get("origin")
    if origin is not None and (urlsplit(origin).scheme, urlsplit(origin).netloc) != ("http", host):
        return "The control API takes nothing from pages of other sites."
    if found.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return "The control API takes nothing from pages of other sites."
    return None


def is_loopback(host: str) -> bool:
    """Whether the value of a Host header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
