"""Naming people. A name of ours belongs to the contact, and shows wherever one of its handles takes part."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from chats import live
from chats.actions.rules import NotAllowed, Refused, record, require
from chats.engine import titles
from chats.models import Chat, Contact, Handle
from chats.queries import access

MAX_NAME_LENGTH = 200


def name_person(*, chat: Chat, handle: Handle, name: str, by: User) -> Contact | None:
    """Give the person behind a handle of this chat a name; makes the contact when there is none yet.

    An empty name takes ours away, and the handle shows again. Returns None when there was nothing to
    take away. Nothing is asked of the remote: names of people are the console's own.

    Raises `NotAllowed` without `change_contact` on the chat's line; `Refused` when the handle is not
    in the chat or is our own line's, or for a name that is too long.
    """
    require(by, "change_contact", chat.line)
    name = _clean_name(name)
    with transaction.atomic():
        if not chat.participants.filter(handle=handle, is_me=False).exists():
            raise Refused("This person is not in the chat.", field="name")
        # Two people who name somebody new at once make one contact between them.
        handle = Handle.objects.select_for_update().get(pk=handle.pk)
        if handle.contact_id is not None:
            return _rename(Contact.objects.select_for_update().get(pk=handle.contact_id), name, by=by, chat=chat)
        if not name:
            return None
        handle.contact = Contact.objects.create()
        handle.save(update_fields=["contact"])
        return _rename(handle.contact, name, by=by, chat=chat)


def rename_contact(*, contact: Contact, name: str, by: User) -> Contact:
    """Change what the console calls a person, everywhere.

    Raises `NotAllowed` without `change_contact`, or when the person takes part in no chat that `by`
    sees; `Refused` for a name that is too long.
    """
    if not access.has_right(by, "chats.change_contact"):
        raise NotAllowed("This needs the right “change_contact”.")
    if not access.contacts_for(by).filter(pk=contact.pk).exists():
        raise NotAllowed("This person is in no chat of yours.")
    name = _clean_name(name)
    with transaction.atomic():
        return _rename(Contact.objects.select_for_update().get(pk=contact.pk), name, by=by, chat=None)


def _rename(contact: Contact, name: str, *, by: User, chat: Chat | None) -> Contact:
    if name == contact.name:
        return contact
    before, contact.name = contact.name, name
    contact.save(update_fields=["name", "updated_at"])
    record(
        by,
        "contact.rename",
        line=chat.line if chat else None,
        chat=chat,
        target=f"contact {contact.pk}",
        before=before,
        after=name,
    )
    # Titles and search words are kept with each chat, so every chat of this person changes with the name.
    chats = dict(Chat.objects.filter(participants__handle__contact=contact).order_by("pk").values_list("pk", "line_id"))
    titles.refresh(list(chats))
    for chat_id, line_id in chats.items():
        live.announce("chat", line_id=line_id, chat_id=chat_id)
    return contact


def _clean_name(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())  # the database takes no NUL
    if len(name) > MAX_NAME_LENGTH:
        raise Refused(f"A name can have {MAX_NAME_LENGTH} characters at the most.", field="name")
    return name
