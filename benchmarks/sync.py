"""Sync: chats a second of a whole account, beside a bare loop that only fetches and parses the same pages."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from benchmarks import ground, people
from benchmarks.report import Report
from chats.actions.sync import start_first_sync
from chats.engine import sync
from chats.models import Chat, Handle, Line, Message, SyncRun

LINES = 2
CHATS = 400
MESSAGES = 5
A_PAGE = sync.CHATS_A_PAGE
ROUNDS = 3
AIM = 0.6
_NOON = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)


def run() -> None:
    report = Report("sync", "Sync: chats a second, each with its messages")
    numbers = [f"+1415557{line:04}" for line in range(LINES)]
    chats, ours = LINES * CHATS, list[float]()
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages.json"
        pages.write_text(json.dumps(_pages(numbers)))
        with ground.sink(pages) as address:
            for _ in range(ROUNDS):
                bare.append(chats / _bare(address, numbers))
                ours.append(chats / _sync())
                _forget(chats)
    report.compare(
        "Chats a second",
        f"{statistics.median(ours):,.0f}",
        beside=f"fetched and parsed {statistics.median(bare):,.0f}",
        ratio=statistics.median(one / other for one, other in zip(ours, bare, strict=True)),
        aim=AIM,
    )
    report.notes.append(
        f"{ROUNDS} rounds, medians. {LINES} lines of {CHATS} chats with {MESSAGES} messages each, one process."
    )
    report.finish()


def _bare(address: str, numbers: list[str]) -> float:
    began = time.perf_counter()
    session = requests.Session()

    def read(path: str, **query: object) -> Any:
        answer = session.get(f"{address}/api/partner/v3/{path}", params=query, timeout=10)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer.json()

    read("phone_numbers")
    for number in numbers:
        more: dict[str, object] = {}
        while True:
            page = read("chats", **{"from": number}, limit=A_PAGE, **more)
            for chat in page["chats"]:
                read(f"chats/{chat['id']}/messages", limit=50)
            if not page["next_cursor"]:
                break
            more = {"cursor": page["next_cursor"]}
    return time.perf_counter() - began


def _sync() -> float:
    start_first_sync()
    run = SyncRun.objects.latest("pk")
    began = time.perf_counter()
    while SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).exists():
        sync.carry_on(run.pk, seconds=20)
    return time.perf_counter() - began


def _forget(chats: int) -> None:
    read = (Chat.objects.count(), Message.objects.count())
    if read != (chats, chats * MESSAGES):
        raise SystemExit(f"{read[0]} chats and {read[1]} messages were read, not all of them.")
    SyncRun.objects.all().delete()
    Chat.objects.all().delete()
    Line.objects.all().delete()
    Handle.objects.all().delete()
    people.analyze()


def _pages(numbers: list[str]) -> dict[str, str]:
    """What the sink answers to each address, in the remote's shapes."""
    pages: dict[str, object] = {
        "phone_numbers": {"phone_numbers": [{"id": str(uuid.uuid4()), "phone_number": one} for one in numbers]}
    }
    for line, number in enumerate(numbers):
        listed = [_chat(number, f"+1416{line:03}{index:04}") for index in range(CHATS)]
        for start in range(0, CHATS, A_PAGE):
            cursor = {"cursor": f"page-{start}"} if start else {}
            following = f"page-{start + A_PAGE}" if start + A_PAGE < CHATS else None
            query = urlencode({"from": number, "limit": A_PAGE, **cursor})
            pages[f"chats?{query}"] = {"chats": listed[start : start + A_PAGE], "next_cursor": following}
        for chat in listed:
            messages = [_message(chat, index) for index in range(MESSAGES)]
            pages[f"chats/{chat['id']}/messages?limit=50"] = {"messages": messages, "next_cursor": None}
    return {f"/api/partner/v3/{path}": json.dumps(page) for path, page in pages.items()}


def _chat(line: str, other: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "display_name": other,
        "handles": [_handle(line, is_me=True), _handle(other, is_me=False)],
        "is_group": False,
        "is_archived": False,
        "service": "iMessage",
        "health_status": {"status": "HEALTHY", "doc_url": "https://docs.linqapp.com", "updated_at": _at(0)},
        "group_chat_icon": None,
        "created_at": _at(0),
        "updated_at": _at(60),
    }


def _handle(value: str, *, is_me: bool) -> dict[str, Any]:
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, value))
    told = {"id": key, "handle": value, "service": "iMessage", "is_me": is_me, "status": "active"}
    return {**told, "joined_at": _at(0), "left_at": None}


def _message(chat: dict[str, Any], index: int) -> dict[str, Any]:
    ours = bool(index % 2)
    return {
        "id": str(uuid.uuid4()),
        "chat_id": chat["id"],
        "is_from_me": ours,
        "from_handle": chat["handles"][0 if ours else 1],
        "parts": [{"type": "text", "value": f"Message {index}, as long as they usually are.", "reactions": None}],
        "delivery_status": "delivered" if ours else "received",
        "service": "iMessage",
        "created_at": _at(index),
        "updated_at": _at(index),
        "sent_at": _at(index),
        "delivered_at": _at(index) if ours else None,
        "read_at": None,
    }


def _at(minutes: int) -> str:
    return (_NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
