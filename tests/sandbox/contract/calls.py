"""Calls of the SDK, written down before there is a world to make them in."""

from __future__ import annotations

from typing import Any

UNKNOWN = "00000000-0000-4000-8000-000000000000"

Call = tuple[str, tuple[Any, ...], dict[str, Any]]
# a call, and the status and code it is refused with
Row = tuple[Call, int, int]


def at(name: str, *path: Any, **options: Any) -> Call:
    """A call of the SDK; an argument `<name>` stands for something of the world."""
    return name, path, options
