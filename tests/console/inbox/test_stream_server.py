"""An open stream and the server that ends: neither may hang on the other."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30.0  # seconds for what takes one


def address_of_the_test_database() -> str:
    used = connection.settings_dict
    who = f"{quote(used['USER'])}:{quote(used['PASSWORD'])}" if used["PASSWORD"] else quote(used["USER"])
    where = f"{used['PORT']}" if used["PORT"] else "5432"
    host = used["HOST"]
    if host.startswith("/"):
        return f"postgresql://{who}@/{used['NAME']}?host={quote(host, safe='')}"
    return f"postgresql://{who}@{host or '127.0.0.1'}:{where}/{used['NAME']}"


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The console's web process as it is run, on the test's own database."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": address_of_the_test_database(),
        "REDIS_URL": settings.REDIS_URL,
        "CHATDECK_SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
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


def test_the_server_stops_beside_an_open_stream_and_the_stream_ends(
    server: tuple[subprocess.Popen[bytes], str], agent: User
) -> None:
    process, address = server
    client = Client()
    client.force_login(agent)
    cookies = {settings.SESSION_COOKIE_NAME: client.session.session_key or ""}
    with requests.get(f"{address}/live/stream/", cookies=cookies, stream=True, timeout=PATIENCE) as response:
        assert response.status_code == 200
        lines = response.iter_lines()
        assert next(lines) == b"event: ready"
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.wait(PATIENCE)
        assert time.monotonic() - began < 10
        try:
            rest = list(lines)
        except requests.RequestException:
            rest = []  # cut off in the middle, which a page takes as well
        assert [line for line in rest if line.startswith(b"event: live")] == []
