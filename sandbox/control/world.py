"""The world as a whole: ready, reset, stats, faults, its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import OperationalError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats.v3.times import format_time, parse_time
from sandbox import background, clock, env, happenings, requests_seen, stepping, world, worlds
from sandbox.api import base, intake
from sandbox.api.errors import ApiError
from sandbox.control.stats import stats
from sandbox.faults import BadFaults, Faults, in_force
from sandbox.models import Happening, World
from sandbox.worlds.sized import BadSize, Size

MOST_SECONDS = 400 * 86_400.0


class Ready(APIView):
    """GET /sandbox/ready."""

    def get(self, request: Request) -> Response:
        """Which world answers here."""
        return Response(_name(world.current()))


class Reset(APIView):
    """POST /sandbox/reset `{world, seed, people, starts_at}`."""

    def post(self, request: Request) -> Response:
        """Replace everything, subscriptions, faults and the time included, with a new world."""
        plan = _plan(base.json_object(request))
        with background.paused(), intake.turn:
            made = _replace(plan)
            world.forget()
            requests_seen.forget()
        background.wake()
        return Response(_name(made))


def _name(row: World) -> dict[str, Any]:
    return {"name": "sandbox", "world": row.size or row.name, "seed": row.seed}


def _plan(body: Mapping[str, Any]) -> worlds.Plan:
    for name in body:
        if name not in {"world", "seed", "people", "starts_at"}:
            raise ApiError(1005, f"A reset takes world, seed, people and starts_at, and no {name}")
    wanted, seed = body.get("world", "demo"), body.get("seed", worlds.DEFAULT_SEED)
    size = None
    if isinstance(wanted, dict):
        try:
            size = Size.read(wanted)
        except BadSize as wrong:
            raise ApiError(1005, str(wrong)) from None
    elif not isinstance(wanted, str) or wanted not in worlds.WORLDS:
        raise ApiError(1005, f"world must be one of {', '.join(worlds.WORLDS)}, or the size of one")
    if not isinstance(seed, int) or isinstance(seed, bool) or abs(seed) >= 1 << 63:
        raise ApiError(1005, "seed must be a whole number")
    manners = body.get("people")
    if manners is not None and manners not in worlds.MANNERS:
        raise ApiError(1005, f"people must be one of {', '.join(worlds.MANNERS)}")
    name = worlds.SIZED if size else str(wanted)
    return worlds.Plan(name=name, seed=seed, size=size, manners=manners, starts_at=_moment(body.get("starts_at")))


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = parse_time(str(value))
    except ValueError:
        raise ApiError(1005, "starts_at must be a time such as 2026-03-02T08:00:00Z") from None
    if not datetime(2000, 1, 1, tzinfo=UTC) <= moment <= datetime(2100, 1, 1, tzinfo=UTC):
        raise ApiError(1005, "starts_at must be between the years 2000 and 2100")
    return moment


def _replace(plan: worlds.Plan) -> World:
    """Make the world. Requests that are under way may be in the way, so a deadlock is tried again."""
    for _ in range(2):
        try:
            return worlds.make(plan)
        except OperationalError:
            continue
    return worlds.make(plan)


class Stats(APIView):
    """GET /sandbox/stats."""

    def get(self, request: Request) -> Response:
        """Numbers since the world was made."""
        return Response(stats())


class FaultsInForce(APIView):
    """GET and POST /sandbox/faults."""

    def get(self, request: Request) -> Response:
        """The faults in force."""
        return Response(in_force.faults.as_json())

    def post(self, request: Request) -> Response:
        """Replace the faults; what is not named is off, so an empty object ends them all."""
        try:
            faults = Faults.from_json(base.json_object(request))
        except BadFaults as wrong:
            raise ApiError(1005, str(wrong)) from None
        World.objects.filter(id=1).update(faults=faults.as_json())
        in_force.put(faults, world.current().seed)
        return Response(faults.as_json())


class Clock(APIView):
    """GET and POST /sandbox/clock."""

    def get(self, request: Request) -> Response:
        """The world's time and how it goes."""
        return Response(clock_shape())

    def post(self, request: Request) -> Response:
        """Let the time run at a speed, stop it to be moved by hand, or move it on: one or more of these."""
        body = base.json_object(request)
        speed, step, seconds = _clock_body(body)
        moved = stepping.Advanced(0, 0)
        if step:
            stepping.stop()
        elif speed is not None or step is not None:
            stepping.run(clock.setting().speed if speed is None else speed)
        if seconds is not None:
            moved = stepping.advance(seconds)
            background.wake()
        return Response(clock_shape() | {"happened": moved.happenings, "delivered": moved.deliveries})


def _clock_body(body: Mapping[str, Any]) -> tuple[float | None, bool | None, float | None]:
    for name in body:
        if name not in {"speed", "step", "advance_seconds"}:
            raise ApiError(1005, f"The clock takes speed, step and advance_seconds, and no {name}")
    if not body:
        raise ApiError(1001, "speed, step or advance_seconds is required")
    speed = _number(body, "speed", env.MOST_SPEED)
    if speed == 0:
        raise ApiError(1005, f"speed must be above 0 and up to {env.MOST_SPEED}")
    step = base.boolean(body, "step") if "step" in body else None
    if step and speed is not None:
        raise ApiError(1005, "A clock that is moved by hand has no speed; name speed or step, not both")
    return speed, step, _number(body, "advance_seconds", MOST_SECONDS)


def _number(body: Mapping[str, Any], name: str, most: float) -> float | None:
    value = body.get(name)
    if name not in body:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise ApiError(1005, f"{name} must be a number from 0 to {most:g}")
    return float(value)


def clock_shape() -> dict[str, Any]:
    """The world's time, how it goes, and what waits for it."""
    now, due = clock.setting(), happenings.next_at()
    return {
        "now": format_time(clock.now()),
        "mode": now.mode,
        "speed": now.speed,
        "waiting": Happening.objects.count(),
        "next_at": format_time(due) if due else None,
    }
