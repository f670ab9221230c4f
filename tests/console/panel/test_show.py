"""The panel beside a chat: who it is with, how it is, what is pending or failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chats.actions import groups
from chats.models import Operation
from tests.people import NOON, make_chat, make_handle, signed_in

pytestmark = pytest.mark.django_db


def panel(user, chat) -> str:
    response = signed_in(user).get(reverse("admin:chat_panel", args=[chat.pk]))
    assert response.status_code == 200
    return response.content.decode()


def fail(operation: Operation, sentence: str) -> None:
    Operation.objects.filter(pk=operation.pk).update(
        state="failed", error=sentence, trace_id="trace-77", settled_at=NOON, due_at=None
    )


def test_anonymous_is_sent_to_the_sign_in(chat):
    response = Client().get(reverse("admin:chat_panel", args=[chat.pk]))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))


def test_for_an_outsider_it_does_not_exist(outsider, chat, other_line):
    client = signed_in(outsider)
    refused = client.get(reverse("admin:chat_panel", args=[chat.pk]))
    missing = client.get(reverse("admin:chat_panel", args=[987654]))
    assert (refused.status_code, missing.status_code) == (404, 404)
    assert "Ada Example" not in refused.content.decode()


def test_a_direct_chat_shows_the_person_and_the_line(agent, chat):
    html = panel(agent, chat)
    assert "Ada Example" in html
    assert "+14155550101" in html
    assert "Support" in html
    assert "Leave group" not in html
    assert "Add a person" not in html


def test_health_shows_both_readings(agent, chat):
    chat.health_status = "AT_RISK"
    chat.health_doc_url = "https://docs.linqapp.com/chat-health#at-risk"
    chat.health_score = 62
    chat.health_reason = "Few replies for what was sent."
    chat.save()
    html = panel(agent, chat)
    assert "At risk" in html
    assert 'href="https://docs.linqapp.com/chat-health#at-risk" target="_blank" rel="noopener noreferrer"' in html
    assert "<strong>62</strong> of 100: Few replies for what was sent." in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://[", "//elsewhere.example.com"])
def test_only_an_address_of_the_web_becomes_a_link(agent, chat, address):
    chat.health_status = "AT_RISK"
    chat.health_doc_url = chat.icon_url = address
    chat.save()
    html = panel(agent, chat)
    assert address not in html
    assert "What this means" not in html
    assert "Open picture" not in html


def test_opted_out_and_blocked_are_said(agent, chat):
    handle = chat.participants.get(is_me=False).handle
    handle.opted_out_at = handle.blocked_at = NOON
    handle.save()
    html = panel(agent, chat)
    assert "Nothing can be sent until they write again." in html
    assert "on the block list" in html


def test_a_group_shows_its_people_and_only_those_who_manage_get_buttons(agent, manager, group):
    for_agent, for_manager = panel(agent, group), panel(manager, group)
    for html in (for_agent, for_manager):
        assert "Bea Example" in html
        assert "dot@example.com" in html
    for button in ("Leave group", "Add a person", "Rename group", "Use picture", "Remove from group"):
        assert button not in for_agent
        assert button in for_manager


def test_pending_changes_show_beside_what_is_confirmed(manager, group):
    groups.rename_group(chat=group, name="Night crew", by=manager)
    groups.add_participant(chat=group, handle="+14155550177", by=manager)
    groups.remove_participant(chat=group, handle="+14155550111", by=manager)
    html = panel(manager, group)
    assert "data-confirmed-name>Crew</h2>" in html
    assert "Renaming to “Night crew”" in html
    assert "Being added" in html
    assert "+1 415 555 0177" in html
    assert "Being removed" in html
    assert html.count("Take back") == 3


def test_what_has_left_can_no_longer_be_taken_back(manager, group):
    operation = groups.rename_group(chat=group, name="Night crew", by=manager)
    Operation.objects.filter(pk=operation.pk).update(first_sent_at=NOON)
    assert "Take back" not in panel(manager, group)


def test_a_failed_change_says_why_with_trace_id_and_retry(manager, group):
    fail(groups.rename_group(chat=group, name="Night crew", by=manager), "The remote refused the name.")
    html = panel(manager, group)
    assert "Rename to “Night crew”</strong> failed. The remote refused the name." in html
    assert "<code>trace-77</code>" in html
    assert "Retry" in html
    assert "Dismiss" in html


def test_a_group_we_left_says_so_and_has_no_buttons(manager, group):
    group.left_at = NOON
    group.save()
    html = panel(manager, group)
    assert "Our line left this group" in html
    assert "Rename group" not in html
    assert "Leave group" not in html


def test_those_who_went_are_listed_apart(manager, group):
    group.participants.filter(handle__value="+14155550112").update(status="removed", left_at=NOON + timedelta(hours=1))
    html = panel(manager, group)
    assert "No longer in the group" in html
    assert html.index("Cas Example") > html.index("No longer in the group")


def test_hostile_and_long_names_are_escaped_and_whole(manager, line):
    name = "<script>alert('x')</script>" + "n" * 170
    chat = make_chat(line, make_handle("+14155550901", name))
    html = panel(manager, chat)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "n" * 170 in html


def test_it_takes_as_many_queries_for_many_people_as_for_few(manager, line, django_assert_num_queries):
    few = make_chat(line, *[make_handle(f"+1415555{i:04d}") for i in range(2)], name="Few")
    many = make_chat(line, *[make_handle(f"+1415556{i:04d}", f"Person {i}") for i in range(30)], name="Many")
    client = signed_in(manager)
    for chat in (few, many):
        # Session, account, its rights (2), the chat, its people, pending and failed changes.
        with django_assert_num_queries(8):
            client.get(reverse("admin:chat_panel", args=[chat.pk]))
