"""The standing people of the tests, and what they talk in: two lines, a direct chat, a group.

`agent`, `manager` and `administrator` hold their role; the first two on `line` only. `outsider` has every
right of a manager, but on `other_line`: whatever belongs to `line` must not exist for them.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client

from chats.engine import titles
from chats.models import Chat, Contact, Handle, Line, LineAccess, Participant

NOON = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)


def make_person(name: str, role: str, *lines: Line) -> User:
    """A member of staff with a role ("Agent", "Manager", "Administrator" or "" for none) and lines given to them."""
    user = User.objects.create_user(name, password=f"{name}-password", is_staff=True)
    if role:
        user.groups.add(_role(role))
    for one in lines:
        LineAccess.objects.create(user=user, line=one)
    return user


def make_line(number: str, label: str = "") -> Line:
    return Line.objects.create(remote_id=uuid.uuid4(), phone_number=number, label=label)


def make_handle(value: str, name: str = "") -> Handle:
    contact = Contact.objects.create(name=name) if name else None
    return Handle.objects.create(value=value, contact=contact)


def make_chat(line: Line, *people: Handle, name: str = "", sort_at: datetime = NOON, **fields: object) -> Chat:
    """A chat of `line` with these people, known to the remote; a group when there are several or it has a name."""
    is_group = len(people) > 1 or bool(name)
    fields.setdefault("remote_id", uuid.uuid4())
    chat = Chat.objects.create(line=line, is_group=is_group, display_name=name, sort_at=sort_at, **fields)
    ours, _ = Handle.objects.get_or_create(value=line.phone_number)
    Participant.objects.create(chat=chat, handle=ours, is_me=True, joined_at=sort_at)
    for handle in people:
        Participant.objects.create(chat=chat, handle=handle, joined_at=sort_at)
    titles.refresh([chat.pk])
    chat.refresh_from_db()
    return chat


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _role(name: str) -> Group:
    if not Group.objects.filter(name=name).exists():
        # A test with real transactions ends with empty tables, the migration's rows included.
        import_module("chats.migrations.0002_roles").make_roles(apps, None)
        import_module("chats.migrations.0008_kinds").give_managers_their_lines(apps, None)
        import_module("chats.migrations.0011_campaign_roles").give_rights(apps, None)
    return Group.objects.get(name=name)


@pytest.fixture
def line(db: None) -> Line:
    return make_line("+12025550101", "Support")


@pytest.fixture
def other_line(db: None) -> Line:
    return make_line("+12025550102", "Sales")


@pytest.fixture
def agent(line: Line) -> User:
    return make_person("agent", "Agent", line)


@pytest.fixture
def manager(line: Line) -> User:
    return make_person("manager", "Manager", line)


@pytest.fixture
def administrator(db: None) -> User:
    return make_person("administrator", "Administrator")


@pytest.fixture
def outsider(other_line: Line) -> User:
    return make_person("outsider", "Manager", other_line)


@pytest.fixture
def chat(line: Line) -> Chat:
    """A direct chat on `line`, with Ada Example."""
    return make_chat(line, make_handle("+14155550101", "Ada Example"), service="iMessage")


@pytest.fixture
def group(line: Line) -> Chat:
    """A group on `line`: three people beside our line, with a name of its own."""
    people = [
        make_handle("+14155550111", "Bea Example"),
        make_handle("+14155550112", "Cas Example"),
        make_handle("dot@example.com"),
    ]
    return make_chat(line, *people, name="Crew", service="iMessage")
