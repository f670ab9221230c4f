from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard import env

NAME = "CHATDECK_SAMPLE"
A_PORT = f"{NAME} must be a whole number from 1 to 65535."
AN_ADDRESS = f"{NAME} must be an address such as https://console.example.com."
A_DATABASE = f"{NAME} must look like postgresql://user:password@host:5432/chatdeck."
A_REDIS = f"{NAME} must look like redis://127.0.0.1:6379/0 or unix:///path/to/socket."


def port(name: str) -> int:
    return env.number(name, 8000, least=1, most=65535)


def level(name: str) -> str:
    return env.choice(name, "INFO", ["DEBUG", "INFO"])


@pytest.mark.parametrize(
    ("read", "value", "sentence"),
    [
        (env.flag, "maybe", f"{NAME} must be 1 or 0."),
        (port, "0", A_PORT),
        (port, "65536", A_PORT),
        (port, "eighty", A_PORT),
        (port, "80.5", A_PORT),
        (level, "LOUD", f"{NAME} must be one of DEBUG, INFO."),
        (env.web_address, "console.example.com", AN_ADDRESS),
        (env.web_address, "ftp://console.example.com", AN_ADDRESS),
        (env.web_address, "https://", AN_ADDRESS),
        (env.web_address, "https://[::1", AN_ADDRESS),
        (env.web_address, "https://host:port", AN_ADDRESS),
        (env.postgres, "mysql://host/chatdeck", A_DATABASE),
        (env.postgres, "postgresql://host", A_DATABASE),
        (env.postgres, "postgresql://host:many/chatdeck", A_DATABASE),
        (env.redis, "http://127.0.0.1", A_REDIS),
        (env.redis, "redis:", A_REDIS),
        (env.redis, "unix://", A_REDIS),
        (env.redis, "redis://host:many/0", A_REDIS),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object], value: str, sentence: str
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        read(NAME)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("read", "value", "meaning"),
    [
        (env.flag, "Yes", True),
        (env.flag, "off", False),
        (env.flag, " ", False),
        (port, " 9000 ", 9000),
        (port, "", 8000),
        (level, "debug", "DEBUG"),
        (env.words, "a, b,,c ", ["a", "b", "c"]),
        (env.web_address, "https://console.example.com/", "https://console.example.com"),
        (env.redis, "unix:///run/redis.sock", "unix:///run/redis.sock"),
        (env.redis, "", ""),
        (env.postgres, "", None),
    ],
)
def test_a_right_value_is_read(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object], value: str, meaning: object
) -> None:
    monkeypatch.setenv(NAME, value)
    assert read(NAME) == meaning


def test_a_database_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "postgresql://an%40a:s%2Fecret@db.example.com:6432/deck?sslmode=require")
    assert env.postgres(NAME) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "deck",
        "USER": "an@a",
        "PASSWORD": "s/ecret",
        "HOST": "db.example.com",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_database_may_be_reached_through_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "postgresql://chatdeck@/deck?host=%2Fvar%2Frun%2Fdeck")
    read = env.postgres(NAME)
    assert read is not None
    assert (read["HOST"], read["PORT"], read["NAME"]) == ("/var/run/deck", "", "deck")
