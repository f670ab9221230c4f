"""Accounts and roles. Nobody can give, or take over, more rights than they hold themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest

from chats.actions.rules import record
from chats.admin.guard import person
from chats.admin.house_words import HouseWords
from chats.admin.line_access import LineAccessInline, SavesLineAccess

WORDS = {
    "username": ("User name", "Up to 150 letters, digits and @ . + - _."),
    "email": ("E-mail", ""),
    "is_active": (
        "Active",
        "Untick this, instead of deleting the account, for somebody who left.",
    ),
    "is_staff": ("Can sign in", "Accounts without this cannot open the console."),
    "is_superuser": ("Superuser", "Holds every right, on every line, without any role."),
    "user_permissions": ("Further rights", "Beside those of the roles."),
}
"""What the fields of an account are called here, and what they mean."""

admin.site.unregister(User)
admin.site.unregister(Group)


def rights_of(user: User) -> set[int]:
    """The ids of all permissions an account holds or would hold once it is active again."""
    held = Permission.objects.filter(Q(group__user=user) | Q(user=user))
    return set(held.values_list("pk", flat=True))


def is_within(user: User, by: User) -> bool:
    """Whether `by` may change this account: a superuser any, others only one with no right that they lack.

    Otherwise setting a password would be a way to more rights.
    """
    return by.is_superuser or (not user.is_superuser and rights_of(user) <= rights_of(by))


@admin.register(User)
class PersonAdmin(HouseWords, SavesLineAccess, UserAdmin):  # type: ignore[type-arg]
    """An account: its roles, and the lines it may use."""

    list_display = ("username", "first_name", "last_name", "roles", "is_active", "last_login")
    list_filter = ("is_active",)
    filter_horizontal = ("user_permissions",)
    inlines = (LineAccessInline,)
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        access: tuple[str, ...] = ("is_active", "is_staff", "groups")
        if person(request).is_superuser:
            access += ("is_superuser", "user_permissions")
        return (
            (None, {"fields": ("username", "password")}),
            ("Person", {"fields": ("first_name", "last_name", "email")}),
            ("Access", {"fields": access}),
            ("Dates", {"fields": self.readonly_fields}),
        )

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj is not None else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        label, help_text = WORDS.get(db_field.name, (None, None))
        if label:
            kwargs |= {"label": label, "help_text": help_text}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["queryset"] = roles_to_give(person(request))
            kwargs["widget"] = CheckboxSelectMultiple
            kwargs["label"] = "Roles"
            kwargs["help_text"] = "What the person may do. On which lines is said below."
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or is_within(obj, person(request)))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Never several at once, where each would have to be looked at.
        allowed = super().has_delete_permission(request, obj)
        return allowed and (person(request).is_superuser if obj is None else is_within(obj, person(request)))

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or ("Superuser" if user.is_superuser else "–")

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[Any], change: bool) -> None:
        if not change:
            # An account is made for the console; without this it could not be signed in with.
            obj.is_staff = True
        super().save_model(request, obj, form, change)
        fields = ", ".join(name for name in form.changed_data if "password" not in name and name != "groups")
        action = "user.change" if change else "user.add"
        if fields or not change:
            record(person(request), action, line=None, target=obj.get_username(), after=fields)

    def save_related(self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool) -> None:
        before = role_names(form.instance)
        super().save_related(request, form, formsets, change)
        after = role_names(form.instance)
        if before != after:
            record(
                person(request),
                "user.roles",
                line=None,
                target=form.instance.get_username(),
                before=before,
                after=after,
            )


@admin.register(Group)
class RoleAdmin(HouseWords, GroupAdmin):
    """A role: what its people may do."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        if db_field.name == "permissions" and request is not None:
            by = person(request)
            choices = Permission.objects.select_related("content_type")
            kwargs["queryset"] = choices if by.is_superuser else choices.filter(pk__in=rights_of(by))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj in roles_to_give(person(request)))

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (person(request).is_superuser if obj is None else obj in roles_to_give(person(request)))


def roles_to_give(by: User) -> QuerySet[Group]:
    """The roles that hold no right which `by` lacks."""
    if by.is_superuser:
        return Group.objects.order_by("name")
    beyond = Permission.objects.exclude(pk__in=rights_of(by))
    return Group.objects.exclude(permissions__in=beyond).order_by("name")


def role_names(user: User) -> str:
    return ", ".join(user.groups.order_by("name").values_list("name", flat=True))
