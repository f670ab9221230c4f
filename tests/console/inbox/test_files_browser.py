"""Files in a real browser: picked, on their way, sent, shown; and nothing lost when something goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from chats.models import Attachment, Chat, Message
from tests.console.inbox.test_browser import page
from tests.files import PDF, PNG

__all__ = ["page"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICKER = "[data-pick]"
DROP = """
([name, type, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type }));
  const where = document.getElementById("thread-scroll");
  for (const kind of ["dragover", "drop"]) {
    where.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}
"""
PASTE = """
(bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
  document.getElementById("composer-text").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}
"""


def png(name: str) -> dict[str, object]:
    return {"name": name, "mimeType": "image/png", "buffer": PNG}


def test_files_are_picked_sent_and_shown(page: Page, chat: Chat) -> None:
    page.goto(f"/inbox/{chat.pk}/")
    expect(page.get_by_role("button", name="Attach files")).to_be_visible()
    page.set_input_files(PICKER, [png("one.png"), {"name": "two.pdf", "mimeType": "", "buffer": PDF}])  # type: ignore[list-item]
    chips = page.locator("[data-files] li[data-state='there']")
    expect(chips).to_have_count(2)
    expect(chips.nth(0).locator("img")).to_have_js_property("naturalWidth", 1)
    page.evaluate(PASTE, list(PNG))
    page.evaluate(DROP, ["three.txt", "text/plain", "some words"])
    expect(chips).to_have_count(4)
    page.get_by_role("button", name="Remove three.txt").click()
    expect(chips).to_have_count(3)
    page.get_by_label("Message", exact=True).fill("Have a look")
    page.get_by_role("button", name="Send", exact=True).click()
    bubble = page.locator(".msg-out")
    expect(bubble).to_have_attribute("data-state", "pending")
    expect(bubble.locator(".text")).to_have_text("Have a look")
    expect(bubble.get_by_alt_text("Picture: one.png")).to_have_js_property("naturalWidth", 1)
    expect(bubble.get_by_alt_text("Picture: image.png")).to_have_js_property("naturalWidth", 1)
    expect(bubble.locator("a.file")).to_contain_text("two.pdf")
    expect(page.locator("[data-files]")).to_be_hidden()
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    message = Message.objects.get(direction="outbound")
    assert [part.get("filename", "text") for part in message.parts] == ["text", "one.png", "two.pdf", "image.png"]
    assert Attachment.objects.filter(message__isnull=True).count() == 0
    with page.expect_download() as saved:
        bubble.locator("a.file").click()
    assert saved.value.suggested_filename == "two.pdf"
    assert Path(saved.value.path()).read_bytes() == PDF


def test_what_cannot_be_sent_is_refused_in_place(page: Page, chat: Chat) -> None:
    page.goto(f"/inbox/{chat.pk}/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    box = page.get_by_label("Message", exact=True)
    box.fill("Half a sentence")
    note = page.locator("#composer-note")
    page.evaluate("document.getElementById('composer').dataset.largest = '2097152'")
    page.set_input_files(PICKER, [{"name": "big.png", "mimeType": "image/png", "buffer": b"x" * 2_097_153}])
    expect(note).to_contain_text("“big.png” is larger than 2 MB.")
    page.set_input_files(PICKER, [{"name": "run.exe", "mimeType": "", "buffer": b"MZ"}])
    expect(note).to_contain_text("“run.exe”: files of this type cannot be sent.")
    page.set_input_files(PICKER, [{"name": "none.png", "mimeType": "", "buffer": b""}])
    expect(note).to_contain_text("“none.png” is empty")
    assert [url for url in asked if url.endswith("/files/")] == []
    # said of one file, and still there to be read when another one has arrived
    page.set_input_files(PICKER, [png("one.png"), {"name": "run.exe", "mimeType": "", "buffer": b"MZ"}])  # type: ignore[list-item]
    expect(page.locator("[data-files] li[data-state='there']")).to_have_count(1)
    expect(note).to_contain_text("“run.exe”: files of this type cannot be sent.")
    page.get_by_role("button", name="Remove one.png").click()
    # what only the server can see
    page.set_input_files(PICKER, [{"name": "fake.png", "mimeType": "image/png", "buffer": b"MZ not a picture"}])
    chip = page.locator("[data-files] li")
    expect(chip).to_contain_text("“fake.png” is not what its name says it is.")
    box.press("Enter")
    expect(note).to_contain_text("A file could not be attached. Remove it, or try it again.")
    expect(box).to_have_value("Half a sentence")
    page.get_by_role("button", name="Remove fake.png").click()
    box.press("Enter")
    expect(page.locator(".msg-out .text")).to_have_text("Half a sentence")
    assert Attachment.objects.count() == 0


def test_an_upload_that_breaks_off_is_tried_again_and_a_draft_keeps_its_files(
    page: Page, chat: Chat, group: Chat
) -> None:
    page.goto(f"/inbox/{chat.pk}/")
    waiting: list[Route] = []
    page.route("**/files/", lambda route: route.abort(), times=1)
    page.set_input_files(PICKER, [png("one.png")])  # type: ignore[list-item]
    chip = page.locator("[data-files] li")
    expect(chip).to_contain_text("The upload broke off.")
    page.route("**/files/", lambda route: waiting.append(route), times=1)
    page.get_by_role("button", name="Try one.png again").click()
    expect(chip.locator("progress")).to_be_visible()
    box = page.get_by_label("Message", exact=True)
    box.fill("With a picture")
    box.press("Enter")
    expect(page.locator("#composer-note")).to_contain_text("A file is still on its way to the server.")
    # the chat is left while the file is on its way
    page.locator(f'#rows [data-chat="{group.pk}"] a').click()
    expect(page.locator("#messages")).to_have_attribute("data-chat", str(group.pk))
    expect(page.locator("[data-files] li")).to_have_count(0)
    waiting[0].continue_()
    page.locator(f'#rows [data-chat="{chat.pk}"] a').click()
    expect(page.locator("[data-files] li[data-state='there']")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-files] li[data-state='there']")).to_have_count(1)
    box.press("Enter")
    expect(page.locator(".msg-out .shot")).to_have_count(1)
    expect(page.locator("[data-files] li")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-files] li")).to_have_count(0)
    assert Message.objects.get().text == "With a picture Photo"


def test_a_lost_answer_sends_a_file_once(page: Page, chat: Chat) -> None:
    page.goto(f"/inbox/{chat.pk}/")
    page.set_input_files(PICKER, [png("one.png")])  # type: ignore[list-item]
    expect(page.locator("[data-files] li[data-state='there']")).to_have_count(1)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/send/", lose, times=1)
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.locator("#composer-note")).to_contain_text("No answer came")
    expect(page.locator("[data-files] li")).to_have_count(1)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-files] li")).to_have_count(0)
    expect(page.locator(".msg-out")).to_have_count(1)
    assert (Message.objects.count(), Attachment.objects.count()) == (1, 1)
