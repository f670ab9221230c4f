"""What the benchmarks stand on: a database, a Redis and a sink of their own, and processes as production runs them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from dashboard.services.postgres import Postgres
from dashboard.services.redis import Redis

ROOT = Path(__file__).resolve().parent.parent
KEY = "benchmark-key"
SECRET = "whsec_YmVuY2htYXJrcy1hcmUtc2lnbmVkLXRvby0wMDE="  # noqa: S105
SECONDS_TO_START = 60.0


@contextmanager
def prepared() -> Iterator[None]:
    """Set the environment, start what is missing, make a database that ends with the run, and load the settings.

    A `DATABASE_URL` names the server to use, a `REDIS_URL` the Redis, whose queue is used up.
    """
    with ExitStack() as ends:
        state = Path(tempfile.mkdtemp(prefix="chatdeck-bench-"))
        ends.callback(shutil.rmtree, state, ignore_errors=True)
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(state)
            ends.callback(postgres.remove)
            ends.callback(postgres.stop)
            postgres.start("chatdeck")
            os.environ["DATABASE_URL"] = postgres.url("chatdeck")
        if not os.environ.get("REDIS_URL"):
            redis = Redis(state)
            ends.callback(redis.remove)
            ends.callback(redis.stop)
            redis.start()
            os.environ["REDIS_URL"] = redis.url()
        server = os.environ["DATABASE_URL"]
        name = f"chatdeck_bench_{os.getpid()}"
        _administer(server, "CREATE DATABASE {}", name)
        ends.callback(_administer, server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        os.environ |= {
            "DATABASE_URL": urlunsplit(urlsplit(server)._replace(path=f"/{name}")),
            "CHATDECK_STATE": str(state),
            "CHATDECK_SECRET_KEY": "only-for-benchmarks",
            "CHATDECK_LOG_LEVEL": "WARNING",
            "LINQ_API_V3_API_KEY": KEY,
            "LINQ_WEBHOOK_SECRET": SECRET,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "PYTHONPATH": str(ROOT),
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        # What holds the database open has to let go of it before it is dropped.
        ends.callback(connections.close_all)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        from dashboard.celery import app

        app.set_current()
        app.control.purge()
        yield


@contextmanager
def process(*command: str, more: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, ended with its children when the block ends."""
    running = subprocess.Popen(  # noqa: S603
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **(more or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        for end in (running.stdin, running.stdout):
            if end is not None:
                end.close()


@contextmanager
def sink(pages: Path | None = None) -> Iterator[str]:
    """A sink, which the engine here and in processes to come takes for the remote. Gives its address."""
    from django.conf import settings

    from chats.engine import remote

    with process("-m", "benchmarks.sink", *([str(pages)] if pages else [])) as running:
        assert running.stdout is not None
        address = f"http://127.0.0.1:{int(running.stdout.readline())}"
        os.environ["LINQ_API_V3_BASE_URL"] = settings.LINQ_BASE_URL = f"{address}/api/partner"
        remote.client.cache_clear()
        yield address


@contextmanager
def worker() -> Iterator[subprocess.Popen[str]]:
    """A worker process as the Procfile runs it, once it answers."""
    from dashboard.celery import app

    command = ("-A", "dashboard", "worker", "--pool", "threads", "--concurrency", "8", "--loglevel", "warning")
    with process("-m", "celery", *command) as running:
        wait_for(lambda: app.control.ping(timeout=0.5), what="the worker")
        yield running


@contextmanager
def web(module: str = "dashboard.settings") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A web process as the Procfile runs it, but for the number of workers: one. Gives its address too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ("uvicorn", "dashboard.asgi:application", "--port", str(port), "--lifespan", "off", "--no-access-log")
    more = {"CHATDECK_PORT": str(port), "CHATDECK_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with process("-m", *command, "--log-level", "warning", more={**more, "DJANGO_SETTINGS_MODULE": module}) as running:
        wait_for(lambda: _listens(port), what="the web process")
        yield running, f"http://127.0.0.1:{port}"


def wait_for(found: Callable[[], object], *, what: str, seconds: float = SECONDS_TO_START) -> None:
    """Ask until the answer is truthy. Ends the run when it never is."""
    until = time.monotonic() + seconds
    while not found():
        if time.monotonic() > until:
            raise SystemExit(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.1)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _administer(server: str, statement: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
