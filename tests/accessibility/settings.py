"""The console as people meet it, with its own error pages and static files from their sources."""

from __future__ import annotations

from dashboard.settings import *  # noqa: F403

DEBUG = False
ROOT_URLCONF = "tests.accessibility.urls"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600  # the browser asks for each file once
