"""Django's own pages speak as the console does."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from chats.models import LineAccess
from tests.people import signed_in

pytestmark = pytest.mark.django_db

LISTS = {
    "auth_user": ("People and roles", "People"),
    "auth_group": ("People and roles", "Roles"),
    "chats_line": ("Records", "Lines"),
    "chats_lineaccess": ("Records", "Line access"),
    "chats_contact": ("Records", "Contacts"),
    "chats_auditrecord": ("Records", "Audit records"),
}
DJANGOS = ("Select ", "Authentication and Authorization", "Users", "Groups", "User-group", "administration")


def words(user, address: str) -> str:
    """What the page says in its main part, headings and crumbs included."""
    page = signed_in(user).get(address)
    assert page.status_code == 200
    html = page.content.decode()
    main = re.sub(r"(?s)<(script|svg|select).*?</\1>", " ", html[html.index('<main id="content-start"') :])
    return " ".join(re.sub(r"<[^>]+>", " ", main.split('<dialog class="dialog" id="shortcuts"')[0]).split())


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_called_what_it_holds(administrator, manager, line, name):
    app, title = LISTS[name]
    text = words(administrator, reverse(f"admin:{name}_changelist"))
    assert text.startswith(f"Home &rsaquo; {app} &rsaquo; {title} {title} ")
    assert [one for one in DJANGOS if one in text] == []


def test_an_account_is_a_person(administrator, manager):
    text = words(administrator, reverse("admin:auth_user_change", args=[manager.pk]))
    assert text.startswith("Home &rsaquo; People and roles &rsaquo; People &rsaquo; manager Change person manager ")
    assert "Can sign in" in text
    assert [one for one in DJANGOS if one in text] == []
    assert "Roles and lines are given on the next page." in words(administrator, reverse("admin:auth_user_add"))


def test_what_is_deleted_is_told_in_names_that_people_know(administrator, agent, line):
    administrator.is_superuser = True
    administrator.save()
    text = words(administrator, reverse("admin:auth_user_delete", args=[agent.pk]))
    assert "People: 1 Line access: 1 Objects" in text
    assert f"Line access: {LineAccess.objects.get(user=agent)}" in text
    assert "User_groups object" not in text
    role = words(administrator, reverse("admin:auth_group_delete", args=[Group.objects.get(name="Agent").pk]))
    assert "Summary Roles: 1 Objects" in role
    assert "object (" not in role


def test_an_apps_page_has_its_own_name(administrator):
    assert words(administrator, "/auth/").startswith("Home &rsaquo; People and roles People and roles ")
