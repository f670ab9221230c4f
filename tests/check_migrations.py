"""Whether every model change has its migration, without a database: `python -m tests.check_migrations SETTINGS`.

Django's own `makemigrations --check` wants to look into a running database first.
"""

from __future__ import annotations

import os
import sys

import django
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState


def main(settings: str) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    django.setup()
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph)
    for app, migrations in changes.items():
        for migration in migrations:
            for operation in migration.operations:
                print(f"{settings}: {app} lacks a migration: {operation.describe()}")  # noqa: T201
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
