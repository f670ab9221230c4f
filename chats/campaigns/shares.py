"""Variants: who gets which wording, and how sure a difference between them is."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_VARIANTS: Final = 4
# 95 of 100 such ranges hold the true share.
_Z: Final = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """A share that was seen, and the range in which the true one lies with 95 % confidence."""

    seen: float
    low: float
    high: float


def variant_of(seed: str, handle: str, weights: Sequence[int]) -> int:
    """The index of the variant that this person gets: by chance, in proportion to `weights`, always the same.

    It depends on nothing but the campaign's `seed` and the handle, so planning anew changes nobody's text.
    Raises `ValueError` when no weight is above zero.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be positive and at least one above zero")
    digest = hashlib.blake2b(f"{seed}\0{handle}".encode(), digest_size=8).digest()
    point = int.from_bytes(digest, "big") * total >> 64
    for index, weight in enumerate(weights):
        if point < weight:
            return index
        point -= weight
    raise AssertionError("the point lies below the total")


def share(hits: int, of: int) -> Share | None:
    """How sure `hits` out of `of` is, as Wilson's score interval; None of nothing."""
    if of <= 0:
        return None
    seen = hits / of
    spread = _Z * math.sqrt(seen * (1 - seen) / of + _Z * _Z / (4 * of * of))
    middle = seen + _Z * _Z / (2 * of)
    scale = 1 + _Z * _Z / of
    return Share(seen, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def differs(one: Share, other: Share) -> bool:
    """Whether two shares are surely not the same: their ranges do not touch."""
    return one.low > other.high or other.low > one.high
