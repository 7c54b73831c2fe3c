"""The published OpenAPI document, checked against the simulator by schemathesis."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from runner.simulator.app import OPERATIONS, create_app
from runner.simulator.forms import PROMPT_LIMIT
from runner.simulator.openapi import openapi_document
from runner.simulator.service import Simulator
from tests.simulator.client import Clock, settings_of

DOCUMENTED = [operation.label for operation in OPERATIONS if operation.area == "api"]

CONTENT_MATTERS = {
    "GET /v3/avatars",
    "GET /v3/avatars/looks",
    "POST /v3/avatars",
    "POST /v3/assets",
    "POST /v3/assets/direct-uploads",
}
"""Here a schema cannot say all: a cursor of ours, the bytes of a picture, a size that is 413."""


@pytest.mark.slow
def test_requests_of_every_kind_are_answered_as_documented() -> None:
    # What schemathesis takes to import is spent here, by one worker, and not by every one that
    # collects this file.
    import schemathesis
    from schemathesis.checks import load_all_checks

    app = create_app(settings_of(latency="fixed:0", concurrency=10_000), clock=Clock())
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    load_all_checks()
    for label in DOCUMENTED:
        asked = ask(schema, label, app.state.simulator)
        assert set(asked) == {label}


def ask(schema: Any, label: str, simulator: Simulator) -> list[str]:
    """Send one operation requests of every kind; return what was asked, by its label.

    A key that bought something replays its answer, whatever the request says; keys are drawn, and
    so a few of them are drawn again.
    """
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation.feedback import FeedbackSources
    from schemathesis.pytest._test_builder import build_operation_test
    from schemathesis.specs.openapi.checks import (
        ignored_auth,
        negative_data_rejection,
        positive_data_acceptance,
    )

    @settings(
        max_examples=settings().max_examples // 10,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def is_answered(case: Any) -> None:
        beside = [ignored_auth]  # any key is accepted here
        if label in CONTENT_MATTERS:
            beside.append(positive_data_acceptance)
        if isinstance(case.body, dict) and len(str(case.body.get("prompt"))) > PROMPT_LIMIT:
            beside += [not_a_server_error, negative_data_rejection]  # a fact: answered with 500
        replays = simulator.account.counted("replays", "all")
        response = case.call(headers={"X-Api-Key": "any"})
        if simulator.account.counted("replays", "all") > replays:
            beside.append(negative_data_rejection)
        case.validate_response(response, excluded_checks=beside, headers={"X-Api-Key": "any"})
        asked.append(case.operation.label)

    asked: list[str] = []
    method, path = label.split(" ")
    build_operation_test(
        config=schema.config,
        operation=schema[path][method],
        test_func=is_answered,
        given_kwargs={},
        feedback=FeedbackSources(),
    )()
    return asked


def test_every_operation_of_the_api_is_in_the_document_and_no_other() -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, item in openapi_document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert documented == {operation.label for operation in OPERATIONS if operation.area == "api"}
