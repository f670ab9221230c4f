"""Naming people: the action behind the panel and the list of contacts."""

from __future__ import annotations

import pytest

from chats.actions.contacts import name_person, rename_contact
from chats.actions.rules import NotAllowed, Refused
from chats.models import AuditRecord, Contact
from tests.people import make_chat, make_handle

pytestmark = pytest.mark.django_db


def test_somebody_new_gets_a_contact(manager, line):
    chat = make_chat(line, make_handle("+14155550401"))
    handle = chat.participants.get(is_me=False).handle
    contact = name_person(chat=chat, handle=handle, name="Eli", by=manager)
    chat.refresh_from_db()
    handle.refresh_from_db()
    assert (chat.title, handle.contact, contact.name) == ("Eli", contact, "Eli")


def test_an_empty_name_makes_no_contact(manager, line):
    chat = make_chat(line, make_handle("+14155550401"))
    assert name_person(chat=chat, handle=chat.participants.get(is_me=False).handle, name=" ", by=manager) is None
    assert (Contact.objects.count(), AuditRecord.objects.count()) == (0, 0)


def test_an_empty_name_shows_the_handle_again(manager, chat):
    name_person(chat=chat, handle=chat.participants.get(is_me=False).handle, name="", by=manager)
    chat.refresh_from_db()
    assert chat.title == "+14155550101"


def test_the_same_name_changes_nothing(manager, chat, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as after:
        name_person(chat=chat, handle=chat.participants.get(is_me=False).handle, name="Ada Example", by=manager)
    assert (AuditRecord.objects.count(), after) == (0, [])


def test_our_own_line_is_nobody_to_name(manager, chat):
    with pytest.raises(Refused, match="This person is not in the chat"):
        name_person(chat=chat, handle=chat.participants.get(is_me=True).handle, name="Us", by=manager)
    assert AuditRecord.objects.count() == 0


@pytest.mark.parametrize("who", ["agent", "outsider"])
def test_others_may_not(request, who, chat, django_capture_on_commit_callbacks):
    by = request.getfixturevalue(who)
    handle = chat.participants.get(is_me=False).handle
    with django_capture_on_commit_callbacks() as after:
        with pytest.raises(NotAllowed):
            name_person(chat=chat, handle=handle, name="Else", by=by)
        with pytest.raises(NotAllowed):
            rename_contact(contact=handle.contact, name="Else", by=by)
    assert Contact.objects.get().name == "Ada Example"
    assert (AuditRecord.objects.count(), after) == (0, [])


def test_every_chat_of_the_person_is_announced(manager, chat, line, django_capture_on_commit_callbacks):
    handle = chat.participants.get(is_me=False).handle
    make_chat(line, handle, make_handle("+14155550402"), name="Both")
    with django_capture_on_commit_callbacks() as after:
        rename_contact(contact=handle.contact, name="Ada Lovely", by=manager)
    assert len(after) == 2
