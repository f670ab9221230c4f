"""The top of the test suite. Fixtures that everyone may use live in files of their own, named below."""

from __future__ import annotations

from importlib.util import find_spec

from hypothesis import settings

from tests import bootstrap

bootstrap.start()
# A busy machine is no reason to fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

pytest_plugins = [name for name in ("tests.people", "tests.fixtures") if find_spec(name)]
