"""The API against its own document: nothing that is made up may bring it down or make it say what is not written.

Each operation gets requests that fit its schema and requests that do not, with ids and handles of the world in them.
`SANDBOX_FUZZ_EXAMPLES` is how many of each; the same number tries the same requests every time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from chats.v3.handles import is_phone
from sandbox.schema.operations import OPERATIONS, UNAVAILABLE
from tests.sandbox.fuzzing import Known
from tests.sandbox_server import TOKEN, SandboxServer

EXAMPLES = int(os.environ.get("SANDBOX_FUZZ_EXAMPLES", "8"))
CHECKS = [
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_headers_conformance,
    schemathesis.checks.response_schema_conformance,
    schemathesis.checks.negative_data_rejection,
]
# Nothing can be wrong about a request that has neither a body nor a variable, or whose variable may be anything.
NEGATABLE = [
    key for key in sorted(OPERATIONS) if (OPERATIONS[key].body or OPERATIONS[key].path) and key not in UNAVAILABLE
]


@pytest.fixture(scope="module")
def fuzzed(server: SandboxServer) -> Iterator[SandboxServer]:
    """A world whose time runs so fast that no limit lasts."""
    server.reset("empty")
    server.control("clock", {"speed": 600})
    yield server
    server.reset("empty")


@pytest.fixture(scope="module")
def known(fuzzed: SandboxServer) -> Known:
    """What there is in the world."""
    return Known(fuzzed)


@pytest.fixture(scope="module")
def document(fuzzed: SandboxServer) -> Any:
    """The document."""
    loaded = schemathesis.openapi.from_url(f"{fuzzed.url}/schema")
    # Every request has its token, and what nobody asked for is ignored: neither is a request that does not fit.
    loaded.config.generation.with_security_parameters = False
    loaded.config.generation.allow_extra_parameters = False
    return loaded


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Connections that are kept."""
    with requests.Session() as kept:
        kept.headers["Authorization"] = f"Bearer {TOKEN}"
        yield kept


def fuzz(
    document: Any, server: SandboxServer, session: requests.Session, known: Known, key: tuple[str, str],
    mode: GenerationMode,
) -> None:  # fmt: skip
    """Send what is made up for one operation, and fail with everything that is wrong with what came back."""
    path, method = key
    operation = document[f"/v3/{path}"][method]
    # what would take things away from the other tests
    spare = path in {"blocked_handles", "chats/{chatId}/leave"} or (method == "DELETE" and "chats" not in path)
    fits = mode is GenerationMode.POSITIVE
    found: list[str] = []

    # The first wrong answer ends nothing: the world has changed, so no request can be tried again and made smaller.
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def every(case: Any) -> None:
        # generated variables are quoted already
        numbers = {name: unquote(each) for name, each in case.path_parameters.items() if is_phone(unquote(str(each)))}
        case.path_parameters = known.placed({**case.path_parameters, **numbers}, spare=spare, fits=fits)
        case.query = known.placed(case.query, fits=fits)
        case.body = known.placed(case.body, spare=spare, fits=fits)
        answer = case.call(base_url=server.url, session=session)
        try:
            case.validate_response(answer, checks=CHECKS)
            # 503 is an answer like others where the document has it; no other failure of a server is
            assert answer.status_code < 500 or answer.status_code == 503, answer.text
        except (FailureGroup, AssertionError) as wrong:
            found.append(str(wrong))
        if answer.status_code < 300 and answer.content:
            known.learn_from(answer.json())

    every()
    if found:
        pytest.fail("\n".join(found))


@pytest.mark.parametrize("key", sorted(OPERATIONS), ids=lambda key: f"{key[1]} {key[0]}")
def test_what_fits_the_document_is_answered_as_it_says(
    document: Any, fuzzed: SandboxServer, session: requests.Session, known: Known, key: tuple[str, str]
) -> None:
    fuzz(document, fuzzed, session, known, key, GenerationMode.POSITIVE)


@pytest.mark.parametrize("key", NEGATABLE, ids=lambda key: f"{key[1]} {key[0]}")
def test_what_does_not_fit_the_document_is_refused_as_it_says(
    document: Any, fuzzed: SandboxServer, session: requests.Session, known: Known, key: tuple[str, str]
) -> None:
    fuzz(document, fuzzed, session, known, key, GenerationMode.NEGATIVE)
