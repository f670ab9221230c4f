"""The setup room: connection, subscription, sync, and what to do next."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chats.models import AuditRecord, SyncRun, WebhookEvent, WebhookSubscription
from chats.queries.setup import progress, steps
from tests.people import NOON, make_person, signed_in

pytestmark = pytest.mark.django_db


def page(user) -> str:
    response = signed_in(user).get(reverse("admin:setup"))
    assert response.status_code == 200
    return response.content.decode()


def run(**fields) -> SyncRun:
    return SyncRun.objects.create(**{"started_at": NOON, "due_at": NOON} | fields)


def test_anonymous_is_sent_to_the_sign_in():
    assert Client().get(reverse("admin:setup")).status_code == 302


@pytest.mark.parametrize("who", ["agent", "manager", "outsider"])
def test_only_administrators_come_in(request, who, django_capture_on_commit_callbacks):
    client = signed_in(request.getfixturevalue(who))
    with django_capture_on_commit_callbacks() as after:
        assert client.get(reverse("admin:setup")).status_code == 403
        assert client.post(reverse("admin:start_sync")).status_code == 403
    assert (SyncRun.objects.count(), AuditRecord.objects.count(), after) == (0, 0, [])


def test_no_secret_is_ever_shown(administrator, settings):
    settings.LINQ_API_KEY = "key-that-nobody-may-see"
    settings.LINQ_WEBHOOK_SECRET = "whsec_from_outside"
    settings.USES_SANDBOX = False
    WebhookSubscription.objects.create(
        remote_id=uuid.uuid4(),
        target_url="https://console.example.com/hook/",
        signing_secret="whsec_of_the_subscription",
        created_at=NOON,
    )
    html = page(administrator)
    assert "https://console.example.com/hook/" in html
    assert "Real account" in html
    assert "A signing secret is set from outside as well." in html
    assert "key-that-nobody-may-see" not in html
    assert "whsec_" not in html


def test_the_sandbox_is_called_one(administrator, settings):
    settings.USES_SANDBOX = True
    assert "simulated people, nothing is really sent" in page(administrator)


def test_without_a_subscription_it_says_what_is_missing(administrator):
    WebhookSubscription.objects.create(
        remote_id=uuid.uuid4(),
        target_url="https://old.example.com/",
        signing_secret="x",
        created_at=NOON,
        retired_at=NOON,
    )
    html = page(administrator)
    assert "has not subscribed to events yet" in html
    assert "old.example.com" not in html


def test_the_last_event_is_the_last_one(administrator):
    for hours in (3, 1):
        WebhookEvent.objects.create(
            event_id=str(hours),
            event_type="message.sent",
            payload={},
            state="processed",
            received_at=NOON - timedelta(hours=hours),
        )
    with time_machine.travel(NOON, tick=False):
        assert "Last event <time" in page(administrator)
        assert "1 h ago" in page(administrator)


def test_start_once_however_often_it_is_clicked(administrator):
    client = signed_in(administrator)
    assert "Start the first sync" in page(administrator)
    response = client.post(reverse("admin:start_sync"))
    assert response["Location"] == reverse("admin:setup")
    again = client.post(reverse("admin:start_sync"), headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert "<html" not in again.content.decode()
    assert "disabled" in again.content.decode()
    assert SyncRun.objects.count() == 1
    assert SyncRun.objects.get().requested_by == administrator
    assert [one.action for one in AuditRecord.objects.all()] == ["sync.start"]


def test_without_all_lines_nobody_starts_one(line):
    keeper = make_person("keeper", "", line)
    keeper.user_permissions.add(Permission.objects.get(codename="run_setup"))
    assert "Start the first sync" not in page(keeper)
    assert signed_in(keeper).post(reverse("admin:start_sync")).status_code == 403
    assert SyncRun.objects.count() == 0


@time_machine.travel(NOON + timedelta(seconds=60), tick=False)
def test_progress_rate_and_time_left(administrator):
    row = run(stage="messages", chats_read=200, chats_with_messages=50, messages_read=900, lines_read=5)
    told = progress(row)
    assert (told.done, told.total, told.percent) == (50, 200, 25)
    assert (told.elapsed, told.per_minute, told.left) == (timedelta(seconds=60), 250, timedelta(seconds=36))
    html = page(administrator)
    assert '<progress class="progress" value="50" max="200"' in html
    assert "50 of 200 chats, 25 %" in html
    assert "36 s" in html


@time_machine.travel(NOON + timedelta(seconds=60), tick=False)
def test_while_chats_are_read_the_total_is_not_known(administrator):
    told = progress(run(stage="chats", chats_read=100))
    assert (told.total, told.percent, told.left) == (0, 0, None)
    assert "how many there are is not known yet" in page(administrator)


def test_a_failed_sync_says_what_to_do(administrator):
    run(state="failed", stage="chats", error="The API key is missing or was refused.", finished_at=NOON)
    html = page(administrator)
    assert "<strong>The sync failed.</strong> The API key is missing or was refused." in html
    assert "Check the address and the API key" in html


def test_what_to_do_next_is_true(administrator, agent, line, other_line):
    nobody = make_person("nobody", "")
    told = steps()
    assert told.lines == 2
    assert told.chats is False
    assert told.lines_of_nobody == [other_line]
    assert told.people_without_role == [nobody]
    assert told.people_without_line == [nobody]
    html = page(administrator)
    assert reverse("admin:chats_line_change", args=[other_line.pk]) in html
    assert reverse("admin:auth_user_change", args=[nobody.pk]) in html


def test_hostile_names_are_escaped(administrator, line):
    make_person("<b>x</b>", "")
    assert "<b>x</b>" not in page(administrator)


def test_queries_do_not_grow_with_people(administrator, line, django_assert_num_queries):
    client = signed_in(administrator)
    # Session, account, rights (2), runs, subscription, last event, the steps (6).
    with django_assert_num_queries(13):
        client.get(reverse("admin:setup"))
    for number in range(10):
        make_person(f"person-{number}", "Agent", line)
    with django_assert_num_queries(13):
        client.get(reverse("admin:setup"))
