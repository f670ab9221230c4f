"""What is done beside sending, on everything running for real: asked for in the console, seen at the sandbox."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.sandbox_server import TOKEN, wait_for
from tests.story.stack import PASSWORD, Stack

pytestmark = pytest.mark.browser


class Console:
    """A signed-in person who fills forms by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.get(f"{url}/login/", timeout=30)
        self.post("/login/", username="admin", password=PASSWORD)

    def post(self, path: str, **data: str) -> requests.Response:
        token = self._session.cookies.get("csrftoken") or ""
        headers = {"X-CSRFToken": token, "Referer": self.url}
        answer = self._session.post(f"{self.url}{path}", data, headers=headers, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code}"
        return answer

    def get(self, path: str) -> str:
        answer = self._session.get(f"{self.url}{path}", timeout=30)
        assert answer.ok
        return answer.text


@pytest.fixture(scope="module")
def console(stack: Stack) -> Console:
    return Console(stack.url)


def remote(stack: Stack, path: str) -> Any:
    """What the sandbox answers to a reading."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = requests.get(f"{stack.sandbox.base_url}{path}", headers=headers, timeout=30)
    assert answer.ok or answer.status_code == 404
    return answer.json() if answer.ok else None


def chats(stack: Stack) -> list[tuple[int, str, str, int]]:
    """Direct iMessage chats with people who can be reached: id, remote id, handle, line."""
    reachable = [one["handle"] for one in stack.sandbox.people() if one["habits"]["kind"] == "friendly"]
    found: list[Any] = stack.rows(
        """
        SELECT chat.id, chat.remote_id::text, handle.value, chat.line_id FROM chats_chat chat
        JOIN chats_participant person ON person.chat_id = chat.id AND NOT person.is_me
        JOIN chats_handle handle ON handle.id = person.handle_id
        WHERE NOT chat.is_group AND chat.service = 'iMessage' AND handle.value = ANY(%s)
        AND chat.health_status = 'HEALTHY' ORDER BY chat.id DESC
        """,
        reachable,
    )
    return found


def settled(stack: Stack, kind: str, state: str) -> None:
    """Wait until the latest operation of this kind has come to its end."""
    query = "SELECT state FROM chats_operation WHERE kind = %s ORDER BY id DESC LIMIT 1"
    wait_for(lambda: stack.rows(query, kind) == [(state,)], seconds=60, what=f"{kind} to be {state}")


def send(stack: Stack, console: Console, chat: int, text: str) -> tuple[int, str]:
    """Send a message and wait until it is there: its id here and at the remote."""
    console.post(f"/inbox/{chat}/send/", text=text, seen=str(10**12))
    query = (
        "SELECT id, remote_id::text FROM chats_message WHERE text = %s "
        "AND delivery_status IN ('sent', 'delivered', 'read')"
    )
    return wait_for(lambda: stack.rows(query, text), seconds=60, what="the message")[0]


def test_a_message_is_edited_and_deleted(stack: Stack, console: Console) -> None:
    chat = chats(stack)[0][0]
    message, remote_id = send(stack, console, chat, "See you at noom")
    console.post(f"/inbox/{chat}/messages/{message}/edit/", text="See you at noon")
    settled(stack, "edit_message", "confirmed")
    assert stack.one("SELECT text FROM chats_message WHERE id = %s", message) == "See you at noon"
    assert remote(stack, f"/v3/messages/{remote_id}")["parts"][0]["value"] == "See you at noon"
    console.post(f"/inbox/{chat}/messages/{message}/delete/")
    settled(stack, "delete_message", "accepted")
    assert remote(stack, f"/v3/messages/{remote_id}") is None
    assert stack.one("SELECT text FROM chats_message WHERE id = %s", message) == ""
    assert "This message was deleted." in console.get(f"/inbox/{chat}/")


def test_reactions_come_and_go_in_the_browser(stack: Stack, console: Console, browser: Browser) -> None:
    chat = chats(stack)[1][0]
    message, remote_id = send(stack, console, chat, "Do you like it?")
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(20_000)
    page.goto(f"{stack.url}/login/")
    page.locator("#id_username").fill("admin")
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{stack.url}/inbox/{chat}/")
    bubble = page.locator(f"#message-{message}")
    menu = page.locator("#message-menu")
    opener = bubble.get_by_role("link", name="Actions for this message")

    # By the keyboard alone.
    opener.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    menu.get_by_role("button", name="Love", exact=True).focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_hidden()
    chip = bubble.locator(".reaction", has_text="love by You")
    expect(chip).to_have_count(1)
    settled(stack, "add_reaction", "confirmed")
    expect(bubble.locator("[data-touch]")).to_have_count(0)
    assert [one["type"] for one in remote(stack, f"/v3/messages/{remote_id}")["parts"][0]["reactions"]] == ["love"]

    # Another one takes its place.
    opener.click()
    menu.get_by_label("Any other emoji").fill("🦄")
    menu.get_by_role("button", name="React", exact=True).click()
    expect(bubble.locator(".reaction", has_text="🦄")).to_have_count(1)
    expect(chip).to_have_count(0)
    opener.click()
    menu.get_by_role("button", name=re.compile("Take back")).click()
    expect(bubble.locator(".reaction")).to_have_count(0)
    settled(stack, "remove_reaction", "confirmed")
    assert not remote(stack, f"/v3/messages/{remote_id}")["parts"][0]["reactions"]

    # An answer, while somebody sees us type.
    opener.click()
    menu.get_by_role("button", name="Reply").click()
    expect(page.locator("#composer-reply")).to_contain_text("Do you like it?")
    page.locator("#composer-text").fill("I do")
    wait_for(lambda: stack.rows("SELECT 1 FROM chats_operation WHERE kind = 'start_typing'"), what="typing")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-reply")).to_be_hidden()
    answered = "SELECT reply_to_remote_id::text FROM chats_message WHERE text = 'I do'"
    wait_for(lambda: stack.rows(answered) == [(remote_id,)], what="the answer")
    settled(stack, "start_typing", "accepted")
    context.close()
    assert complaints == []


def test_a_card_is_made_and_shared(stack: Stack, console: Console) -> None:
    chat, _, _, line = chats(stack)[2]
    number = stack.one("SELECT phone_number FROM chats_line WHERE id = %s", line)
    console.post(f"/lines/{line}/card/", first_name="Team", last_name="North", image_url="")
    settled(stack, "save_contact_card", "accepted")
    assert stack.one("SELECT card_first_name FROM chats_line WHERE id = %s", line) == "Team"
    card = remote(stack, f"/v3/contact_card?phone_number=%2B{number[1:]}")["contact_cards"][0]
    assert (card["first_name"], card["last_name"]) == ("Team", "North")
    send(stack, console, chat, "Here is my card")
    console.post(f"/inbox/{chat}/panel/card/")
    settled(stack, "share_contact_card", "accepted")
    assert stack.one("SELECT card_shared_at IS NOT NULL FROM chats_chat WHERE id = %s", chat) is True


def test_a_location_is_shared_seen_and_stopped(stack: Stack, console: Console) -> None:
    shares = "SELECT handle.value FROM chats_sharedlocation s JOIN chats_handle handle ON handle.id = s.handle_id "
    asked = chats(stack)[3:8]
    for chat, *_ in asked:
        console.post(f"/inbox/{chat}/panel/location/ask/")
    # Not everybody says yes, and those who do take up to 20 seconds.
    found = wait_for(lambda: stack.rows(f"{shares} WHERE ended_at IS NULL"), seconds=60, what="somebody to share")
    chat, remote_id, handle, _ = next(one for one in asked if one[2] == found[0][0])
    console.post(f"/inbox/{chat}/panel/location/see/")
    settled(stack, "read_location", "accepted")
    assert "Show on a map" in console.get(f"/inbox/{chat}/panel/")
    console.post(f"/inbox/{chat}/panel/location/stop/", handle=handle)
    settled(stack, "stop_location", "confirmed")
    assert remote(stack, f"/v3/chats/{remote_id}/location")["data"]["features"] == []
    assert stack.rows(f"{shares} WHERE ended_at IS NULL AND handle.value = %s", handle) == []


def test_somebody_is_blocked_and_unblocked(stack: Stack, console: Console) -> None:
    chat, _, handle, _ = chats(stack)[-1]
    console.post(f"/inbox/{chat}/panel/block/", handle=handle, reason="Spam")
    settled(stack, "block_handle", "accepted")
    assert handle in [one["handle"] for one in remote(stack, "/v3/blocked_handles")["blocked_handles"]]
    assert "Unblock them to write." in console.get(f"/inbox/{chat}/")
    console.post(f"/inbox/{chat}/panel/unblock/", handle=handle)
    settled(stack, "unblock_handle", "accepted")
    assert handle not in [one["handle"] for one in remote(stack, "/v3/blocked_handles")["blocked_handles"]]
    assert stack.one("SELECT blocked_at IS NULL FROM chats_handle WHERE value = %s", handle) is True


def test_calls_are_forwarded(stack: Stack, console: Console) -> None:
    line, remote_id = stack.rows("SELECT id, remote_id::text FROM chats_line ORDER BY id LIMIT 1")[0]
    console.post(f"/lines/{line}/forwarding/", number="+1 415 555 0188")
    settled(stack, "set_forwarding", "accepted")
    told = {one["id"]: one["forwarding_number"] for one in remote(stack, "/v3/phone_numbers")["phone_numbers"]}
    assert told[remote_id] == "+14155550188"
    assert "+1 415 555 0188" in console.get(f"/lines/{line}/")


def test_a_line_is_audited(stack: Stack, console: Console) -> None:
    line = stack.one("SELECT id FROM chats_line ORDER BY id LIMIT 1")
    console.post(f"/lines/{line}/audit/")
    settled(stack, "start_audit", "confirmed")
    assert stack.rows("SELECT status FROM chats_reputationaudit WHERE line_id = %s", line) == [("complete",)]
    assert "What the audit found" in console.get(f"/lines/{line}/")
