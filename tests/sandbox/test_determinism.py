"""Two runs of a simulated day, from one seed and with the same steps: the same world, event for event and answer for
answer, whatever families of the API the day touches."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.sandbox.conftest import LINES, open_chat, text
from tests.sandbox.test_clock import advance, events, stopped
from tests.sandbox.uploads import PNG, put
from tests.sandbox_server import SandboxServer

A, B, C, D, E = (f"{name}@example.com" for name in ("ann", "bob", "cem", "dot", "eve"))
# What these people do by themselves is decided by the seed.
LIVELY = {
    "replies": 0.7, "reacts": 0.5, "types": 0.8, "opts_out": 0.02, "renames": 0.3, "leaves": 0.2, "polls": 0.5,
    "read_after": 300, "reply_after": 600,
}  # fmt: skip


def day(server: SandboxServer) -> tuple[list[dict[str, Any]], list[Any]]:
    """The events of a day, and the answers of its requests."""
    answers: list[Any] = []

    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = server.api(method, path, body)
        answers.append((answer.status_code, answer.headers["X-Trace-ID"] if method != "GET" else "", answer.text))
        return answer.json() if answer.content else None

    stopped(server, {"lines": 3, "people": 12, "chats": 8, "messages": 24}, seed=23, people="everyday")
    server.control("habits", LIVELY)
    group = open_chat(server, A, B, C, D)["id"]
    direct = open_chat(server, E)
    ask("PATCH", f"messages/{direct['message']['id']}", {"text": "Hello again"})
    for hour in range(0, 24, 2):
        for chat in (group, direct["id"]):
            ask("POST", f"chats/{chat}/messages", {"message": text(f"Hour {hour}, how are you?")})
        ask("POST", "messages", {"to": [f"+1305555{hour:04d}"], "message": text("Hello there")})
        if hour == 2:
            ask("PUT", f"chats/{group}", {"display_name": "Book club"})
            ask("POST", f"chats/{direct['id']}/location/request")
        if hour == 4:
            poll = ask("POST", f"chats/{group}/polls", {"poll": {"options": [{"text": "Tea"}, {"text": "Coffee"}]}})
            option = poll["poll"]["options"][0]["option_id"]
            ask("POST", f"messages/{poll['message_id']}/poll/votes", {"operation": "add", "option_id": option})
        if hour == 6:
            ask("POST", f"messages/{direct['message']['id']}/reactions", {"operation": "add", "type": "love"})
            ask("POST", f"chats/{group}/background", {"type": "color", "variant": "ice"})
        if hour == 8:
            ask("POST", f"phone_numbers/{LINES[0]}/reputation_audit")
            slot = ask(
                "POST", "attachments", {"filename": "a.png", "content_type": "image/png", "size_bytes": len(PNG)}
            )
            assert put(slot, PNG).status_code == 200
            media = {"parts": [{"type": "media", "attachment_id": slot["attachment_id"]}]}
            ask("POST", f"chats/{direct['id']}/messages", {"message": media})
        if hour == 10:
            server.control(f"people/{E}/opt_out", {"chat_id": direct["id"]})
        if hour == 12:
            server.control(f"people/{E}/say", {"chat_id": direct["id"], "text": "I changed my mind"})
            server.control(f"people/{E}/share_location", {"chat_id": direct["id"], "seconds": 5000})
        if hour == 14:
            server.control(f"lines/{LINES[1]}/flag", {"seconds": 7200})
        if hour == 16:
            server.control(f"people/{E}/share_location", {"chat_id": direct["id"], "stop": True})
            ask("POST", f"chats/{group}/participants", {"handle": E})
            ask("POST", "contact_card", {"phone_number": LINES[0], "first_name": "Desk"})
        ask("GET", "chats?limit=50")
        ask("GET", f"chats/{direct['id']}/location")
        ask("GET", f"chats/{group}/messages")
        advance(server, 7200)
    answers.append(server.control("stats"))
    answers.append(server.control("people"))
    return events(server), answers


def test_two_runs_of_a_day_are_the_same(sandbox: SandboxServer) -> None:
    first, first_answers = day(sandbox)
    # In between the world goes on at its own pace, which must leave no trace.
    sandbox.reset("demo", seed=3)
    open_chat(sandbox, A)
    second, second_answers = day(sandbox)
    kinds = Counter(each["event_type"] for each in first)
    assert {
        "message.sent", "message.delivered", "message.read", "message.received", "message.edited", "reaction.added",
        "poll.sent", "poll.received", "poll.vote.added", "chat.created", "chat.group_name_updated",
        "chat.background_updated", "chat.typing_indicator.started", "participant.added", "participant.removed",
        "location.sharing.started", "location.sharing.stopped", "phone_number.status_updated", "contact_card.received",
        "contact_card.created",
    } <= set(kinds)  # fmt: skip
    assert len(first) > 100
    for one, other in zip(first, second, strict=True):
        assert one == other
    assert first_answers == second_answers
