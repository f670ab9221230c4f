"""Manage: the admin's own lists, restyled but stock, inside the same boundaries as every room.

What they change goes through the actions, like everywhere else.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from chats.actions.contacts import rename_contact
from chats.actions.lines import LinePace, give_line, label_line, pace_line, take_line
from chats.admin.bounded import BoundedPaginator
from chats.admin.guard import person
from chats.admin.house_words import HouseWords
from chats.admin.line_access import ChoosesWithinLines, LineAccessInline, SavesLineAccess
from chats.models import AuditRecord, Contact, Handle, Line, LineAccess
from chats.queries import access
from chats.templatetags.console import readable

PACE_FIELDS = tuple(field.name for field in fields(LinePace))


class OnlyThere:
    """Rows come from the remote or from actions: nothing is added or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Line)
class LineAdmin(OnlyThere, SavesLineAccess, HouseWords):
    """Ours to change are the label, the pace of what leaves, and who may use the line."""

    list_display = ("label", "number", "line_type", "status", "reputation", "is_active", "synced_at")
    search_fields = ("label", "phone_number")
    list_display_links = ("number",)
    readonly_fields = (
        "number",
        "line_type",
        "status",
        "status_changed_at",
        "reputation",
        "forwarding_number",
        "is_active",
        "synced_at",
    )
    fieldsets = (
        (None, {"fields": ("label", *readonly_fields)}),
        (
            "Pace and budgets",
            {
                "description": "How much may leave by this line. Messages over a budget wait until it frees, "
                "and say so.",
                "fields": PACE_FIELDS,
            },
        ),
    )
    inlines = (LineAccessInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Line]:
        return access.lines_for(request.user).order_by("label", "phone_number")

    @admin.display(description="Number", ordering="phone_number")
    def number(self, line: Line) -> str:
        return readable(line.phone_number)

    def save_model(self, request: HttpRequest, obj: Line, form: ModelForm[Any], change: bool) -> None:
        by = person(request)
        label_line(line=obj, label=form.cleaned_data["label"], by=by)
        pace_line(line=obj, pace=LinePace(**{name: form.cleaned_data[name] for name in PACE_FIELDS}), by=by)


@admin.register(LineAccess)
class LineAccessAdmin(ChoosesWithinLines, HouseWords):
    """A line is given or taken; a gift is never turned into another one."""

    list_display = ("person_name", "line_name", "given_at")
    list_select_related = ("user", "line")
    search_fields = ("user__username", "line__label", "line__phone_number")
    fields = ("user", "line")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LineAccess]:
        return access.within_lines(request.user, LineAccess.objects.order_by("user__username", "line__label"))

    @admin.display(description="Person", ordering="user__username")
    def person_name(self, given: LineAccess) -> str:
        return given.user.get_username()

    @admin.display(description="Line", ordering="line__label")
    def line_name(self, given: LineAccess) -> str:
        return readable(given.line)

    def has_change_permission(self, request: HttpRequest, obj: LineAccess | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: LineAccess, form: ModelForm[Any], change: bool) -> None:
        obj.pk = give_line(line=obj.line, to=obj.user, by=person(request)).pk

    def delete_model(self, request: HttpRequest, obj: LineAccess) -> None:
        take_line(given=obj, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[LineAccess]) -> None:
        for given in queryset.select_related("line", "user"):
            take_line(given=given, by=person(request))


class HandleInline(OnlyThere, admin.TabularInline):  # type: ignore[type-arg]
    """Handles are what the remote knows; here they are only shown."""

    model = Handle
    fields = readonly_fields = ("address", "service", "opted_out_at", "blocked_at")
    extra = 0

    class Media:
        css = {"all": ["chatdeck/css/inlines.css"]}

    @admin.display(description="Number or e-mail")
    def address(self, handle: Handle) -> str:
        return readable(handle.value)

    def has_view_permission(self, request: HttpRequest, obj: Contact | None = None) -> bool:
        return access.has_right(request.user, "chats.view_contact")

    def has_change_permission(self, request: HttpRequest, obj: Contact | None = None) -> bool:
        return False


@admin.register(Contact)
class ContactAdmin(OnlyThere, HouseWords):
    """People in the chats of one's own lines."""

    list_display = ("shown_name", "handle_values", "time_zone", "created_at")
    search_fields = ("name", "handles__value")
    ordering = ("-pk",)
    fields = ("name", "time_zone", "created_at", "updated_at")
    readonly_fields = fields[1:]
    inlines = (HandleInline,)
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        return access.contacts_for(request.user).prefetch_related("handles").order_by("-pk")

    @admin.display(description="Name")
    def shown_name(self, contact: Contact) -> str:
        return readable(contact)

    @admin.display(description="Numbers and e-mails")
    def handle_values(self, contact: Contact) -> str:
        return ", ".join(readable(handle.value) for handle in contact.handles.all())

    def save_model(self, request: HttpRequest, obj: Contact, form: ModelForm[Any], change: bool) -> None:
        rename_contact(contact=obj, name=form.cleaned_data["name"], by=person(request))


@admin.register(AuditRecord)
class AuditRecordAdmin(OnlyThere, HouseWords):
    """Who changed what on one's own lines; nobody changes a record."""

    list_display = ("happened_at", "actor", "action", "line_name", "chat_link", "target_shown", "before", "after")
    list_display_links = ("happened_at",)
    list_select_related = ("actor", "line", "chat")
    search_fields = ("=action", "=actor__username", "=target")
    search_help_text = "A whole action (group.rename), user name or target."
    fields = readonly_fields = (
        "happened_at",
        "actor",
        "action",
        "line_name",
        "chat_link",
        "target_shown",
        "before",
        "after",
    )
    ordering = ("-pk",)
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditRecord]:
        return access.within_lines(request.user, AuditRecord.objects.order_by("-pk")).defer("chat__search")

    def has_change_permission(self, request: HttpRequest, obj: AuditRecord | None = None) -> bool:
        return False

    @admin.display(description="Line")
    def line_name(self, entry: AuditRecord) -> str:
        return readable(entry.line) if entry.line else "–"

    @admin.display(description="Target")
    def target_shown(self, entry: AuditRecord) -> str:
        return readable(entry.target) or "–"

    @admin.display(description="Chat")
    def chat_link(self, entry: AuditRecord) -> str:
        if entry.chat is None:
            return "–"
        shown = Truncator(readable(entry.chat)).chars(60)
        return format_html('<a href="{}">{}</a>', reverse("admin:chat", args=[entry.chat.pk]), shown)
