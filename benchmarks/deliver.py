"""The remote delivering webhooks, as fast as the door answers or at a given rate.

`python -m benchmarks.deliver ADDRESS EVENTS SENDERS RATE` reads a secret, then chats of their own as lines of
"id handle" from its input, and prints a JSON object: events a second and milliseconds of the p50, p95 and p99.
A rate of 0 is as fast as it goes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import uvloop

from chats.v3.signatures import sign


def event(chat_id: str, handle: str) -> dict[str, object]:
    """Somebody writes in a direct chat (2026-02-03)."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    person = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, handle)), "handle": handle, "is_me": False, "status": "active",
              "service": "iMessage", "joined_at": now, "left_at": None}  # fmt: skip
    return {
        "api_version": "v3",
        "webhook_version": "2026-02-03",
        "event_type": "message.received",
        "event_id": str(uuid.uuid4()),
        "created_at": now,
        "trace_id": uuid.uuid4().hex,
        "partner_id": "benchmark",
        "data": {
            "id": str(uuid.uuid4()),
            "chat": {"id": chat_id, "is_group": False, "owner_handle": None, "health_status": None},
            "direction": "inbound",
            "sender_handle": person,
            "parts": [{"type": "text", "value": "A few words that somebody wrote, as long as words usually are."}],
            "service": "iMessage",
            "preferred_service": None,
            "sent_at": now,
            "delivered_at": None,
            "read_at": None,
            "effect": None,
            "reply_to": None,
            "idempotency_key": None,
        },
    }


def requests_for(secret: str, chats: list[tuple[str, str]], count: int, host: str) -> Iterator[bytes]:
    """So many signed deliveries, each with its head."""
    for number in range(count):
        told = event(*chats[number % len(chats)])
        body, at = json.dumps(told).encode(), int(time.time())
        head = (
            f"POST /webhooks/linq/ HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
            f"webhook-id: {told['event_id']}\r\nwebhook-timestamp: {at}\r\n"
            f"webhook-signature: {sign(secret, str(told['event_id']), at, body)}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def deliver(address: str, requests: Iterator[bytes], senders: int, rate: float) -> list[float]:
    """Send them over so many connections; how many seconds each took. Anything but 200 ends it."""
    where = urlsplit(address)
    took: list[float] = []
    began = time.perf_counter()
    sent = 0

    async def one_connection() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for request in requests:
            sent += 1
            if rate:
                await asyncio.sleep(began + sent / rate - time.perf_counter())
            at = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - at)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(senders)))
    return took


def main() -> None:
    address, count, senders, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    secret = sys.stdin.readline().strip()
    chats = [(chat, handle) for chat, handle in (line.split() for line in sys.stdin)]
    made: Iterator[bytes] = requests_for(secret, chats, count, urlsplit(address).netloc)
    if not rate:
        # Made beforehand, so that making them takes no time from the door.
        made = iter(list(made))
    began = time.perf_counter()
    took = sorted(uvloop.run(deliver(address, made, senders, rate)))
    seconds = time.perf_counter() - began
    percentiles = {f"p{share}": took[min(len(took) * share // 100, len(took) - 1)] * 1000 for share in (50, 95, 99)}
    print(json.dumps({"rate": len(took) / seconds, **percentiles}))


if __name__ == "__main__":
    main()
