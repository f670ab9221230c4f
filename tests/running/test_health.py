from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_it_answers_without_signing_in(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "Ready."})
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_redis_that_is_gone_is_told(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "Redis does not answer."})


def test_a_database_that_is_gone_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection to server at 10.0.0.7 failed: password authentication failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "The database does not answer."})
