from __future__ import annotations


class ServiceError(Exception):
    """A server could not be started or stopped. The message is one sentence or two for the person who runs it."""
