# SPDX-License-Identifier: Apache-2.0
"""The one document of all rooms. Spec: foundations.md 11"""

from .document import X

# The order in which rooms are merged; a room that is not named comes before the last, by its name.
ORDER = [
    "resource_pool", "storage", "user", "project", "namespace", "environment", "session", "build",
    "connected_service", "repository", "platform", "data_connector", "deposit", "secret", "search",
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


def merged_document(documents):
    """Documents in their order -> the document that is served."""
    whole = {
        "openapi": "3.0.2",
        "info": {
            "title": "Renku Data Services",
            "description": "Users, groups, projects and what belongs to them.",
            "version": "v1",
        },
        "servers": [{"url": "/api/data"}],
        "paths": {},
        "components": {},
    }
    for document in documents:
        part = {name: value for name, value in document.root.items() if name in ("paths", "components", "tags")}
        whole = merge(whole, without_own(part))
    return whole
