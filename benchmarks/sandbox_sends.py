"""How many sends the sandbox accepts a second on one core, with its durable store: `python -m benchmarks.sandbox_sends`.

The sandbox and its PostgreSQL share one core, the clients have the others. The world's time stands still, so what is
measured is accepting; a last row measures everything that follows from a send as well: the simulated people, and the
webhooks that tell of it. Beside it a bare Django view on the same server inserts one row for each request.

The figure that does not depend on what else the machine does is the processor time for each send.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks import machine, senders
from benchmarks.receiving import Receiving
from chats.v3.times import parse_time
from dashboard.services.postgres import Postgres
from tests.sandbox_server import ROOT, SandboxServer, wait_for

CORE = 0
CLIENTS = 8
WORLD = {"lines": 10, "people": 2000, "chats": 2000, "messages": 2000}
SETTLE_SECONDS = 120.0
QUIET = timedelta(seconds=3)  # nothing is due for so long: the quick people have done what they do


@dataclass(frozen=True)
class Row:
    """One measurement."""

    name: str
    sent: senders.Sent
    python: float  # processor seconds of the server
    postgres: float
    more: str = ""

    @property
    def rate(self) -> float:
        """Accepted a second of real time."""
        return self.sent.accepted / self.sent.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of processor time for each accepted request, of everything on the server's side."""
        return (self.python + self.postgres) * 1000 / max(1, self.sent.accepted)


def main() -> int:
    """Measure, print the table, and end what was started."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox_sends", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each measurement lasts at most")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="how many clients send at once")
    options = parser.parse_args()
    with _postgres() as pid:
        rows = [
            _bare(pid, options.clients, options.seconds),
            *_sandbox(pid, options.clients, options.seconds),
        ]
    _print(rows, options.clients)
    return 0


@contextlib.contextmanager
def _postgres() -> Iterator[int]:
    """A durable PostgreSQL of its own; the number of its process."""
    state = Path(tempfile.mkdtemp(prefix="chatdeck-bench-"))
    postgres = Postgres(state)
    try:
        postgres.start("chatdeck")
        os.environ["DATABASE_URL"] = postgres.url("chatdeck")
        yield int((postgres.data / "postmaster.pid").read_text().split()[0])
    finally:
        postgres.stop()
        postgres.remove()
        shutil.rmtree(state, ignore_errors=True)


def _bare(postgres: int, clients: int, seconds: float) -> Row:
    environment = {**os.environ, "SANDBOX_DATABASE_URL": os.environ["DATABASE_URL"]}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_view"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        return _measured(
            "bare Django view, one row each", process.pid, postgres, port, ["/rows"] * clients, clients, seconds
        )
    finally:
        process.terminate()
        process.wait(timeout=20)


def _sandbox(postgres: int, clients: int, seconds: float) -> list[Row]:
    server = SandboxServer()
    try:
        server.start("empty")
        pid = server.pid
        server.control("reset", {"world": WORLD, "people": "friendly", "seed": 7})
        server.control("clock", {"step": True})
        paths = _paths(server)
        accepting = _measured("sandbox: accepting sends", pid, postgres, server.port, paths, clients, seconds)
        return [accepting, _whole_life(server, postgres, clients, seconds)]
    finally:
        server.stop()


def _whole_life(server: SandboxServer, postgres: int, clients: int, seconds: float) -> Row:
    """Send with the time running and a receiver subscribed, and wait until everybody has said what they had to say."""
    server.control("reset", {"world": WORLD, "people": "friendly", "seed": 8})
    paths = _paths(server)
    with Receiving() as receiver:
        events = server.api("GET", "webhook-events").json()["events"]
        wanted = {"target_url": receiver.url, "subscribed_events": events}
        assert server.api("POST", "webhook-subscriptions", wanted).status_code == 201

        def settled() -> bool:
            time.sleep(0.3)
            waiting = server.control("webhooks?limit=1&state=waiting")["webhooks"]
            due = server.control("clock")
            return not waiting and parse_time(due["next_at"]) - parse_time(due["now"]) > QUIET

        row = _measured(
            "sandbox: sends, people, webhooks", server.pid, postgres, server.port, paths, clients, seconds,
            until=lambda: wait_for(settled, seconds=SETTLE_SECONDS, what="the last webhook"),
        )  # fmt: skip
    told = server.stats()["webhooks"]
    return Row(row.name, row.sent, row.python, row.postgres, f"{told['delivered']:,} webhooks")


def _paths(server: SandboxServer) -> list[str]:
    """Where to send: into every direct chat."""
    found: list[str] = []
    cursor = ""
    while True:
        page = server.api("GET", f"chats?limit=100{cursor}").json()
        found += [f"/v3/chats/{each['id']}/messages" for each in page["chats"] if not each["is_group"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _measured(
    name: str,
    pid: int,
    postgres: int,
    port: int,
    paths: Sequence[str],
    clients: int,
    seconds: float,
    until: Callable[[], object] = lambda: None,
) -> Row:
    """Send, wait for the end of what follows, and say what it took. One core for the server and its PostgreSQL."""
    machine.pin([pid, postgres], CORE)
    senders.send(port, paths, clients=clients, most=clients * 20, seconds=seconds)  # warm: caches, prepared statements
    before = machine.seconds_of([pid]), machine.seconds_of([postgres])
    sent = senders.send(
        port, paths, clients=clients, most=len(paths) * 15 if len(paths) > clients else 10**6, seconds=seconds
    )
    until()
    after = machine.seconds_of([pid]), machine.seconds_of([postgres])
    return Row(name, sent, after[0] - before[0], after[1] - before[1])


def _print(rows: Sequence[Row], clients: int) -> None:
    base = rows[0]
    print(f"{clients} clients; server and PostgreSQL {'on one core' if _can_pin() else 'not pinned to a core'}")
    print(machine.describe())
    print()
    print(f"{'':36}{'accepted/s':>11}{'ms CPU each':>13}{'Python':>8}{'Postgres':>10}{'of bare':>9}{'refused':>9}")
    for row in rows:
        each = max(1, row.sent.accepted)
        print(
            f"{row.name:36}{row.rate:11.0f}{row.cost:13.2f}{row.python * 1000 / each:8.2f}"
            f"{row.postgres * 1000 / each:10.2f}{row.rate / base.rate:9.2f}{row.sent.refused:9}  {row.more}"
        )


def _can_pin() -> bool:
    return hasattr(os, "sched_setaffinity")


if __name__ == "__main__":
    sys.exit(main())
