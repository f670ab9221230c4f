"""What must hold before anything starts. Each check that fails says in a sentence what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

import psutil

LEAST_FREE_BYTES = 500 * 1024 * 1024
# Every process the launcher starts carries its state folder under this name, so that what a killed
# launcher left behind can be told from everything else on the machine.
MARK = "CHATDECK_LAUNCHED_FOR"
SECONDS_TO_END_LEFTOVERS = 10


class CannotRunError(Exception):
    """The message is for the person at the terminal; `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Lock:
    """Holds the state folder for one launcher at a time; released by the system however it ends."""

    def __init__(self, state: Path) -> None:
        self.path = state / "lock"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode() or "unknown"
            os.close(self._file)
            raise CannotRunError(f"Chatdeck already runs here, process {holder}. End that one first.") from None
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())
        # The supervisor forks; a copy of the file in a child would hold the lock after us.
        os.register_at_fork(after_in_child=self.release)

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def check_disk(state: Path) -> None:
    """Refuse to start where a database would soon run out of space."""
    free = shutil.disk_usage(state).free
    if free < LEAST_FREE_BYTES:
        raise CannotRunError(
            f"Only {free // 2**20} MB are free in {state}, and at least {LEAST_FREE_BYTES // 2**20} MB are needed. "
            "Make room and start again."
        )


def check_port(host: str, port: int, *, what: str, variable: str) -> None:
    """Refuse to start when something else listens on `port`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do, so that a port that was used a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise CannotRunError(
                f"Port {port} ({what}) may only be used by root. Choose another: {variable}={port + 8000} make run"
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotRunError(
                    f"Port {port} ({what}) is taken by another program. Choose another: {variable}={port + 1} make run"
                ) from None
            raise CannotRunError(f"Port {port} ({what}) cannot be used on {host}: {error.strerror}.", 2) from None


def end_leftovers(state: Path) -> int:
    """End what a killed launcher left running for this state folder. Returns how many processes there were."""
    left = [process for process in psutil.process_iter() if _marked(process, str(state))]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=SECONDS_TO_END_LEFTOVERS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=SECONDS_TO_END_LEFTOVERS)
    return len(left)


def _marked(process: psutil.Process, state: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(MARK) == state
    except (psutil.Error, OSError):
        return False
