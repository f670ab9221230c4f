"""The webhook door: events a second beside a bare view that inserts one row, then memory under a steady load."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

import psutil

from benchmarks import ground, people
from benchmarks.report import Report, Row
from chats.models import Chat, Message, Participant, WebhookEvent

EVENTS = 1500
SENDERS = 8
ROUNDS = 3
AIM = 0.8
# Events a second of the steady load: a busy account. Memory is first read when everything has been in use for a while.
STEADY = 25
WARM_SECONDS = 15
MOST_GROWTH = 0.1


def run(*, minutes: float) -> None:
    report = Report("door", "The webhook door: events a second, milliseconds for each")
    people.make_lines(2, chats=100)
    with ground.sink():
        ours, bare = [], []
        for _ in range(ROUNDS):
            with ground.web() as (_web, address):
                ours.append(_deliver(address, EVENTS, 0))
            _forget()
            with ground.web("benchmarks.bare_door") as (_web, address):
                bare.append(_deliver(address, EVENTS, 0))
            _forget()
        report.compare(
            "Events a second",
            f"{_median(ours, 'rate'):,.0f}",
            beside=f"a bare view {_median(bare, 'rate'):,.0f}",
            ratio=statistics.median(one["rate"] / other["rate"] for one, other in zip(ours, bare, strict=True)),
            aim=AIM,
        )
        for share in ("p50", "p95", "p99"):
            beside = f"a bare view {_median(bare, share):.1f} ms"
            report.rows.append(Row(share, f"{_median(ours, share):.1f} ms", beside))
        _steady(report, minutes)
    report.notes += [
        f"{ROUNDS} rounds of {EVENTS:,} signed events over {SENDERS} connections, one uvicorn process, medians.",
        f"Memory: {minutes:g} minutes at {STEADY} events a second, a worker processing them.",
    ]
    report.finish()


def _steady(report: Report, minutes: float) -> None:
    with ground.worker() as worker, ground.web() as (web, address):
        _deliver(address, STEADY * WARM_SECONDS, STEADY)
        before = [_memory(one.pid) for one in (web, worker)]
        _deliver(address, max(int(STEADY * minutes * 60), 1), STEADY)
        after = [_memory(one.pid) for one in (web, worker)]
        ground.wait_for(
            lambda: not WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING).exists(),
            what="all events to be processed",
        )
    for name, start, end in zip(("web", "worker"), before, after, strict=True):
        report.rows.append(
            Row(
                f"Memory of the {name} process",
                f"{end:.1f} MiB",
                f"at the start {start:.1f} MiB",
                round(end / start, 2),
                f"at most {1 + MOST_GROWTH:g}",
                end <= start * (1 + MOST_GROWTH),
            )
        )
    _forget()


def _deliver(address: str, events: int, rate: float) -> dict[str, float]:
    rows = Participant.objects.filter(is_me=False).values_list("chat__remote_id", "handle__value")
    chats = "\n".join(f"{chat} {handle}" for chat, handle in rows)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.deliver", address, str(events), str(SENDERS), str(rate)],
        input=f"{ground.SECRET}\n{chats}",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ground.ROOT,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _forget() -> None:
    WebhookEvent.objects.all()._raw_delete("default")
    Message.objects.all()._raw_delete("default")
    Chat.objects.update(unread_count=0)
    people.analyze()


def _memory(pid: int) -> float:
    """The resident memory of a process and its children, in MiB."""
    whole = psutil.Process(pid)
    return sum(one.memory_info().rss for one in [whole, *whole.children(recursive=True)]) / 2**20


def _median(rows: list[dict[str, float]], name: str) -> float:
    return statistics.median(row[name] for row in rows)
