"""The world as a whole: ready, reset, stats, faults."""

from __future__ import annotations

from django.db import OperationalError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sandbox import background, world, worlds
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.control.stats import stats
from sandbox.faults import BadFaults, Faults, in_force
from sandbox.models import World


class Ready(APIView):
    """GET /sandbox/ready."""

    def get(self, request: Request) -> Response:
        """Which world answers here."""
        current = world.current()
        return Response({"name": "sandbox", "world": current.name, "seed": current.seed})


class Reset(APIView):
    """POST /sandbox/reset `{world, seed}`."""

    def post(self, request: Request) -> Response:
        """Replace everything, subscriptions and faults included, with a new world."""
        body = base.json_object(request)
        name, seed = body.get("world", "demo"), body.get("seed", worlds.DEFAULT_SEED)
        if not isinstance(name, str) or name not in worlds.WORLDS:
            raise ApiError(1005, f"world must be one of {', '.join(worlds.WORLDS)}")
        if not isinstance(seed, int) or isinstance(seed, bool) or abs(seed) >= 1 << 63:
            raise ApiError(1005, "seed must be a whole number")
        with background.paused():
            _replace(name, seed)
            world.forget()
        return Response({"name": "sandbox", "world": name, "seed": seed})


def _replace(name: str, seed: int) -> None:
    """Make the world. Requests that are under way may be in the way, so a deadlock is tried again."""
    for tries_left in (2, 1, 0):
        try:
            worlds.make(name, seed)
            return
        except OperationalError:
            if not tries_left:
                raise


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
