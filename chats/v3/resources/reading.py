"""Reading the remote's JSON: what must be there is asked for, what may be there is taken, the rest is ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Json = Mapping[str, object]
T = TypeVar("T")


class Unreadable(ValueError):
    """JSON of the remote's that lacks something no resource can be without, such as its id."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None
    """What to pass as `cursor` for the next page; None on the last. Opaque."""

    @classmethod
    def from_json(cls, data: Json, key: str, read: Callable[[Json], T]) -> Page[T]:
        """Read the list under `key`, which must be there, and the cursor."""
        if not isinstance(data.get(key), list):
            raise Unreadable(f"The list {key} is missing.")
        # An empty cursor means the end, as it does to the official SDK.
        return cls([read(item) for item in objects(data, key)], text(data, "next_cursor") or None)


def need(data: Json, key: str) -> str:
    """The text under a key. Raises `Unreadable` when it is missing, empty or no text."""
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"The field {key} is missing.")
    return value


def need_object(data: Json, key: str) -> Json:
    """The object under a key. Raises `Unreadable` when there is none."""
    value = data.get(key)
    if not isinstance(value, dict):
        raise Unreadable(f"The object {key} is missing.")
    return value


def text(data: Json, key: str) -> str | None:
    """The text under a key, or None."""
    value = data.get(key)
    return value if isinstance(value, str) else None


def flag(data: Json, key: str) -> bool:
    """The boolean under a key; anything else is false."""
    return data.get(key) is True


def number(data: Json, key: str) -> int | None:
    """The whole number under a key, or None."""
    value = data.get(key)
    return value if type(value) is int else None


def optional_object(data: Json, key: str) -> Json | None:
    """The object under a key, or None."""
    value = data.get(key)
    return value if isinstance(value, dict) else None


def objects(data: Json, key: str) -> list[dict[str, object]]:
    """The objects in the list under a key; an absent list is empty, and anything else in it is left out."""
    value = data.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(data: Json, key: str) -> list[str]:
    """The texts in the list under a key; an absent list is empty."""
    value = data.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
