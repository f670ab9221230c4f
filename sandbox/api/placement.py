"""Where a sticker sits on a message: x and y from -1 to 1, a scale, and a rotation in degrees clockwise."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sandbox.api.errors import ApiError

LEAST_SCALE, MOST_SCALE = 0.05, 2.5
IMAGE_SCALE, EMOJI_SCALE = 1.0, 0.5
NAMES = ("x", "y", "scale", "rotation")

Placement = dict[str, float]


def default(*, is_emoji: bool) -> Placement:
    """In the middle, upright, in the usual size."""
    return {"x": 0.0, "y": 0.0, "scale": EMOJI_SCALE if is_emoji else IMAGE_SCALE, "rotation": 0.0}


def read(given: object, before: Placement) -> Placement:
    """The placement of a request; what it does not name stays as `before`.

    A scale out of its range is moved to the nearest end of it. Raises `ApiError` for anything else that cannot be.
    """
    if not isinstance(given, Mapping):
        raise ApiError(1003, "placement must be an object")
    now = dict(before)
    for name in NAMES:
        value = given.get(name)
        if value is None:
            continue
        number = _number(value, name)
        if name in {"x", "y"} and not -1 <= number <= 1:
            raise ApiError(1005, f"placement.{name} must be from -1 to 1")
        now[name] = number
    now["scale"] = min(MOST_SCALE, max(LEAST_SCALE, now["scale"]))
    return now


def _number(value: object, name: str) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # a whole number of more digits than fit
        pass
    raise ApiError(1005, f"placement.{name} must be a number")
