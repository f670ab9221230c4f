"""The groups room."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chats.actions import groups
from tests.people import NOON, make_chat, make_handle, make_person, signed_in

pytestmark = pytest.mark.django_db


def page(user, **query) -> str:
    response = signed_in(user).get(reverse("admin:groups"), query)
    assert response.status_code == 200
    return response.content.decode()


def test_anonymous_is_sent_to_the_sign_in():
    assert Client().get(reverse("admin:groups")).status_code == 302


def test_without_the_right_it_is_closed(line):
    assert signed_in(make_person("bare", "", line)).get(reverse("admin:groups")).status_code == 403


def test_it_lists_groups_of_ones_lines_and_no_direct_chats(agent, outsider, group, chat):
    html = page(agent)
    assert "Crew" in html
    assert "4 people · Support" in html
    assert f'href="{reverse("admin:chat", args=[group.pk])}"' in html
    assert "Ada Example" not in html
    assert "Crew" not in page(outsider)


def test_a_pending_change_is_marked(manager, group):
    assert "Change pending" not in page(manager)
    groups.rename_group(chat=group, name="Night crew", by=manager)
    html = page(manager)
    assert "Change pending" in html
    assert "Night crew" not in html


def test_search_and_line_narrow_the_list(administrator, group, other_line):
    make_chat(other_line, make_handle("+14155550801"), make_handle("+14155550802"), name="Sellers")
    assert ("Crew" in page(administrator), "Sellers" in page(administrator)) == (True, True)
    by_name = page(administrator, q="sell")
    assert ("Sellers" in by_name, ">Crew<" in by_name) == (True, False)
    by_handle = page(administrator, q="dot@example")
    assert (">Sellers<" in by_handle, "Crew" in by_handle) == (False, True)
    by_line = page(administrator, line=other_line.pk)
    assert ("Sellers" in by_line, ">Crew<" in by_line) == (True, False)


def test_the_line_of_others_gives_nothing(agent, other_line):
    make_chat(other_line, make_handle("+14155550801"), make_handle("+14155550802"), name="Sellers")
    assert "Sellers" not in page(agent, line=other_line.pk)


def test_empty_says_what_to_do(agent):
    html = page(agent)
    assert "No groups yet" in html
    assert f'href="{reverse("admin:new_chat")}"' in html


def test_nothing_found_offers_all(agent, group):
    html = page(agent, q="zzz")
    assert "No group fits" in html
    assert "All groups" in html


def test_older_groups_follow_by_position(agent, line):
    people = [make_handle("+14155550801"), make_handle("+14155550802")]
    for number in range(41):
        make_chat(line, *people, name=f"Group {number:02d}", sort_at=NOON - timedelta(minutes=number))
    client = signed_in(agent)
    first = client.get(reverse("admin:groups"), {"q": "group"})
    assert len(first.context["groups"]) == 40
    older = first.context["older_url"]
    assert "q=group" in older
    second = client.get(older)
    assert [chat.title for chat in second.context["groups"]] == ["Group 40"]
    assert second.context["older_url"] == ""


def test_hostile_and_long_names(agent, line):
    name = "<img src=x onerror=alert(1)>" + "n" * 172
    make_chat(line, make_handle("+14155550801"), make_handle("+14155550802"), name=name)
    html = page(agent)
    assert "<img" not in html
    assert "n" * 172 in html


def test_it_takes_as_many_queries_for_many_groups_as_for_one(agent, line, group, django_assert_num_queries):
    client = signed_in(agent)
    # Session, account, rights (2), the groups, their people, what is pending, the lines to choose from.
    with django_assert_num_queries(8):
        client.get(reverse("admin:groups"))
    people = [make_handle("+14155550801"), make_handle("+14155550802")]
    for number in range(20):
        make_chat(line, *people, name=f"Group {number}")
    with django_assert_num_queries(8):
        client.get(reverse("admin:groups"))
