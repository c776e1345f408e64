# SPDX-License-Identifier: Apache-2.0
"""Generated requests for the served document, and every check that the specification allows."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from support.api import PREFIX, unique
from support.spec import operations

# What the specification wants otherwise; test_routing, test_validation, test_queries, test_bad_input, test_bad_bodies look there.
SPECIFIED_OTHERWISE = {
    "unsupported_method": "a 405 has no Allow header: foundations.md 2.2",
    "negative_data_rejection": "coercion is tolerant, some extras pass: foundations.md 5.2, 5.3",
    "positive_data_acceptance": "rules beyond the schema are 422 too: projects.md 4.2, 5.2",
    "missing_required_header": "a missing If-Match is 428: foundations.md 8",
}
BOUNDED = settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
# Documented as 201, answered with 200: secrets.md 3.4, session-secrets.md 4.2
CHANGED_NOT_CREATED = {"/user/secrets/{secret_id}", "/projects/{project_id}/session_secrets"}
# Answers that the contract does not write down.
EMPTY_404 = "/projects/{project_id}/migration_info"  # without a migration: projects.md 4.9
BARE_400 = "/webhooks/alertmanager"  # of what is no JSON: notifications.md 3.4
CASES = {
    f"{operation.name} {mode.value}": (operation, mode)
    for operation in operations()
    for mode in GenerationMode
    if mode.is_positive or operation.body or operation.query
}


@pytest.fixture(scope="module")
def document(shared_api):
    config = schemathesis.Config.from_dict(
        {
            "base-url": shared_api.url + PREFIX,
            "checks": {name: {"enabled": False} for name in SPECIFIED_OTHERWISE},
        }
    )
    served = shared_api.anonymous().get("/spec.json").json()
    return schemathesis.openapi.from_dict(served, config=config)


@pytest.fixture
def owner(api):
    return api.user()


@pytest.fixture
def root(api):
    return api.token_admin()


@pytest.fixture
def things(owner, root, operation) -> dict[str, str]:
    """Values for path parameters that name what exists."""
    group, project = owner.create_group(), owner.create_project(visibility="public")
    body = {"source_url": f"/projects/x/{unique()}", "target_url": "https://example.org/a"}
    redirect = root.post("/platform/redirects", json=body).json()
    body = {"title": "t", "message": "m", "event_type": "e", "user_id": owner.id}
    alert = root.post("/alerts", json=body).json()
    slot = owner.post("/session_secret_slots", json={"project_id": project["id"], "filename": "f"})
    secret = {}
    if "secret_id" in operation.path_parameters:
        secret["secret_id"] = owner.post("/user/secrets", json={"name": "n", "value": "v"}).json()["id"]
    return {
        "group_slug": group["slug"],
        "namespace_slug": group["slug"],
        "namespace": owner.slug,
        "first_slug": owner.slug,
        "second_slug": project["slug"],
        "slug": project["slug"],
        "project_id": project["id"],
        "user_id": owner.id,
        "member_id": owner.id,
        "source_url": redirect["source_url"],
        "alert_id": alert["id"],
        "slot_id": slot.json()["id"],
    } | secret


def is_unwritten(path: str, response) -> bool:
    return (path == EMPTY_404 and not response.content) or (
        path == BARE_400 and response.status_code == 400
    )


def try_out(document, operation, mode, values: dict, headers: dict) -> None:
    """Sends generated requests of one operation and checks each answer."""
    fixed = {name: values[name] for name in operation.path_parameters if name in values}
    strategy = document[operation.path][operation.method].as_strategy(
        generation_mode=mode, path_parameters=fixed or None
    )

    @BOUNDED
    @given(case=strategy)
    def run(case) -> None:
        response = case.call(headers=headers)
        if case.operation.path in CHANGED_NOT_CREATED and case.method == "PATCH" and response.status_code == 200:
            response.status_code = 201
        if not is_unwritten(case.operation.path, response):
            case.validate_response(response, headers=headers)

    run()


@pytest.mark.parametrize("operation, mode", CASES.values(), ids=CASES.keys())
class TestTheApiIsAsDocumented:
    def test_for_the_owner_of_what_exists(self, document, owner, things, operation, mode):
        headers = {"Authorization": f"Bearer {owner.token}"}
        try_out(document, operation, mode, things, headers)

    def test_for_a_user_with_generated_ids(self, document, owner, operation, mode):
        try_out(document, operation, mode, {}, {"Authorization": f"Bearer {owner.token}"})

    def test_for_anybody(self, document, things, operation, mode):
        try_out(document, operation, mode, things, {})


@pytest.mark.parametrize(
    "operation, mode",
    [case for case in CASES.values() if case[0].is_privileged],
    ids=[name for name, case in CASES.items() if case[0].is_privileged],
)
def test_the_api_is_as_documented_for_an_administrator(document, root, things, operation, mode):
    headers = {"Authorization": f"Bearer {root.token}"}
    try_out(document, operation, mode, things, headers)
