"""The lists under Manage: lines, who may use them, people, the audit."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chats.actions.groups import rename_group
from chats.actions.rules import record
from chats.admin.bounded import MOST_ROWS, BoundedPaginator
from chats.admin.manage import PACE_FIELDS
from chats.models import AuditRecord, Contact, Handle, Line, LineAccess
from tests.people import make_chat, make_handle, make_person, signed_in

pytestmark = pytest.mark.django_db

LISTS = ["line", "lineaccess", "contact", "auditrecord"]


def changelist(name: str) -> str:
    return reverse(f"admin:chats_{name}_changelist")


def change(row) -> str:
    return reverse(f"admin:chats_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize("name", LISTS)
def test_who_sees_which_list(name, agent, manager, administrator):
    assert Client().get(changelist(name)).status_code == 302
    assert signed_in(agent).get(changelist(name)).status_code == 403
    assert signed_in(manager).get(changelist(name)).status_code == (200 if name == "contact" else 403)
    assert signed_in(administrator).get(changelist(name)).status_code == 200


@pytest.mark.parametrize("name", ["line", "contact", "auditrecord"])
def test_nothing_is_added_or_deleted_by_hand(name, django_user_model, chat):
    chief = signed_in(django_user_model.objects.create_superuser("chief"))
    record(None, "chat.start", line=chat.line, chat=chat)
    assert chief.get(reverse(f"admin:chats_{name}_add")).status_code == 403
    row = {"line": Line, "contact": Contact, "auditrecord": AuditRecord}[name].objects.get()
    assert chief.post(reverse(f"admin:chats_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def line_form(line, label) -> dict[str, object]:
    return {
        "label": label,
        **{name: getattr(line, name) for name in PACE_FIELDS},
        "access-TOTAL_FORMS": 0,
        "access-INITIAL_FORMS": 0,
        "access-MIN_NUM_FORMS": 0,
        "access-MAX_NUM_FORMS": 1000,
    }


def test_a_line_changes_its_label_only(administrator, line):
    data = line_form(line, "Night desk") | {"phone_number": "+19995550000", "status": "FLAGGED"}
    assert signed_in(administrator).post(change(line), data).status_code == 302
    line.refresh_from_db()
    assert (line.label, line.phone_number, line.status) == ("Night desk", "+12025550101", "")
    assert AuditRecord.objects.get().action == "line.label"


def test_a_line_changes_its_pace(administrator, line):
    data = line_form(line, line.label) | {
        "gap_seconds": "2.5",
        "messages_a_day": "",
        "new_conversations_a_day": "0",
        "messages_a_minute_to_one": "12",
    }
    assert signed_in(administrator).post(change(line), data).status_code == 302
    line.refresh_from_db()
    assert (line.gap_seconds, line.messages_a_minute, line.messages_a_day) == (2.5, 20, None)
    assert (line.new_conversations_a_day, line.messages_a_minute_to_one, line.reserve_percent) == (0, 12, 10)
    entry = AuditRecord.objects.get()
    assert (entry.action, entry.actor) == ("line.pace", administrator)
    assert entry.before == (
        "gap_seconds 1, messages_a_day 7000, new_conversations_a_day 45, messages_a_minute_to_one 30"
    )
    assert entry.after == (
        "gap_seconds 2.5, messages_a_day no limit, new_conversations_a_day 0, messages_a_minute_to_one 12"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gap_seconds", ""),
        ("gap_seconds", "-1"),
        ("gap_seconds", "nan"),
        ("gap_seconds", "601"),
        ("messages_a_minute", "0"),
        ("messages_a_day", "0"),
        ("new_conversations_a_day", "-1"),
        ("messages_a_minute_to_one", ""),
        ("messages_a_minute_to_one", "31"),
        ("reserve_percent", "91"),
    ],
)
def test_a_pace_that_makes_no_sense_is_refused(name, value, administrator, line):
    response = signed_in(administrator).post(change(line), line_form(line, line.label) | {name: value})
    assert response.status_code == 200
    assert name in response.context["adminform"].form.errors
    before = Line.objects.values().get(pk=line.pk)
    assert before[name] == getattr(line, name)
    assert not AuditRecord.objects.exists()


def test_a_line_is_given_to_a_person_on_its_page(administrator, line):
    new = make_person("new", "Agent")
    data = line_form(line, line.label) | {
        "access-TOTAL_FORMS": 1,
        "access-0-user": new.pk,
        "access-0-line": line.pk,
    }
    assert signed_in(administrator).post(change(line), data).status_code == 302
    assert LineAccess.objects.filter(user=new, line=line).count() == 1
    assert AuditRecord.objects.get().action == "line.give"


def test_gifts_are_made_and_taken_in_their_own_list(administrator, line, other_line, agent):
    client = signed_in(administrator)
    response = client.post(reverse("admin:chats_lineaccess_add"), {"user": agent.pk, "line": other_line.pk})
    assert response.status_code == 302
    given = LineAccess.objects.get(user=agent, line=other_line)
    assert client.post(change(given), {"user": agent.pk, "line": line.pk}).status_code == 403
    both = list(LineAccess.objects.filter(user=agent).values_list("pk", flat=True))
    client.post(changelist("lineaccess"), {"action": "delete_selected", "_selected_action": both, "post": "yes"})
    assert not LineAccess.objects.filter(user=agent).exists()
    assert sorted(AuditRecord.objects.values_list("action", flat=True)) == ["line.give", "line.take", "line.take"]


def test_a_role_without_all_lines_stays_within_its_own(line, other_line, agent, outsider):
    keeper = make_person("keeper", "", line)
    names = ["view_line", "change_line", "view_lineaccess", "add_lineaccess", "delete_lineaccess", "view_auditrecord"]
    keeper.user_permissions.set(Permission.objects.filter(codename__in=names))
    record(outsider, "line.label", line=other_line, target="secret-target")
    client = signed_in(keeper)
    for name in ("line", "lineaccess", "auditrecord"):
        html = client.get(changelist(name)).content.decode()
        assert "Sales" not in html
        assert "secret-target" not in html
    theirs = LineAccess.objects.get(line=other_line)
    for url in (change(other_line), reverse("admin:chats_lineaccess_delete", args=[theirs.pk])):
        assert client.get(url).status_code == 302  # "perhaps it was deleted?", as for one that never was
    response = client.post(reverse("admin:chats_lineaccess_add"), {"user": agent.pk, "line": other_line.pk})
    assert response.status_code == 200  # the form again: that line is no choice
    assert not LineAccess.objects.filter(user=agent, line=other_line).exists()


def test_people_are_those_of_ones_chats(manager, outsider, chat):
    contact = Contact.objects.get(name="Ada Example")
    assert "Ada Example" in signed_in(manager).get(changelist("contact")).content.decode()
    client = signed_in(outsider)
    assert "Ada Example" not in client.get(changelist("contact")).content.decode()
    assert client.get(change(contact)).status_code == 302
    client.post(change(contact), contact_form("Taken"))
    contact.refresh_from_db()
    assert contact.name == "Ada Example"


def contact_form(name: str) -> dict[str, object]:
    """The form as the browser sends it; handles are shown and not sent."""
    return {"name": name, "handles-TOTAL_FORMS": 0, "handles-INITIAL_FORMS": 0}


def test_renaming_a_person_there_renames_their_chats(manager, chat):
    contact = Contact.objects.get(name="Ada Example")
    assert signed_in(manager).post(change(contact), contact_form("Ada Lovely")).status_code == 302
    chat.refresh_from_db()
    assert chat.title == "Ada Lovely"
    assert AuditRecord.objects.get().action == "contact.rename"


def test_handles_are_shown_and_stay_as_they_are(manager, chat):
    contact = Contact.objects.get(name="Ada Example")
    html = signed_in(manager).get(change(contact)).content.decode()
    assert "+1 415 555 0101" in html
    assert 'name="handles-0-value"' not in html
    handle = Handle.objects.get(contact=contact)
    data = contact_form("Ada Example") | {
        "handles-TOTAL_FORMS": 1,
        "handles-INITIAL_FORMS": 1,
        "handles-0-id": handle.pk,
        "handles-0-contact": contact.pk,
        "handles-0-value": "+19995550000",
        "handles-0-DELETE": "on",
    }
    signed_in(manager).post(change(contact), data)
    handle.refresh_from_db()
    assert (handle.value, handle.contact) == ("+14155550101", contact)


def test_the_audit_is_read_only_and_links_to_the_chat(administrator, manager, group):
    rename_group(chat=group, name="Night crew", by=manager)
    client = signed_in(administrator)
    html = client.get(changelist("auditrecord")).content.decode()
    assert "group.rename" in html
    assert f'href="{reverse("admin:chat", args=[group.pk])}"' in html
    entry = AuditRecord.objects.get()
    assert client.post(change(entry), {"action": "nothing"}).status_code == 403
    entry.refresh_from_db()
    assert entry.action == "group.rename"


def test_hostile_names_are_escaped_in_lists(administrator, line):
    make_chat(line, make_handle("+14155550901", "<i>x</i>" + "n" * 180))
    record(administrator, "line.label", line=line, target="t", before="<i>x</i>", after="<i>y</i>")
    for name in ("contact", "auditrecord"):
        html = signed_in(administrator).get(changelist(name)).content.decode()
        assert "<i>" not in html
        assert "&lt;i&gt;x" in html


def test_large_lists_are_counted_up_to_a_bound(monkeypatch, line, django_assert_num_queries):
    for _ in range(3):
        record(None, "line.label", line=line)
    rows = AuditRecord.objects.order_by("-pk")
    assert BoundedPaginator(rows, 2).count == 3
    monkeypatch.setattr("chats.admin.bounded.MOST_ROWS", 2)
    with django_assert_num_queries(1) as captured:
        bounded = BoundedPaginator(rows, 2)
        assert (bounded.count, str(bounded.count), bounded.num_pages) == (2, "2 or more", 1)
    assert "LIMIT 3" in captured.captured_queries[0]["sql"]
    assert MOST_ROWS == 5000


@pytest.mark.parametrize("name", ["contact", "auditrecord"])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_one(name, administrator, line, django_assert_num_queries):
    def more(number: int) -> None:
        chat = make_chat(line, make_handle(f"+1415555{number:04d}", f"Person {number}"))
        record(administrator, "chat.start", line=line, chat=chat)

    client = signed_in(administrator)
    more(1)
    client.get(changelist(name))  # content types are cached from here on
    # Session, account, rights (2), the bounded count, the rows, and the handles of people.
    queries = 7 if name == "contact" else 6
    with django_assert_num_queries(queries):
        client.get(changelist(name))
    for number in range(2, 12):
        more(number)
    with django_assert_num_queries(queries):
        client.get(changelist(name))
