"""What a manager asks of the remote for a line: contact card, forwarding, an audit of its reputation."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from chats import clock
from chats.actions import line_settings
from chats.models import AuditRecord, Line, Operation, ReputationAudit
from chats.models.operation import Kind, State
from tests.people import NOON, signed_in

pytestmark = pytest.mark.django_db

CARD = {"first_name": "Team", "last_name": "North", "image_url": ""}
ASKS = {
    "line_card": (CARD, Kind.SAVE_CONTACT_CARD, CARD),
    "line_forwarding": ({"number": "+1 (415) 555-0188"}, Kind.SET_FORWARDING, {"forwarding_number": "+14155550188"}),
    "line_audit": ({}, Kind.START_AUDIT, {}),
}


def post(user, name, line, /, *more, **data):
    return signed_in(user).post(reverse(f"admin:{name}", args=[line.pk, *more]), data, follow=True)


def page(user, line) -> str:
    response = signed_in(user).get(reverse("admin:line", args=[line.pk]))
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize("who", ["manager", "administrator"])
def test_it_is_asked_for_and_shows_as_pending(name, who, line, request):
    data, kind, payload = ASKS[name]
    user = request.getfixturevalue(who)
    response = post(user, name, line, **data)
    assert response.redirect_chain == [(reverse("admin:line", args=[line.pk]), 302)]
    assert f'data-pending="{kind}"' in response.content.decode()
    operation = Operation.objects.get()
    assert (operation.kind, operation.payload, operation.requested_by, operation.line) == (kind, payload, user, line)


@pytest.mark.parametrize("name", ASKS)
def test_others_ask_nothing(name, line, agent, outsider, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as after:
        assert post(agent, name, line, **ASKS[name][0]).status_code == 403
        assert post(outsider, name, line, **ASKS[name][0]).status_code == 404
        assert Client().post(reverse(f"admin:{name}", args=[line.pk]), ASKS[name][0]).status_code == 302
        assert signed_in(outsider).get(reverse(f"admin:{name}", args=[line.pk])).status_code == 405
    assert (Operation.objects.count(), AuditRecord.objects.count(), after) == (0, 0, [])


@pytest.mark.parametrize(
    ("name", "data", "field", "sentence"),
    [
        ("line_card", CARD | {"first_name": " "}, "first_name", "Give the card a first name"),
        ("line_card", CARD | {"image_url": "javascript:alert(1)"}, "image_url", "starts with https://"),
        ("line_forwarding", {"number": '415 "x'}, "number", "Write the number with its country code"),
    ],
)
def test_a_refusal_stands_at_its_field_beside_what_was_typed(name, data, field, sentence, line, manager):
    response = post(manager, name, line, **data)
    html = response.content.decode()
    assert response.status_code == 422
    assert f'id="settings-{field}-error"' in html
    assert sentence in html
    assert html.count('aria-invalid="true"') == 1
    assert "<details open>" in html
    assert Operation.objects.count() == 0
    if name == "line_forwarding":
        assert 'value="415 &quot;x"' in html


def test_a_second_audit_is_refused_with_a_sentence(line, manager):
    post(manager, "line_audit", line)
    response = post(manager, "line_audit", line)
    assert response.status_code == 422
    assert "An audit of this line is under way already." in response.content.decode()


def test_what_the_remote_keeps_is_shown(line, manager):
    html = page(manager, line)
    assert "Not known yet" in html
    assert "Nowhere" in html
    assert "None yet" in html
    Line.objects.update(
        card_first_name="Team",
        card_last_name="<b>North</b>",
        card_image_url="javascript:alert(1)",
        card_known_at=NOON,
        forwarding_number="+14155550188",
    )
    ReputationAudit.objects.create(
        line=line,
        remote_id="a1",
        status="complete",
        started_at=NOON,
        generated_at=NOON,
        report={
            "severity": "AT_RISK",
            "drivers": [{"key": "volume_spike", "summary": "<i>Too much</i>", "metric": "3x"}],
            "action_items": [{"title": "Slow down", "detail": "For a week."}],
        },
    )
    html = page(manager, line)
    for text in (
        "Team &lt;b&gt;North&lt;/b&gt;",
        "+1 415 555 0188",
        "&lt;i&gt;Too much&lt;/i&gt;",
        "At risk",
        "<strong>Slow down</strong> For a week.",
    ):
        assert text in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize("report", [{}, {"drivers": [], "severity": "HEALTHY", "summary_markdown": "All is well."}])
def test_a_report_that_says_little(report, line, manager):
    ReputationAudit.objects.create(
        line=line, remote_id="a1", status="complete", started_at=NOON, generated_at=NOON, report=report
    )
    assert report.get("summary_markdown", "Nothing to report.") in page(manager, line)


def test_a_failed_change_is_tried_again(line, manager, agent, outsider):
    operation = line_settings.set_forwarding(line=line, number="+14155550188", by=manager)
    Operation.objects.update(state=State.FAILED, error="No.", settled_at=clock.now(), due_at=None, trace_id="t-7")
    html = page(manager, line)
    assert "<strong>Forward calls to +1 415 555 0188</strong> failed. No." in html
    assert "t-7" in html
    assert post(agent, "line_retry", line, operation.pk).status_code == 403
    assert post(outsider, "line_retry", line, operation.pk).status_code == 404
    operation.refresh_from_db()
    assert operation.state == State.FAILED
    assert post(manager, "line_retry", line, operation.pk).status_code == 200
    operation.refresh_from_db()
    assert operation.state == State.QUEUED
    # Of another line, or no setting of a line at all.
    assert post(manager, "line_retry", line, 999_999).status_code == 404


def test_a_failure_that_was_overtaken_is_told_of_no_more(line, manager):
    line_settings.set_forwarding(line=line, number="+14155550188", by=manager)
    Operation.objects.update(state=State.FAILED, error="No.", settled_at=clock.now(), due_at=None)
    line_settings.set_forwarding(line=line, number="+14155550189", by=manager)
    html = page(manager, line)
    assert "data-failed" not in html
    assert 'data-pending="set_forwarding"' in html


def test_the_page_costs_the_same_with_settings_and_without(line, manager, django_assert_max_num_queries):
    client = signed_in(manager)
    address = reverse("admin:line", args=[line.pk])
    with django_assert_max_num_queries(30) as bare:
        client.get(address)
    line_settings.set_forwarding(line=line, number="+14155550188", by=manager)
    ReputationAudit.objects.create(line=line, remote_id="a1", started_at=NOON)
    with django_assert_max_num_queries(30) as full:
        client.get(address)
    assert len(full.captured_queries) == len(bare.captured_queries) == 9


@pytest.mark.parametrize("name", ASKS)
def test_it_stands_in_the_activity_of_its_line(name, line, manager, outsider):
    post(manager, name, line, **ASKS[name][0])
    operation = Operation.objects.get()
    assert f"/activity/operations/{operation.pk}/" in signed_in(manager).get("/activity/").content.decode()
    own = signed_in(manager).get(f"/activity/operations/{operation.pk}/")
    assert own.status_code == 200
    assert "It is due and waits for a worker" in own.content.decode()
    assert signed_in(outsider).get(f"/activity/operations/{operation.pk}/").status_code == 404
