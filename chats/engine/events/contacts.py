from __future__ import annotations

from chats import live
from chats.engine import store, titles
from chats.engine.events import find
from chats.models import Chat, Contact, Handle, WebhookEvent


def card_received(event: WebhookEvent) -> None:
    """Somebody shared their name. It fills a name that is empty; what the team wrote stays."""
    data = find.envelope_of(event).data
    find.line_of(event, str(data.get("owner_handle") or ""))
    name = " ".join(str(data.get(key) or "").strip() for key in ("first_name", "last_name")).strip()[:200]
    value = str(data.get("sender_handle") or "")
    if not name or not value:
        return
    known = store.handle_of(value)
    # Chats before handles, and chats in one order, as everywhere: two events never wait for each other.
    shown_in = titles.lock(Chat.objects.filter(participants__handle=known).values_list("pk", flat=True))
    handle = Handle.objects.select_for_update(no_key=True).get(pk=known.pk)
    if handle.contact is None:
        handle.contact = Contact.objects.create(name=name)
        handle.save(update_fields=["contact"])
    elif not handle.contact.name:
        Contact.objects.filter(pk=handle.contact.pk, name="").update(name=name)
    else:
        return
    titles.refresh([chat.pk for chat in shown_in])
    for chat in shown_in:
        live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)
