"""A real sandbox process for tests, with a database of its own on the tests' PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "sandbox-token"
START_SECONDS = 60.0

T = TypeVar("T")
_numbers = itertools.count(1)


def wait_for(found: Callable[[], T], *, seconds: float = 15.0, what: str = "it") -> T:
    """Ask until the answer is truthy and return it; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.03)


class SandboxServer:
    """`python -m sandbox serve` on a free port. Start it, talk to it, stop it; `stop` drops its database and files."""

    def __init__(self, *, tokens: str = "", port: int = 0) -> None:
        self.port = port
        self._tokens = tokens
        self._name = f"chatdeck_sandbox_test_{os.getpid()}_{next(_numbers)}"
        self._server = urlsplit(os.environ["DATABASE_URL"])
        self._process: subprocess.Popen[str] | None = None
        self._has_database = False
        self._state = tempfile.mkdtemp(prefix="sandbox-state-")

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of its process while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def base_url(self) -> str:
        """What `LINQ_API_V3_BASE_URL` should be."""
        return f"{self.url}/api/partner"

    @property
    def database_url(self) -> str:
        """Its own database."""
        return urlunsplit(self._server._replace(path=f"/{self._name}"))

    def start(self, world: str = "empty", seed: int = 7) -> SandboxServer:
        """Start the process and wait until it answers. A database that is there already keeps its world."""
        if not self._has_database:
            self._administer("CREATE DATABASE {}")
            self._has_database = True
        arguments = ["serve", "--port", str(self.port), "--world", world, "--seed", str(seed)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
                "SANDBOX_DATABASE_URL": self.database_url,
                "SANDBOX_STATE": self._state,
                "SANDBOX_TOKENS": self._tokens,
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if "Sandbox ready at " not in ready:
            self.stop()
            raise AssertionError(f"The sandbox did not start: {ready!r}")
        self.port = int(ready.split("http://127.0.0.1:")[1].split()[0])
        return self

    def end(self) -> int:
        """End the process as its supervisor would and return its exit code; the database stays."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            code = process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if process.stdout:
            process.stdout.close()
        return code

    def stop(self) -> None:
        """End the process and drop its database and its files."""
        self.end()
        shutil.rmtree(self._state, ignore_errors=True)
        if self._has_database:
            self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            self._has_database = False

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST a body to `/sandbox/<path>`, or GET it when there is none. Fails on an error."""
        address = f"{self.url}/sandbox/{path}"
        answer = requests.get(address, timeout=60) if body is None else requests.post(address, json=body, timeout=60)
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json()

    def control_answer(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        """POST a body to `/sandbox/<path>` and return the answer as it is."""
        return requests.post(f"{self.url}/sandbox/{path}", json=body, timeout=60)

    def reset(self, world: str = "empty", seed: int = 7) -> None:
        """Replace the world; subscriptions and faults go with it."""
        self.control("reset", {"world": world, "seed": seed})

    def stats(self) -> Any:
        """`GET /sandbox/stats`."""
        return self.control("stats")

    def people(self) -> list[dict[str, Any]]:
        """Everybody in the world."""
        found: list[dict[str, Any]] = self.control("people")["people"]
        return found

    def say(self, handle: str, text: str, *, chat_id: str | None = None, line: str | None = None) -> Any:
        """Let a person say something in a chat or to a line."""
        where = {"chat_id": chat_id} if chat_id else {"line": line}
        return self.control(f"people/{handle}/say", {**where, "text": text})

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """One request to the v3 API with the ordinary token; `path` is what follows `/v3/`."""
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        return requests.request(method, f"{self.base_url}/v3/{path}", json=body, headers=headers, timeout=30, **options)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self._name)))
