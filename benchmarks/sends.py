"""Sends: how fast one worker process empties its lanes, beside a bare loop and beside a plain Celery task each.

All three send the same body to the same sink, one after the other in every round, and the sink counts: messages
from its first to its last one.
"""

from __future__ import annotations

import statistics
import uuid

import requests

from benchmarks import ground, people, plain
from benchmarks.report import Report
from chats.engine import wake
from chats.models import Lane, Line, Operation
from chats.models.operation import State

ONE_LANE = 2000
TWENTY_LANES = 100
BARE = 1500
PLAIN = 500
ROUNDS = 3
PATIENCE = 300.0
AIM_BARE = 0.75
AIM_PLAIN = 3.0


def run() -> None:
    report = Report("sends", "Sends: messages a second, as the remote counts them")
    one_line = people.make_lines(1, chats=ONE_LANE)
    twenty = people.make_lines(20, chats=TWENTY_LANES)
    bare: list[float] = []
    each: list[float] = []
    one: list[float] = []
    many: list[float] = []
    with ground.sink() as address:
        for _ in range(ROUNDS):
            bare.append(_bare(address))
            with ground.worker():
                one.append(_chatdeck(address, one_line))
                many.append(_chatdeck(address, twenty))
            each.append(_plain(address))
    for name, rates in (("One lane", one), ("Twenty lanes", many)):
        for other, rows, aim in (("a bare loop", bare, AIM_BARE), ("a task and the SDK each", each, AIM_PLAIN)):
            report.compare(
                name,
                f"{statistics.median(rates):,.0f}",
                beside=f"{other} {statistics.median(rows):,.0f}",
                ratio=statistics.median(ours / theirs for ours, theirs in zip(rates, rows, strict=True)),
                aim=aim,
            )
    report.notes += [
        f"One worker process of 8 threads, {ROUNDS} rounds, medians. Unpaced lines, people written to before, one",
        f"message into each of {ONE_LANE:,} chats, or of {TWENTY_LANES} on each of 20 lines. Beside it, in one process",
        f"each, a loop of requests.Session.post ({BARE:,} messages), and a Celery worker that runs one task",
        f"with the official SDK for each message ({PLAIN:,}).",
    ]
    report.finish()


def _bare(address: str) -> float:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {ground.KEY}"

    def send(chat_id: str) -> None:
        body = {"message": {"parts": [{"type": "text", "value": "Hello"}], "idempotency_key": str(uuid.uuid4())}}
        answer = session.post(f"{address}/api/partner/v3/chats/{chat_id}/messages", json=body, timeout=10)
        answer.raise_for_status()
        answer.json()

    send(str(uuid.uuid4()))
    _rate(address)
    for _ in range(BARE):
        send(str(uuid.uuid4()))
    session.close()
    return _rate(address)


def _chatdeck(address: str, lines: list[Line]) -> float:
    count = people.queue(lines)
    _rate(address)
    for lane_id in Lane.objects.filter(line__in=lines).values_list("pk", flat=True):
        wake.send_task(wake.DRAIN_LANE, lane_id)
    ground.wait_for(
        lambda: Operation.objects.filter(state=State.ACCEPTED).count() == count,
        what="all messages to be accepted",
        seconds=PATIENCE,
    )
    people.forget_messages()
    return _rate(address)


def _plain(address: str) -> float:
    for _ in range(PLAIN):
        plain.send.delay(str(uuid.uuid4()), "Hello", str(uuid.uuid4()))
    _rate(address)
    command = ("-A", "benchmarks.plain", "worker", "--pool", "solo", "--loglevel", "warning", "--queues", "plain")
    with ground.process("-m", "celery", *command):
        ground.wait_for(lambda: _counted(address)["count"] == PLAIN, what="all tasks to be done", seconds=PATIENCE)
    return _rate(address)


def _counted(address: str) -> dict[str, float]:
    counted: dict[str, float] = requests.get(f"{address}/counted", timeout=10).json()
    return counted


def _rate(address: str) -> float:
    """Messages a second since it was last asked."""
    counted = _counted(address)
    requests.get(f"{address}/forget", timeout=10)
    return (counted["count"] - 1) / counted["seconds"] if counted["seconds"] else 0.0
