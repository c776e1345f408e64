# SPDX-License-Identifier: Apache-2.0
"""The operations of the data API, read from the rooms' own documents."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from .server import ROOT

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class Operation:
    method: str
    path: str
    id: str
    body: dict | None = None  # the resolved schema of a JSON body
    path_parameters: dict[str, dict] = field(default_factory=dict)
    query: dict[str, dict] = field(default_factory=dict)
    if_match: bool = False
    checks: list[str] = field(default_factory=list)  # as the room's document declares them

    @property
    def is_privileged(self) -> bool:
        """Whether the token has to tell more than who calls."""
        return "admin" in self.checks or "role" in self.checks

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method != "GET"


def resolve(document: dict, node, depth: int = 0):
    """The same without references; allOf is merged."""
    if isinstance(node, list):
        return [resolve(document, item, depth + 1) for item in node]
    if not isinstance(node, dict) or depth > 40:
        return node
    if "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        more = {name: value for name, value in node.items() if name != "$ref"}
        return resolve(document, target, depth + 1) | more
    node = {name: resolve(document, value, depth + 1) for name, value in node.items()}
    only = node.pop("oneOf") if len(node.get("oneOf", ())) == 1 else []
    for part in [*node.pop("allOf", []), *only]:
        merged = dict(part)
        for name, value in node.items():
            merged[name] = (
                merged[name] | value
                if isinstance(value, dict) and isinstance(merged.get(name), dict)
                else value
            )
        node = merged
    return node


def _query(parameter: dict) -> dict[str, dict]:
    """One parameter, or the properties of an exploded object."""
    schema = parameter.get("schema", {})
    if schema.get("type") == "object" or "properties" in schema:
        return schema.get("properties", {})
    return {parameter["name"]: schema}


def _operation(document: dict, path: str, method: str, item: dict) -> Operation:
    node = resolve(document, item[method])
    parameters = resolve(document, item.get("parameters", [])) + node.get("parameters", [])
    content = node.get("requestBody", {}).get("content", {})
    operation = Operation(method.upper(), path, node.get("operationId", ""))
    operation.checks = node.get("x-renku", {}).get("checks", [])
    body = content.get("application/json", {}).get("schema")
    operation.body = body["oneOf"][0] if body and "oneOf" in body else body  # the first of several forms
    for parameter in parameters:
        if parameter["in"] == "path":
            operation.path_parameters[parameter["name"]] = parameter.get("schema", {})
        elif parameter["in"] == "query":
            operation.query |= _query(parameter)
        elif parameter["name"].lower() == "if-match":
            operation.if_match = True
    return operation


def operations_of(document: dict) -> list[Operation]:
    return [
        _operation(document, path, method, item)
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item
    ]


def documents() -> dict[Path, dict]:
    """Those of the data API, each with the components that all rooms share."""
    common = yaml.safe_load((ROOT / "librenku/api/common.yaml").read_text())["components"]
    found = {}
    for path in sorted(ROOT.glob("librenku/*/apispec.yaml")):
        document = yaml.safe_load(path.read_text())
        if document.get("x-renku", {}).get("service", "data") != "data":
            continue
        found[path] = document
        own = document.get("components", {})
        document["components"] = {
            kind: common.get(kind, {}) | own.get(kind, {}) for kind in common | own
        }
    return found


def operations() -> list[Operation]:
    return [operation for document in documents().values() for operation in operations_of(document)]
