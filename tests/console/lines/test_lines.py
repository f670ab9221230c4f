"""The lines room, and a line's own page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chats import clock
from chats.actions.groups import rename_group
from chats.engine import lanes
from chats.models import AuditRecord, Lane, Line, Operation
from chats.queries.lines import LineRow, counted, line_rows
from tests.people import NOON, make_line, make_person, signed_in

pytestmark = pytest.mark.django_db


def lines_page(user) -> str:
    response = signed_in(user).get(reverse("admin:lines"))
    assert response.status_code == 200
    return response.content.decode()


def line_page(user, line) -> str:
    response = signed_in(user).get(reverse("admin:line", args=[line.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_anonymous_is_sent_to_the_sign_in(line):
    assert Client().get(reverse("admin:lines")).status_code == 302
    assert Client().get(reverse("admin:line", args=[line.pk])).status_code == 302


def test_an_agent_may_not_watch_lines(agent, line):
    client = signed_in(agent)
    assert client.get(reverse("admin:lines")).status_code == 403
    assert client.get(reverse("admin:line", args=[line.pk])).status_code == 403


def test_a_manager_sees_the_lines_given_to_them(manager, outsider, line, other_line):
    html = lines_page(manager)
    assert "Support" in html
    assert "Sales" not in html
    assert signed_in(manager).get(reverse("admin:line", args=[other_line.pk])).status_code == 404
    assert signed_in(outsider).get(reverse("admin:line", args=[line.pk])).status_code == 404


def test_what_the_remote_has_not_said_is_not_invented(manager, line):
    html = line_page(manager, line)
    assert "Status unknown" in html
    assert html.count(">Unknown<") == 2  # type and reputation
    assert "Active" not in html.replace("Activity", "")


def test_status_reputation_and_rest_are_shown(manager, line):
    Line.objects.filter(pk=line.pk).update(status="FLAGGED", status_changed_at=NOON, reputation="CRITICAL")
    lane = lanes.lane_of(line)
    Lane.objects.filter(pk=lane.pk).update(rest_until=clock.now() + timedelta(minutes=4))
    html = line_page(manager, line)
    assert "Flagged" in html
    assert "Critical" in html
    assert "The remote asked us to wait." in html


def test_a_rest_that_is_over_is_not_shown(manager, line):
    lane = lanes.lane_of(line)
    Lane.objects.filter(pk=lane.pk).update(rest_until=clock.now() - timedelta(seconds=1))
    assert "Resting" not in lines_page(manager)


def test_what_waits_is_counted_and_listed_in_its_order(manager, line, group):
    rename_group(chat=group, name="First", by=manager)
    second = rename_group(chat=group, name="Second", by=manager)
    Operation.objects.filter(pk=second.pk).update(state="confirmed", settled_at=NOON, due_at=None)
    [row] = line_rows(manager)
    assert (row.line, row.waiting, row.people, row.resting_until) == (line, 1, 1, None)
    html = line_page(manager, line)
    assert "Rename to “First”" in html
    assert "Rename to “Second”" not in html


def test_a_long_queue_is_not_counted_to_its_end():
    assert (counted(1000), counted(1001)) == ("1,000", "1,000+")
    assert LineRow(Line(), 1001, 0, None).waiting_text == "1,000+"


def test_nobody_and_nothing(administrator, line):
    html = line_page(administrator, line)
    assert "Nobody yet" in html
    assert "Nothing waits" in html


def test_no_lines_points_to_setup(administrator):
    html = lines_page(administrator)
    assert "No lines yet" in html
    assert reverse("admin:setup") in html


def test_an_administrator_labels_a_line(administrator, line):
    response = signed_in(administrator).post(reverse("admin:line_label", args=[line.pk]), {"label": "  Night  desk "})
    assert response.status_code == 302
    line.refresh_from_db()
    assert line.label == "Night desk"
    record = AuditRecord.objects.get()
    assert (record.action, record.before, record.after) == ("line.label", "Support", "Night desk")


def test_a_label_too_long_is_refused_in_place(administrator, line):
    response = signed_in(administrator).post(reverse("admin:line_label", args=[line.pk]), {"label": "n" * 81})
    assert response.status_code == 422
    assert f'value="{"n" * 81}"' in response.content.decode()
    assert "A label can have 80 characters at the most." in response.content.decode()
    line.refresh_from_db()
    assert line.label == "Support"


@pytest.mark.parametrize(("who", "status"), [("agent", 403), ("manager", 403), ("outsider", 404)])
def test_others_cannot_label_it(request, line, who, status, django_capture_on_commit_callbacks):
    user = request.getfixturevalue(who)
    with django_capture_on_commit_callbacks() as after:
        response = signed_in(user).post(reverse("admin:line_label", args=[line.pk]), {"label": "Mine"})
    assert response.status_code == status
    line.refresh_from_db()
    assert (line.label, AuditRecord.objects.count(), after) == ("Support", 0, [])
    assert "Save label" not in (line_page(user, line) if who == "manager" else "")


def test_a_hostile_label_is_escaped(administrator):
    make_line("+12025550199", "<script>x</script>")
    html = lines_page(administrator)
    assert "<script>x" not in html
    assert "&lt;script&gt;x" in html


def test_it_takes_as_many_queries_for_many_lines_as_for_one(administrator, line, django_assert_num_queries):
    client = signed_in(administrator)
    # Session, account, rights (2), the lines.
    with django_assert_num_queries(5):
        client.get(reverse("admin:lines"))
    for number in range(20):
        lanes.lane_of(make_line(f"+1202555{number:04d}"))
    make_person("one", "Agent", *Line.objects.all())
    with django_assert_num_queries(5):
        client.get(reverse("admin:lines"))
