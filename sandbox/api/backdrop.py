"""The background of a chat's transcript."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import backdrops
from sandbox.api import base, pictures, sending
from sandbox.api.chats import find_chat
from sandbox.api.errors import ApiError
from sandbox.palette import COLORS, CUSTOM, STYLES

HEX = re.compile(r"#[0-9A-Fa-f]{6}")


class Backdrop(base.ApiView):
    """POST and DELETE /v3/chats/{chatId}/background."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Ask for a background: 202. What becomes of it is told by an event."""
        chat = find_chat(chat_id)
        background = _background(base.json_object(request))
        sending.check_open(chat)
        backdrops.ask_for(chat, background, base.trace_id(request))
        return Response(base.accepted(request, "Background update queued"), status=202)

    def delete(self, request: Request, chat_id: str) -> Response:
        """Ask for no background. Assumption (8.2 1): 202."""
        chat = find_chat(chat_id)
        sending.check_open(chat)
        backdrops.ask_for(chat, None, base.trace_id(request))
        return Response(base.accepted(request, "Background removal queued"), status=202)


def _background(body: Mapping[str, Any]) -> dict[str, Any]:
    kind = _choice(body, "type", {"color", "dynamic", "photo"})
    shape: dict[str, Any] = {"type": kind, "variant": None, "style": None, "shades": None, "image_url": None}
    if kind == "color":
        shape["variant"] = _choice(body, "variant", (*COLORS, CUSTOM)) if body.get("variant") else CUSTOM
        if shape["variant"] == CUSTOM:
            shape["shades"] = _shades(body.get("shades"))
    elif kind == "dynamic":
        shape["style"] = _choice(body, "style", STYLES)
        shape["variant"] = _choice(body, "variant", STYLES[shape["style"]])
    else:
        shape["image_url"] = pictures.address(body.get("image_url"), "image_url")
    return shape


def _choice(body: Mapping[str, Any], name: str, choices: Any) -> str:
    value = body.get(name)
    if value is None:
        raise ApiError(1001, f"{name} is required")
    if not isinstance(value, str) or value not in choices:
        raise ApiError(1005, f"{name} must be one of {', '.join(sorted(choices))}")
    return value


def _shades(value: object) -> list[str]:
    if value is None:
        raise ApiError(1001, "shades is required for a custom color")
    if not isinstance(value, list) or len(value) != 2:
        raise ApiError(1005, "shades must be two colors")
    if not all(isinstance(each, str) and HEX.fullmatch(each) for each in value):
        raise ApiError(1005, "A shade must be a color such as #F2C4E1")
    return value
