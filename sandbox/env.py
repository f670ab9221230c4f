"""The sandbox's settings from the environment; a wrong value is refused with a sentence."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

MOST_SPEED = 100_000


def text(name: str, default: str = "") -> str:
    """The value with surrounding blanks removed, or `default` when unset or empty."""
    return os.environ.get(name, "").strip() or default


def words(name: str) -> list[str]:
    """A comma-separated list, empty when unset."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def number(name: str, default: int) -> int:
    """A whole number that is not negative."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number from 0.")
    return int(value)


def port(name: str, default: int) -> int:
    """A TCP port; 0 lets the system choose a free one."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) > 65535:
        raise ImproperlyConfigured(f"{name} must be a whole number from 0 to 65535.")
    return int(value)


def seconds(name: str, default: float) -> float:
    """A number of seconds above 0 and up to an hour."""
    try:
        found = float(text(name, str(default)))
    except ValueError:
        found = 0
    if not 0 < found <= 3600:
        raise ImproperlyConfigured(f"{name} must be a number of seconds above 0 and up to 3600.")
    return found


def speed(name: str) -> float | None:
    """How many seconds of the world pass in a real one; None when unset."""
    value = text(name)
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number <= MOST_SPEED:
        raise ImproperlyConfigured(f"{name} must be a number above 0 and up to {MOST_SPEED}, such as 600.")
    return number


def postgres(name: str) -> dict[str, Any]:
    """Django's connection settings from `postgresql://user:password@host:port/name?host=/socket/folder`."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Use `make sandbox`, or name a PostgreSQL database of its own.")
    parts = urlsplit(value)
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    database = unquote(parts.path.lstrip("/"))
    try:
        number = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"The port in {name} is not a number.") from None
    if parts.scheme not in {"postgres", "postgresql"} or not database:
        raise ImproperlyConfigured(f"{name} must look like postgresql://user:password@host:5432/sandbox.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(options.pop("host", "")) or parts.hostname or "",
        "PORT": str(number or ""),
        "OPTIONS": {key: unquote(option) for key, option in options.items()},
    }
