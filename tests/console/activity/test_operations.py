"""The activity room's operations, and one operation's page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chats import clock
from chats.actions.groups import add_participant, rename_group
from chats.actions.operations import enqueue
from chats.models import AuditRecord, Message, Operation
from chats.models.operation import Kind, State
from tests.people import NOON, make_chat, make_handle, signed_in

pytestmark = pytest.mark.django_db


def page(user, **query) -> str:
    response = signed_in(user).get(reverse("admin:activity"), query)
    assert response.status_code == 200
    return response.content.decode()


def detail(user, operation) -> str:
    response = signed_in(user).get(reverse("admin:operation", args=[operation.pk]))
    assert response.status_code == 200
    return response.content.decode()


def failed(group, by, name="Night crew") -> Operation:
    operation = rename_group(chat=group, name=name, by=by)
    Operation.objects.filter(pk=operation.pk).update(
        state=State.FAILED,
        error="The remote refused the name.",
        error_status=400,
        error_code=1003,
        trace_id="trace-77",
        settled_at=NOON,
        due_at=None,
        attempts=2,
    )
    AuditRecord.objects.all().delete()
    operation.refresh_from_db()
    return operation


def sending(chat, by, text) -> Operation:
    message = Message.objects.create(
        chat=chat, key=str(uuid.uuid4()), direction="outbound", author=by, text=text, happened_at=NOON
    )
    return enqueue(Kind.SEND_MESSAGE, line=chat.line, chat=chat, by=by, message=message)


def test_anonymous_is_sent_to_the_sign_in():
    assert Client().get(reverse("admin:activity")).status_code == 302


def test_an_agent_may_not_look(agent, manager, group):
    operation = failed(group, manager)
    client = signed_in(agent)
    assert client.get(reverse("admin:activity")).status_code == 403
    assert client.get(reverse("admin:operation", args=[operation.pk])).status_code == 403


def test_an_outsider_sees_nothing_of_other_lines(outsider, manager, group):
    operation = failed(group, manager)
    assert "Night crew" not in page(outsider)
    assert signed_in(outsider).get(reverse("admin:operation", args=[operation.pk])).status_code == 404


def test_the_list_says_what_by_whom_where_and_why(manager, group):
    failed(group, manager)
    html = page(manager)
    assert "Rename to “Night crew”" in html
    assert "Crew · Support · manager" in html
    assert "The remote refused the name." in html
    assert 'data-state="failed"' in html


def test_filters_live_in_the_address(administrator, manager, group, other_line):
    failed(group, manager)
    add_participant(chat=group, handle="+14155550177", by=manager)
    sales = make_chat(other_line, make_handle("+14155550801"), make_handle("+14155550802"), name="Sellers")
    rename_group(chat=sales, name="Sellers two", by=administrator)
    rename, add, other = "Rename to “Night crew”", "Add +1 415 555 0177", "Rename to “Sellers two”"

    def shown(**query) -> tuple[bool, bool, bool]:
        html = page(administrator, **query)
        return rename in html, add in html, other in html

    assert shown() == (True, True, True)
    assert shown(state="failed") == (True, False, False)
    assert shown(kind="add_participant") == (False, True, False)
    assert shown(line=other_line.pk) == (False, False, True)
    assert shown(chat=group.pk) == (True, True, False)
    assert shown(state="nonsense", kind="'; --", line="x") == (True, True, True)


def test_the_latest_fifty_then_older(manager, group):
    first = failed(group, manager)
    for _ in range(50):
        sending(group, manager, "Hello")
    client = signed_in(manager)
    page_one = client.get(reverse("admin:activity"), {"line": group.line_id})
    assert len(page_one.context["rows"]) == 50
    page_two = client.get(page_one.context["older_url"])
    assert [one.pk for one in page_two.context["rows"]] == [first.pk]
    assert "hx-get" in page_one.content.decode().split('id="activity-rows"')[1].split(">")[0]
    assert "hx-get" not in page_two.content.decode().split('id="activity-rows"')[1].split(">")[0]


def test_a_page_tells_all_about_one(manager, group):
    html = detail(manager, failed(group, manager))
    for expected in (
        "The remote refused the name.",
        "trace-77",
        'data-copy="trace-77"',
        "<dd>400</dd>",
        "<dd>1003</dd>",
        "<dd>2</dd>",
        "&quot;display_name&quot;: &quot;Night crew&quot;",
        "Retry",
    ):
        assert expected in html
    assert "Why is this waiting?" not in html


def test_message_text_is_shown_escaped(manager, group):
    html = detail(manager, sending(group, manager, "<script>alert(1)</script>"))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_hostile_payload_is_escaped(manager, group):
    html = detail(manager, rename_group(chat=group, name="</pre><script>x</script>", by=manager))
    assert "<script>x" not in html


def test_what_waits_says_why_and_can_be_cancelled(manager, group):
    operation = rename_group(chat=group, name="Night crew", by=manager)
    html = detail(manager, operation)
    assert "It is due and waits for a worker" in html
    assert "Cancel</button>" in html
    response = signed_in(manager).post(reverse("admin:operation_cancel", args=[operation.pk]))
    assert response["Location"] == reverse("admin:operation", args=[operation.pk])
    operation.refresh_from_db()
    assert operation.state == State.CANCELLED


def test_what_is_on_its_way_cannot_be_cancelled(manager, group):
    operation = rename_group(chat=group, name="Night crew", by=manager)
    Operation.objects.filter(pk=operation.pk).update(
        state=State.SENDING, lease_expires_at=clock.now() + timedelta(seconds=30), first_sent_at=clock.now()
    )
    assert "Cancel</button>" not in detail(manager, operation)
    client = signed_in(manager)
    response = client.post(reverse("admin:operation_cancel", args=[operation.pk]), follow=True)
    assert "The remote may have it already, so it can no longer be taken back." in response.content.decode()
    operation.refresh_from_db()
    assert operation.state == State.SENDING


def test_a_manager_retries_what_failed(administrator, manager, group):
    operation = failed(group, administrator)
    response = signed_in(manager).post(reverse("admin:operation_retry", args=[operation.pk]))
    assert response.status_code == 302
    operation.refresh_from_db()
    assert operation.state == State.QUEUED
    assert AuditRecord.objects.get().action == "operation.retry"


@pytest.mark.parametrize(("who", "status"), [("agent", 403), ("outsider", 404)])
@pytest.mark.parametrize("name", ["operation_retry", "operation_cancel"])
def test_others_change_nothing(request, manager, group, who, status, name, django_capture_on_commit_callbacks):
    operation = failed(group, manager)
    with django_capture_on_commit_callbacks() as after:
        client = signed_in(request.getfixturevalue(who))
        response = client.post(reverse(f"admin:{name}", args=[operation.pk]))
    assert response.status_code == status
    operation.refresh_from_db()
    assert (operation.state, AuditRecord.objects.count(), after) == (State.FAILED, 0, [])


def test_a_role_without_retry_sees_no_button_for_anothers(manager, administrator, group):
    operation = failed(group, administrator)
    manager.groups.get().permissions.remove(manager.groups.get().permissions.get(codename="retry_operations"))
    assert "Retry" not in detail(manager, operation)
    assert signed_in(manager).post(reverse("admin:operation_retry", args=[operation.pk])).status_code == 403


def test_it_takes_as_many_queries_for_many_as_for_one(manager, group, django_assert_num_queries):
    client = signed_in(manager)
    operation = failed(group, manager)
    # Session, account, rights (2), the operations, the lines to choose from.
    with django_assert_num_queries(6):
        client.get(reverse("admin:activity"))
    for _ in range(30):
        sending(group, manager, "Hello")
    with django_assert_num_queries(6):
        client.get(reverse("admin:activity"))
    # Session, account, rights (2), the operation, who asked for it.
    with django_assert_num_queries(6):
        client.get(reverse("admin:operation", args=[operation.pk]))
