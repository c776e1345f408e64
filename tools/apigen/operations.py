# SPDX-License-Identifier: Apache-2.0
"""From the operations of a document to the model, and everything about them that is refused."""

import re

from . import names
from .document import X
from .model import Operation, PathParam, Room, Schema
from .schemas import Schemas

CHECKS = ("login", "admin", "role", "if_match", "path", "query", "body")
OPERATION_OWN = {
    "authentication", "checks", "etag", "form", "local", "paginated", "permission", "person", "point", "role", "services",
    "transaction", "unknown_query",
}  # fmt: skip
AUTHENTICATIONS = ("keycloak", "internal", "gitlab", "none")
KINDS = {"ulid": "ULID", "slug": "SLUG", "int": "INT", "text": "TEXT"}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
KIND_OF_COMPONENT = {"Ulid": "ULID", "Slug": "SLUG"}


class Builder:
    """Builds one operation."""

    def __init__(self, document, schemas, place):
        self.document = document
        self.schemas = schemas
        self.path, self.item, self.method, self.node = place
        self.where = f"{self.method} {self.path}"
        self.operation = None
        self.own = None
        self.query_extra = None

    def fail(self, problem):
        self.document.fail(self.where, problem)

    def build(self):
        self._begin()
        self._parameters()
        self._query()
        self._body()
        self._responses()
        self._check_declared()
        return self.operation

    def _begin(self):
        node = self.node
        if not isinstance(node, dict) or not isinstance(node.get("operationId"), str):
            self.fail("has no operationId")
        if not names.is_identifier(node["operationId"]):
            self.fail(f"the operationId '{node['operationId']}' is no name in lower case")
        self.where = f"{self.where} ({node['operationId']})"
        if not node.get("summary"):
            self.fail("has no summary")
        self.own = self.document.own(node, self.where, OPERATION_OWN)
        self.operation = Operation(
            id=node["operationId"],
            room=self.document.room,
            method=self.method,
            path=self.path,
            summary=node["summary"],
            description=node.get("description", ""),
            checks=list(self.own.get("checks", [])),
            role=self._role(),
            authentication=self._authentication(),
            form=bool(self.own.get("form", False)),
            paginated=bool(self.own.get("paginated", False)),
            whole=self.own.get("paginated") == "whole",
            person=bool(self.own.get("person", False)),
            point=self._point(),
            local=self._local(),
            etag=bool(self.own.get("etag", False)),
            transaction=bool(self.own.get("transaction", self.method != "GET")),
            services=self.document.services_of(node, self.where),
        )
        self._permission()

    def _authentication(self):
        declared = self.own.get("authentication", AUTHENTICATIONS[0])
        if declared not in AUTHENTICATIONS:
            self.fail(f"the authentication '{declared}' is none of {', '.join(AUTHENTICATIONS)}")
        return declared

    def _point(self):
        point = bool(self.own.get("point", False))
        if point and (self.method != "GET" or self.own.get("transaction") or self.own.get("authentication")):
            self.fail("is no point read: that is a GET without a transaction, for callers with the usual tokens")
        return point

    def _local(self):
        local = bool(self.own.get("local", False))
        if local and (self.method != "GET" or self.own.get("transaction") or self.own.get("authentication") != "none"):
            self.fail("is not local: that is a GET without a transaction, whoever calls")
        return local

    def _role(self):
        declared = self.own.get("role")
        if declared is not None and not re.fullmatch(r"[A-Z][A-Z0-9_]*", str(declared)):
            self.fail(f"the role '{declared}' is not the name of a setting")
        return declared

    def _permission(self):
        declared = self.own.get("permission")
        if declared is None:
            self.fail("declares no permission: TYPE.SCOPE, core, or public")
        self.operation.declared_permission = str(declared)
        if declared in ("public", "core"):
            return
        if not re.fullmatch(r"[a-z_]+\.[a-z_]+", str(declared)):
            self.fail(f"the permission '{declared}' is neither TYPE.SCOPE nor core nor public")
        self.operation.permission = tuple(declared.split("."))

    # --- parameters ---

    def _resolved(self):
        """The parameters of the path and of the operation, which override them."""
        found = {}
        for node in self.item.get("parameters", []) + self.node.get("parameters", []):
            node = self.document.follow(node, self.where)
            found[(node.get("in"), node.get("name"))] = node
        return list(found.values())

    def _parameters(self):
        self.in_query = []
        declared = {}
        for node in self._resolved():
            place = node.get("in")
            if place == "path":
                declared[node["name"]] = node
            elif place == "query":
                self.in_query.append(node)
            elif place != "header" or node.get("name") != "If-Match":
                self.fail(f"the parameter '{node.get('name')}' in '{place}' is not supported")
        self.has_if_match = any(node.get("in") == "header" for node in self._resolved())
        in_path = re.findall(r"\{([^{}]*)\}", self.path)
        if sorted(in_path) != sorted(declared):
            self.fail(f"the parameters of the path are {in_path}, those declared are {list(declared)}")
        self.operation.path_params = [self._path_param(declared[name]) for name in in_path]

    def _path_param(self, node):
        own = self.document.own(node, self.where, {"kind", "check", "decoded"})
        flat, component = self.schemas.flatten(node.get("schema", {}), self.where)
        kind = own.get("kind")
        if kind is not None and kind not in KINDS:
            self.fail(f"the kind '{kind}' of '{node['name']}' is none of {', '.join(KINDS)}")
        implied = KIND_OF_COMPONENT.get(component, "INT" if flat.get("type") == "integer" else "TEXT")
        param = PathParam(node["name"], names.member(node["name"]), KINDS.get(kind, implied))
        param.description = node.get("description", "")
        param.decoded = bool(own.get("decoded", False))
        if param.decoded and param.kind != "TEXT":
            self.fail(f"only a text can be decoded, and '{node['name']}' is none")
        if "check" in own:
            param.check = self._public(self.schemas.component(own["check"], self.where))
        return param

    def _public(self, schema):
        """The schema, with a name that other files may use."""
        if not schema.public:
            schema.public = True
            schema.symbol = f"rk_{self.document.room}_{schema.symbol}"
        return schema

    def _query(self):
        """All parameters of the query as one object."""
        schema = Schema("OBJECT", struct=f"rk_{self.operation.id}_query", public=True)
        schema.symbol = f"{schema.struct}_schema"
        schema.description = f"The query of {self.operation.id}."
        for node in self.in_query:
            flat, _ = self.schemas.flatten(node.get("schema", {}), self.where)
            if flat.get("properties"):
                self._explode(schema, flat)
            else:
                field = self._query_field(node["name"], node["schema"], bool(node.get("required")))
                field.description = node.get("description") or field.description
                schema.fields.append(field)
        declared = self.own.get("unknown_query")
        if declared not in (None, "forbid", "ignore"):
            self.fail(f"unknown_query is 'forbid' or 'ignore', not '{declared}'")
        if declared:
            schema.extra = declared.upper()
        if not schema.fields and schema.extra != "FORBID":
            return
        self._check_query(schema)
        self.schemas.order.append(schema)
        self.operation.query = schema

    def _explode(self, schema, flat):
        required = flat.get("required", [])
        for name, node in flat["properties"].items():
            schema.fields.append(self._query_field(name, node, name in required))
        if flat.get("additionalProperties") is False:
            schema.extra = "FORBID"

    def _query_field(self, name, node, required):
        field = self.schemas.field(name, node, required, (f"{self.operation.id}_query", f"{self.where} {name}"))
        if self.operation.paginated and name in ("page", "per_page"):
            field.schema.saturates = True  # the limits of pages are checked apart
        return field

    def _check_query(self, schema):
        seen = [field.name for field in schema.fields]
        for name in seen:
            if seen.count(name) > 1:
                self.fail(f"the query parameter '{name}' is declared twice")

    # --- bodies ---

    def _body(self):
        if "requestBody" not in self.node:
            return
        body = self.document.follow(self.node["requestBody"], self.where)
        content = body.get("content", {})
        forms = [kind for kind in content if kind in FORMS]
        jsons = [kind for kind in content if kind == "application/json"]
        if len(forms) + len(jsons) != len(content) or not content or (forms and jsons):
            self.fail(f"the body is either {' / '.join(FORMS)} or application/json, not {', '.join(content)}")
        if bool(forms) != self.operation.form:
            self.fail(f"{X} form does not fit the content of the body")
        schema = content[(forms + jsons)[0]].get("schema", {})
        self.operation.body = self._public(self.schemas.build(schema, f"{self.operation.id}_body", self.where))

    def _responses(self):
        responses = {str(status): node for status, node in (self.node.get("responses") or {}).items()}
        self.operation.responses = [
            (status, self.document.follow(node, self.where).get("description", "")) for status, node in responses.items()
        ]
        successes = [status for status in responses if status.startswith("2")]
        if len(successes) > 1:
            self.fail(f"has more than one success: {', '.join(successes)}")
        numbers = [status for status in responses if status.isdigit()]
        if not numbers:
            self.fail("has no response with a status")
        self.operation.status = int((successes or numbers)[0])
        if not successes:
            return
        content = self.document.follow(responses[successes[0]], self.where).get("content", {})
        if not content:
            return
        if list(content) != ["application/json"]:
            self.fail(f"the response is application/json, not {', '.join(content)}")
        schema = content["application/json"].get("schema", {})
        self.operation.output = self._public(self.schemas.build(schema, f"{self.operation.id}_out", self.where))

    # --- what must fit together ---

    def _check_etag(self):
        output = self.operation.output
        fields = output.fields if output and output.kind == "OBJECT" else []
        if self.operation.etag and not any(field.name == "etag" and field.schema.kind == "TEXT" for field in fields):
            self.fail("the response has no text 'etag' that could be sent")

    def _check_declared(self):
        operation = self.operation
        self._check_etag()
        for check in operation.checks:
            if check not in CHECKS:
                self.fail(f"the check '{check}' is none of {', '.join(CHECKS)}")
            if operation.checks.count(check) > 1:
                self.fail(f"the check '{check}' stands twice")
        present = {
            "body": operation.body is not None,
            "query": operation.query is not None or operation.paginated,
            "path": any(param.check for param in operation.path_params),
            "if_match": self.has_if_match,
            "role": operation.role is not None,
        }
        for check, wanted in present.items():
            if wanted and check not in operation.checks:
                self.fail(f"the check '{check}' is missing")
            if check in operation.checks and not wanted:
                self.fail(f"the check '{check}' has nothing to check")


def build_room(document, patterns):
    """Everything of one document."""
    schemas = Schemas(document, patterns)
    room = Room(document.room, document.file, document.dollar_newline)
    room.operations = [Builder(document, schemas, place).build() for place in document.operations()]
    room.schemas = schemas.order
    room.enums = schemas.enums
    return room
