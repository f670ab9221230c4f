"""Chance that repeats itself: every draw depends on the world's seed and on what it is drawn for.

A draw never depends on how many others were made before it, so two runs with the same seed give
the same people, habits and answers however their threads were scheduled.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


def _digest(seed: int, purpose: tuple[object, ...]) -> bytes:
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def share(seed: int, *purpose: object) -> float:
    """A number from 0 up to, not including, 1."""
    return int.from_bytes(_digest(seed, purpose)[:7], "big") / float(1 << 56)


def between(low: float, high: float, seed: int, *purpose: object) -> float:
    """A number from `low` to `high`, each equally likely."""
    return low + (high - low) * share(seed, *purpose)


def one_of(choices: Sequence[T], seed: int, *purpose: object) -> T:
    """One of `choices`, each equally likely."""
    return choices[int(share(seed, *purpose) * len(choices))]


def identifier(seed: int, *purpose: object) -> UUID:
    """A UUID (version 4 in form) that is the same for the same seed and purpose."""
    return UUID(bytes=_digest(seed, purpose), version=4)


def around(median: float, spread: float, seed: int, *purpose: object) -> float:
    """A positive number about `median`: half are below it, about a third within a factor of e to the `spread`.

    Log-normal, as the times people take are: mostly near the median, now and then many times longer.
    """
    first, second = share(seed, "around 1", *purpose), share(seed, "around 2", *purpose)
    normal = math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
    return median * math.exp(spread * normal)
