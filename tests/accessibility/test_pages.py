"""Every page of the console, filled with data: axe finds nothing, the policy holds, nothing leaves the window.

Once in a wide window and in light, once in a narrow one and in dark: colours do not hang on the width.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage

from tests.accessibility.world import World, make_world
from tests.browser import chromium
from tests.console_server import served
from tests.files import PNG

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The stylesheets are not fetched once more, which only a rule about turned phones would need.
RULES = {"resultTypes": ["violations"], "preload": False}
CHECK = "options => axe.run(options).then(found => found.violations)"
# The page itself never scrolls sideways.
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def session_of(user: User) -> str:
    """The key of a new session. Made before the browser starts: beside its loop Django asks no database."""
    client = Client()
    client.force_login(user)
    return client.session.session_key or ""


class Eyes:
    """Looks at pages in one window, and notes whatever is wrong with them."""

    def __init__(self, browser: Browser, address: str, width: int, colours: str) -> None:
        self.name = f"{width} px, {colours}"
        self.wrong: list[str] = []
        self.address = address
        self.context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 900 if width > 720 else 740},
            color_scheme=colours,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        self.context.add_init_script(Axe().axe_script)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._hear)

    def _hear(self, said: ConsoleMessage) -> None:
        if "Security Policy" in said.text:
            self.wrong.append(f"{self.page.url}: {said.text}")

    def sign_in(self, session: str) -> None:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}
        self.context.add_cookies([cookie])  # type: ignore[list-item]

    def look(self, at: str) -> None:
        where = f"{at}, {self.name}"
        for found in self.page.evaluate(CHECK, RULES):
            self.wrong += [f"{where}: {found['id']} at {node['target']}" for node in found["nodes"]]
        beyond = self.page.evaluate(BEYOND)
        if beyond > 0:
            self.wrong.append(f"{where}: {beyond} px too wide")

    def visit(self, address: str, who: str = "") -> None:
        self.page.goto(address)
        self.look(f"{address} {who}".strip())
        if not self.page.title().endswith(" | Chatdeck"):
            self.wrong.append(f"{address}: the tab says {self.page.title()!r}")


def pages_of_an_administrator(world: World) -> list[str]:
    return [
        "/",
        "/inbox/",
        f"/inbox/{world.direct.pk}/",
        f"/inbox/{world.long.pk}/",
        f"/inbox/{world.group.pk}/",
        f"/inbox/{world.closed.pk}/",
        "/inbox/?q=nobody+at+all&unread=1&kind=group&health=none",
        "/inbox/new/",
        "/groups/",
        "/groups/?q=nobody",
        "/lines/",
        f"/lines/{world.line.pk}/",
        "/activity/",
        "/activity/?state=unknown",
        f"/activity/operations/{world.waiting.pk}/",
        f"/activity/operations/{world.failed.pk}/",
        "/activity/events/",
        f"/activity/events/{world.parked.pk}/",
        "/setup/",
        "/password_change/",
        "/auth/user/",
        "/auth/user/add/",
        f"/auth/user/{world.agent.pk}/change/",
        f"/auth/user/{world.agent.pk}/delete/",
        f"/auth/user/{world.agent.pk}/history/",
        "/auth/group/",
        "/auth/group/add/",
        "/chats/line/",
        f"/chats/line/{world.line.pk}/change/",
        "/chats/contact/",
        f"/chats/contact/{world.named.pk}/change/",
        "/chats/lineaccess/",
        "/chats/lineaccess/add/",
        "/chats/auditrecord/",
        f"/chats/auditrecord/{world.record.pk}/change/",
        "/chats/",
        "/nothing-here/",
        "/refused/",
        "/unreadable/",
        "/broken/",
    ]


@pytest.mark.parametrize(("width", "colours"), [(1440, "light"), (360, "dark")])
def test_every_page(world: World, width: int, colours: str) -> None:
    """All in one test, because a server and a browser for each page would take minutes."""
    administrator, newcomer = session_of(world.administrator), session_of(world.newcomer)
    with served("tests.accessibility.settings") as (_, address), chromium() as browser:
        eyes = Eyes(browser, address, width, colours)
        refuse_sign_in(eyes)
        eyes.sign_in(administrator)
        for one in pages_of_an_administrator(world):
            eyes.visit(one)
        open_what_opens(eyes, world)
        eyes.sign_in(newcomer)
        for one in ("/", "/inbox/", "/inbox/new/", "/setup/"):
            eyes.visit(one, "of a newcomer")
    assert "\n".join(eyes.wrong) == ""


def refuse_sign_in(eyes: Eyes) -> None:
    eyes.visit("/login/")
    eyes.page.get_by_label("User name").fill("nobody")
    eyes.page.get_by_label("Password").fill("wrong")
    eyes.page.get_by_role("button", name="Sign in").click()
    eyes.page.get_by_role("alert").wait_for()
    eyes.look("sign-in refused")


def open_what_opens(eyes: Eyes, world: World) -> None:
    """What a page shows only after something was done on it."""
    page = eyes.page
    page.goto("/inbox/new/")
    page.get_by_label("To", exact=True).fill("12345")
    page.get_by_label("First message").fill("Hello")
    page.get_by_role("button", name="Start chat").click()
    page.get_by_text("has no country code").wait_for()
    eyes.look("new chat refused")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard shortcuts").wait_for()
    eyes.look("shortcuts")
    page.goto(f"/inbox/{world.group.pk}/")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Write something first.").wait_for()
    eyes.look("nothing to send")
    picked = [{"name": name, "mimeType": "", "buffer": PNG} for name in ("good.png", "bad.pdf", "run.exe")]
    page.set_input_files("[data-pick]", picked)  # type: ignore[arg-type]
    page.locator("[data-files] [data-state='there']").wait_for()
    page.locator("[data-files] [data-state='failed']").wait_for()
    eyes.look("files to send")
    about = page.get_by_role("button", name="About this chat")
    if about.is_visible():
        about.click()
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Add a person").fill("12345")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("has no country code").wait_for()
    eyes.look("a panel with a refusal")
    page.get_by_role("button", name="Leave group").click()
    page.get_by_role("button", name="Stay").wait_for()
    eyes.look("leave a group")
