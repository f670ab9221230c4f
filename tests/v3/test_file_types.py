"""Files by their names and their first bytes."""

from __future__ import annotations

import pytest

from chats.v3.file_types import SHOWN_AUDIO, SHOWN_IMAGES, SHOWN_VIDEOS, TYPES, looks_like, shown_as, type_of
from chats.v3.limits import ACCEPTED_EXTENSIONS, ATTACHMENT_CONTENT_TYPES, REFUSED_EXTENSIONS
from tests.sandbox.uploads import PNG


def test_every_type_is_one_of_the_remotes_and_every_ending_it_takes_is_known() -> None:
    assert set(TYPES.values()) <= ATTACHMENT_CONTENT_TYPES
    assert set(TYPES) >= ACCEPTED_EXTENSIONS
    assert set(TYPES) & REFUSED_EXTENSIONS == set()
    assert (SHOWN_IMAGES | SHOWN_VIDEOS | SHOWN_AUDIO) - {"audio/wav"} <= ATTACHMENT_CONTENT_TYPES


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.JPG", b"", "image/jpeg"),
        ("archive.tar.gz", b"", "application/x-gzip"),
        ("a.exe", PNG, None),
        ("image", PNG, "image/png"),
        ("scan", b"%PDF-1.7", "application/pdf"),
        ("words", b"hello", None),
        ("odd.", b"hello", None),
        (".png", PNG, "image/png"),
    ],
)
def test_the_ending_decides_and_without_one_the_content(name: str, head: bytes, expected: str | None) -> None:
    assert type_of(name, head) == expected


@pytest.mark.parametrize(
    ("head", "content_type", "expected"),
    [
        (PNG, "image/png", True),
        (PNG, "image/jpeg", False),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", True),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "image/webp", False),
        (b"\x00\x00\x00\x20ftypheic", "image/heic", True),
        (b"\x00\x00\x00\x08wide", "video/quicktime", True),
        (b"\x00\x00\x00\x08wide", "video/mp4", False),
        (b"ID3\x03", "audio/mpeg", True),
        (b"\xff\xfb\x90", "audio/mpeg", True),
        (b"MZ\x90\x00", "audio/mpeg", False),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", True),
        (b"MZ\x90\x00", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", False),
        (b"plain words", "text/plain", True),
        (b"\xff\xfeh\x00i\x00", "text/plain", True),
        (b"\x7fELF\x00", "text/plain", False),
        (b"<svg/>", "image/svg+xml", True),
        (b"", "image/png", False),
        (b"anything", "video/x-unheard-of", True),
    ],
)
def test_the_first_bytes_must_agree(head: bytes, content_type: str, expected: bool) -> None:
    assert looks_like(head, content_type) is expected


def test_what_a_page_shows() -> None:
    assert [shown_as(one) for one in ("image/png", "video/mp4", "audio/aac", "image/svg+xml", "image/heic", "")] == [
        "image",
        "video",
        "audio",
        "file",
        "file",
        "file",
    ]
