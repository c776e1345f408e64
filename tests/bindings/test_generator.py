# SPDX-License-Identifier: Apache-2.0
"""What apigen makes of schemas that the rooms do not have yet: alternatives, maps, awkward names."""

import importlib
import inspect
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from support.python import PACKAGE
from support.server import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from apigen.api import read  # noqa: E402
from apigen.emit_python import emit  # noqa: E402
from apigen.errors import SpecError  # noqa: E402

ZOO = """
openapi: 3.0.2
x-renku: {room: ROOM}
paths:
  /ROOM/{from}:
    put:
      operationId: ROOM_put
      summary: Put an animal
      description: Says "hello" with a \\\\ and three \\"\\"\\" quotes.
      x-renku: {checks: [login, query, body], permission: public}
      parameters:
        - {in: path, name: from, required: true, description: Where, schema: {$ref: "#/components/schemas/Ulid"}}
        - {in: query, name: per-night, required: true, schema: {type: number}}
        - {in: query, name: since, schema: {type: string, format: date-time}}
        - {in: query, name: types, schema: {type: array, items: {$ref: "#/components/schemas/Kind"}, default: [cat]}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Animal"}}}}
      responses:
        "200": {description: x, content: {application/json: {schema: {$ref: "#/components/schemas/Animal"}}}}
        "409": {description: It is there already}
components:
  schemas:
    Ulid: {type: string, minLength: 26, maxLength: 26}
    Kind: {x-renku: {enum: rk_ROOM_kind}, type: string, enum: [cat, wild-dog]}
    Cage:
      x-renku: {struct: rk_ROOM_cage}
      type: object
      additionalProperties: false
      properties: {kind: {type: string, enum: [cage], x-renku: {enum: rk_ROOM_cage_kind}}, id: {$ref: "#/components/schemas/Ulid"}}
      required: [kind, id]
    Field:
      x-renku: {struct: rk_ROOM_field}
      type: object
      properties: {kind: {type: string, enum: [field], x-renku: {enum: rk_ROOM_field_kind}}, since: {type: string, format: date-time}}
      required: [kind]
    Home: {oneOf: [{$ref: "#/components/schemas/Cage"}, {$ref: "#/components/schemas/Field"}, {type: string}]}
    Animal:
      x-renku: {struct: rk_ROOM_animal}
      type: object
      description: An animal
      properties:
        id: {$ref: "#/components/schemas/Ulid"}
        class: {type: integer}
        born: {type: string, format: date-time}
        parents: {type: array, items: {$ref: "#/components/schemas/Animal"}}
        visits: {type: object, additionalProperties: {type: string, format: date-time, nullable: true}}
        home: {$ref: "#/components/schemas/Home"}
        kind: {$ref: "#/components/schemas/Kind"}
        size: {type: object, x-renku: {struct: rk_ROOM_size}, properties: {cm: {type: number}}, required: [cm]}
        chip: {allOf: [{type: string, nullable: true}], x-renku: {keep_null: true}}
        anything: {}
      required: [id, born]
"""


def write(folder: Path, room: str, change=lambda document: None) -> Path:
    document = yaml.safe_load(ZOO.replace("ROOM", room))
    change(document)
    path = folder / room / "apispec.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def make(*paths: Path) -> dict[str, str]:
    return {Path(file).name: text for file, text in emit(read(paths))}


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """The package as it would be with the room: its name, and its texts."""
    texts = make(write(tmp_path, "zoo"))
    package = tmp_path / "librenku_zoo"
    shutil.copytree(PACKAGE / "librenku", package)
    for file, text in texts.items():
        (package / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield texts
    for name in [name for name in sys.modules if name.startswith("librenku_zoo")]:
        del sys.modules[name]


def test_bodies_and_answers_differ_where_they_must(zoo):
    types = importlib.import_module("librenku_zoo.types")

    assert types.Animal.__annotations__["born"].__forward_arg__ == "datetime"
    assert types.AnimalBody.__annotations__["born"].__forward_arg__ == "Union[datetime, str]"
    assert types.Animal.__annotations__["parents"].__forward_arg__ == "List[Animal]"
    assert types.AnimalBody.__annotations__["parents"].__forward_arg__ == "Optional[List[AnimalBody]]"
    assert types.AnimalBody.__annotations__["home"].__forward_arg__ == "Optional[HomeBody]"
    assert types.Animal.__annotations__["visits"].__forward_arg__ == "Dict[str, Optional[datetime]]"
    assert types.Animal.__annotations__["chip"].__forward_arg__ == "Optional[str]"
    assert {"id", "born", "chip"} == types.Animal.__required_keys__
    assert "class" in types.Animal.__optional_keys__


def test_methods_have_names_of_python(zoo):
    client = importlib.import_module("librenku_zoo.client").Client
    names = list(inspect.signature(client.zoo_put).parameters)

    assert names[:6] == ["self", "from_", "body", "per_night", "since", "types_"]
    assert "Conflict: it is there already." in " ".join(client.zoo_put.__doc__.split())
    assert '"hello"' in client.zoo_put.__doc__
    assert 'b"per-night", per_night' in zoo["_operations.py"] and 'b"from", from_' in zoo["_operations.py"]


def test_answers_are_converted_in_depth(zoo):
    table = importlib.import_module("librenku_zoo._table")
    Ulid = importlib.import_module("librenku_zoo").Ulid
    ulid, text, moment = "01J2F86WS7S8N6159WA3X4042H", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

    def animal(**more):
        return {"id": ulid, "born": text, **more}

    answer = table.ZOO_PUT.convert(
        animal(
            parents=[animal(), animal(home={"kind": "cage", "id": ulid})],
            visits={"a": text, "b": None},
            home={"kind": "field", "since": text},
            chip=None,
            anything={"born": text},
        )
    )

    assert type(answer["id"]) is Ulid and answer["born"] == moment
    assert type(answer["parents"][1]["home"]["id"]) is Ulid and answer["parents"][0]["born"] == moment
    assert answer["visits"] == {"a": moment, "b": None}
    assert answer["home"] == {"kind": "field", "since": moment}
    assert (answer["chip"], answer["anything"]) == (None, {"born": text})
    assert table.ZOO_PUT.convert(animal(home="outside"))["home"] == "outside"


def test_rooms_may_use_the_same_names(tmp_path):
    def other(document):
        document["components"]["schemas"]["Kind"]["enum"] = ["rock"]

    types = make(write(tmp_path, "zoo"), write(tmp_path, "quarry", other))["types.py"]

    assert 'Kind = Literal["rock"]' in types
    assert 'ZooKind = Literal["cat", "wild-dog"]' in types
    assert types.count("class Animal(") == 1 and "class ZooAnimal(" in types
    assert types.count("class Size(") + types.count("class QuarrySize(") + types.count("class ZooSize(") == 2


def test_arguments_of_the_same_name_are_refused(tmp_path):
    def clash(document):
        (operation,) = document["paths"]["/zoo/{from}"].values()
        operation["parameters"][1]["name"] = "timeout"

    with pytest.raises(SpecError, match="two arguments of the method would be called 'timeout'"):
        make(write(tmp_path, "zoo", clash))
