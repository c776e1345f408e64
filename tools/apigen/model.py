# SPDX-License-Identifier: Apache-2.0
"""What the emitters see: rooms, operations, schemas. No YAML any more."""

from dataclasses import dataclass, field, replace
from typing import Dict, List, Optional, Tuple


# What a process can serve: the prefix of its paths, and how its document presents itself. What is internal is reached from
# inside of a cluster only.
SERVICES = {
    "data": {
        "prefix": "/api/data",
        "title": "Renku Data Services",
        "description": "Users, groups, projects and what belongs to them.",
        "internal": False,
    },
    "secrets": {
        "prefix": "/api/secrets",
        "title": "Renku Secrets Storage",
        "description": "Puts secrets of users into a cluster. It is reached from inside of the cluster only.",
        "internal": True,
    },
}


@dataclass(eq=False)
class Enum:
    name: str  # rk_visibility
    values: List[str]

    @property
    def names(self):
        return f"{self.name}_names"


@dataclass(eq=False)
class Field:
    name: str  # on the wire
    member: str  # in the struct
    schema: "Schema"
    required: bool = False
    nullable: bool = False
    fallback: Optional[str] = None  # JSON text
    shows_null: bool = False
    description: str = ""


@dataclass(eq=False)
class Schema:
    """One rk_schema. `symbol` is its name in C; `struct` the C type of objects and named arrays."""

    kind: str  # TEXT, INT, ... as in rk_kind
    symbol: str = ""
    name: Optional[str] = None  # in the document
    struct: Optional[str] = None
    public: bool = False  # other files may name it
    min_length: int = -1
    max_length: int = -1
    pattern: Optional[str] = None
    pattern_index: int = -1
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    saturates: bool = False
    unique_items: bool = False
    items_nullable: bool = False
    enum: Optional[Enum] = None
    items: Optional["Schema"] = None
    fields: List[Field] = field(default_factory=list)
    hidden: Dict[str, str] = field(default_factory=dict)
    extra: str = "IGNORE"
    options: List[Tuple[str, "Schema"]] = field(default_factory=list)  # (tag, schema)
    tag: Optional[str] = None
    present: Optional[str] = None  # of unions: the member that tells the alternatives apart
    description: str = ""

    @property
    def is_named_array(self):
        return self.kind in ("ARRAY", "TEXTS") and self.struct is not None


@dataclass(eq=False)
class PathParam:
    name: str
    member: str
    kind: str  # TEXT, INT, ULID, SLUG
    decoded: bool = False
    check: Optional[Schema] = None
    description: str = ""


@dataclass(eq=False)
class Operation:
    id: str
    room: str
    method: str
    path: str
    summary: str
    description: str
    checks: List[str]
    role: Optional[str] = None  # the setting that names it
    authentication: str = "keycloak"
    path_params: List[PathParam] = field(default_factory=list)
    query: Optional[Schema] = None
    body: Optional[Schema] = None
    output: Optional[Schema] = None
    form: bool = False
    status: int = 200
    paginated: bool = False  # page and per_page are read, page headers are sent
    whole: bool = False  # but the list is complete on every page
    person: bool = False
    point: bool = False  # a read by one fast statement
    local: bool = False  # a read without any
    etag: bool = False
    transaction: bool = False
    permission: Optional[Tuple[str, str]] = None  # None: public or core
    declared_permission: str = ""
    responses: List[Tuple[str, str]] = field(default_factory=list)  # (status or "default", description)
    services: List[str] = field(default_factory=list)  # that offer it

    @property
    def handler(self):
        return f"rk_{self.id}"

    @property
    def input(self):
        return f"rk_{self.id}_in"

    @property
    def pages(self):
        """Whether a list is read page by page."""
        return self.paginated and not self.whole

    @property
    def takes_if_match(self):
        return "if_match" in self.checks


@dataclass(eq=False)
class Room:
    name: str
    file: str
    dollar_newline: bool
    operations: List[Operation] = field(default_factory=list)
    schemas: List[Schema] = field(default_factory=list)  # reachable, each after those it needs
    enums: List[Enum] = field(default_factory=list)


@dataclass(eq=False)
class Api:
    """All rooms together."""

    rooms: List[Room]
    patterns: List[Tuple[str, bool]]  # (text, whether $ matches before a final newline)
    documents: Dict[str, dict]  # service -> its merged document

    @property
    def document(self):
        """That of the data API."""
        return self.documents["data"]

    @property
    def operations(self):
        """All operations, of whatever service."""
        return [operation for room in self.rooms for operation in room.operations]

    def of(self, service):
        """What one service offers."""
        rooms = [
            replace(room, operations=[operation for operation in room.operations if service in operation.services])
            for room in self.rooms
        ]
        return replace(self, rooms=rooms)
