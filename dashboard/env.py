"""Settings from the environment, typed: a wrong value is refused at start with a sentence.

Every reader takes the variable's name and what holds when it is not set. A value that cannot be
used raises `ImproperlyConfigured`, naming the variable and what it should look like; the value
itself is never repeated, because it may be a secret.
"""

from __future__ import annotations

import os
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

POSTGRES_EXAMPLE = "postgresql://user:password@host:5432/chatdeck"


def text(name: str, default: str = "") -> str:
    """The value with surrounding blanks removed, or `default` when unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off (any casing)."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0.")


def number(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    value = text(name)
    if not value:
        return default
    try:
        parsed = int(value)
    except ValueError:
        parsed = least - 1
    if not least <= parsed <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")
    return parsed


def choice(name: str, default: str, known: list[str]) -> str:
    """One of the `known` words, in any casing."""
    value = text(name, default).upper()
    if value not in known:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(known)}.")
    return value


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list."""
    value = text(name)
    if not value:
        return default or []
    return [word.strip() for word in value.split(",") if word.strip()]


def web_address(name: str, default: str = "") -> str:
    """An http or https address without a trailing slash."""
    value = text(name, default)
    if not value:
        return ""
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be an address such as https://console.example.com.")
    return value.rstrip("/")


def postgres(name: str) -> dict[str, object] | None:
    """Django's connection settings from `postgresql://user:password@host:port/name?host=/socket/folder`.

    Returns None when the variable is not set.
    """
    value = text(name)
    if not value:
        return None
    parts = _split(value)
    if parts is None:
        raise ImproperlyConfigured(f"{name} must look like {POSTGRES_EXAMPLE}.")
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not database:
        raise ImproperlyConfigured(f"{name} must look like {POSTGRES_EXAMPLE}.")
    settings: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(options.pop("host", "")) or parts.hostname or "",
        "PORT": str(parts.port or ""),
    }
    settings["OPTIONS"] = {key: unquote(option) for key, option in options.items()}
    return settings


def redis(name: str) -> str:
    """A Redis address: `redis://host:port/0`, `rediss://…` or `unix:///path/to/socket`; empty when unset."""
    value = text(name)
    if not value:
        return ""
    parts = _split(value)
    network = parts is not None and parts.scheme in {"redis", "rediss"} and parts.hostname
    local = parts is not None and parts.scheme == "unix" and parts.path.strip("/")
    if not network and not local:
        raise ImproperlyConfigured(f"{name} must look like redis://127.0.0.1:6379/0 or unix:///path/to/socket.")
    return value


def _split(value: str) -> SplitResult | None:
    """The parts of an address; None where it has no shape at all, such as a bracket left open."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return None
    return parts
