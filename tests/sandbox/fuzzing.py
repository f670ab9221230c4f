"""What the fuzz test needs of the world: ids and handles that exist, put where generated ones would lead nowhere."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from typing import Any

import requests

from chats.v3.handles import is_email, is_phone
from tests.sandbox.conftest import ANA, BEN, CARA, DEV, ELLA, LINES, open_chat, text
from tests.sandbox_server import SandboxServer, wait_for

NOBODY_LISTENS = "https://127.0.0.1:9/hook"
MOST_KNOWN = 40
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# where ids of things stand in requests and in answers
NAMES = {
    "chatId": "chat_id",
    "messageId": "message_id",
    "reactionId": "reaction_id",
    "attachmentId": "attachment_id",
    "phoneNumberId": "phone_number_id",
    "auditId": "audit_id",
    "subscriptionId": "subscription_id",
}
OURS = frozenset({"from", "phone_number", "phoneNumber"})
# what only fits a text of the right length
RANGED = frozenset({"text_decorations", "inline_stickers", "mention", "mention_range"})
THEIRS = frozenset({"to", "handle", "address", "mention"})


class Known:
    """Things of the world by name. What is picked depends on the generated value alone.

    The world's own things stay; what is to be deleted is taken from what was made since.
    """

    def __init__(self, server: SandboxServer) -> None:
        self._own: dict[str, list[str]] = defaultdict(list)
        self._made: dict[str, list[str]] = defaultdict(list)
        self._fill(server)
        self._own, self._made = self._made, self._own
        self._fill_more(server)

    def learn(self, name: str, identifier: str) -> None:
        """Remember an id, for a while."""
        known = self._made[name]
        if identifier not in known and identifier not in self._own[name]:
            known.append(identifier)
            del known[:-MOST_KNOWN]

    def learn_from(self, answer: Any) -> None:
        """Remember the ids in the body of an answer."""
        if not isinstance(answer, dict):
            return
        for name, value in answer.items():
            if isinstance(value, dict):
                if name in {"chat", "message"} and "id" in value:
                    self.learn(f"{name}_id", value["id"])
                self.learn_from(value)
            elif isinstance(value, str) and name in NAMES.values():
                self.learn(name, value)
            elif name in {"subscriptions", "messages", "chats", "options"} and isinstance(value, list):
                for each in value[:5]:
                    self.learn(f"{name[:-1]}_id", each.get("id") or each["option_id"])

    def placed(self, value: Any, name: str = "", *, spare: bool = False, fits: bool = True) -> Any:
        """The value with ids and handles in it replaced by ones that exist; one in eight stays as it is.

        With `spare` only by what the world can do without. Where the request does not fit (`fits`), what is wrong
        with it is left alone.
        """
        if isinstance(value, dict):
            kept = {key: each for key, each in value.items() if not (fits and key in RANGED and _number(value) % 4)}
            return {key: self.placed(each, NAMES.get(key, key), spare=spare, fits=fits) for key, each in kept.items()}
        if isinstance(value, list):
            # Few lists of parts go together; most of them are cut to one.
            given = value[:1] if name == "parts" and fits and _number(value) % 4 else value
            return [self.placed(each, name, spare=spare, fits=fits) for each in given]
        if not isinstance(value, str):
            return value
        if name == "target_url":
            return _harmless(value)
        if not fits and not (UUID.fullmatch(value) or is_phone(value) or is_email(value)):
            return value
        pool = self._pool(name, spare)
        return pool[_number(value) % len(pool)] if pool and _number(value) % 8 else value

    def _pool(self, name: str, spare: bool) -> list[str]:
        if name in OURS:
            return LINES
        if name in THEIRS:
            return [ELLA] if spare else [ANA, BEN, CARA, DEV]
        if name not in NAMES.values() and name != "option_id":
            return []
        return self._made[name] if spare else self._own[name] + self._made[name]

    def _fill(self, server: SandboxServer) -> None:
        server.control(f"lines/{LINES[4]}/settings", {"line_type": "RCS"})
        direct = [open_chat(server, person) for person in (ANA, BEN)]
        groups = [open_chat(server, ANA, BEN, CARA), open_chat(server, ANA, BEN, CARA, DEV, line=LINES[1])]
        for chat in (*direct, *groups):
            self.learn("chat_id", chat["id"])
            self.learn("message_id", chat["message"]["id"])
        heard = server.say(ANA, "Good morning!", chat_id=direct[0]["id"])
        self.learn("message_id", heard["message"]["id"])
        poll = _made(server, f"chats/{groups[0]['id']}/polls", {"poll": {"options": [{"text": "A"}, {"text": "B"}]}})
        self.learn_from(poll)
        self.learn_from(poll["poll"])
        self.learn("attachment_id", _upload(server))
        sticker = {"operation": "add", "type": "sticker", "emoji": "🎉"}
        message = direct[0]["message"]["id"]
        _made(server, f"messages/{message}/reactions", sticker)
        reaction = wait_for(
            lambda: server.api("GET", f"messages/{message}").json()["parts"][0]["reactions"], what="the sticker"
        )[0]
        self.learn("reaction_id", reaction["id"])
        for line in server.api("GET", "phone_numbers").json()["phone_numbers"]:
            self.learn("phone_number_id", line["id"])
        self.learn("audit_id", _made(server, f"phone_numbers/{LINES[0]}/reputation_audit", None)["audit_id"])
        hook = {"target_url": NOBODY_LISTENS, "subscribed_events": ["message.sent"]}
        self.learn("subscription_id", _made(server, "webhook-subscriptions", hook)["id"])
        _made(server, "contact_card", {"phone_number": LINES[0], "first_name": "Front desk"})

    def _fill_more(self, server: SandboxServer) -> None:
        for person in (CARA, DEV, ELLA):
            self.learn("chat_id", open_chat(server, ANA, BEN, person, line=LINES[2])["id"])
        for word in ("One", "Two", "Three"):
            sent = _made(server, "messages", {"to": [CARA], "message": text(word)})
            self.learn("message_id", sent["message"]["id"])
            self.learn("attachment_id", _upload(server))
            hook = {"target_url": f"{NOBODY_LISTENS}/{word}", "subscribed_events": ["message.sent"]}
            self.learn("subscription_id", _made(server, "webhook-subscriptions", hook)["id"])


def _number(value: Any) -> int:
    """A number that is the same for the same value in every run."""
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))


def _made(server: SandboxServer, path: str, body: Any) -> Any:
    answer = server.api("POST", path, body)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def _upload(server: SandboxServer) -> str:
    slot = _made(server, "attachments", {"filename": "a.png", "content_type": "image/png", "size_bytes": 4})
    put = requests.put(slot["upload_url"], data=b"1234", headers=slot["required_headers"], timeout=10)
    assert put.ok, put.text
    return str(slot["attachment_id"])


def _harmless(target_url: str) -> str:
    """The address with its host replaced: nothing that a test makes up is delivered to anybody."""
    scheme, separator, rest = target_url.partition("://")
    if not separator:
        return target_url
    path = re.sub(r"[^A-Za-z0-9]", "", rest)[:40]
    return f"{NOBODY_LISTENS}/{path}" if scheme in {"http", "https"} else target_url
