"""From the remote's webhook to the open page: milliseconds until a browser shows what somebody has just written.

Real web process, worker, Redis, PostgreSQL and Chromium, which all share this machine.
"""

from __future__ import annotations

import json
import time

import requests
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page

from benchmarks import deliver, ground, people
from benchmarks.report import Report, Row
from chats.models import Chat, Participant
from chats.v3.signatures import sign
from tests.browser import chromium

MESSAGES = 60
WARM = 5
PAUSE = 0.4
PATIENCE = 30.0
AIM = 500.0
# Notes when the page first shows a text, by the page's own clock, which is this machine's.
_WATCH = """
window.seen = {};
new MutationObserver(() => {
  for (const [word] of document.body.innerText.matchAll(/benchmark-\\d+/g)) window.seen[word] ??= Date.now();
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


def run() -> None:
    report = Report("page", "From the webhook to the open page")
    people.make_lines(1, chats=20)
    chat = Chat.objects.order_by("pk")[0]
    handle = Participant.objects.get(chat=chat, is_me=False).handle.value
    viewer = Client()
    viewer.force_login(User.objects.create_superuser("viewer"))
    session = viewer.cookies["sessionid"].value
    with ground.sink(), ground.worker(), ground.web() as (_, address):
        took = sorted(_watch(address, session, chat.pk, (str(chat.remote_id), handle)))
    for share, aim in ((50, None), (95, AIM), (99, None)):
        found = took[min(len(took) * share // 100, len(took) - 1)]
        limits = ("under 500 ms", found < aim) if aim else ("", None)
        report.rows.append(Row(f"p{share}", f"{found:.0f} ms", "", None, *limits))
    report.notes.append(f"{len(took)} messages into the open chat, one after the other.")
    report.finish()


def _watch(address: str, session: str, chat_id: int, where: tuple[str, str]) -> list[float]:
    """How many milliseconds each message took."""
    took = []
    door = requests.Session()
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(f"{address}/inbox/{chat_id}/")
        for number in range(WARM + MESSAGES):
            word = f"benchmark-{number}"
            began = _deliver(door, address, where, word)
            shown = _seen(page, word)
            if number >= WARM:
                took.append(shown - began)
            page.wait_for_timeout(PAUSE * 1000)
    return took


def _seen(page: Page, word: str) -> float:
    """When the page showed a word, in milliseconds since 1970. Asked again and again: the policy forbids waiting."""
    until = time.monotonic() + PATIENCE
    while (at := page.evaluate("word => window.seen[word]", word)) is None:
        if time.monotonic() > until:
            raise SystemExit(f"{word} was not shown within {PATIENCE:.0f} s.")
        page.wait_for_timeout(20)
    return float(at)


def _deliver(door: requests.Session, address: str, where: tuple[str, str], word: str) -> float:
    """Deliver one message; when that began, in milliseconds since 1970."""
    event = deliver.event(*where)
    data = event["data"]
    assert isinstance(data, dict)
    data["parts"] = [{"type": "text", "value": word}]
    body, at = json.dumps(event).encode(), int(time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": str(event["event_id"]),
        "webhook-timestamp": str(at),
        "webhook-signature": sign(ground.SECRET, str(event["event_id"]), at, body),
    }
    began = time.time() * 1000
    door.post(f"{address}/webhooks/linq/", data=body, headers=headers, timeout=10).raise_for_status()
    return began
