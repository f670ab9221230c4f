"""`make run` as processes: what it refuses, what it starts, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from dashboard import run_checks, run_setup
from dashboard.run_checks import MARK, CannotRunError

PROJECT = Path(__file__).resolve().parent.parent.parent
# Several start a console each, which takes seconds: a loaded machine needs patience.
SECONDS = 120
OURS = ("CHATDECK_", "SANDBOX_", "LINQ_", "DATABASE_URL", "REDIS_URL", "DJANGO_")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Launcher:
    """`python -m dashboard.run` with a state folder and ports of its own, and what it said."""

    def __init__(self, home: Path) -> None:
        self.state = home / "state"
        self.output = home / "output"
        self.port, self.sandbox_port = free_port(), free_port()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment |= {
            "CHATDECK_STATE": str(self.state),
            "CHATDECK_PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "CHATDECK_WEB_WORKERS": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.run", *arguments],
                cwd=PROJECT,
                env=self.environment | changes,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def refused(self, **changes: str) -> tuple[int, str]:
        return self.start(**changes).wait(SECONDS), self.said()

    def said(self) -> str:
        return self.output.read_text().strip()

    def wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + SECONDS
        while "Press Ctrl-C to stop." not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def end(self, signum: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(signum)
        return self.process.wait(SECONDS)

    def left(self) -> list[str]:
        """Every process that still belongs to this state folder, its servers included."""
        return [" ".join(process.cmdline()) for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            words = " ".join(process.cmdline())
            return process.environ().get("CHATDECK_STATE") == str(self.state) or str(self.state) in words
        except psutil.Error:
            return False


@pytest.fixture
def launcher(home: Path) -> Iterator[Launcher]:
    launcher = Launcher(home)
    yield launcher
    if launcher.process is not None and launcher.process.poll() is None:
        launcher.end(signal.SIGTERM)
    run_checks.end_leftovers(launcher.state)
    from dashboard.services.postgres import Postgres
    from dashboard.services.redis import Redis

    for server in (Redis(launcher.state), Postgres(launcher.state)):
        server.stop()
        server.remove()


def test_a_taken_port_is_named_and_another_one_proposed(launcher: Launcher) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert launcher.refused(CHATDECK_PORT=str(port)) == (
            1,
            f"Port {port} (the console) is taken by another program. Choose another: CHATDECK_PORT={port + 1} make run",
        )
        assert launcher.refused(SANDBOX_PORT=str(port)) == (
            1,
            f"Port {port} (the sandbox) is taken by another program. Choose another: SANDBOX_PORT={port + 1} make run",
        )
    assert launcher.left() == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CHATDECK_PORT", "web", "CHATDECK_PORT must be a whole number from 1 to 65535."),
        ("SANDBOX_PORT", "0", "SANDBOX_PORT must be a whole number from 1 to 65535."),
        ("CHATDECK_WEB_WORKERS", "none", "CHATDECK_WEB_WORKERS must be a whole number from 1 to 64."),
        (
            "DATABASE_URL",
            "mysql://host/deck",
            "DATABASE_URL must look like postgresql://user:password@host:5432/chatdeck.",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(launcher: Launcher, name: str, value: str, sentence: str) -> None:
    assert launcher.refused(**{name: value}) == (2, sentence)
    assert launcher.left() == []


def test_the_whole_life(launcher: Launcher) -> None:
    launcher.start()
    launcher.wait_until_ready()
    password = (launcher.state / "admin_password").read_text().strip()
    assert stat.S_IMODE((launcher.state / "admin_password").stat().st_mode) == 0o600
    assert stat.S_IMODE((launcher.state / "secret_key").stat().st_mode) == 0o600
    block = launcher.said()[launcher.said().index("Chatdeck is running.") :].splitlines()[:6]
    assert block == [
        "Chatdeck is running.",
        f"  Address   http://127.0.0.1:{launcher.port}/",
        "  User      admin",
        f"  Password  {password}  (kept in {launcher.state / 'admin_password'})",
        f"  Remote    the sandbox on port {launcher.sandbox_port}: simulated people, nothing leaves this machine",
        "Press Ctrl-C to stop.",
    ]
    assert sign_in(launcher.port, password) == 302

    # A second one at once is refused, and disturbs nothing.
    assert launcher.process is not None
    second = Launcher(launcher.state.parent)
    second.output = launcher.output.with_name("second")
    assert second.refused() == (
        1,
        f"Chatdeck already runs here, process {launcher.process.pid}. End that one first.",
    )
    assert requests.get(f"http://127.0.0.1:{launcher.port}/healthz", timeout=10).json() == {"status": "Ready."}

    # One that was killed leaves processes behind; the next start ends them and works.
    launcher.process.kill()
    launcher.process.wait()
    assert launcher.left() != []
    launcher.start()
    launcher.wait_until_ready()
    assert re.search(rf"Password  kept in {launcher.state}/admin_password$", launcher.said(), re.MULTILINE)

    assert launcher.end(signal.SIGINT) == 0
    assert launcher.left() == []


def test_the_sandbox_alone(launcher: Launcher) -> None:
    launcher.start("sandbox")
    launcher.wait_until_ready()
    assert launcher.said().splitlines() == [
        "The sandbox is running.",
        f"  Address   http://127.0.0.1:{launcher.sandbox_port}/api/partner/v3/",
        "  Token     sandbox-token",
        "Press Ctrl-C to stop.",
    ]
    answer = requests.get(
        f"http://127.0.0.1:{launcher.sandbox_port}/api/partner/v3/phone_numbers",
        headers={"Authorization": "Bearer sandbox-token"},
        timeout=10,
    )
    assert len(answer.json()["phone_numbers"]) == 5
    assert launcher.end(signal.SIGINT) == 0
    assert launcher.left() == []


def test_when_one_process_dies_all_are_stopped_and_it_is_named(launcher: Launcher) -> None:
    process = launcher.start()
    launcher.wait_until_ready()
    beat = next(child for child in marked(launcher.state) if "beat" in child.cmdline())
    beat.kill()
    assert process.wait(SECONDS) == 1
    assert launcher.said().splitlines()[-1] == (
        f"beat ended by itself (code -9), so everything was stopped. Its log: {launcher.state / 'logs' / 'beat.log'}"
    )
    assert launcher.left() == []


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_checks.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 499 * 2**20}))
    with pytest.raises(CannotRunError) as refused:
        run_checks.check_disk(tmp_path)
    assert str(refused.value) == (
        f"Only 499 MB are free in {tmp_path}, and at least 500 MB are needed. Make room and start again."
    )


@pytest.mark.django_db
def test_the_given_password_is_used_and_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth import authenticate

    monkeypatch.setenv("CHATDECK_ADMIN_PASSWORD", "short")
    with pytest.raises(CannotRunError, match=r"^CHATDECK_ADMIN_PASSWORD will not do\. This password is too short"):
        run_setup.make_administrator(tmp_path)
    assert authenticate(username="admin", password="short") is None
    monkeypatch.setenv("CHATDECK_ADMIN_PASSWORD", "a-long-enough-one-7")
    assert run_setup.make_administrator(tmp_path) == "the one in CHATDECK_ADMIN_PASSWORD"
    assert authenticate(username="admin", password="a-long-enough-one-7") is not None
    monkeypatch.delenv("CHATDECK_ADMIN_PASSWORD")
    assert run_setup.make_administrator(tmp_path) == "the one you chose"
    assert list(tmp_path.iterdir()) == []


def marked(state: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(state):
                found.append(process)
        except psutil.Error:
            continue
    return found


def sign_in(port: int, password: str) -> int:
    with requests.Session() as browser:
        page = browser.get(f"http://127.0.0.1:{port}/login/", timeout=20)
        form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "username": "admin", "password": password}
        assert page.status_code == 200
        return browser.post(page.url, data=form, timeout=20, allow_redirects=False).status_code
