"""The processes of the Procfile under one supervisor, watched until each answers."""

from __future__ import annotations

import queue
import re
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from logging import makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType

import psutil
import requests
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message

# A worker finishes what it sends to the remote; what is cut off here is settled at the next start.
SECONDS_TO_STOP = 15
SECONDS_TO_ANSWER = 120
LOG_BYTES = 5_000_000
# Django's, Celery's and uvicorn's way to begin a line of the log.
LEVEL = re.compile(r"^(?:\S{1,30} )?[^A-Za-z]{0,40}(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
SHOWN_LEVELS = {"WARNING", "ERROR", "CRITICAL"}


class Output:
    """Where the processes' lines go: all of them to a log file each, warnings and worse to the terminal too.

    Takes the place of honcho's printer, so it has its `width` and `write`.
    """

    width = 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last: dict[str, deque[str]] = {}
        self._logs: dict[str, RotatingFileHandler] = {}
        folder.mkdir(mode=0o700, exist_ok=True)

    def write(self, message: Message) -> None:
        data = message.data
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
        for line in text.splitlines():
            self._log(message.name).emit(makeLogRecord({"msg": f"{message.time:%Y-%m-%d %H:%M:%S} {line}"}))
            self.last.setdefault(message.name, deque(maxlen=15)).append(line)
            level = LEVEL.match(line)
            # Tracebacks and banners have no level; they are for the log.
            if level and level.group(1) in SHOWN_LEVELS:
                say(f"{message.name}: {line}")

    def _log(self, name: str) -> RotatingFileHandler:
        if name not in self._logs:
            path = self.folder / f"{name}.log"
            self._logs[name] = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        return self._logs[name]

    def close(self) -> None:
        for log in self._logs.values():
            log.close()


class Supervisor(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager with a loop of our own: it knows why it ends, and always does.

    Its own loop counts Ctrl-C as a failure, waits for ever when no process obeys, and forgets those
    that had not reported their start.
    """

    def __init__(self, output: Output, watch: Callable[[Supervisor], None]) -> None:
        super().__init__(printer=output)
        self._watch = watch
        self.stopped_by: str | None = None
        self.died: tuple[str, int] | None = None

    def stop(self, reason: str) -> None:
        """Ask every process to end; `loop` returns when all have. Safe in a signal handler and from any thread."""
        self.stopped_by = self.stopped_by or reason

    def loop(self) -> None:
        """Start everything and pass its output on, until all processes have ended."""
        signal.signal(signal.SIGINT, self._signalled)
        signal.signal(signal.SIGTERM, self._signalled)
        signal.signal(signal.SIGHUP, self._signalled)
        self._start()
        # Only now: a process that is about to fork should have one thread.
        threading.Thread(target=self._watch, args=(self,), daemon=True).start()
        kill_at = 0.0
        while not (self._all_started() and self._all_stopped() and self.events.empty()):
            with suppress(queue.Empty):
                self._take(self.events.get(timeout=0.1))
            self._notice_the_dead()
            if self.stopped_by and self._all_started():
                if not kill_at:
                    kill_at = time.monotonic() + SECONDS_TO_STOP
                    self.terminate()
                elif time.monotonic() > kill_at:
                    self.kill()

    def _take(self, message: Message) -> None:
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._processes[message.name]["pid"] = message.data["pid"]
        elif message.type == "stop":
            self._processes[message.name]["returncode"] = message.data["returncode"]
            if not self.stopped_by or (self.died and self.died[0] == message.name):
                self.died = (message.name, message.data["returncode"])
                self.stop("died")

    def _notice_the_dead(self) -> None:
        """See that a process ended although children of its own still hold its output open, which hides it."""
        for name, process in self._processes.items():
            if self.stopped_by or "pid" not in process or "returncode" in process:
                continue
            with suppress(psutil.NoSuchProcess):
                if psutil.Process(process["pid"]).status() == psutil.STATUS_ZOMBIE:
                    self.died = (name, 0)  # its code comes when its children have ended too
                    self.stop("died")

    def _signalled(self, signum: int, frame: FrameType | None) -> None:
        self.stop(signal.Signals(signum).name)

    def _system_print(self, data: str) -> None:
        """What honcho says about itself; the launcher has its own words."""


def supervise(
    procfile: Path, names: list[str], *, environment: dict[str, str], logs: Path, on_ready: Callable[[], None]
) -> int:
    """Run the named processes until Ctrl-C, a polite end, or the death of one. Returns the exit code.

    `on_ready` is called once, when all of them answer.
    """
    output = Output(logs)
    supervisor = Supervisor(output, partial(_watch, probes(environment, names), on_ready, logs))
    commands = parse_procfile(procfile.read_text()).processes
    for name in names:
        supervisor.add_process(name, commands[name], env=environment, cwd=str(procfile.parent))
    try:
        supervisor.loop()
    finally:
        output.close()
    if supervisor.died:
        name, code = supervisor.died
        for line in output.last.get(name, ()):
            say(f"  {line}")
        say(f"{name} ended by itself (code {code}), so everything was stopped. Its log: {logs / f'{name}.log'}")
        return 1
    if supervisor.stopped_by == "silent":
        return 1
    return 0 if supervisor.stopped_by == "SIGINT" else 128 + signal.Signals[supervisor.stopped_by or "SIGTERM"]


def _watch(
    waiting: dict[str, Callable[[], bool]], on_ready: Callable[[], None], logs: Path, supervisor: Supervisor
) -> None:
    """Wait until every process answers, then tell; or end them all with a sentence when one stays silent."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while waiting and not supervisor.stopped_by:
        waiting = {name: probe for name, probe in waiting.items() if not probe()}
        if waiting and time.monotonic() > deadline:
            silent = " and ".join(waiting)
            say(f"{silent} did not answer within {SECONDS_TO_ANSWER} seconds, so everything was stopped. Logs: {logs}")
            supervisor.stop("silent")
        elif waiting:
            time.sleep(0.1)
    if not supervisor.stopped_by:
        on_ready()


def probes(environment: dict[str, str], names: list[str]) -> dict[str, Callable[[], bool]]:
    """For each process that can be asked, how to ask whether it is ready. Beat has no door: once started, it is."""
    web = f"http://{reachable(environment['CHATDECK_HOST'])}:{environment['CHATDECK_PORT']}/healthz"
    public_host = environment.get("CHATDECK_PUBLIC_URL", "").partition("://")[2].partition("/")[0]
    known = {
        "sandbox": lambda: _answers(f"http://127.0.0.1:{environment['SANDBOX_PORT']}/sandbox/ready"),
        "web": lambda: _answers(web, host=public_host),
        "worker": _worker_answers,
    }
    return {name: probe for name, probe in known.items() if name in names}


def reachable(host: str) -> str:
    """The address at which a server that listens on `host` is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not listened on
    return f"[{host}]" if ":" in host else host


def _answers(url: str, host: str = "") -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy is for the outside world
            headers = {"Host": host} if host else {}
            return session.get(url, headers=headers, timeout=2, allow_redirects=False).status_code == 200
    except requests.RequestException:
        return False


def _worker_answers() -> bool:
    from dashboard.celery import app

    try:
        return bool(app.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=1))
    except OSError:
        return False


def say(sentence: str) -> None:
    """Print one line for the person at the terminal, even if that terminal has gone."""
    with suppress(OSError):
        print(sentence, file=sys.stdout, flush=True)  # noqa: T201
