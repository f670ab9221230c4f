"""Accounts and roles: nobody gives, or takes over, more rights than they hold."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from chats.models import AuditRecord, LineAccess
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(db) -> User:
    return User.objects.create_superuser("chief", password="chief-password")


def change_url(user: User) -> str:
    return reverse("admin:auth_user_change", args=[user.pk])


def form(user: User, prefix: str = "line_access", **changes: object) -> dict[str, object]:
    """The change form of an account as the browser would send it, unchanged but for `changes`."""
    given = list(LineAccess.objects.filter(user=user).order_by("pk"))
    data: dict[str, object] = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": "on",
        "is_staff": "on",
        "groups": [group.pk for group in user.groups.all()],
        f"{prefix}-TOTAL_FORMS": len(given),
        f"{prefix}-INITIAL_FORMS": len(given),
        f"{prefix}-MIN_NUM_FORMS": 0,
        f"{prefix}-MAX_NUM_FORMS": 1000,
    }
    for number, one in enumerate(given):
        data |= {f"{prefix}-{number}-id": one.pk, f"{prefix}-{number}-user": user.pk}
    return data | changes


@pytest.mark.parametrize("who", ["agent", "manager", "outsider"])
def test_others_see_no_accounts(request, who, agent):
    client = signed_in(request.getfixturevalue(who))
    for url in (reverse("admin:auth_user_changelist"), change_url(agent), reverse("admin:auth_user_add")):
        assert client.get(url).status_code == 403
    assert Client().get(change_url(agent)).status_code == 302


def test_an_administrator_changes_the_roles_of_an_agent(administrator, agent):
    manager_role = Group.objects.get(name="Manager")
    response = signed_in(administrator).post(change_url(agent), form(agent, groups=[manager_role.pk]))
    assert response.status_code == 302
    assert list(agent.groups.all()) == [manager_role]
    record = AuditRecord.objects.get()
    assert (record.action, record.target, record.before, record.after) == ("user.roles", "agent", "Agent", "Manager")


def test_an_administrator_gives_and_takes_lines_there(administrator, agent, line, other_line):
    more = {
        "line_access-TOTAL_FORMS": 2,
        "line_access-0-DELETE": "on",
        "line_access-1-user": agent.pk,
        "line_access-1-line": other_line.pk,
    }
    response = signed_in(administrator).post(change_url(agent), form(agent, **more))
    assert response.status_code == 302
    assert list(LineAccess.objects.filter(user=agent).values_list("line", flat=True)) == [other_line.pk]
    assert sorted(AuditRecord.objects.values_list("action", "line")) == [
        ("line.give", other_line.pk),
        ("line.take", line.pk),
    ]


def test_an_administrator_makes_no_superuser(administrator, agent):
    client = signed_in(administrator)
    html = client.get(change_url(agent)).content.decode()
    assert "is_superuser" not in html
    assert "user_permissions" not in html
    every = list(Permission.objects.values_list("pk", flat=True))
    client.post(change_url(agent), form(agent, is_superuser="on", user_permissions=every))
    agent.refresh_from_db()
    assert (agent.is_superuser, agent.user_permissions.count()) == (False, 0)


def test_an_administrator_cannot_touch_a_superuser(administrator, chief):
    client = signed_in(administrator)
    assert client.post(change_url(chief), form(chief, username="taken")).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[chief.pk])
    taken = {"usable_password": "true", "password1": "a-new-password-1", "password2": "a-new-password-1"}
    assert client.post(password, taken).status_code == 403
    chief.refresh_from_db()
    assert chief.username == "chief"
    assert chief.check_password("chief-password")
    assert AuditRecord.objects.count() == 0


def test_nor_someone_with_a_right_that_they_lack_not_even_an_inactive_one(administrator, agent):
    agent.user_permissions.add(Permission.objects.get(codename="delete_user"))
    User.objects.filter(pk=agent.pk).update(is_active=False)
    client = signed_in(administrator)
    assert client.post(change_url(agent), form(agent, username="taken")).status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=[agent.pk])).status_code == 403
    agent.refresh_from_db()
    assert agent.username == "agent"


def test_a_role_with_a_right_that_they_lack_is_not_theirs_to_give(administrator, agent):
    powerful = Group.objects.create(name="Powerful")
    powerful.permissions.add(Permission.objects.get(codename="delete_user"))
    client = signed_in(administrator)
    assert "Powerful" not in client.get(change_url(agent)).content.decode()
    response = client.post(change_url(agent), form(agent, groups=[powerful.pk]))
    assert response.status_code == 200  # the form again, with an error
    assert [group.name for group in agent.groups.all()] == ["Agent"]


def test_an_administrator_changes_no_roles_themselves(administrator):
    url = reverse("admin:auth_group_change", args=[Group.objects.get(name="Agent").pk])
    client = signed_in(administrator)
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "Agent", "permissions": []}).status_code == 403
    assert Group.objects.get(name="Agent").permissions.count() == 2


def test_who_may_change_roles_gives_only_rights_of_their_own(administrator):
    administrator.groups.get().permissions.add(Permission.objects.get(codename="change_group"))
    agents, all_of_it = Group.objects.get(name="Agent"), Permission.objects.get(codename="delete_user")
    client = signed_in(User.objects.get(pk=administrator.pk))
    url = reverse("admin:auth_group_change", args=[agents.pk])
    assert client.post(url, {"name": "Agent", "permissions": [all_of_it.pk]}).status_code == 200
    assert all_of_it not in agents.permissions.all()
    powerful = Group.objects.create(name="Powerful")
    powerful.permissions.add(all_of_it)
    locked = client.post(reverse("admin:auth_group_change", args=[powerful.pk]), {"name": "Mine"})
    assert locked.status_code == 403


def test_a_superuser_may(chief, agent):
    client = signed_in(chief)
    assert "is_superuser" in client.get(change_url(agent)).content.decode()
    client.post(change_url(agent), form(agent, is_superuser="on"))
    agent.refresh_from_db()
    assert agent.is_superuser


def test_a_new_account_can_open_the_console(administrator):
    data = {
        "username": "newcomer",
        "usable_password": "true",
        "password1": "horse-battery-9",
        "password2": "horse-battery-9",
    }
    response = signed_in(administrator).post(reverse("admin:auth_user_add"), data)
    new = User.objects.get(username="newcomer")
    assert response["Location"] == change_url(new)
    assert (new.is_staff, new.is_superuser) == (True, False)
    assert AuditRecord.objects.get().action == "user.add"


def test_hostile_names_are_escaped(administrator):
    make_person("<b>x</b>", "Agent")
    assert "<b>x</b>" not in signed_in(administrator).get(reverse("admin:auth_user_changelist")).content.decode()
