"""Whether this web process can do its work, for a load balancer or the launcher to ask."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS = 2


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database and Redis answer, else 503 and a sentence. Needs no sign-in and reveals nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return _answer("The database does not answer.", 503)
    try:
        once = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS, "retry": Retry(NoBackoff(), 0)}
        with redis.Redis.from_url(settings.REDIS_URL, **once) as client:
            client.ping()
    except redis.RedisError:
        return _answer("Redis does not answer.", 503)
    return _answer("Ready.", 200)


def _answer(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"status": sentence}, status=status, headers={"Cache-Control": "no-store"})
