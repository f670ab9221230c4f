"""The setup room: connection, subscription, sync, and what to do next."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chats.models import AuditRecord, Reconciliation, Retention, SyncPart, SyncRun, WebhookEvent, WebhookSubscription
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
        assert client.post(reverse("admin:rotate_secret")).status_code == 403
        assert client.post(reverse("admin:set_retention"), {"event_days": "1"}).status_code == 403
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
    # It took an hour in all, and 12 seconds of it were spent on this.
    took = timedelta(seconds=12)
    row = run(
        stage="messages",
        chats_read=200,
        chats_with_messages=50,
        messages_read=900,
        lines_read=5,
        messages_took=took,
        started_at=NOON - timedelta(minutes=59),
    )
    told = progress(row)
    assert (told.done, told.total, told.percent) == (50, 200, 25)
    assert (told.elapsed, told.per_minute, told.left) == (timedelta(hours=1), 250, timedelta(seconds=36))
    html = page(administrator)
    assert '<progress class="progress" value="50" max="200"' in html
    assert "50 of 200 chats, 25 %" in html
    assert "36 s" in html


@time_machine.travel(NOON + timedelta(seconds=60), tick=False)
def test_while_chats_are_read_the_total_is_not_known(administrator, line, other_line):
    row = run(stage="chats", chats_read=100, lines_read=2)
    SyncPart.objects.create(run=row, line=line, stage="chats", due_at=NOON)
    SyncPart.objects.create(run=row, line=other_line, stage="messages", due_at=NOON)
    told = progress(row)
    assert (told.total, told.percent, told.left, told.per_minute, told.lines_listed) == (0, 0, None, 100, 1)
    html = page(administrator)
    assert "1 of 2 lines listed" in html
    assert "Known once all chats are listed" in html


@time_machine.travel(NOON, tick=False)
def test_what_stands_in_the_way_says_when_it_is_tried_again(administrator, line, other_line):
    row = run(stage="messages", error="Too many requests in a short time.", due_at=None)
    SyncPart.objects.create(run=row, line=line, due_at=NOON + timedelta(seconds=45), failures=1)
    SyncPart.objects.create(run=row, line=other_line, due_at=NOON)
    assert progress(row).next_try == NOON + timedelta(seconds=45)
    assert "Too many requests in a short time." in page(administrator)


@time_machine.travel(NOON + timedelta(seconds=60), tick=False)
def test_a_pace_of_a_moment_promises_nothing(administrator):
    row = run(stage="messages", chats_read=200, chats_with_messages=1, messages_took=timedelta(seconds=1))
    assert (progress(row).left, progress(row).left_unknown) == (None, "Known after a few more chats")


@time_machine.travel(NOON + timedelta(seconds=60), tick=False)
def test_a_time_left_that_is_unknown_says_when_it_will_be_known(line):
    def unknown(**fields) -> str:
        SyncRun.objects.all().delete()
        return progress(run(**fields)).left_unknown

    assert unknown(stage="lines") == "Known once the lines are read"
    assert unknown(stage="chats", chats_read=5) == "Known once all chats are listed"
    took = {"messages_took": timedelta(seconds=10)}
    assert unknown(stage="messages", chats_read=9, chats_with_messages=9, **took) == "A moment"
    assert unknown(stage="messages", chats_read=9, chats_with_messages=5, **took) == ""
    assert unknown(stage="done", state="finished", finished_at=NOON) == ""
    waits = {"error": "Too many requests.", "due_at": NOON + timedelta(seconds=90)}
    assert unknown(stage="lines", **waits) == "Known once the remote answers again"
    assert unknown(stage="messages", chats_read=9, chats_with_messages=5, **took, **waits) == (
        "Known once the remote answers again"
    )


@time_machine.travel(NOON, tick=False)
def test_a_pause_that_the_remote_asks_for_is_the_next_try(line):
    row = run(stage="messages", error="Too many requests.", due_at=NOON + timedelta(seconds=90))
    SyncPart.objects.create(run=row, line=line, due_at=NOON + timedelta(seconds=45), failures=1)
    assert progress(row).next_try == NOON + timedelta(seconds=90)
    SyncRun.objects.update(due_at=NOON)
    row.refresh_from_db()
    assert progress(row).next_try == NOON + timedelta(seconds=45)


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
    # Session, account, rights (2), runs, subscription, last event, watch, retention, the steps (6).
    with django_assert_num_queries(15):
        client.get(reverse("admin:setup"))
    for number in range(10):
        make_person(f"person-{number}", "Agent", line)
    with django_assert_num_queries(15):
        client.get(reverse("admin:setup"))


# Comparing with the remote.
def a_gap(**fields):
    given = {"cause": "door", "since": NOON, "until": NOON, "created_at": NOON, "state": "done", "finished_at": NOON}
    return Reconciliation.objects.create(**given | fields)


@time_machine.travel(NOON + timedelta(seconds=60), tick=False)
def test_gaps_are_listed_and_what_stands_in_the_way_is_said(administrator):
    assert "After the first sync" in page(administrator)
    a_gap(chats_read=3, messages_found=2)
    a_gap(cause="rhythm")
    html = page(administrator)
    assert "Last compared" in html
    assert "The console was down" in html
    assert "3 chats read, 2 messages found, 0 corrected" in html
    assert "Regular check" not in html
    a_gap(cause="silent", state="running", due_at=NOON, error="The remote is <away>.", finished_at=None)
    assert "The remote is &lt;away&gt;." in page(administrator)


# The signing secret.
def test_a_new_secret_is_asked_for_once(administrator, django_capture_on_commit_callbacks):
    client = signed_in(administrator)
    client.post(reverse("admin:rotate_secret"))
    assert AuditRecord.objects.count() == 0, "there is no secret to replace"
    current = WebhookSubscription.objects.create(
        remote_id=uuid.uuid4(), target_url="https://x.example.com/", signing_secret="whsec_x", created_at=NOON
    )
    assert "Replace the signing secret" in page(administrator)
    with django_capture_on_commit_callbacks() as after:
        client.post(reverse("admin:rotate_secret"))
        client.post(reverse("admin:rotate_secret"))
    current.refresh_from_db()
    assert current.replace_asked_at is not None
    assert [one.action for one in AuditRecord.objects.all()] == ["webhook.rotate_secret"]
    assert len(after) == 1
    html = page(administrator)
    assert "A new secret is being asked for." in html
    assert "Replace the signing secret" not in html


# Retention.
def kept() -> tuple[int | None, int]:
    row = Retention.current()
    return row.message_days, row.event_days


def set_days(user, message_days, event_days, **more):
    data = {"message_days": message_days, "event_days": event_days, **more}
    return signed_in(user).post(reverse("admin:set_retention"), data)


def test_by_default_messages_are_kept_for_ever(administrator):
    assert kept() == (None, 30)
    assert 'name="event_days" inputmode="numeric" maxlength="4" autocomplete="off" required value="30"' in page(
        administrator
    )


@time_machine.travel(NOON, tick=False)
def test_what_deletes_more_is_said_first(administrator):
    response = set_days(administrator, "90", "30")
    assert response.status_code == 422
    sentence = "This deletes what every message before 4 April 2026, 12:00 UTC says, for good: the remote has forgotten"
    assert sentence in response.content.decode()
    assert 'name="confirmed"' in response.content.decode()
    assert (kept(), AuditRecord.objects.count()) == ((None, 30), 0)
    assert set_days(administrator, "90", "30", confirmed="1").status_code == 302
    assert kept() == (90, 30)
    record = AuditRecord.objects.get()
    assert (record.action, record.actor, record.before, record.after) == (
        "retention.set",
        administrator,
        "messages for ever, events 30 days",
        "messages 90 days, events 30 days",
    )
    both = set_days(administrator, "60", "7").content.decode()
    assert (
        "4 May 2026, 12:00 UTC says and every processed webhook event before 26 June 2026, 12:00 UTC, for good" in both
    )


@time_machine.travel(NOON, tick=False)
def test_events_that_go_with_the_messages_are_named_too(administrator):
    asked = set_days(administrator, "7", "30").content.decode()
    assert (
        "what every message before 26 June 2026, 12:00 UTC says and every processed webhook event before "
        "26 June 2026, 12:00 UTC, for good"
    ) in asked


def test_keeping_longer_asks_nothing(administrator):
    Retention.objects.create(pk=1, message_days=30, event_days=10)
    assert set_days(administrator, "", "60").status_code == 302
    assert kept() == (None, 60)
    assert set_days(administrator, "", "60").status_code == 302
    assert AuditRecord.objects.count() == 1


@pytest.mark.parametrize(
    ("message_days", "event_days"), [("0", "30"), ("soon", "30"), ("", "0"), ("", ""), ("4000", "1")]
)
def test_days_that_are_none_are_refused(administrator, message_days, event_days):
    response = set_days(administrator, message_days, event_days, confirmed="1")
    assert response.status_code == 422
    assert "Give 1 to 3,650 days" in response.content.decode()
    assert kept() == (None, 30)


def test_without_all_lines_nobody_changes_what_is_kept(line):
    keeper = make_person("keeper", "", line)
    keeper.user_permissions.add(Permission.objects.get(codename="run_setup"))
    assert 'id="retention"' not in page(keeper)
    assert set_days(keeper, "", "60").status_code == 403
    assert signed_in(keeper).post(reverse("admin:rotate_secret")).status_code == 403
    assert kept() == (None, 30)
