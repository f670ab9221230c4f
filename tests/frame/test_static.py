"""The files of the look: what a page or a style names exists, and no style reaches outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.handlers.asgi import ASGIHandler

BASE = Path(settings.BASE_DIR)
STYLES = sorted((BASE / "static/chatdeck/css").glob("*.css"))
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (BASE / "static/chatdeck/icons.svg").read_text()))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(BASE)))
def test_a_template_names_files_and_icons_that_exist(template):
    text = template.read_text()
    named = re.findall(r"""\{% static ["']([^"']+)["']""", text)
    assert [name for name in named if finders.find(name) is None] == []
    assert set(re.findall(r'\{% icon "([^"]+)"', text)) - ICONS == set()


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_a_style_explains_itself_uses_known_variables_and_fetches_nothing_from_outside(style):
    text = style.read_text()
    assert text.startswith("/* ")
    assert "@import" not in text
    assert [url for url in re.findall(r"url\(([^)]*)\)", text) if url != '"../logo.svg"'] == []
    known = {name for file in STYLES for name in re.findall(r"(--[\w-]+)\s*:", file.read_text())}
    assert set(re.findall(r"var\((--[\w-]+)", text)) - known == set()


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _themes() -> dict[str, dict[str, str]]:
    text = (BASE / "static/chatdeck/css/tokens.css").read_text()
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    colours = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
    bright = dict(colours.findall(light))
    return {"light": bright, "dark": bright | dict(colours.findall(dark))}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reaches_the_contrast_of_wcag_aa(theme):
    colours = _themes()[theme]
    pairs = [(text, ground) for text in ("text", "text-2", "text-3") for ground in ("bg", "surface", "surface-2")]
    pairs += [(tone, f"{tone}-soft") for tone in ("ok", "warn", "bad", "info")]
    pairs += [("text", f"{tone}-soft") for tone in ("ok", "warn", "bad", "info")]
    pairs += [
        ("text-2", "muted-soft"),
        ("text-2", "surface-3"),
        ("accent-strong", "accent-soft"),
        ("text-3", "accent-soft"),
    ]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-strong"), ("accent", "bg"), ("accent", "surface")]
    pairs += [
        ("bubble-in-text", "bubble-in"),
        ("bubble-out-text", "bubble-out"),
        ("bad", "surface"),
        ("warn", "surface"),
    ]
    assert {
        pair: _contrast(*(colours[name] for name in pair))
        for pair in pairs
        if _contrast(*(colours[n] for n in pair)) < 4.5
    } == {}
    edges = [("line-strong", ground) for ground in ("surface", "bg", "surface-2")]
    assert {
        pair: _contrast(*(colours[n] for n in pair)) for pair in edges if _contrast(*(colours[n] for n in pair)) < 3
    } == {}


def _asked(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """What the console's ASGI application answers: as a server would ask it, with warnings as errors."""

    async def ask() -> tuple[int, dict[str, str], bytes]:
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), *named],
        }
        talk = ApplicationCommunicator(ASGIHandler(), scope)
        await talk.send_input({"type": "http.request", "body": b""})
        start = await talk.receive_output(10)
        body = b""
        while True:
            piece = await talk.receive_output(10)
            body += piece["body"]
            if not piece.get("more_body"):
                break
        await talk.wait()
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body

    return async_to_sync(ask)()


def test_a_file_is_served_whole_under_asgi():
    status, headers, body = _asked("/static/chatdeck/js/time.js")
    assert (status, body) == (200, (BASE / "static/chatdeck/js/time.js").read_bytes())
    assert headers["Content-Type"] == 'text/javascript; charset="utf-8"'
    assert int(headers["Content-Length"]) == len(body)
    assert headers["X-Content-Type-Options"] == "nosniff"
    again = _asked("/static/chatdeck/js/time.js", if_none_match=headers["ETag"])
    assert (again[0], again[2], "Content-Type" in again[1]) == (304, b"", False)


def test_a_part_or_only_the_head_of_a_file():
    path = "/static/chatdeck/js/time.js"
    status, headers, body = _asked(path, range="bytes=3-9")
    assert (status, body) == (206, (BASE / "static/chatdeck/js/time.js").read_bytes()[3:10])
    assert headers["Content-Length"] == "7"
    size = len((BASE / "static/chatdeck/js/time.js").read_bytes())
    status, headers, body = _asked(path, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(size), b"")
    assert _asked(path, "POST")[0] == 405
