"""An open stream and the server that ends: neither may hang on the other."""

from __future__ import annotations

import signal
import subprocess
import time

import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests.console_server import PATIENCE


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
