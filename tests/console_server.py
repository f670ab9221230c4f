"""The console's own web process, for what only a real server or a real browser shows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.db import connection

NAME = f"chatdeck-test-web-{os.getpid()}"  # how the server's connections are known to PostgreSQL
PATIENCE = 30.0  # seconds for what takes one


def address_of_the_test_database() -> str:
    used = connection.settings_dict
    who = f"{quote(used['USER'])}:{quote(used['PASSWORD'])}" if used["PASSWORD"] else quote(used["USER"])
    where = f"{used['PORT']}" if used["PORT"] else "5432"
    host = used["HOST"]
    if host.startswith("/"):
        return f"postgresql://{who}@/{used['NAME']}?host={quote(host, safe='')}"
    return f"postgresql://{who}@{host or '127.0.0.1'}:{where}/{used['NAME']}"


@contextmanager
def served(
    settings_module: str = "dashboard.settings", *, database: str = "", webhook_secret: str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The console's web process as it is run, on the test's own database or another one, and its address."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database or address_of_the_test_database(),
        "REDIS_URL": settings.REDIS_URL,
        "CHATDECK_SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": settings_module,
        "LINQ_WEBHOOK_SECRET": webhook_secret,
        "PGAPPNAME": NAME,
        "CHATDECK_MEDIA": str(settings.MEDIA_ROOT),
        "CHATDECK_DEBUG": "1",  # static files from their sources: nothing is collected in a test run
    }
    command = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--timeout-graceful-shutdown", "2", "--log-level", "error"],
        env=environment,
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        wait_until_gone(environment["DATABASE_URL"])


def wait_until_gone(database: str, name: str = NAME) -> None:
    """PostgreSQL notices a killed client a moment later; until then the test database could not be dropped."""
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(database, autocommit=True) as asking:
        while asking.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [name]).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.02)
