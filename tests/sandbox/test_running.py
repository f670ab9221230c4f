"""Starting and stopping: one sentence when it cannot, and everything still there after a restart."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from tests.sandbox.conftest import open_chat
from tests.sandbox_server import ROOT, SandboxServer


def run(*arguments: str, database: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment.pop("SANDBOX_DATABASE_URL", None)
    if database:
        environment["SANDBOX_DATABASE_URL"] = database
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_database_it_says_so() -> None:
    ended = run("serve", "--port", "0", database=None)
    assert ended.returncode == 1
    assert ended.stderr == (
        "SANDBOX_DATABASE_URL is not set. Use `make sandbox`, or name a PostgreSQL database of its own.\n"
    )


def test_a_database_out_of_reach_is_one_sentence() -> None:
    ended = run("serve", "--port", "0", database="postgresql://nobody@127.0.0.1:1/sandbox")
    assert ended.returncode == 1
    assert ended.stderr.startswith("The sandbox's database cannot be reached: ")
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_one_sentence(server: SandboxServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port), database=server.database_url)
    assert ended.returncode == 1
    assert ended.stderr == f"Port {port} on 127.0.0.1 is taken or not allowed. Set SANDBOX_PORT to another one.\n"


def test_an_unknown_world_is_one_sentence(server: SandboxServer) -> None:
    ended = run("reset", "--world", "nowhere", database=server.database_url)
    assert ended.returncode == 1
    assert ended.stderr == "There is no world called nowhere; there is empty, demo.\n"


def test_the_world_survives_a_restart() -> None:
    own = SandboxServer()
    try:
        own.start("empty", seed=3)
        chat = open_chat(own, "ana@example.com")["id"]
        own.control("faults", {"latency_ms": 1})
        assert own.end() == 0
        own.start("demo")
        assert own.control("ready") == {"name": "sandbox", "world": "empty", "seed": 3}
        assert own.control("faults")["latency_ms"] == 1
        assert [each["id"] for each in own.api("GET", "chats").json()["chats"]] == [chat]
    finally:
        own.stop()
