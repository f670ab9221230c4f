"""Adding many rows at once, all of them as one JSON document: `bulk_create` takes ten times as long in Python.

Made for readings, which bring thousands of rows. Nothing is done here that `bulk_create` would not do.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import DatabaseDefault

M = TypeVar("M", bound=Model)

_INSERT = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_to_recordset(%s::jsonb) AS told ({types})
ON CONFLICT DO NOTHING
RETURNING id, {returned}
"""


def add(rows: Sequence[M], *, unique: str) -> list[M]:
    """Add those rows that are not there yet, and give them their ids. Returns the ones that were added.

    `unique` is the field by which a returned row is known again. All rows are of one model.
    """
    if not rows:
        return []
    model = type(rows[0])
    fields = [field for field in _fields(model) if not isinstance(getattr(rows[0], field.attname), DatabaseDefault)]
    told = [{field.column: _value(field, row) for field in fields} for row in rows]
    quote = connection.ops.quote_name
    statement = _INSERT.format(
        table=quote(model._meta.db_table),
        columns=", ".join(quote(str(field.column)) for field in fields),
        types=", ".join(f"{quote(str(field.column))} {field.db_type(connection)}" for field in fields),
        returned=quote(unique),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(told, default=_plain)])
        ids = {value: pk for pk, value in cursor.fetchall()}
    added = []
    for row in rows:
        pk = ids.get(getattr(row, unique))
        if pk is not None:
            row.pk = pk
            row._state.adding = False
            added.append(row)
    return added


@cache
def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _value(field: Field[Any, Any], row: Model) -> Any:
    return field.pre_save(row, True) if getattr(field, "auto_now_add", False) else getattr(row, field.attname)


def _plain(value: Any) -> str:
    """What JSON does not know, as PostgreSQL reads it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be added")
