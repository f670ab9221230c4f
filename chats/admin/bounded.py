"""A paginator for large tables in the admin's own lists."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

MOST_ROWS = 5000


class AtLeast(int):
    """A number that stands for itself and everything above it."""

    def __str__(self) -> str:
        return f"{int(self):,} or more"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts and turns pages up to `MOST_ROWS` rows only (law 9); who needs an older row searches for it."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found = rows.order_by()[: MOST_ROWS + 1].count()
        return AtLeast(MOST_ROWS) if found > MOST_ROWS else found
