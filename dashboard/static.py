"""Serving the console's own static files from its web processes, with whitenoise, under ASGI."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Whitenoise, but each file is answered whole.

    Whitenoise hands Django an open file to stream, which only WSGI can do: under ASGI Django warns and reads all of
    it first, in a thread. The files are our own and small (the largest some 100 kB), so they are read here.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        response = HttpResponse(content, status=int(found.status))
        # Whitenoise says what it is, or for 304 nothing.
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
