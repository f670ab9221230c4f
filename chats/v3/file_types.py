"""Files by name and by content: which of the remote's types a file is, and whether its first bytes agree.

A browser's own word for a type is not used: it differs from system to system and from the remote's list.
"""

from __future__ import annotations

from typing import Final

# In the names that the remote's list has for them (linq-v3, 1.4).
TYPES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "bmp": "image/bmp",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "ico": "image/x-icon",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "m4v": "video/x-m4v",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "avi": "video/x-msvideo",
    "3gp": "video/3gpp",
    "m4a": "audio/x-m4a",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "caf": "audio/x-caf",
    "wav": "audio/x-wav",
    "aif": "audio/x-aiff",
    "aiff": "audio/x-aiff",
    "amr": "audio/amr",
    "mid": "audio/midi",
    "midi": "audio/midi",
    "pdf": "application/pdf",
    "pkpass": "application/vnd.apple.pkpass",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "pages": "application/x-iwork-pages-sffpages",
    "numbers": "application/x-iwork-numbers-sffnumbers",
    "key": "application/x-iwork-keynote-sffkey",
    "epub": "application/epub+zip",
    "json": "application/json",
    "zip": "application/zip",
    "gz": "application/x-gzip",
    "txt": "text/plain",
    "md": "text/markdown",
    "vcf": "text/vcard",
    "rtf": "text/rtf",
    "csv": "text/csv",
    "htm": "text/html",
    "html": "text/html",
    "ics": "text/calendar",
    "xml": "text/xml",
}
# What every browser shows by itself. An SVG is a document that may hold scripts, so it is none of these.
SHOWN_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})
SHOWN_VIDEOS: Final = frozenset({"video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp"})
SHOWN_AUDIO: Final = frozenset(
    {"audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/aac", "audio/x-wav", "audio/wav"}
)
# As many bytes as `looks_like` wants to see.
HEAD_BYTES: Final = 4096

_ZIP = ((0, b"PK\x03\x04"), (0, b"PK\x05\x06"))
_OLD_OFFICE = ((0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),)
_MPEG_4 = ((4, b"ftyp"),)
_QUICKTIME = ((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"), (4, b"skip"), (4, b"pnot"))
# An MP3 without a tag: how a frame of sound may begin.
_FRAMES = tuple((0, two) for two in (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2"))
# A file of the type begins with one of these; each is a place and what stands there.
_SIGNATURES: Final = {
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "image/heic": _MPEG_4,
    "image/heif": _MPEG_4,
    "image/tiff": ((0, b"II*\x00"), (0, b"MM\x00*"), (0, b"II+\x00"), (0, b"MM\x00+")),
    "image/bmp": ((0, b"BM"),),
    "image/webp": ((8, b"WEBP"),),
    "image/x-icon": ((0, b"\x00\x00\x01\x00"),),
    "video/mp4": _MPEG_4,
    "video/quicktime": _QUICKTIME,
    "video/x-m4v": _MPEG_4,
    "video/mpeg": ((0, b"\x00\x00\x01\xba"), (0, b"\x00\x00\x01\xb3")),
    "video/x-msvideo": ((8, b"AVI "),),
    "video/3gpp": _MPEG_4,
    "audio/x-m4a": _MPEG_4,
    "audio/mp4": _MPEG_4,
    "audio/mpeg": ((0, b"ID3"), *_FRAMES),
    "audio/aac": ((0, b"\xff\xf1"), (0, b"\xff\xf9"), (0, b"\xff\xf0"), (0, b"\xff\xf8"), (0, b"ADIF"), (0, b"ID3")),
    "audio/x-caf": ((0, b"caff"),),
    "audio/x-wav": ((8, b"WAVE"),),
    "audio/x-aiff": ((8, b"AIFF"), (8, b"AIFC")),
    "audio/amr": ((0, b"#!AMR"),),
    "audio/midi": ((0, b"MThd"), (8, b"RMID")),
    "application/pdf": ((0, b"%PDF-"),),
    "application/vnd.apple.pkpass": _ZIP,
    "application/msword": (*_OLD_OFFICE, *_ZIP, (0, b"{\\rtf")),
    "application/vnd.ms-excel": _OLD_OFFICE,
    "application/vnd.ms-powerpoint": _OLD_OFFICE,
    "application/epub+zip": _ZIP,
    "application/zip": _ZIP,
    "application/x-gzip": ((0, b"\x1f\x8b"),),
    "application/x-iwork-pages-sffpages": _ZIP,
    "application/x-iwork-numbers-sffnumbers": _ZIP,
    "application/x-iwork-keynote-sffkey": _ZIP,
    "text/rtf": ((0, b"{\\rtf"),),
}  # fmt: skip
_OFFICE = "application/vnd.openxmlformats-officedocument."
_TEXT = ("text/", "application/json", "image/svg+xml")
_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")


def type_of(filename: str, head: bytes) -> str | None:
    """The type of a file in the remote's words: by the ending of its name, or by its first bytes when it has none.

    None for an ending that the remote takes nothing of.
    """
    _, dot, ending = filename.rpartition(".")
    if dot and ending:
        return TYPES.get(ending.lower())
    known = ("image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf")
    return next((one for one in known if looks_like(head, one)), None)


def looks_like(head: bytes, content_type: str) -> bool:
    """Whether a file that begins with `head` may be of this type. True for types that nothing tells apart."""
    if content_type.startswith(_OFFICE):
        return _begins(head, _ZIP)
    signatures = _SIGNATURES.get(content_type)
    if signatures is not None:
        return _begins(head, signatures)
    if content_type.startswith(_TEXT):
        return b"\x00" not in head[:HEAD_BYTES] or head.startswith(_WIDE_TEXT)
    return True


def shown_as(content_type: str) -> str:
    """How a browser shows such a file within a page: "image", "video", "audio", or "file" when it does not."""
    if content_type in SHOWN_IMAGES:
        return "image"
    if content_type in SHOWN_VIDEOS:
        return "video"
    return "audio" if content_type in SHOWN_AUDIO else "file"


def _begins(head: bytes, signatures: tuple[tuple[int, bytes], ...]) -> bool:
    return any(head[place : place + len(wanted)] == wanted for place, wanted in signatures)
