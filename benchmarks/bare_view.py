"""What sends are measured against: a Django view on the sandbox's own server that inserts one row for each request.

The settings, the addresses and the application in one; `DJANGO_SETTINGS_MODULE` names this module, and so does uvicorn.
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

from sandbox.settings import *  # noqa: F403 - the same database settings, and no middleware either

ROOT_URLCONF = "benchmarks.bare_view"

TABLE = """
    CREATE TABLE IF NOT EXISTS bare_row (id uuid PRIMARY KEY, body jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now())
"""


def insert(request: Any) -> Any:
    """Keep the body of the request as a row, and answer with its id."""
    from django.db import connection, transaction
    from django.http import JsonResponse

    row = uuid.uuid4()
    body = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare_row (id, body) VALUES (%s, %s::jsonb)", [row, json.dumps(body)])
    return JsonResponse({"id": str(row)}, status=202)


def _addresses() -> list[Any]:
    from django.urls import path

    return [path("rows", insert)]


def serve() -> None:
    """Serve on a free port of loopback, which is printed, until the process is ended."""
    import asyncio
    import socket
    from concurrent.futures import ThreadPoolExecutor

    import django
    import uvicorn

    django.setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection

    from sandbox.door import THREADS, answer_with_django, read_body, send_answer

    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    handler, threads = WSGIHandler(), ThreadPoolExecutor(THREADS)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = await read_body(receive) or b""
        status, lines, content = await asyncio.get_running_loop().run_in_executor(
            threads, answer_with_django, handler, scope, body, ""
        )
        await send_answer(send, status, "", lines, content)

    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"Ready at http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(application, lifespan="off", access_log=False, log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    import os

    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare_view"
    serve()
else:
    urlpatterns = _addresses()
