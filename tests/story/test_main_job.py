"""The main job, as one person does it in one browser, on everything running for real."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import complaints_of
from tests.sandbox.uploads import PNG, upload
from tests.sandbox_server import wait_for
from tests.story.stack import PASSWORD, Stack

pytestmark = pytest.mark.browser

# A refused handle is meant to be answered with 422, which the browser and htmx report.
REFUSED = re.compile(r"(status of|Status Error Code) 422\b")

# Notes every delivery state that our last message shows, so that none is missed for being short.
WATCH_STATES = """
() => {
  window.seenStates = [];
  const note = () => {
    const ours = document.querySelectorAll("#messages .msg-out");
    const last = ours[ours.length - 1];
    if (!last || !last.textContent.includes("around noon")) return;
    const state = last.dataset.state;
    if (window.seenStates.at(-1) !== state) window.seenStates.push(state);
  };
  new MutationObserver(note).observe(document.getElementById("messages"),
    {subtree: true, childList: true, attributes: true});
}
"""
WATCH_TYPING = """
() => {
  window.sawTyping = false;
  const line = document.querySelector("[data-typing]");
  new MutationObserver(() => { if (/typing|writing/.test(line.textContent)) window.sawTyping = true; })
    .observe(line, {subtree: true, childList: true, characterData: true});
}
"""


@pytest.fixture
def page(stack: Stack, browser: Browser) -> Iterator[Page]:
    """A signed-in page; the test fails when the browser reported an error or a broken security policy."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints = complaints_of(page)
    page.set_default_timeout(15_000)
    page.goto(stack.url)
    page.locator("#id_username").fill("admin")
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name=re.compile("Inbox"))).to_be_visible()
    yield page
    complaints_of_the_story = list(complaints)
    context.close()
    assert [text for text in complaints_of_the_story if not REFUSED.search(text)] == []


def friendly_chat(stack: Stack, *, skip: int = 0) -> tuple[int, str, str]:
    """A direct iMessage chat with somebody who reads and answers everything: its id, their handle, its title."""
    friendly = [one["handle"] for one in stack.sandbox.people() if one["habits"]["kind"] == "friendly"]
    found = stack.rows(
        """
        SELECT chat.id, handle.value, chat.title FROM chats_chat chat
        JOIN chats_participant person ON person.chat_id = chat.id AND NOT person.is_me
        JOIN chats_handle handle ON handle.id = person.handle_id
        WHERE NOT chat.is_group AND chat.service = 'iMessage' AND handle.value = ANY(%s)
        AND chat.health_status = 'HEALTHY' ORDER BY chat.id
        """,
        friendly,
    )
    return found[skip]


def big_group(stack: Stack) -> tuple[int, str]:
    """A group on iMessage with at least five people in it: its id and name."""
    return stack.rows(
        """
        SELECT chat.id, chat.display_name FROM chats_chat chat
        JOIN chats_participant person ON person.chat_id = chat.id AND person.status = 'active'
        WHERE chat.is_group AND chat.service = 'iMessage' AND chat.display_name <> ''
        AND chat.display_name NOT LIKE '+%%'
        AND chat.left_at IS NULL GROUP BY chat.id HAVING count(*) >= 5 ORDER BY chat.id
        """
    )[0]


def test_the_main_job(stack: Stack, page: Page) -> None:
    chat_id, handle, title = friendly_chat(stack)
    stack.sandbox.control("faults", {"latency_ms": 300})

    page.get_by_role("link", name=re.compile("Inbox")).click()
    page.locator("[data-search]").fill(handle[-7:])
    expect(page).to_have_url(re.compile(f"q={handle[-7:]}"))
    page.locator(f"#chat-list [data-chat='{chat_id}'] a").click()
    expect(page.locator("#thread [data-thread]")).to_have_attribute("data-thread", str(chat_id))
    expect(page).to_have_url(re.compile(f"/inbox/{chat_id}/"))
    expect(page.locator("#messages .msg").first).to_be_visible()

    page.evaluate(WATCH_STATES)
    page.evaluate(WATCH_TYPING)
    inbound_before = page.locator("#messages .msg-in").count()
    page.locator("#composer-text").fill("Shall we meet around noon?")
    page.locator("#composer-text").press("Enter")
    expect(page.locator("#composer-text")).to_have_value("")
    ours = page.locator("#messages .msg-out", has_text="around noon").last
    expect(ours).to_be_visible()
    expect(ours).to_have_attribute("data-state", "read", timeout=20_000)
    states = page.evaluate("window.seenStates")
    assert states == ["pending", "sent", "delivered", "read"]

    # Their typing and their answer appear by themselves.
    expect(page.locator("#messages .msg-in")).to_have_count(inbound_before + 1, timeout=20_000)
    assert page.evaluate("window.sawTyping") is True
    stack.sandbox.control("faults", {})
    assert stack.one("SELECT count(*) FROM chats_message WHERE text = 'Shall we meet around noon?'") == 1


def test_a_group_is_renamed_and_changed(stack: Stack, page: Page) -> None:
    chat_id, name = big_group(stack)
    stack.sandbox.control("faults", {"latency_ms": 300, "webhook_delay_ms": 600})
    page.goto(f"{stack.url}/inbox/{chat_id}/")
    panel = page.locator("#chat-panel")
    expect(panel.locator("[data-confirmed-name]")).to_have_text(name)

    panel.locator("summary", has_text="Rename").click()
    panel.get_by_label("Name of the group").fill("Saturday crew")
    panel.get_by_role("button", name="Rename group").click()
    expect(panel.locator("[data-pending='rename_group']")).to_contain_text("Saturday crew")
    expect(panel.locator("[data-confirmed-name]")).to_have_text(name)  # not before the remote says so
    expect(panel.locator("[data-confirmed-name]")).to_have_text("Saturday crew", timeout=20_000)
    expect(panel.locator("[data-pending='rename_group']")).to_have_count(0)

    panel.get_by_label("Add a person").fill("(206) 555-01")
    panel.get_by_role("button", name="Add", exact=True).click()
    expect(panel.locator(".field-error")).to_be_visible()
    expect(panel.get_by_label("Add a person")).to_have_value("(206) 555-01")
    assert stack.one("SELECT count(*) FROM chats_operation WHERE kind = 'add_participant'") == 0

    panel.get_by_label("Add a person").fill("+12065550999")
    panel.get_by_role("button", name="Add", exact=True).click()
    expect(panel.locator("[data-pending='add_participant']")).to_contain_text("+1 206 555 0999")
    newcomer = panel.locator("[data-handle='+12065550999']")
    expect(newcomer).to_be_visible(timeout=20_000)
    expect(panel.locator("[data-pending='add_participant']")).to_have_count(0)

    newcomer.get_by_role("button", name=re.compile("Remove")).click()
    page.locator("dialog[open]").get_by_role("button", name=re.compile("Remove")).click()
    expect(panel.locator(".panel-people [data-handle='+12065550999']")).to_have_count(0, timeout=20_000)
    stack.sandbox.control("faults", {})
    changes = stack.rows(
        "SELECT kind, state FROM chats_operation WHERE chat_id = %s "
        "AND message_id IS NULL AND kind <> 'mark_read' ORDER BY id",
        chat_id,
    )
    kinds = ["rename_group", "add_participant", "remove_participant"]
    assert changes == [(kind, "confirmed") for kind in kinds]


def test_a_picture_goes_out_and_another_consoles_comes_in(stack: Stack, page: Page) -> None:
    chat_id, _, _ = friendly_chat(stack, skip=2)
    accepted_before = stack.sandbox.stats()["accepted"]["total"]
    page.goto(f"{stack.url}/inbox/{chat_id}/")
    page.set_input_files("[data-pick]", [{"name": "ours.png", "mimeType": "image/png", "buffer": PNG}])
    expect(page.locator("[data-files] [data-state='there']")).to_have_count(1)
    page.locator("#composer-text").fill("From our side")
    page.locator("#composer-text").press("Enter")
    ours = page.locator("#messages .msg-out", has_text="From our side")
    expect(ours).to_have_attribute("data-state", re.compile("sent|delivered|read"), timeout=20_000)
    expect(ours.get_by_alt_text("Picture: ours.png")).to_have_js_property("naturalWidth", 1)
    assert stack.sandbox.stats()["accepted"]["total"] == accepted_before + 1
    states = "SELECT kind, state FROM chats_operation WHERE chat_id = %s AND kind = ANY(%s) ORDER BY id"
    ours_kinds = ["upload_attachment", "send_message"]
    assert [kind for kind, _ in stack.rows(states, chat_id, ours_kinds)] == ours_kinds

    # What another program sends by the line is fetched from the remote, through the console.
    remote_id = stack.one("SELECT remote_id FROM chats_chat WHERE id = %s", chat_id)
    slot = upload(stack.sandbox, "theirs.png", "image/png", PNG)
    parts = [{"type": "media", "attachment_id": slot["attachment_id"]}]
    assert stack.sandbox.api("POST", f"chats/{remote_id}/messages", {"message": {"parts": parts}}).status_code == 202
    theirs = page.get_by_alt_text("Picture: theirs.png")
    expect(theirs).to_have_js_property("naturalWidth", 1, timeout=20_000)
    kept = "SELECT count(*) FROM chats_mediacopy WHERE state = 'kept'"
    assert stack.one(kept) == 1


def test_a_worker_killed_between_sending_and_recording(stack: Stack, page: Page) -> None:
    chat_id, _, _ = friendly_chat(stack, skip=1)
    accepted_before = stack.sandbox.stats()["accepted"]["total"]
    page.goto(f"{stack.url}/inbox/{chat_id}/")
    stack.sandbox.control("faults", {"latency_ms": 1500, "webhook_drop_rate": 1.0})
    page.locator("#composer-text").fill("Only once, please")
    page.locator("#composer-text").press("Enter")
    wait_for(
        lambda: stack.rows("SELECT 1 FROM chats_operation WHERE state = 'sending' AND kind = 'send_message'"),
        what="the claim",
    )
    with psycopg.connect(stack.database_url) as held:
        # The worker cannot write what became of it while somebody holds the chat's row.
        held.execute("SELECT 1 FROM chats_chat WHERE id = %s FOR UPDATE", [chat_id])
        taken = accepted_before + 1
        wait_for(lambda: stack.sandbox.stats()["accepted"]["total"] == taken, what="the sandbox to take it")
        stack.kill_worker()
    state = "SELECT state FROM chats_operation WHERE kind = 'send_message' ORDER BY id DESC LIMIT 1"
    assert stack.one(state) == "sending"

    # Webhooks stay away until the engine has found out by itself, with the same key.
    stack.sandbox.control("faults", {"webhook_drop_rate": 1.0})
    stack.start_worker()
    wait_for(lambda: stack.one(state) in {"accepted", "confirmed"}, seconds=90, what="the second try")
    stack.sandbox.control("faults", {})
    ours = page.locator("#messages .msg-out", has_text="Only once, please")
    expect(ours).to_have_attribute("data-state", re.compile("sent|delivered|read"), timeout=90_000)
    stats = stack.sandbox.stats()["accepted"]
    assert stats["total"] == accepted_before + 1
    assert stats["largest_count_for_one_key"] == 1
    assert ours.count() == 1
