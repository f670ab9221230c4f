from __future__ import annotations

import os

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_the_database_belongs_to_this_run_alone() -> None:
    assert connection.settings_dict["NAME"].startswith("test_")
    assert str(os.getpid()) in connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int >= 140000")
        assert cursor.fetchone() == (True,)


def test_static_files_need_no_collecting() -> None:
    assert settings.STORAGES["staticfiles"]["BACKEND"] == "django.contrib.staticfiles.storage.StaticFilesStorage"
