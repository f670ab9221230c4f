"""Every page of the console, filled with data: axe finds nothing, the policy holds, nothing leaves the window.

Once in a wide window and in light, once in a narrow one and in dark: colours do not hang on the width.
"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.accessibility.eyes import Eyes
from tests.accessibility.world import World, make_world
from tests.browser import chromium
from tests.console_server import served
from tests.files import PNG

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def session_of(user: User) -> str:
    """The key of a new session. Made before the browser starts: beside its loop Django asks no database."""
    client = Client()
    client.force_login(user)
    return client.session.session_key or ""


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
