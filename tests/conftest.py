"""The top of the test suite. Fixtures that everyone may use live in files of their own, named below."""

from __future__ import annotations

from importlib.util import find_spec

from tests import bootstrap

bootstrap.start()

pytest_plugins = [name for name in ("tests.people", "tests.fixtures") if find_spec(name)]
