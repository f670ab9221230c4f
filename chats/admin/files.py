"""Files in chats: taking in what somebody picks to send, and showing what was sent and what came."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from chats.actions.attachments import discard_attachment, store_attachment
from chats.actions.rules import Refused
from chats.admin.guard import person, room
from chats.admin.serving import may_be_kept, missing, serve
from chats.engine import media
from chats.models import Attachment, Message
from chats.queries import access
from chats.v3.file_types import shown_as


@require_POST
@room("reply_to_chats")
def upload(request: HttpRequest, pk: int) -> JsonResponse:
    """Keep a file for the chat's composer. 422 with a sentence when it cannot be sent."""
    chat = access.get_chat(person(request), pk)
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"problem": "No file arrived. Attach it again."}, status=422)
    try:
        attachment = store_attachment(line=chat.line, file=file, by=person(request))
    except Refused as no:
        return JsonResponse({"problem": no.sentence}, status=422)
    return JsonResponse(
        {
            "id": attachment.pk,
            "name": attachment.name,
            "size": attachment.size,
            "kind": shown_as(attachment.content_type),
            "url": reverse("admin:unsent_file", args=[attachment.pk]),
        },
        status=201,
    )


@require_POST
@room("reply_to_chats")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a file that was not sent. One that is gone already is as good as deleted."""
    attachment = access.get_unsent_file(person(request), pk)
    try:
        discard_attachment(attachment=attachment, by=person(request))
    except Refused as no:
        return JsonResponse({"problem": no.sentence}, status=422)
    return HttpResponse(status=204)


@may_be_kept
@require_safe
@room("reply_to_chats")
def unsent(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A file that the same person has picked and not sent, for the composer to show."""
    return _ours(request, access.get_unsent_file(person(request), pk))


@may_be_kept
@require_safe
@room("read_chats")
def of_message(request: HttpRequest, pk: int, message_pk: int, index: int) -> HttpResponseBase:
    """A file in a message: our own, or our copy of the remote's, fetched now if nobody has looked at it before."""
    chat = access.get_chat(person(request), pk)
    message = Message.objects.filter(chat=chat, pk=message_pk).first()
    parts = message.parts if message is not None and isinstance(message.parts, list) else []
    part = parts[index] if index < len(parts) else None
    if message is None or not isinstance(part, dict):
        return missing()
    own = part.get("attachment")
    if type(own) is int:
        attachment = Attachment.objects.filter(pk=own, line=chat.line_id).first()
        return missing() if attachment is None else _ours(request, attachment)
    copy = media.copy_of(message, index) if media.is_remote(part) else None
    if copy is None:
        return missing()
    return serve(
        request,
        copy.file,
        name=str(part.get("filename") or "file")[:255],
        content_type=str(part.get("mime_type") or ""),
        size=copy.size,
        tag=f"copy-{copy.pk}",
    )


def _ours(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    return serve(
        request,
        attachment.file,
        name=attachment.name,
        content_type=attachment.content_type,
        size=attachment.size,
        tag=f"file-{attachment.pk}",
    )
