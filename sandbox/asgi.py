"""The sandbox as an ASGI application: `sandbox.asgi:application`."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
django.setup()

from sandbox.door import Door  # noqa: E402 - needs the settings

application = Door()
