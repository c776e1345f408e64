# SPDX-License-Identifier: Apache-2.0
"""The one document of all rooms that a service has. Spec: foundations.md 11"""

from .document import METHODS, X
from .model import SERVICES

# The order in which rooms are merged; a room that is not named comes before the last, by its name.
ORDER = [
    "resource_pool", "storage", "user", "project", "namespace", "environment", "session", "build",
    "connected_service", "repository", "platform", "data_connector", "deposit", "secret", "secrets_storage", "search",
    "notification", "capacity", "usage",
]  # fmt: skip
LAST = "api"


def rank(room):
    """The place of a room among the others."""
    if room == LAST:
        return (2, 0, room)
    return (0, ORDER.index(room), room) if room in ORDER else (1, 0, room)


def without_own(node):
    """The same without members that are ours alone."""
    if isinstance(node, dict):
        return {str(name): without_own(value) for name, value in node.items() if name != X}
    if isinstance(node, list):
        return [without_own(value) for value in node]
    return node


def merge(one, other):
    """Objects are merged, arrays take what they lack, of scalars the first stays."""
    if isinstance(one, dict) and isinstance(other, dict):
        merged = dict(one)
        for name, value in other.items():
            merged[name] = merge(merged[name], value) if name in merged else value
        return merged
    if isinstance(one, list) and isinstance(other, list):
        return one + [value for value in other if value not in one]
    return one


def _offered_paths(document, service):
    """The paths of a document, with what the service offers of them."""
    for path, item in (document.root.get("paths") or {}).items():
        kept = {
            name: node for name, node in item.items() if name not in METHODS or service in document.services_of(node)
        }
        if any(name in METHODS for name in kept):
            yield path, kept


def _references(node):
    """Every (kind, name) of a component that is referred to."""
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield tuple(reference.split("/")[2:4])
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _reached(document, paths):
    """The components that the paths need, directly or not, in the order of the document."""
    needed, pending = set(), list(_references(paths))
    while pending:
        place = pending.pop()
        if place not in needed:
            needed.add(place)
            kind, name = place
            pending += _references(document.root["components"][kind][name])
    return {
        kind: {name: node for name, node in components.items() if (kind, name) in needed}
        for kind, components in document.root.get("components", {}).items()
        if any((kind, name) in needed for name in components)
    }


def _part(document, service):
    """What a document gives to the service: of its own service everything, else what is needed."""
    paths = dict(_offered_paths(document, service))
    if not paths:
        return {}
    own = document.service == service == "data"
    components = document.root.get("components", {}) if own else _reached(document, paths)
    tags = {"tags": document.root["tags"]} if "tags" in document.root else {}
    return {"paths": paths, "components": components, **tags}


def merged_document(documents, service):
    """Documents in their order -> the document that the service gives of itself."""
    about = SERVICES[service]
    whole = {
        "openapi": "3.0.2",
        "info": {"title": about["title"], "description": about["description"], "version": "v1"},
        "servers": [{"url": about["prefix"]}],
        "paths": {},
        "components": {},
    }
    for document in documents:
        whole = merge(whole, without_own(_part(document, service)))
    return whole
