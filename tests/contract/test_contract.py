# SPDX-License-Identifier: Apache-2.0
"""The documents of the rooms, merged, against the contract: paths, methods, parameters, statuses, schemas.

Spec: foundations.md 11"""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT.parent / "shared" / "contract"
sys.path.insert(0, str(ROOT / "tools"))

from apigen.api import read  # noqa: E402

METHODS = ("get", "post", "put", "patch", "delete")
# The tables, and the document of another process, which has the paths of its own.
OTHER = {"schema", "secrets"}
# What must be there whole; of other modules what exists is compared.
COMPLETE = {"users", "namespace", "project", "authn", "platform", "notifications"}
# What the contract does not write down.
MORE = {"GET /spec.json"}
WORDS = {"description", "example", "examples", "title", "summary", "tags", "operationId", "deprecated"}


def documents():
    if not CONTRACT.is_dir():
        return {}
    files = sorted(path for path in CONTRACT.glob("*.json") if path.stem not in OTHER)
    return {path.stem: json.loads(path.read_text()) for path in files}


API = read(sorted((ROOT / "librenku").glob("*/apispec.yaml")))
MERGED = API.document
MODULES = documents()


def operations(document):
    """(name, path item, operation)"""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item, item[method]


OURS = {name: (item, operation) for name, item, operation in operations(MERGED)}
WANTED = [
    (module, name)
    for module, document in MODULES.items()
    for name, _, _ in operations(document)
    if name in OURS or module in COMPLETE
]


def resolved(document, node, seen=()):
    """The node without references and without words."""
    if isinstance(node, list):
        return [resolved(document, item, seen) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        reference = node["$ref"]
        if reference in seen:
            return {"again": reference}
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return {
            **resolved(document, target, (*seen, reference)),
            **resolved(document, rest, seen),
        }
    return {name: resolved_member(document, name, value, seen) for name, value in node.items() if is_said(name, value)}


def resolved_member(document, name, value, seen):
    """The members of `properties` are names, not keywords."""
    if name == "properties" and isinstance(value, dict):
        return {key: resolved(document, inner, seen) for key, inner in value.items()}
    return resolved(document, value, seen)


def is_said(name, value):
    return not (name in WORDS or name.startswith("x-"))


def parameters(document, item, operation):
    """(place, name) -> the rest, with what holds when nothing is said."""
    found = {}
    for node in item.get("parameters", []) + operation.get("parameters", []):
        node = resolved(document, node)
        usual = {"query": {"style": "form", "explode": True, "required": False}}
        found[node["in"], node["name"]] = {**usual.get(node["in"], {}), **node}
    return found


def of_contract(module, name):
    document = MODULES[module]
    item, operation = {key: (item, operation) for key, item, operation in operations(document)}[name]
    return document, item, operation


STORAGE = API.documents["secrets"]

needs_contract = pytest.mark.skipif(not MODULES, reason=f"there is no contract at {CONTRACT}")
each = pytest.mark.parametrize("module, name", WANTED, ids=[f"{module} {name}" for module, name in WANTED])


@needs_contract
@each
def test_an_operation_is_that_of_the_contract(module, name):
    assert name in OURS, "the operation is missing"
    document, item, operation = of_contract(module, name)
    our_item, ours = OURS[name]
    assert parameters(MERGED, our_item, ours) == parameters(document, item, operation)
    assert resolved(MERGED, ours.get("requestBody")) == resolved(document, operation.get("requestBody"))
    assert list(ours["responses"]) == list(operation["responses"])
    for status in operation["responses"]:
        assert resolved(MERGED, ours["responses"][status]) == resolved(document, operation["responses"][status]), status


# Spec: secrets.md 6, foundations.md 11
@needs_contract
def test_the_secrets_storage_has_a_document_of_its_own():
    wanted = json.loads((CONTRACT / "secrets.json").read_text())
    ours = {name: (item, operation) for name, item, operation in operations(STORAGE)}
    assert STORAGE["servers"] == wanted["servers"] == [{"url": "/api/secrets"}]
    for name, _, operation in operations(wanted):
        for part in ("requestBody", "responses", "parameters"):
            assert resolved(STORAGE, ours[name][1].get(part)) == resolved(wanted, operation.get(part)), (name, part)
    assert set(ours) - {name for name, _, _ in operations(wanted)} == MORE | {"GET /error"}
    assert set(STORAGE["components"]["schemas"]) == set(wanted["components"]["schemas"])
    resolved(STORAGE, STORAGE)


@needs_contract
def test_no_operation_is_invented():
    known = {name for document in MODULES.values() for name, _, _ in operations(document)}
    assert set(OURS) - known == MORE


@needs_contract
def test_the_contract_was_read():
    assert COMPLETE <= set(MODULES)
    assert len([name for module, name in WANTED if module in COMPLETE]) == 67


def test_every_operation_has_words_and_an_id_of_its_own():
    for name, (_, operation) in OURS.items():
        assert operation["summary"], name
        assert all(response["description"] for response in operation["responses"].values() if "$ref" not in response), name
    ids = [operation["operationId"] for _, operation in OURS.values()]
    assert len(set(ids)) == len(ids)


def test_nothing_of_our_own_is_served():
    assert "x-renku" not in json.dumps(MERGED)


# Spec: foundations.md 11
def test_the_document_names_its_prefix():
    assert MERGED["openapi"].startswith("3.0")
    assert MERGED["servers"] == [{"url": "/api/data"}]


def test_every_reference_leads_somewhere():
    resolved(MERGED, MERGED)
