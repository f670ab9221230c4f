"""The activity room's webhook events, and one event's page."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from chats.actions.events import run_again
from chats.actions.rules import NotAllowed, Refused
from chats.models import AuditRecord, WebhookEvent
from tests.people import NOON, signed_in

pytestmark = pytest.mark.django_db


def event(state="parked", **fields) -> WebhookEvent:
    given = {
        "event_id": str(uuid.uuid4()),
        "event_type": "message.received",
        "payload": {"data": {"text": "Hello"}},
        "state": state,
        "received_at": NOON,
        "attempts": 5,
        "trace_id": "trace-88",
        "error": "The chat was not found." if state == "parked" else "",
        "due_at": NOON if state == "pending" else None,
    }
    return WebhookEvent.objects.create(**given | fields)


def page(user, **query) -> str:
    response = signed_in(user).get(reverse("admin:events"), query)
    assert response.status_code == 200
    return response.content.decode()


def test_anonymous_is_sent_to_the_sign_in(db):
    assert Client().get(reverse("admin:events")).status_code == 302


def test_an_agent_may_not_look(agent, line):
    client = signed_in(agent)
    assert client.get(reverse("admin:events")).status_code == 403
    assert client.get(reverse("admin:event", args=[event(line=line).pk])).status_code == 403


def test_lines_are_the_boundary(manager, outsider, administrator, line):
    ours, of_no_line = event(line=line, event_type="message.sent"), event(event_type="some.other_type")
    for user, status, shown in ((manager, 200, True), (outsider, 404, False)):
        assert (f"/events/{ours.pk}/" in page(user)) is shown
        assert signed_in(user).get(reverse("admin:event", args=[ours.pk])).status_code == status
        assert signed_in(user).get(reverse("admin:event", args=[of_no_line.pk])).status_code == 404
    assert "Some other type" in page(administrator)


def test_filters(administrator, line, chat):
    parked = event(line=line, chat=chat)
    done = event("processed", event_type="message.sent")

    def shown(**query) -> tuple[bool, bool]:
        html = page(administrator, **query)
        return f"/events/{parked.pk}/" in html, f"/events/{done.pk}/" in html

    assert shown() == (True, True)
    assert shown(state="parked") == (True, False)
    assert shown(type="message.sent") == (False, True)
    assert shown(line=line.pk) == (True, False)
    assert shown(chat=chat.pk) == (True, False)
    assert shown(type="not.a_type") == (False, False)
    assert '<option value="not.a_type" selected>Not a type</option>' in page(administrator, type="not.a_type")


def test_a_page_tells_all_about_one_and_escapes_it(manager, line):
    one = event(line=line, payload={"data": {"text": "</pre><script>alert(1)</script> Grüße"}})
    html = signed_in(manager).get(reverse("admin:event", args=[one.pk])).content.decode()
    assert "The chat was not found." in html
    assert 'data-copy="trace-88"' in html
    assert "<script>alert" not in html
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt; Grüße" in html
    assert "Run again" in html


@pytest.mark.parametrize("state", ["parked", "ignored"])
def test_a_manager_runs_it_again(manager, line, state, django_capture_on_commit_callbacks):
    one = event(state, line=line)
    with django_capture_on_commit_callbacks() as after:
        response = signed_in(manager).post(reverse("admin:event_again", args=[one.pk]))
    assert response["Location"] == reverse("admin:event", args=[one.pk])
    one.refresh_from_db()
    assert (one.state, one.attempts, one.due_at is not None) == ("pending", 0, True)
    assert AuditRecord.objects.get().action == "event.run_again"
    assert len(after) == 2  # the live event, and the wake-up of the processor


@pytest.mark.parametrize("state", ["pending", "processed"])
def test_what_waits_or_is_done_is_not_run_again(manager, line, state):
    one = event(state, line=line)
    with pytest.raises(Refused, match="Only an event that failed or was not used can be run again"):
        run_again(event=one, by=manager)
    html = signed_in(manager).get(reverse("admin:event", args=[one.pk])).content.decode()
    assert "Run again" not in html
    one.refresh_from_db()
    assert (one.state, AuditRecord.objects.count()) == (state, 0)


@pytest.mark.parametrize(("who", "status"), [("agent", 403), ("outsider", 404)])
def test_others_run_nothing(request, line, who, status, django_capture_on_commit_callbacks):
    one = event(line=line)
    user = request.getfixturevalue(who)
    with django_capture_on_commit_callbacks() as after:
        assert signed_in(user).post(reverse("admin:event_again", args=[one.pk])).status_code == status
        with pytest.raises(NotAllowed):
            run_again(event=one, by=user)
    one.refresh_from_db()
    assert (one.state, AuditRecord.objects.count(), after) == ("parked", 0, [])


def test_an_event_of_no_line_needs_all_lines(manager, administrator):
    one = event()
    with pytest.raises(NotAllowed):
        run_again(event=one, by=manager)
    assert run_again(event=one, by=administrator).state == "pending"


def test_empty_lists_say_so(manager):
    assert "No events yet" in page(manager)
    assert "No event fits these filters." in page(manager, state="parked")


def test_it_takes_as_many_queries_for_many_as_for_one(manager, line, chat, django_assert_num_queries):
    client = signed_in(manager)
    one = event(line=line, chat=chat)
    # Session, account, rights (2), the events, the lines to choose from.
    with django_assert_num_queries(6):
        client.get(reverse("admin:events"))
    for _ in range(30):
        event(line=line, chat=chat)
    with django_assert_num_queries(6):
        client.get(reverse("admin:events"))
    with django_assert_num_queries(5):
        client.get(reverse("admin:event", args=[one.pk]))
