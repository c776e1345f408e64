# SPDX-License-Identifier: Apache-2.0
"""One apispec.yaml: strict reading, references, and the own members x-renku."""

from pathlib import Path

import yaml

from .errors import SpecError
from .model import SERVICES

METHODS = ("get", "post", "put", "patch", "delete")
X = "x-renku"


class StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML in which a key stands once."""


def _mapping(loader, node, deep=False):
    seen = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise yaml.MarkedYAMLError(problem=f"'{key}' stands twice, in lines {seen[key]} and {line}")
        seen[key] = key_node.start_mark.line + 1
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


StrictLoader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG,
    lambda loader, node: _mapping(loader, node, deep=True),
)


class Document:
    """The text of one room."""

    def __init__(self, file, root):
        self.file = file
        self.root = root
        declared = self.own(root, "", {"room", "dollar_newline", "service"})
        self.room = declared.get("room")
        self.service = declared.get("service", "data")
        self.known_service(self.service, "")
        self.dollar_newline = bool(declared.get("dollar_newline", False))

    def fail(self, where, problem):
        raise SpecError(self.file, where, problem)

    def known_service(self, name, where):
        if name not in SERVICES:
            self.fail(where, f"the service '{name}' is none of {', '.join(SERVICES)}")

    def services_of(self, operation, where=""):
        """Which services offer the operation: that of the document, unless it names others."""
        declared = operation.get(X, {}).get("services", [self.service])
        if not isinstance(declared, list) or not declared:
            self.fail(where, "services is a list with at least one name")
        for name in declared:
            self.known_service(name, where)
        return declared

    def own(self, node, where, known):
        """The x-renku members of a node; an unknown one is refused."""
        members = node.get(X, {})
        if not isinstance(members, dict):
            self.fail(where, f"{X} is no object")
        for name in members:
            if name not in known:
                self.fail(where, f"{X} knows no '{name}' here, only {', '.join(sorted(known))}")
        return members

    def target(self, reference, where):
        """What '#/components/schemas/Name' points to."""
        node = self.root
        if not isinstance(reference, str) or not reference.startswith("#/"):
            self.fail(where, f"the reference '{reference}' does not start with '#/'")
        for step in reference[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or step not in node:
                self.fail(where, f"the reference '{reference}' leads nowhere")
            node = node[step]
        return node

    def follow(self, node, where):
        """The node itself, or what its reference points to."""
        seen = set()
        while isinstance(node, dict) and "$ref" in node:
            if node["$ref"] in seen:
                self.fail(where, f"the reference '{node['$ref']}' leads to itself")
            seen.add(node["$ref"])
            node = self.target(node["$ref"], where)
        return node

    def operations(self):
        """(path, path item, method, operation) in the order of the document."""
        for path, item in (self.root.get("paths") or {}).items():
            if not isinstance(item, dict):
                self.fail(path, "the path is no object")
            for method, operation in item.items():
                if method in METHODS:
                    yield path, item, method.upper(), operation
                elif method not in ("parameters", "summary", "description", X):
                    self.fail(path, f"'{method}' is no method that is known here")

    def references(self):
        """Every reference with the place where it stands."""
        stack = [("", self.root)]
        while stack:
            where, node = stack.pop()
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    yield where, node["$ref"]
                stack += [(f"{where} {name}".strip(), value) for name, value in node.items()]
            elif isinstance(node, list):
                stack += [(f"{where} {index}", value) for index, value in enumerate(node)]


def _read(path, shown):
    try:
        root = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=StrictLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise SpecError(shown, "", str(problem).replace("\n", " ")) from None
    if not isinstance(root, dict):
        raise SpecError(shown, "", "is no object")
    return root


def _complete(root, path):
    """Adds the components of all rooms that the document does not have itself."""
    file = Path(path).resolve().parents[1] / "api" / "common.yaml"
    common = _read(file, str(file))["components"] if file.exists() else {}
    for kind, components in common.items():
        own = root.setdefault("components", {}).setdefault(kind, {})
        for name, node in components.items():
            own.setdefault(name, node)


def load(path, shown=None):
    """Reads a document; all its references lead somewhere afterwards."""
    shown = shown or str(path)
    root = _read(path, shown)
    _complete(root, path)
    document = Document(shown, root)
    folder = Path(path).resolve().parent.name
    if document.room != folder:
        document.fail("", f"{X} room is '{document.room}', but the file stands in the folder '{folder}'")
    for where, reference in document.references():
        document.target(reference, where)
    return document
