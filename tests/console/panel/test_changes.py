"""Changing a group, or a person's name, from the panel."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from chats.actions import groups, operations
from chats.models import AuditRecord, Contact, Operation
from chats.models.operation import Kind, State
from tests.engine.worker import at_once
from tests.people import NOON, make_chat, make_handle, make_line, signed_in

pytestmark = pytest.mark.django_db

CHANGES = {
    "panel_rename": ({"name": "Night crew"}, Kind.RENAME_GROUP, {"display_name": "Night crew"}),
    "panel_picture": (
        {"url": "https://example.com/p.png"},
        Kind.SET_GROUP_ICON,
        {"group_chat_icon": "https://example.com/p.png", "before": ""},
    ),
    "panel_add": ({"handle": " +14155550177 "}, Kind.ADD_PARTICIPANT, {"handle": "+14155550177"}),
    "panel_remove": ({"handle": "+14155550111"}, Kind.REMOVE_PARTICIPANT, {"handle": "+14155550111"}),
    "panel_leave": ({}, Kind.LEAVE_GROUP, {}),
}


def post(user, address, /, *args, htmx=True, **data):
    headers = {"HX-Request": "true"} if htmx else {}
    return signed_in(user).post(reverse(f"admin:{address}", args=args), data, headers=headers)


def failed_rename(group, by) -> Operation:
    operation = groups.rename_group(chat=group, name="Night crew", by=by)
    Operation.objects.filter(pk=operation.pk).update(
        state=State.FAILED, error="The remote refused the name.", settled_at=NOON, due_at=None
    )
    AuditRecord.objects.all().delete()
    return operation


@pytest.mark.parametrize("name", CHANGES)
def test_a_manager_changes_the_group_and_sees_it_pending(manager, group, name, django_capture_on_commit_callbacks):
    data, kind, payload = CHANGES[name]
    with django_capture_on_commit_callbacks() as after:
        response = post(manager, name, group.pk, **data)
    assert response.status_code == 200
    assert f'data-pending="{kind}"' in response.content.decode()
    operation = Operation.objects.get()
    assert (operation.kind, operation.payload, operation.requested_by) == (kind, payload, manager)
    assert len(after) == 2  # the live event, and the wake-up of the lane


@pytest.mark.parametrize("name", CHANGES)
def test_without_htmx_it_goes_back_to_the_chat(manager, group, name):
    data, kind, _ = CHANGES[name]
    response = post(manager, name, group.pk, htmx=False, **data)
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:chat", args=[group.pk])
    assert Operation.objects.get().kind == kind


@pytest.mark.parametrize("name", CHANGES)
def test_an_agent_may_not_and_nothing_happens(agent, group, name, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as after:
        response = post(agent, name, group.pk, **CHANGES[name][0])
    assert response.status_code == 403
    assert (Operation.objects.count(), AuditRecord.objects.count(), after) == (0, 0, [])


@pytest.mark.parametrize("name", CHANGES)
def test_for_an_outsider_the_group_does_not_exist(outsider, group, name, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as after:
        response = post(outsider, name, group.pk, **CHANGES[name][0])
    assert response.status_code == 404
    assert (Operation.objects.count(), AuditRecord.objects.count(), after) == (0, 0, [])


@pytest.mark.parametrize("name", CHANGES)
def test_anonymous_changes_nothing(group, name):
    response = Client().post(reverse(f"admin:{name}", args=[group.pk]), CHANGES[name][0])
    assert response.status_code == 302
    assert Operation.objects.count() == 0


@pytest.mark.parametrize("name", CHANGES)
def test_reading_an_address_of_a_change_changes_nothing(manager, group, name):
    assert signed_in(manager).get(reverse(f"admin:{name}", args=[group.pk])).status_code == 405
    assert Operation.objects.count() == 0


def test_a_wrong_handle_is_refused_in_place_with_what_was_typed(manager, group, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as after:
        response = post(manager, "panel_add", group.pk, handle='415 "555')
    html = response.content.decode()
    assert response.status_code == 422
    assert 'id="panel-add-error"' in html
    assert 'value="415 &quot;555"' in html
    assert 'aria-invalid="true"' in html
    assert (Operation.objects.count(), AuditRecord.objects.count(), after) == (0, 0, [])


def test_a_number_may_be_written_as_people_write_it(manager, group):
    assert post(manager, "panel_add", group.pk, handle=" +1 (415) 555-0177").status_code == 200
    assert Operation.objects.get().payload == {"handle": "+14155550177"}


@pytest.mark.parametrize("url", ["", "http://example.com/p.png", "https://[", "javascript:alert(1)"])
def test_a_picture_needs_a_sound_address(manager, group, url):
    response = post(manager, "panel_picture", group.pk, url=url)
    assert response.status_code == 422
    assert 'id="panel-picture-error"' in response.content.decode()
    assert Operation.objects.count() == 0


def test_an_empty_name_is_refused_in_the_open_form(manager, group):
    response = post(manager, "panel_rename", group.pk, name="  ")
    html = response.content.decode()
    assert response.status_code == 422
    assert '<details class="panel-edit" id="panel-edit-name" open>' in html
    assert "Give the group a name." in html


def test_without_htmx_a_refusal_is_a_message_on_the_chat(manager, group):
    client = signed_in(manager)
    response = client.post(reverse("admin:panel_rename", args=[group.pk]), {"name": ""}, follow=True)
    assert response.redirect_chain == [(reverse("admin:chat", args=[group.pk]), 302)]
    assert [str(one) for one in response.context["messages"]] == ["Give the group a name."]


def test_a_group_too_small_cannot_lose_anybody(manager, line):
    trio = make_chat(line, make_handle("+14155550301"), make_handle("+14155550302"), name="Trio")
    removal = post(manager, "panel_remove", trio.pk, handle="+14155550301")
    leaving = post(manager, "panel_leave", trio.pk)
    assert (removal.status_code, leaving.status_code) == (422, 422)
    assert "A group keeps three people at least" in removal.content.decode()
    assert "only while it has four people or more" in leaving.content.decode()
    assert Operation.objects.count() == 0


def test_a_failed_change_is_retried(manager, group):
    operation = failed_rename(group, manager)
    response = post(manager, "panel_retry", group.pk, operation.pk)
    assert response.status_code == 200
    assert 'data-pending="rename_group"' in response.content.decode()
    operation.refresh_from_db()
    assert operation.state == State.QUEUED


def test_an_agent_cannot_retry_anothers_change(agent, manager, group):
    operation = failed_rename(group, manager)
    assert post(agent, "panel_retry", group.pk, operation.pk).status_code == 403
    operation.refresh_from_db()
    assert operation.state == State.FAILED
    assert AuditRecord.objects.count() == 0


def test_a_second_retry_is_refused_with_a_sentence(manager, group):
    operation = failed_rename(group, manager)
    post(manager, "panel_retry", group.pk, operation.pk)
    response = post(manager, "panel_retry", group.pk, operation.pk)
    assert response.status_code == 422
    assert "Only what has failed can be tried again." in response.content.decode()


def test_a_change_is_taken_back_before_it_leaves(manager, group):
    operation = groups.rename_group(chat=group, name="Night crew", by=manager)
    response = post(manager, "panel_cancel", group.pk, operation.pk)
    assert response.status_code == 200
    assert "Renaming to" not in response.content.decode()
    operation.refresh_from_db()
    assert operation.state == State.CANCELLED


def test_dismissing_hides_a_failure_from_the_whole_team(manager, administrator, agent, group):
    operation = failed_rename(group, administrator)
    url = reverse("admin:chat_panel", args=[group.pk])
    assert "data-failed" in signed_in(agent).get(url).content.decode()
    response = post(manager, "panel_dismiss", group.pk, operation.pk)
    assert response.status_code == 200
    assert "data-failed" not in response.content.decode()
    for user in (manager, administrator, agent):
        assert "data-failed" not in signed_in(user).get(url).content.decode()
    operation.refresh_from_db()
    assert (operation.state, operation.dismissed_by) == (State.FAILED, manager)
    assert AuditRecord.objects.get().action == "operation.dismiss"
    page = signed_in(manager).get(reverse("admin:operation", args=[operation.pk])).content.decode()
    assert "<dt>Dismissed</dt>" in page


def test_an_agent_dismisses_only_with_a_say(agent, manager, group, django_capture_on_commit_callbacks):
    operation = failed_rename(group, manager)
    url = reverse("admin:panel_dismiss", args=[group.pk, operation.pk])
    assert url not in signed_in(agent).get(reverse("admin:chat_panel", args=[group.pk])).content.decode()
    with django_capture_on_commit_callbacks() as after:
        assert signed_in(agent).post(url).status_code == 403
        assert Client().post(url)["Location"].startswith(reverse("admin:login"))
    operation.refresh_from_db()
    assert (operation.dismissed_at, AuditRecord.objects.count(), after) == (None, 0, [])


def test_what_has_not_failed_is_not_dismissed(manager, group):
    operation = groups.rename_group(chat=group, name="Night crew", by=manager)
    response = post(manager, "panel_dismiss", group.pk, operation.pk)
    assert response.status_code == 422
    assert "Only what has failed can be dismissed." in response.content.decode()
    operation.refresh_from_db()
    assert operation.dismissed_at is None


def test_what_failed_before_the_dismissed_one_stays_hidden_too(manager, group):
    failed_rename(group, manager)
    operation = failed_rename(group, manager)
    assert "data-failed" not in post(manager, "panel_dismiss", group.pk, operation.pk).content.decode()


def test_tried_again_a_dismissed_one_may_show_once_more(manager, group):
    operation = failed_rename(group, manager)
    post(manager, "panel_dismiss", group.pk, operation.pk)
    post(manager, "panel_retry", group.pk, operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.dismissed_at, operation.dismissed_by) == (State.QUEUED, None, None)


@pytest.mark.django_db(transaction=True)
def test_dismissed_twice_at_once_is_done_once(manager, administrator, group):
    operation = failed_rename(group, manager)
    at_once(
        partial(operations.dismiss_operation, operation=operation, by=manager),
        partial(operations.dismiss_operation, operation=operation, by=administrator),
    )
    operation.refresh_from_db()
    record = AuditRecord.objects.get()
    assert (record.action, record.actor) == ("operation.dismiss", operation.dismissed_by)


@pytest.mark.parametrize("name", ["panel_retry", "panel_cancel", "panel_dismiss"])
def test_a_change_of_another_chat_is_not_there(manager, group, chat, name):
    operation = failed_rename(group, manager)
    assert post(manager, name, chat.pk, operation.pk).status_code == 404
    operation.refresh_from_db()
    assert operation.state == State.FAILED


@pytest.mark.parametrize("name", ["panel_retry", "panel_cancel", "panel_dismiss"])
def test_an_outsider_reaches_no_change(outsider, manager, group, name):
    operation = failed_rename(group, manager)
    assert post(outsider, name, group.pk, operation.pk).status_code == 404
    operation.refresh_from_db()
    assert operation.state == State.FAILED


def test_a_person_is_named_everywhere(manager, chat):
    second = make_chat(make_line("+12025550109"), chat.participants.get(is_me=False).handle)
    response = post(manager, "panel_person", chat.pk, handle="+14155550101", name="  Ada   Lovely ")
    assert response.status_code == 200
    assert "Ada Lovely" in response.content.decode()
    second.refresh_from_db()
    assert second.title == "Ada Lovely"
    record = AuditRecord.objects.get()
    assert (record.action, record.before, record.after) == ("contact.rename", "Ada Example", "Ada Lovely")


def test_an_agent_cannot_name_people(agent, chat, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as after:
        response = post(agent, "panel_person", chat.pk, handle="+14155550101", name="Else")
    assert response.status_code == 403
    assert Contact.objects.get().name == "Ada Example"
    assert (AuditRecord.objects.count(), after) == (0, [])


def test_an_outsider_cannot_name_people(outsider, chat):
    assert post(outsider, "panel_person", chat.pk, handle="+14155550101", name="Else").status_code == 404
    assert Contact.objects.get().name == "Ada Example"


def test_only_people_of_the_chat_are_named_there(manager, chat, group):
    assert post(manager, "panel_person", chat.pk, handle="+14155550111", name="Else").status_code == 404
    assert Contact.objects.get(handles__value="+14155550111").name == "Bea Example"


def test_a_name_that_is_too_long_is_refused_in_place(manager, chat):
    response = post(manager, "panel_person", chat.pk, handle="+14155550101", name="n" * 201)
    html = response.content.decode()
    assert response.status_code == 422
    assert "A name can have 200 characters at the most." in html
    assert f'value="{"n" * 201}"' in html
    assert Contact.objects.get().name == "Ada Example"
