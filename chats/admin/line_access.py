"""Who may use a line, as a list on the line's page and on the person's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, BaseModelFormSet, ModelForm
from django.http import HttpRequest

from chats.actions.lines import give_line, take_line
from chats.admin.guard import person
from chats.models import LineAccess
from chats.queries import access


def people_to_choose() -> QuerySet[User]:
    """Accounts that can sign in to the console."""
    return User.objects.filter(is_active=True, is_staff=True).order_by("username")


class LineAccessFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Names the box that takes a line away, for those who hear the page."""

    def add_fields(self, form: ModelForm[Any], index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = (
                f"Take away: {form.instance}" if form.instance.pk else "Leave out"
            )


class ChoosesWithinLines(BaseModelAdmin):  # type: ignore[type-arg]
    """For forms that give a line: only one's own lines and people who can sign in may be chosen."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "line":
            kwargs["queryset"] = access.lines_for(request.user)
        elif db_field.name == "user":
            kwargs |= {"queryset": people_to_choose(), "label": "Person"}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class LineAccessInline(ChoosesWithinLines, admin.TabularInline):  # type: ignore[type-arg]
    """Lines given; a row is added or taken away, never turned into another one."""

    model = LineAccess
    formset = LineAccessFormSet
    extra = 0
    verbose_name = "line access"
    verbose_name_plural = "Who may use which line"

    class Media:
        css = {"all": ["chatdeck/css/inlines.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[LineAccess]:
        return access.within_lines(request.user, super().get_queryset(request).select_related("user", "line"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        # No side doors to other pages from within a row.
        for door in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            setattr(field.widget, door, False)
        return field


class SavesLineAccess:
    """For a page with `LineAccessInline`: its rows are given and taken by the actions, which record them."""

    def save_formset(
        self, request: HttpRequest, form: ModelForm[Any], formset: BaseModelFormSet[Any, Any], change: bool
    ) -> None:
        if formset.model is not LineAccess:
            formset.save()
            return
        by = person(request)
        new = formset.save(commit=False)
        for given in formset.deleted_objects:
            take_line(given=given, by=by)
        for given in new:
            given.pk = give_line(line=given.line, to=given.user, by=by).pk
