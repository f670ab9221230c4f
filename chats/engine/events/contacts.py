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
    handle = Handle.objects.select_for_update(no_key=True).get(pk=store.handle_of(value).pk)
    if handle.contact is None:
        handle.contact = Contact.objects.create(name=name)
        handle.save(update_fields=["contact"])
    elif not handle.contact.name:
        Contact.objects.filter(pk=handle.contact.pk, name="").update(name=name)
    else:
        return
    shown_in = Chat.objects.filter(participants__handle=handle).values_list("pk", "line_id")
    titles.refresh([pk for pk, _ in shown_in])
    for pk, line_id in shown_in:
        live.announce("chat", line_id=line_id, chat_id=pk)
