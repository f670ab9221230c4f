"""A whole installation that can be ruined: PostgreSQL, Redis, web, workers and beats, all its own, and the sandbox.

The sandbox is the other side, so it stands on the tests' PostgreSQL and is left in peace.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

from chats.v3.times import parse_time
from dashboard.services.postgres import Postgres
from dashboard.services.redis import Redis
from tests.bootstrap import PREFIX
from tests.chaos import worldclock
from tests.chaos.points import DIED, POINT, Point
from tests.chaos.sizes import Size
from tests.sandbox_server import SandboxServer, wait_for
from tests.story.stack import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 180.0
# What it takes on two free cores.
STARTS_WITHIN = 12.0
THREADS = 8


class Helper:
    """A process that is given a line and answers with one."""

    def __init__(self, module: str, state: Path, environment: Mapping[str, str]) -> None:
        self.log = state / f"{module}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(state)],
                cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        word = self._process.stdout.readline().strip()
        assert word, f"{self._process.args} ended: {self.log.read_text()[-2000:]}"
        return word

    def ask(self, word: str) -> str:
        self.say(word)
        return self.hear()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class Installation:
    """Start it, ruin it, stop it. Processes have names; a worker's is `worker` and a letter."""

    def __init__(self, size: Size, *, seed: int) -> None:
        self.size = size
        self.seed = seed
        # So that what a killed run leaves behind is cleared away by the next one (see `tests.bootstrap`).
        self.state = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-chaos-"))
        self.postgres = Postgres(self.state)
        self.redis = Redis(self.state)
        self.sandbox = SandboxServer()
        self.port = free_port()
        self.database_url = self.postgres.url("chaos")
        self._clock = self.state / "clock"
        self.slowness = 1.0
        """How many times as long as on two free cores everything takes here; known once it has started."""
        self._pids: dict[str, int] = {}
        self._helpers: list[Helper] = []

    def start(self) -> None:
        """Start everything, read the account once, and open the lines as wide as they go."""
        began = time.monotonic()
        self.sandbox.start(world=f"lines={self.size.lines}", seed=self.seed)
        self.sandbox.control("reset", {"world": {"lines": self.size.lines}, "seed": self.seed, "people": "friendly"})
        self.run_at(self.size.speed)
        self.redis.start()
        self.postgres.start("chaos")
        self._writer = Helper("tests.chaos.writer", self.state, self._environment())
        self._nursery = Helper("tests.chaos.nursery", self.state, self._environment())
        self._helpers = [self._writer, self._nursery]
        for helper in self._helpers:
            helper.hear()
        self.start_web()
        for name in ("a", "b"):
            self.start_beat(name)
        self.start_worker("first")
        wait_for(self.answers, seconds=START_SECONDS, what="the console to answer")
        wait_for(self._is_connected, seconds=START_SECONDS, what="the first sync")
        with self.console() as connection:
            connection.execute(
                "UPDATE chats_line SET gap_seconds = 0, messages_a_minute = NULL, messages_a_day = NULL,"
                " new_conversations_a_day = NULL"
            )
        for line in self.lines():
            # How a line's health goes down is another story.
            self.sandbox.control(f"lines/{line}/reputation", {"reputation": "HEALTHY"})
        self.slowness = max(1.0, (time.monotonic() - began) / STARTS_WITHIN)

    def stop(self) -> None:
        """End everything and delete it."""
        for name in list(self._pids):
            with contextlib.suppress(ProcessLookupError):
                self.kill(name)
        for helper in self._helpers:
            helper.end()
        if os.environ.get("CHAOS_LOGS"):
            for log in self.state.glob("*.log"):
                shutil.copy(log, os.environ["CHAOS_LOGS"])
        self.sandbox.stop()
        self.redis.stop()
        self.redis.remove()
        self.postgres.stop()
        self.postgres.remove()
        shutil.rmtree(self.state, ignore_errors=True)

    # Time

    def run_at(self, speed: float) -> None:
        """Let the world's time, and the console's with it, go so fast; slower where everything takes longer."""
        self.speed = max(1.0, speed / self.slowness)
        now = self.sandbox.control("clock", {"speed": self.speed})["now"]
        worldclock.set_going(self._clock, at=parse_time(now), speed=self.speed)

    def now(self) -> datetime:
        return worldclock.read(self._clock)

    # Processes

    def start_web(self) -> None:
        options = ["--port", str(self.port), "--lifespan", "off", "--no-access-log", "--log-level", "warning"]
        self._start("web", ["web", *options])

    def start_beat(self, name: str) -> None:
        options = ["--schedule", str(self.state / f"beat-{name}"), "--pidfile=", "--loglevel", "warning"]
        self._start(f"beat {name}", ["celery", "beat", *options])

    def start_worker(self, name: str, *, dies_at: Point | None = None) -> None:
        options = ["--pool", "threads", "--concurrency", str(THREADS), "--loglevel", "warning", "--without-mingle"]
        more = {POINT: dies_at} if dies_at else {}
        self._start(f"worker {name}", ["celery", "worker", *options, "--hostname", f"{name}@chaos"], more=more)

    def _start(self, name: str, arguments: list[str], *, more: Mapping[str, str] | None = None) -> None:
        job = {"arguments": arguments, "environment": dict(more or {}), "log": str(self.state / f"{name}.log")}
        self._pids[name] = int(self._nursery.ask(json.dumps(job)))

    def kill(self, name: str) -> None:
        """As a power cut would: no chance to finish or to write anything."""
        os.kill(self._pids[name], signal.SIGKILL)
        wait_for(lambda: self.has_died(name), what=f"{name} to be gone")
        del self._pids[name]

    def has_died(self, name: str) -> bool:
        return not psutil.pid_exists(self._pids[name])

    def is_running(self, name: str) -> bool:
        return name in self._pids and not self.has_died(name)

    def restart_postgres(self, *, crash: bool) -> None:
        """Restart it politely, or after a crash: then it has to recover from its log."""
        if crash:
            pid = int((self.postgres.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)  # "immediate": every process of it ends where it is
            wait_for(lambda: not self.postgres.running(), what="PostgreSQL to end")
        else:
            self.postgres.stop()
        self.postgres.start()

    def restart_redis(self) -> None:
        """Forget everything it held, and start anew."""
        self.redis.stop()
        self.redis.start()

    # The people at the console

    def plan(self, intents: list[dict[str, Any]]) -> None:
        (self.state / "plan.json").write_text(json.dumps(intents))

    def write(self, count: int) -> None:
        """Let so many of the planned intents be written; `has_written` waits for it."""
        self._writer.say(str(count))

    def has_written(self) -> int:
        """How many intents have been written, after those that were asked for last."""
        return int(self._writer.hear())

    # What is known

    @contextlib.contextmanager
    def console(self) -> Iterator[psycopg.Connection[Any]]:
        """The console's database. Waits for it to be there."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                connection = psycopg.connect(self.database_url, autocommit=True)
                break
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        with connection:
            yield connection

    def lines(self) -> list[str]:
        return sorted(one["phone_number"] for one in self.sandbox.stats()["lines"])

    def waiting(self) -> int:
        """How many messages have not been accepted yet, as far as the console knows."""
        with self.console() as connection:
            row = connection.execute(
                "SELECT count(*) FROM chats_operation WHERE state IN ('queued', 'sending', 'unknown')"
            ).fetchone()
        return int(row[0]) if row else 0

    def deaths(self) -> list[str]:
        """The named points at which workers died."""
        path = self.state / "died"
        return path.read_text().splitlines() if path.exists() else []

    def answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _is_connected(self) -> bool:
        with self.console() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM chats_syncrun WHERE state = 'finished') > 0"
                " AND (SELECT count(*) FROM chats_webhooksubscription WHERE retired_at IS NULL) > 0"
                " AND (SELECT count(*) FROM chats_line) = %s",
                [self.size.lines],
            ).fetchone()
        return bool(row and row[0])

    def _environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url(),
            "CHATDECK_STATE": str(self.state),
            "CHATDECK_PORT": str(self.port),
            "CHATDECK_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "LINQ_API_V3_BASE_URL": self.sandbox.base_url,
            worldclock.PATH: str(self._clock),
            worldclock.SPEED: str(self.size.speed),
            DIED: str(self.state / "died"),
        }
