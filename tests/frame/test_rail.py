"""The rail shows a person the rooms that exist and that they may enter, and marks where they are."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.template.loader import render_to_string
from django.test import Client

from dashboard.rooms import ROOMS, Room
from tests.frame.pages import find, rail_links, read

pytestmark = pytest.mark.django_db

HOME = ("Chatdeck", "/")
PASSWORD = ("Change password", "/password_change/")


def give(person, *codenames: str) -> None:
    permissions = Permission.objects.filter(codename__in=codenames)
    assert permissions.count() == len(codenames)
    person.user_permissions.set(permissions)


def test_a_room_without_a_page_has_no_address():
    assert Room("Nowhere", "home", "no_such_page").address() == ""


def test_without_permissions_the_rail_leads_home_only(as_newcomer, small_console):
    assert rail_links(as_newcomer.get("/password_change/")) == [HOME, PASSWORD]


def test_each_room_needs_its_own_permission(as_newcomer, newcomer, small_console):
    give(newcomer, "watch_lines")
    assert rail_links(as_newcomer.get("/password_change/")) == [HOME, ("Lines", "/lines/"), PASSWORD]
    give(newcomer, "read_chats")
    assert rail_links(as_newcomer.get("/password_change/")) == [HOME, ("Inbox", "/inbox/"), PASSWORD]


def test_rooms_that_have_no_page_yet_are_left_out(as_newcomer, newcomer, small_console):
    give(newcomer, "read_chats", "watch_lines", "view_activity", "run_setup")
    assert [room.label for room in ROOMS] == ["Inbox", "Groups", "Lines", "Activity", "Setup"]
    links = rail_links(as_newcomer.get("/password_change/"))
    assert links == [HOME, ("Inbox", "/inbox/"), ("Lines", "/lines/"), PASSWORD]


def test_manage_lists_what_the_admin_lets_a_person_see(as_newcomer, newcomer, small_console):
    give(newcomer, "view_user")
    assert rail_links(as_newcomer.get("/password_change/")) == [HOME, ("People", "/auth/user/"), PASSWORD]
    give(newcomer, "view_group")
    assert rail_links(as_newcomer.get("/password_change/")) == [HOME, ("Roles", "/auth/group/"), PASSWORD]


def test_the_rail_is_on_our_pages_djangos_pages_and_error_pages_alike(as_newcomer, newcomer, small_console):
    give(newcomer, "read_chats", "view_user")
    rail = [("Inbox 7", "/inbox/"), ("People", "/auth/user/")]
    assert rail_links(as_newcomer.get("/inbox/")) == [HOME, *rail, PASSWORD]
    for address in ("/auth/user/", "/refused/", "/nothing-here/", "/password_change/"):
        assert rail_links(as_newcomer.get(address)) == [HOME, ("Inbox", "/inbox/"), rail[1], PASSWORD], address


def test_the_current_room_is_marked(as_newcomer, newcomer, small_console):
    give(newcomer, "read_chats", "watch_lines", "view_user")

    def marked(address: str) -> list[tuple[str | None, str | None]]:
        links = find(read(as_newcomer.get(address)), "a")
        return [(a.attributes["href"], a.attributes["aria-current"]) for a in links if "aria-current" in a.attributes]

    assert marked("/") == [("/", "page")]
    assert marked("/inbox/") == [("/inbox/", "page")]
    assert marked("/inbox/5/") == [("/inbox/", "true")]
    assert marked("/auth/user/") == [("/auth/user/", "page")]
    assert marked("/nothing-here/") == []


def test_the_count_of_unread_chats_has_its_place(as_newcomer, newcomer, small_console):
    give(newcomer, "read_chats")
    counts = [e for e in read(as_newcomer.get("/inbox/")) if "data-unread-total" in e.attributes]
    assert [count.text for count in counts] == ["7"]
    counts = [e for e in read(as_newcomer.get("/")) if "data-unread-total" in e.attributes]
    assert [count.text for count in counts] == [""]


def test_people_outside_see_no_rail_and_no_room(stranger, small_console):
    client = Client()
    assert client.get("/inbox/").headers["Location"] == "/login/?next=/inbox/"
    assert rail_links(client.get("/login/")) == []
    client.force_login(stranger)
    assert client.get("/inbox/").headers["Location"] == "/login/?next=/inbox/"
    assert rail_links(client.get("/login/")) == []


def test_an_async_room_is_behind_the_sign_in_too(newcomer, stranger, small_console):
    client = Client()
    assert client.get("/live/stream/").status_code == 403
    client.force_login(stranger)
    assert client.get("/live/stream/").status_code == 403
    client.force_login(newcomer)
    response = client.get("/live/stream/")
    assert (response.status_code, response.content) == (200, b"streamed")


def test_a_popup_has_no_rail(as_chief):
    assert rail_links(as_chief.get("/auth/group/add/?_popup=1")) == []


def test_names_are_escaped(as_chief, chief):
    chief.first_name = "<b>Bold</b>"
    chief.save(update_fields=["first_name"])
    Group.objects.create(name="<script>alert(1)</script>")
    for address in ("/", "/auth/group/"):
        page = as_chief.get(address).content.decode()
        assert "<b>Bold</b>" not in page
        assert "<script>alert(1)" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in as_chief.get("/").content.decode()


def test_home_shows_what_it_is_given_and_is_safe_when_empty(chief):
    bare = {"user": chief, "log_entries": LogEntry.objects.none()}
    assert "No numbers yet" in render_to_string("admin/index.html", bare)
    tile = {"label": "Failed <today>", "value": 3, "note": "2 can be tried again", "url": "/activity/", "icon": "alert"}
    alert = {
        "title": "A line paused itself",
        "text": "Five failures.",
        "url": "/lines/",
        "action": "Open",
        "tone": "bad",
    }
    page = render_to_string("admin/index.html", bare | {"home": [tile], "alerts": [alert]})
    assert "No numbers yet" not in page
    for words in (
        "Failed &lt;today&gt;",
        "2 can be tried again",
        'href="/activity/"',
        "A line paused itself",
        ">Open<",
    ):
        assert words in page
