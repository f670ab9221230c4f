"""Message text as HTML: escaped whatever it holds, and only http(s) leads anywhere."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chats.templatetags.bubbles import outward_link, safe_address, with_links


class Reader(HTMLParser):
    """What a browser would make of it: the tags, the addresses and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.addresses.append(given.get("href") or "")
        assert sorted(given) == ["dir", "href", "rel", "target"]
        assert given["rel"] == "noopener noreferrer nofollow"
        assert given["target"] == "_blank"

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("plain", []),
        ("see https://example.com", ["https://example.com"]),
        ("see https://example.com/a?b=c&d=e#f.", ["https://example.com/a?b=c&d=e#f"]),
        ("(https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        ("HTTP://EXAMPLE.COM/x, and more", ["HTTP://EXAMPLE.COM/x"]),
        ("http://a.example\nhttps://b.example", ["http://a.example", "https://b.example"]),
        ('https://example.com/"onmouseover="alert(1)', ["https://example.com/"]),
        ("https://example.com/<script>", ["https://example.com/"]),
        ("https://example.com/مرحبا", ["https://example.com/مرحبا"]),
        ("https://user:pass@example.com", ["https://user:pass@example.com"]),
        ("javascript:alert(1)", []),
        ("JaVaScRiPt://https.example/%0aalert(1)", []),
        ("data:text/html,<script>alert(1)</script>", []),
        ("ftp://example.com", []),
        ("www.example.com", []),
        ("https://", []),
        ("https://:80", []),
        ("https://[::1", []),
        ("https://example.com:notaport/", []),
        ("https://example.com/\u202egpj.exe", ["https://example.com/"]),
    ],
)
def test_what_becomes_a_link(text: str, addresses: list[str]) -> None:
    read = Reader(with_links(text))
    assert read.addresses == addresses
    assert read.text == text


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>&\"'/:@. h"), max_size=200))
def test_no_text_makes_a_tag_but_a_link_and_none_is_lost(text: str) -> None:
    _check(text)


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(
        st.sampled_from(
            [
                "https://",
                "http://",
                "javascript:",
                "a.example",
                "/",
                "<",
                '"',
                "'",
                "&amp;",
                ">",
                " ",
                "\u202e",
                ")",
                "[",
                ":9",
            ]
        )
    )
)
def test_no_mixture_of_addresses_and_marks_does_either(pieces: list[str]) -> None:
    _check("".join(pieces))


def _check(text: str) -> None:
    html = with_links(text)
    link = r'<a href="[^"<>]*" rel="noopener noreferrer nofollow" target="_blank" dir="ltr">|</a>'
    assert unescape(re.sub(link, "", html)) == text
    for address in re.findall(r'href="([^"]*)"', html):
        assert re.match(r"https?://", address, re.I)
    assert set(re.findall(r"<(/?\w+)", html)) <= {"a", "/a"}


@pytest.mark.parametrize(
    "value", [None, 5, "", "javascript:alert(1)", "https://a b", "https://x.example/" + "a" * 2048]
)
def test_what_is_no_safe_address(value: object) -> None:
    assert safe_address(value) == ""


def test_a_link_to_nowhere_safe_is_plain_text() -> None:
    assert outward_link("javascript:alert(1)", "<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"
