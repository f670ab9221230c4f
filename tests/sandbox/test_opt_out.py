"""Opt-outs: which words make one, what it holds back, what ends it, and the override."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer

MAIL, OTHER = "ana@example.com", "ben@example.com"


def send(server: SandboxServer, chat: str, **more: Any) -> requests.Response:
    return server.api("POST", f"chats/{chat}/messages", {"message": text("Still there?"), **more})


def health(server: SandboxServer, chat: str) -> str:
    return str(server.api("GET", f"chats/{chat}").json()["health_status"]["status"])


@pytest.mark.parametrize(
    "words",
    ["STOP", "UNSUBSCRIBE", "OPTOUT", "CANCEL", "END", "QUIT", " STOP ", "OPT OUT", "opt out", "Opt-Out", "optout"],
)
def test_a_keyword_opts_out(sandbox: SandboxServer, words: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, words, chat_id=chat)
    refused(send(sandbox, chat), 403, 2024)
    assert health(sandbox, chat) == "OPTED_OUT"


@pytest.mark.parametrize("words", ["Stop", "stop", "stop.", "please stop", "STOP IT", "Unsubscribe", "opt  out"])
def test_other_words_do_not(sandbox: SandboxServer, words: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, words, chat_id=chat)
    assert send(sandbox, chat).status_code == 202
    assert health(sandbox, chat) != "OPTED_OUT"


def test_it_holds_back_every_direct_send_of_the_account(sandbox: SandboxServer) -> None:
    here = open_chat(sandbox, MAIL)["id"]
    there = open_chat(sandbox, MAIL, line=LINES[1])["id"]
    sandbox.say(MAIL, "STOP", chat_id=here)
    refused(send(sandbox, there), 403, 2024)
    for line in LINES[:3]:
        refused(sandbox.api("POST", "chats", {"from": line, "to": [MAIL], "message": text("Hi")}), 403, 2024)
    assert (health(sandbox, here), health(sandbox, there)) == ("OPTED_OUT", "HEALTHY")  # the mark is on one chat
    assert sandbox.stats()["accepted"]["total"] == 2
    assert len(sandbox.api("GET", "chats").json()["chats"]) == 2
    assert sandbox.api("POST", "chats", {"from": LINES[0], "to": [OTHER], "message": text("Hi")}).status_code == 201


def test_a_later_message_in_any_conversation_ends_it(sandbox: SandboxServer) -> None:
    here = open_chat(sandbox, MAIL)["id"]
    group = open_chat(sandbox, MAIL, OTHER, line=LINES[1])["id"]
    sandbox.say(MAIL, "STOP", chat_id=here)
    sandbox.say(MAIL, "STOP", chat_id=here)
    refused(send(sandbox, here), 403, 2024)
    sandbox.say(MAIL, "Fine, write to me again", chat_id=group)
    assert send(sandbox, here).status_code == 202


def test_a_group_is_neither_marked_nor_held_back(sandbox: SandboxServer) -> None:
    group = open_chat(sandbox, MAIL, OTHER)["id"]
    direct = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, "STOP", chat_id=group)
    assert send(sandbox, group).status_code == 202
    assert send(sandbox, direct).status_code == 202
    assert health(sandbox, group) != "OPTED_OUT"
    sandbox.say(MAIL, "STOP", chat_id=direct)
    assert send(sandbox, group).status_code == 202


def test_an_override_sends_once_and_is_kept_for_the_audit(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    assert send(sandbox, chat, override_optout=True).status_code == 202  # nothing to override yet
    sandbox.say(MAIL, "STOP", chat_id=chat)
    answer = send(sandbox, chat, override_optout=True)
    assert answer.status_code == 202
    refused(send(sandbox, chat), 403, 2024)
    body = {"from": LINES[1], "to": [MAIL], "message": text("Goodbye"), "override_optout": True}
    created = sandbox.api("POST", "chats", body)
    assert created.status_code == 201
    kept = sandbox.control("optout_overrides")["overrides"]
    assert [(row["handle"], row["key_hint"], row["trace_id"]) for row in kept] == [
        (MAIL, "oken", created.headers["X-Trace-ID"]),
        (MAIL, "oken", answer.headers["X-Trace-ID"]),
    ]
    assert health(sandbox, chat) == "OPTED_OUT"
    refused(send(sandbox, chat, override_optout="yes"), 400, 1003)


def test_a_send_that_names_only_people_is_held_back_too(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, "STOP", chat_id=chat)
    body = {"to": [MAIL], "message": text("Hi")}
    refused(sandbox.api("POST", "messages", body), 403, 2024)
    assert sandbox.api("POST", "messages", {**body, "override_optout": True}).status_code == 202
    assert len(sandbox.control("optout_overrides")["overrides"]) == 1
    poll = {"poll": {"options": [{"text": "Yes"}, {"text": "No"}]}}
    refused(sandbox.api("POST", f"chats/{chat}/polls", poll), 403, 2024)
    assert sandbox.api("POST", "messages", {**body, "to": [MAIL, OTHER]}).status_code == 202


def test_a_refused_send_leaves_its_key_free(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, "STOP", chat_id=chat)
    message = text("Hi", idempotency_key="k1")
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": message}), 403, 2024)
    sandbox.say(MAIL, "I am back", chat_id=chat)
    assert sandbox.api("POST", f"chats/{chat}/messages", {"message": message}).status_code == 202
