"""Code in a process of its own on the test's database, for what only the end of a real process shows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from tests.console_server import PATIENCE, address_of_the_test_database, wait_until_gone

SET_UP = "import django; django.setup()\n"


@contextmanager
def process(code: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python that runs `code` with Django set up and the test's database and remote. It ends with the block."""
    name = f"chatdeck-test-process-{os.getpid()}"
    database = address_of_the_test_database()
    child = subprocess.Popen(
        [sys.executable, "-c", SET_UP + code],
        env=os.environ
        | {
            "DATABASE_URL": database,
            "REDIS_URL": settings.REDIS_URL,
            "CHATDECK_SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "LINQ_API_V3_API_KEY": "test-token",
            "LINQ_API_V3_BASE_URL": settings.LINQ_BASE_URL,
            "PGAPPNAME": name,
        }
        | environment,
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait(PATIENCE)
        wait_until_gone(database, name)
