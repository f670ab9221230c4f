"""Starting a chat: which line, with whom, and its first message."""

from __future__ import annotations

import re
import uuid

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from chats.actions.messages import start_chat
from chats.actions.rules import Refused
from chats.admin.guard import person, room
from chats.admin.typed import as_handle
from chats.models import Line
from chats.queries import access
from chats.v3.limits import MAX_TEXT_LENGTH


class NewChatForm(forms.Form):
    """What a new chat needs. The remote's own rules are checked by the action, and come back to their field."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    line = forms.ModelChoiceField(
        Line.objects.none(), empty_label=None, error_messages={"invalid_choice": "Choose one of your lines."}
    )
    to = forms.CharField(
        label="To",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false", "data-handles": ""}),
        help_text="Phone numbers such as +1 415 555 0123 or e-mail addresses, one per line or with commas. "
        "Several make a group.",
        error_messages={"required": "Say who it is for: a phone number such as +1 415 555 0123, or an e-mail address."},
    )
    text = forms.CharField(
        label="First message",
        strip=False,
        # Too long is the action's to say; this only bounds what comes back in the page.
        max_length=2 * MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text="A first message holds text only, no links.",
        error_messages={"required": "Write something first."},
    )

    def handles(self) -> list[str]:
        """Who it is for, one by one."""
        return [as_handle(one) for one in re.split(r"[,;\n]+", self.cleaned_data["to"]) if one.strip()]


@require_http_methods(["GET", "HEAD", "POST"])
@room("reply_to_chats")
def new_chat(request: HttpRequest) -> HttpResponse:
    """The form; after success, the chat. Every refusal stands at its field and all that was written stays."""
    user = person(request)
    lines = access.lines_for(user).filter(is_active=True).order_by("label", "phone_number")
    first = {"key": uuid.uuid4(), "line": request.GET.get("line", ""), "to": request.GET.get("to", "")}
    form = (
        NewChatForm(request.POST, label_suffix="")
        if request.method == "POST"
        else NewChatForm(initial=first, label_suffix="")
    )
    choice = form.fields["line"]
    assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101
    choice.queryset = lines
    if form.is_valid():
        data = form.cleaned_data
        try:
            chat = start_chat(line=data["line"], to=form.handles(), text=data["text"], by=user, key=data["key"])
        except Refused as no:
            form.add_error(no.field if no.field in form.fields else None, no.sentence)
        else:
            return HttpResponseRedirect(reverse("admin:chat", args=[chat.pk]))
    context = {"title": "New chat", "form": form, "has_lines": lines.exists()}
    return render(request, "console/inbox/new_chat.html", context, status=422 if form.errors else 200)
