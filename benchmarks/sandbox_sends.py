"""How many sends the sandbox accepts a second on one core, with its durable store.

    python -m benchmarks.sandbox_sends [--seconds 8] [--clients 8]

The sandbox and its PostgreSQL share one core, the clients have the others. While the world's time stands still only
accepting is measured; the last row has the time running, simulated people who answer, and a subscription to every
event, and counts until all of that is done. Beside them a bare Django view, served in the same way with the same
database settings, inserts one row for each request.

On a machine that does other things too, the processor time for each send is the figure to go by: 2.5 ms of it, for
the sandbox and PostgreSQL together, are 400 sends a second on one core.
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
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from benchmarks import machine, senders
from benchmarks.receiving import Receiving
from chats.v3.times import parse_time
from dashboard.services.postgres import Postgres
from tests.sandbox_server import ROOT, SandboxServer, wait_for

CORE = 0
# Nobody is sent more than 30 messages in a minute, so it takes many chats.
WORLD = {"lines": 10, "people": 2000, "chats": 2000, "messages": 2000}
MOST_EACH = 15
SETTLE_SECONDS = 120.0
QUIET = timedelta(seconds=3)  # nothing is due for so long: the quick people have done what they do


@dataclass(frozen=True)
class Load:
    """How hard to send, and for how long at most."""

    clients: int
    seconds: float


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
        """Accepted in a second of real time."""
        return self.sent.accepted / self.sent.seconds

    def each(self, seconds: float) -> float:
        """Milliseconds for each accepted request."""
        return seconds * 1000 / max(1, self.sent.accepted)


def main() -> int:
    """Measure, print the table, and end what was started."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox_sends")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each measurement sends at most")
    parser.add_argument("--clients", type=int, default=8, help="how many clients send at once")
    options = parser.parse_args()
    load = Load(options.clients, options.seconds)
    with _postgres() as postgres:
        rows = [_bare(postgres, load), *_sandbox(postgres, load)]
    _print(rows, load)
    return 0


@contextlib.contextmanager
def _postgres() -> Iterator[int]:
    """A durable PostgreSQL of its own; gives the number of its process."""
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


def _bare(postgres: int, load: Load) -> Row:
    environment = {**os.environ, "SANDBOX_DATABASE_URL": os.environ["DATABASE_URL"]}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_view"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(":")[2])
            return _measured("bare Django view, one row", [process.pid, postgres], port, ["/rows"] * load.clients, load)
        finally:
            process.terminate()


def _sandbox(postgres: int, load: Load) -> list[Row]:
    server = SandboxServer()
    try:
        server.start("empty")
        pids = [server.pid, postgres]
        server.control("reset", {"world": WORLD, "people": "friendly", "seed": 7})
        server.control("clock", {"step": True})
        accepting = _measured("sandbox, accepting", pids, server.port, _paths(server), load)
        server.control("reset", {"world": WORLD, "people": "friendly", "seed": 8})
        return [accepting, _whole_life(server, pids, load)]
    finally:
        server.stop()


def _whole_life(server: SandboxServer, pids: Sequence[int], load: Load) -> Row:
    """Send with the time running and a receiver subscribed, and wait until everybody has said what they had to say."""

    def settled() -> bool:
        time.sleep(0.3)
        waiting = server.control("webhooks?limit=1&state=waiting")["webhooks"]
        due = server.control("clock")
        return not waiting and parse_time(due["next_at"]) - parse_time(due["now"]) > QUIET

    with Receiving() as receiver:
        events = server.api("GET", "webhook-events").json()["events"]
        wanted = {"target_url": receiver.url, "subscribed_events": events}
        assert server.api("POST", "webhook-subscriptions", wanted).status_code == 201
        row = _measured(
            "sandbox, people and webhooks too", pids, server.port, _paths(server), load,
            until=lambda: wait_for(settled, seconds=SETTLE_SECONDS, what="the last webhook"),
        )  # fmt: skip
    told = server.stats()["webhooks"]
    return replace(row, more=f"{told['delivered']:,} webhooks delivered, {told['retried']:,} retried")


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
    pids: Sequence[int],
    port: int,
    paths: Sequence[str],
    load: Load,
    *,
    until: Callable[[], object] = lambda: None,
) -> Row:
    """Send, wait for the end of what follows, and say what it took of the server and of PostgreSQL, in this order."""
    machine.pin(pids, CORE)
    # warm first: caches are filled and statements prepared
    senders.send(port, paths, clients=load.clients, most=load.clients * 20, seconds=load.seconds)
    most = len(paths) * MOST_EACH if len(paths) > load.clients else sys.maxsize
    before = [machine.seconds_of([pid]) for pid in pids]
    sent = senders.send(port, paths, clients=load.clients, most=most, seconds=load.seconds)
    until()
    server, postgres = (machine.seconds_of([pid]) - began for pid, began in zip(pids, before, strict=True))
    return Row(name, sent, server, postgres)


def _print(rows: Sequence[Row], load: Load) -> None:
    base = rows[0].rate
    print(machine.describe())
    print(f"{load.clients} clients; the server and PostgreSQL {'on one core' if machine.can_pin() else 'on any core'}")
    print()
    print(f"{'':34}{'accepted/s':>11}{'of bare':>9}{'refused':>9}{'ms CPU each':>13}{'Python':>8}{'Postgres':>10}")
    for row in rows:
        print(
            f"{row.name:34}{row.rate:11.0f}{row.rate / base:9.2f}{row.sent.refused:9}"
            f"{row.each(row.python + row.postgres):13.2f}{row.each(row.python):8.2f}{row.each(row.postgres):10.2f}"
            f"{'  ' if row.more else ''}{row.more}"
        )


if __name__ == "__main__":
    sys.exit(main())
