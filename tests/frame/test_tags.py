"""The tags of the console's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import Context, Template

from chats.models.common import Health, Service
from chats.models.message import DeliveryStatus
from chats.models.operation import State
from chats.templatetags import console

NOW = datetime(2026, 7, 3, 14, 5, 9, tzinfo=UTC)
SPRITE = ElementTree.parse(Path(settings.BASE_DIR) / "static/chatdeck/icons.svg")  # noqa: S314
ICONS = {symbol.get("id") for symbol in SPRITE.getroot()}


def render(source: str, **context: object) -> str:
    return Template("{% load console %}" + source).render(Context(context))


def test_an_icon_is_decoration_unless_it_has_a_label():
    assert render('{% icon "inbox" %}') == (
        '<svg class="icon" aria-hidden="true"><use href="/static/chatdeck/icons.svg#inbox"></use></svg>'
    )
    assert render('{% icon "alert" label %}', label="<Error>") == (
        '<svg class="icon" role="img" aria-label="&lt;Error&gt;">'
        '<use href="/static/chatdeck/icons.svg#alert"></use></svg>'
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+12025550101", "+1 202 555 0101"),
        ("+442079460123", "+44 20 7946 0123"),
        ("Ada, +12025550101, dot@example.com", "Ada, +1 202 555 0101, dot@example.com"),
        ("+99912345678", "+99912345678"),
        ("+120255501012345678", "+120255501012345678"),
        ("a+12025550101@example.com", "a+12025550101@example.com"),
        ("Support", "Support"),
        ("", ""),
    ],
)
def test_numbers_are_written_for_the_eye(written, read):
    assert render("{{ text|readable }}", text=written) == read


def test_a_number_beside_hostile_text_stays_text():
    assert render("{{ text|readable }}", text="<b>+12025550101") == "&lt;b&gt;+1 202 555 0101"


def test_every_state_of_the_models_has_a_badge():
    assert set(console.DELIVERY) == set(DeliveryStatus.values)
    assert set(console.OPERATION) == set(State.values)
    assert set(console.HEALTH) == {*Health.values, ""}
    assert set(console.SERVICE) == {*Service.values, ""}


def test_every_badge_has_a_word_and_an_icon_that_exists():
    looks = [
        look
        for table in (console.DELIVERY, console.OPERATION, console.HEALTH, console.SERVICE)
        for look in table.values()
    ]
    assert [look for look in looks if not look.word] == []
    assert {look.icon for look in looks} <= ICONS
    assert {look.tone for look in looks} == {"ok", "warn", "bad", "info", "muted"}


def test_a_badge_holds_the_state_an_icon_and_a_word():
    assert render("{% delivery_badge state %}", state="failed") == (
        '<span class="badge badge-bad" data-state="failed">'
        '<svg class="icon" aria-hidden="true"><use href="/static/chatdeck/icons.svg#alert"></use></svg>'
        "<span>Failed</span></span>"
    )
    assert 'class="badge badge-ok badge-quiet"' in render('{% operation_badge "confirmed" quiet=True %}')
    assert "No health yet" in render("{% health_badge None %}")


def test_a_value_the_remote_invents_is_shown_as_it_came_and_escaped():
    badge = render("{% health_badge status %}", status="<NEW>")
    assert 'data-state="&lt;NEW&gt;"' in badge
    assert "<span>&lt;NEW&gt;</span>" in badge


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Demo", "AD"),
        ("ana", "A"),
        ("Ana Maria de la Cruz", "AC"),
        ("Лена", "Л"),
        ("+15550001234", ""),
        ("", ""),
        ("  (new) Bo ", "B"),
        ("😀 Bo", "B"),
    ],
)
def test_initials(name, letters):
    assert console.initials(name) == letters


def test_an_avatar_keeps_its_colour_when_the_name_changes():
    first, second = (render('{% avatar name "+15550001234" %}', name=name) for name in ("Ana", "Bea"))
    assert first.replace(">A<", ">B<") == second
    assert "#groups" in render('{% avatar "Crew" group=True %}')
    assert "#person" in render('{% avatar "+15550001234" %}')


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=44), "now"),
        (timedelta(seconds=-44), "now"),
        (timedelta(seconds=45), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=-3), "in 3 h"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 d ago"),
        (timedelta(days=6, hours=23), "6 d ago"),
        (timedelta(days=7), "26 Jun"),
        (timedelta(days=365), "3 Jul 2025"),
    ],
)
def test_relative_times(before, words):
    assert console.relative(NOW - before, NOW) == words


def test_a_time_carries_its_exact_moment(time_machine):
    time_machine.move_to(NOW, tick=False)
    there = datetime(2026, 7, 3, 16, 0, 9, tzinfo=timezone(timedelta(hours=2)))
    assert render("{% ago moment %}", moment=there) == (
        '<time datetime="2026-07-03T14:00:09.000Z" title="3 Jul 2026, 14:00:09 UTC" data-time="ago">5 min ago</time>'
    )
    assert render("{% moment_now %}") == "2026-07-03T14:05:09.000Z"


def test_a_missing_time_is_a_dash():
    assert render("{% ago None %}|{% at None %}") == '<span class="none">–</span>|<span class="none">–</span>'


@pytest.mark.parametrize(
    ("form", "words"),
    [("time", ">14:05<"), ("day", ">Friday 3 July<"), ("exact", ">3 Jul 2026, 14:05:09<")],
)
def test_fixed_times(form, words, time_machine):
    time_machine.move_to(NOW, tick=False)
    assert words in render("{% at moment form %}", moment=NOW, form=form)


def test_a_day_of_another_year_names_the_year(time_machine):
    time_machine.move_to(NOW, tick=False)
    assert ">Thursday 3 July 2025<" in render('{% at moment "day" %}', moment=NOW.replace(year=2025))
