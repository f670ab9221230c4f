"""Django's own pages in the words of the house: titles that say what is there, and only rows that people know."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import ManyToManyRel, Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

MORE = dict[str, Any] | None


class HouseWords(ModelAdmin):  # type: ignore[type-arg]
    """For every list under Manage."""

    def changelist_view(self, request: HttpRequest, extra_context: MORE = None) -> HttpResponse:
        """Its name, where Django writes "Select person to change"."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: MORE = None) -> HttpResponse:
        found = self.get_object(request, object_id)
        more = {"title": "History", "subtitle": str(found) if found is not None else None}
        return super().history_view(request, object_id, {**more, **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: MORE = None) -> Any:
        title = f"Delete {self.opts.verbose_name}"
        return super().delete_view(request, object_id, {"title": title, **(extra_context or {})})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with them, without the rows that only tie one to another: nobody knows them by name."""
        gone, counts, missing, protected = super().get_deleted_objects(objs, request)
        ties = _ties_of(self.model)
        shown = _without(gone, [f"{capfirst(name)}: " for name, _ in ties])
        plurals = {plural for _, plural in ties}
        return shown, {name: count for name, count in counts.items() if str(name) not in plurals}, missing, protected


def _ties_of(model: type[Model]) -> list[tuple[str, str]]:
    """The names, one and many, of the tables behind the model's many-to-many fields, its own and those to it."""
    own = [field.remote_field.through for field in model._meta.many_to_many]
    to_it = [one.through for one in model._meta.related_objects if isinstance(one, ManyToManyRel)]
    made = [through._meta for through in [*own, *to_it] if through is not None and through._meta.auto_created]
    return [(str(one.verbose_name), str(one.verbose_name_plural)) for one in made]


def _without(rows: list[Any], beginnings: list[str]) -> list[Any]:
    """A nested list of lines without those that begin so, and without lists that are empty then."""
    kept: list[Any] = []
    for row in rows:
        if isinstance(row, list):
            inner = _without(row, beginnings)
            kept += [inner] if inner else []
        elif not str(row).startswith(tuple(beginnings)):
            kept.append(row)
    return kept
