"""Keyset pages: newest first, continued from the last row seen. No page counts or offsets a table (law 9)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Position:
    """A place in a list ordered by a time and then by id."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()}|{self.pk}".encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Position | None:
        """The position in a page's address; None for an empty or damaged one, which means: from the start."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            at, _, pk = raw.partition("|")
            moment = datetime.fromisoformat(at)
            return cls(moment, int(pk)) if moment.tzinfo is not None else None
        except (ValueError, binascii.Error):
            return None


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows in the order shown, and where the next page starts (empty when this is the last)."""

    rows: Sequence[M]
    next: str


def page_by_time(rows: QuerySet[M], *, field: str, after: Position | None, size: int) -> Page[M]:
    """The `size` rows after a position, by `field` and id, newest first."""
    if after is not None:
        # The first condition alone is enough to be right; the second lets the index start in the right place.
        rows = rows.filter(
            Q(**{f"{field}__lt": after.at}) | Q(**{field: after.at, "pk__lt": after.pk}), **{f"{field}__lte": after.at}
        )
    found: list[M] = list(rows.order_by(f"-{field}", "-pk")[: size + 1])
    rest = len(found) > size
    found = found[:size]
    following = str(Position(getattr(found[-1], field), found[-1].pk)) if rest else ""
    return Page(found, following)


def page_by_id(rows: QuerySet[M], *, after: str, size: int) -> Page[M]:
    """The `size` rows with an id below `after`, newest first."""
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found: list[M] = list(rows.order_by("-pk")[: size + 1])
    rest = len(found) > size
    found = found[:size]
    return Page(found, str(found[-1].pk) if rest else "")


def known(value: str, choices: Any) -> str:
    """`value` when it is one of a TextChoices' values, else empty: a filter from an address is never trusted."""
    return value if value in choices.values else ""
