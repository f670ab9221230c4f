"""The whole of Chatdeck as processes: sandbox, web, worker and beat, on a database of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests
from psycopg import sql

from tests.sandbox_server import SandboxServer, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "story-password-1"
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """Start it, use it, stop it; `stop` ends every process and drops the databases."""

    def __init__(self) -> None:
        self.sandbox = SandboxServer()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.state = Path(tempfile.mkdtemp(prefix="chatdeck-story-"))
        self._name = f"chatdeck_story_{os.getpid()}_{self.port}"
        self._server = urlsplit(os.environ["DATABASE_URL"])
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def database_url(self) -> str:
        return urlunsplit(self._server._replace(path=f"/{self._name}"))

    def start(self) -> Stack:
        self.sandbox.start(world="demo")
        self._administer("CREATE DATABASE {}")
        self._manage("migrate", "--verbosity", "0")
        self._manage("collectstatic", "--noinput", "--verbosity", "0")
        self._manage("createsuperuser", "--noinput", "--username", "admin", "--email", "")
        uvicorn = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--port", str(self.port)]
        self.run("web", [*uvicorn, "--workers", "2", "--timeout-graceful-shutdown", "3", "--log-level", "warning"])
        self.start_worker()
        beat = [sys.executable, "-m", "celery", "-A", "dashboard", "beat", "--loglevel", "warning"]
        self.run("beat", [*beat, "--schedule", str(self.state / "beat")])
        wait_for(self._answers, seconds=START_SECONDS, what="the console to answer")
        wait_for(self._synced, seconds=START_SECONDS, what="the first sync")
        return self

    def start_worker(self) -> None:
        worker = [sys.executable, "-m", "celery", "-A", "dashboard", "worker", "--loglevel", "warning"]
        self.run("worker", [*worker, "--pool", "threads", "--concurrency", "4"])

    def kill_worker(self) -> None:
        """As a power cut would: no chance to finish or to write anything."""
        process = self._processes.pop("worker")
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for name, process in self._processes.items():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"{name} did not end when asked to.") from None
        self._processes.clear()
        self.sandbox.stop()
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        shutil.rmtree(self.state, ignore_errors=True)

    def run(self, name: str, command: list[str]) -> None:
        with (self.state / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(), stdout=log, stderr=subprocess.STDOUT
            )

    def log(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the console's database says."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def one(self, query: str, *values: object) -> Any:
        """The first column of the first row."""
        return self.rows(query, *values)[0][0]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "CHATDECK_STATE": str(self.state),
            "CHATDECK_PORT": str(self.port),
            "CHATDECK_PUBLIC_URL": self.url,
            "LINQ_API_V3_BASE_URL": self.sandbox.base_url,
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }

    def _manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self._environment(), check=True, stdout=subprocess.DEVNULL)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/login/", timeout=5).status_code == 200
        except requests.RequestException:  # not there yet, or a busy machine
            return False

    def _synced(self) -> bool:
        finished = self.one("SELECT count(*) FROM chats_syncrun WHERE state = 'finished'")
        subscribed = self.one("SELECT count(*) FROM chats_webhooksubscription WHERE retired_at IS NULL")
        waiting = self.one("SELECT count(*) FROM chats_webhookevent WHERE state = 'pending'")
        events = self.one("SELECT count(*) FROM chats_webhookevent")
        return bool(finished and subscribed and events and not waiting)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self._name)))
