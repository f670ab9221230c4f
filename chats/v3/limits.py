"""The remote's limits and lists of allowed values for what a message holds."""

from __future__ import annotations

from typing import Final

# Texts are measured in characters (code points), ranges inside them in UTF-16 code units.
MAX_PARTS: Final = 100
MAX_URL_MEDIA_PARTS: Final = 40
MAX_TEXT_LENGTH: Final = 10_000
MAX_LINK_LENGTH: Final = 2_048
MAX_APP_DATA_URL_LENGTH: Final = 16_384
MAX_IDEMPOTENCY_KEY_LENGTH: Final = 255
MAX_DECORATIONS: Final = 100
MAX_INLINE_STICKERS: Final = 100
MAX_STICKER_IMAGES: Final = 10
MAX_RECIPIENTS: Final = 31

MAX_FILE_NAME_LENGTH: Final = 255
MAX_UPLOAD_BYTES: Final = 100 * 1024 * 1024
# A file the remote fetches itself from a URL, and a voice memo however it is given.
MAX_URL_MEDIA_BYTES: Final = 10 * 1024 * 1024

SERVICES: Final = frozenset({"iMessage", "RCS", "SMS"})
SCREEN_EFFECTS: Final = (
    "confetti", "fireworks", "lasers", "sparkles", "celebration", "hearts", "love", "balloons", "happy_birthday",
    "echo", "spotlight",
)  # fmt: skip
BUBBLE_EFFECTS: Final = ("slam", "loud", "gentle", "invisible")
STYLES: Final = ("bold", "italic", "strikethrough", "underline")
ANIMATIONS: Final = ("big", "small", "shake", "nod", "explode", "ripple", "bloom", "jitter")
TAPBACKS: Final = ("love", "like", "dislike", "laugh", "emphasize", "question")


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


ACCEPTED_EXTENSIONS: Final = frozenset(
    _words(
        "jpg jpeg png gif heic heif tif tiff bmp",
        "mp4 mov m4v mpeg mpg 3gp",
        "m4a mp3 aac caf wav aiff amr",
        "pdf txt rtf csv doc docx xls xlsx ppt pptx pages numbers key epub zip html htm",
        "vcf ics",
    )
)
# Refused by name already. Everything else in a URL is left to the remote, which looks into the file itself:
# a picture may well be served from `/photo.php`.
REFUSED_EXTENSIONS: Final = frozenset(
    _words("flac ogg oga opus exe msi bat cmd scr dll sh app dmg pkg deb rpm apk jar js")
)
_KINDS: Final = {
    # WebP and SVG are in the remote's list, while its prose says that it refuses them; the list wins here.
    "image/": "jpeg png gif heic heif tiff bmp svg+xml webp x-icon",
    "video/": "mp4 quicktime mpeg mpeg2 x-m4v x-msvideo 3gpp",
    "audio/": "mpeg mp3 x-m4a mp4 x-caf x-wav x-aiff aiff aac midi amr",
    "text/": "plain markdown vcard rtf csv html calendar xml",
    "application/": "pdf vnd.apple.pkpass msword vnd.ms-excel vnd.ms-powerpoint epub+zip json zip x-gzip",
    "application/x-iwork-": "pages-sffpages numbers-sffnumbers keynote-sffkey",
    "application/vnd.openxmlformats-officedocument.": (
        "wordprocessingml.document spreadsheetml.sheet presentationml.presentation"
    ),
}
ATTACHMENT_CONTENT_TYPES: Final = frozenset(family + kind for family, kinds in _KINDS.items() for kind in kinds.split())
