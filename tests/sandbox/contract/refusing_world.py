"""A world in which everything that is documented can be refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.sandbox.conftest import ANA, BEN, CARA, DEV, ELLA, LINES, open_chat
from tests.sandbox.contract.refused_sends import OPTIONS, SHY
from tests.sandbox.uploads import announce, upload
from tests.sandbox_server import SandboxServer, wait_for

FRIENDS = [f"{name}@example.com" for name in ("fay", "gil", "hal")]


@contextmanager
def refusing_world(server: SandboxServer) -> Iterator[dict[str, Any]]:
    """A chat of every kind, people who stopped or are blocked, lines that cannot send or may not begin.

    Gives the ids of it all by name.
    """
    server.reset("empty")
    server.control("habits", {"replies": 0, "reacts": 0, "renames": 0, "leaves": 0})
    direct, group = open_chat(server, ANA), open_chat(server, ANA, BEN, CARA)
    small, stopped, blocked = open_chat(server, ANA, BEN), open_chat(server, DEV), open_chat(server, ELLA)
    plain = next(
        chat
        for number in range(100, 200)
        if (chat := open_chat(server, f"+13055556{number}", line=LINES[3]))["service"] == "SMS"
    )
    texter = next(each["handle"] for each in plain["handles"] if not each["is_me"])
    plain_group = open_chat(server, texter, ANA, BEN)
    left = _with_everything(server, open_chat(server, *FRIENDS))
    flagged_group = _with_everything(server, open_chat(server, *FRIENDS, line=LINES[4]))
    flagged = open_chat(server, ANA, line=LINES[4])
    shy, shy_group = open_chat(server, SHY, line=LINES[2]), open_chat(server, *FRIENDS, line=LINES[2])
    picture = {"parts": [{"type": "media", "url": "https://files.example.com/a.png"}]}
    gone = open_chat(server, CARA)["message"]["id"]
    heard = server.say(BEN, "Hello", line=LINES[1])["message"]["id"]
    unsent = server.say("una@example.com", "Hello", line=LINES[0])["chat_id"]
    server.control("people/una@example.com/share_location", {"chat_id": unsent})
    server.say(DEV, "STOP", chat_id=stopped["id"])
    server.api("POST", "blocked_handles", {"handle": ELLA})
    server.api("DELETE", f"messages/{gone}")
    server.api("POST", "contact_card", {"phone_number": LINES[0], "first_name": "Desk"})
    hook = {"target_url": "https://hooks.example.com/in", "subscribed_events": ["phone_number.assigned"]}
    found = {
        "direct": direct["id"],
        "message": direct["message"]["id"],
        "poll": _poll(server, direct["id"]),
        "picture": _sent(server, direct["id"], picture),
        "group": group["id"],
        "small": small["id"],
        "stopped": stopped["id"],
        "blocked": blocked["id"],
        "plain": plain["id"],
        "plain_message": plain["message"]["id"],
        "plain_group": plain_group["id"],
        "flagged": flagged["id"],
        "shy": shy["id"],
        "shy_group": shy_group["id"],
        "heard": heard,
        "gone": gone,
        "unsent": unsent,
        "hook": server.api("POST", "webhook-subscriptions", hook).json()["id"],
        "waiting": announce(server, "a.png", "image/png", 4)["attachment_id"],
        "song": upload(server, "a.mp3", "audio/mpeg", b"la la")["attachment_id"],
        **{"left" if name == "chat" else f"left_{name}": each for name, each in left.items()},
        **{"flagged_group" if name == "chat" else f"flagged_{name}": each for name, each in flagged_group.items()},
    }
    server.api("POST", f"chats/{found['left']}/leave")
    wait_for(lambda: server.control(f"chats/{found['left']}")["handles"][0]["status"] == "left", what="our leaving")
    server.control(f"lines/{LINES[2]}/settings", {"inbound_first": True})
    server.control(f"lines/{LINES[4]}/flag", {})
    yield found
    server.reset("empty")


def _with_everything(server: SandboxServer, chat: dict[str, Any]) -> dict[str, str]:
    """The ids of a chat, its first message with a sticker of ours on it, the sticker, and a poll."""
    message = chat["message"]["id"]
    server.api("POST", f"messages/{message}/reactions", {"operation": "add", "type": "sticker", "emoji": "🎉"})
    stickers = wait_for(
        lambda: server.api("GET", f"messages/{message}").json()["parts"][0]["reactions"], what="the sticker"
    )
    return {
        "chat": chat["id"], "message": message, "sticker": stickers[0]["id"], "poll": _poll(server, chat["id"])
    }  # fmt: skip


def _poll(server: SandboxServer, chat: str) -> str:
    return str(server.api("POST", f"chats/{chat}/polls", {"poll": OPTIONS}).json()["message_id"])


def _sent(server: SandboxServer, chat: str, message: dict[str, Any]) -> str:
    return str(server.api("POST", f"chats/{chat}/messages", {"message": message}).json()["message"]["id"])
