"""The published OpenAPI document, checked against the simulator by schemathesis."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from runner.simulator.app import OPERATIONS, create_app
from runner.simulator.avatars import PROMPT_LIMIT
from runner.simulator.openapi import openapi_document
from tests.simulator.client import Clock, settings_of

APP = create_app(settings_of(latency="fixed:0", concurrency=10_000), clock=Clock())
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)

CONTENT_MATTERS = {
    "GET /v3/avatars",
    "GET /v3/avatars/looks",
    "POST /v3/avatars",
    "POST /v3/assets",
    "POST /v3/assets/direct-uploads",
}
"""Here a schema cannot say all: a cursor of ours, the bytes of a picture, a size that is 413."""


@SCHEMA.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.slow
def test_requests_of_every_kind_are_answered_as_documented(case: Any) -> None:
    beside = [ignored_auth]  # any key is accepted here
    if case.operation.label in CONTENT_MATTERS:
        beside.append(positive_data_acceptance)
    if isinstance(case.body, dict) and len(str(case.body.get("prompt"))) > PROMPT_LIMIT:
        beside += [not_a_server_error, negative_data_rejection]  # a fact: it is answered with 500
    case.call_and_validate(headers={"X-Api-Key": "any"}, excluded_checks=beside)


def test_every_operation_of_the_api_is_in_the_document_and_no_other() -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, item in openapi_document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert documented == {operation.label for operation in OPERATIONS if operation.area == "api"}
