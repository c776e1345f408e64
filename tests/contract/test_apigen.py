# SPDX-License-Identifier: Apache-2.0
"""The generator: what it refuses, with file and operation, and what it makes."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from apigen import names  # noqa: E402
from apigen.__main__ import EMITTERS, main  # noqa: E402
from apigen.api import read  # noqa: E402
from apigen.errors import SpecError  # noqa: E402
from apigen.merge import merge  # noqa: E402

BASE = yaml.safe_load("""
openapi: 3.0.2
x-renku: {room: zoo}
paths:
  /animals:
    get:
      operationId: animal_list
      summary: List animals
      x-renku: {checks: [query], permission: public, paginated: true, unknown_query: forbid}
      parameters:
        - {in: query, name: page, schema: {type: integer, minimum: 1, default: 1}}
        - {in: query, name: kinds, schema: {$ref: "#/components/schemas/Kinds"}}
      responses:
        "200": {description: x, content: {application/json: {schema: {$ref: "#/components/schemas/Animals"}}}}
        default: {$ref: "#/components/responses/Error"}
  /animals/{animal_id}:
    patch:
      operationId: animal_patch
      summary: Change an animal
      x-renku: {checks: [login, if_match, path, body], permission: animal.write}
      parameters:
        - {in: path, name: animal_id, required: true, x-renku: {kind: text, check: Name}, schema: {type: string}}
        - {in: header, name: If-Match, required: true, schema: {type: string}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/AnimalChange"}}}}
      responses:
        "200": {description: x, content: {application/json: {schema: {$ref: "#/components/schemas/Animal"}}}}
components:
  responses:
    Error: {description: x}
  schemas:
    Name: {type: string, minLength: 1, maxLength: 9, pattern: "^[a-z]+$"}
    Kind: {x-renku: {enum: rk_species}, type: string, enum: [cat, wild-dog]}
    Kinds: {type: array, minItems: 1, items: {$ref: "#/components/schemas/Kind"}, default: [cat]}
    Animals: {type: array, items: {$ref: "#/components/schemas/Animal"}}
    Animal:
      type: object
      x-renku: {hidden: {bits: bits}}
      properties:
        name: {$ref: "#/components/schemas/Name"}
        kind: {$ref: "#/components/schemas/Kind"}
        default: {type: boolean}
        parents: {type: array, items: {$ref: "#/components/schemas/Animal"}}
        home: {type: object, properties: {city: {type: string}}, required: [city]}
        tags: {type: object, additionalProperties: {type: string, nullable: true}}
        anything: {}
        food:
          oneOf:
            - {type: string}
            - {type: array, items: {type: string}}
      required: [name]
    AnimalChange:
      allOf:
        - {type: object, additionalProperties: false, properties: {name: {$ref: "#/components/schemas/Name"}}}
        - properties:
            kind: {allOf: [{$ref: "#/components/schemas/Kind"}, {default: cat}], default: cat}
            age: {type: number, minimum: 0, exclusiveMinimum: true, nullable: true}
            born: {type: string, format: date-time}
          required: [name]
""")
LIST, PATCH = "GET /animals (animal_list)", "PATCH /animals/{animal_id} (animal_patch)"


def place(folder, document, room="zoo"):
    file = folder / room / "apispec.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False))
    return file


@pytest.fixture
def api(tmp_path):
    return read([place(tmp_path, BASE)])


def emitted(api):
    return {file: text for emit in EMITTERS.values() for file, text in emit(api)}


# --- refusals ----------------------------------------------------------------------------------------------------


def listing(document):
    return document["paths"]["/animals"]["get"]


def patching(document):
    return document["paths"]["/animals/{animal_id}"]["patch"]


def animal(document):
    return document["components"]["schemas"]["Animal"]


def own(node, **members):
    node["x-renku"].update(members)


REFUSALS = {
    "no-id": (lambda d: listing(d).pop("operationId"), "GET /animals: has no operationId"),
    "bad-id": (lambda d: listing(d).update(operationId="animalList"), "GET /animals: the operationId 'animalList'"),
    "no-summary": (lambda d: listing(d).pop("summary"), f"{LIST}: has no summary"),
    "no-permission": (lambda d: listing(d)["x-renku"].pop("permission"), f"{LIST}: declares no permission"),
    "bad-permission": (lambda d: own(listing(d), permission="all"), f"{LIST}: the permission 'all'"),
    "nothing-declared": (lambda d: listing(d).pop("x-renku"), f"{LIST}: declares no permission"),
    "unknown-declaration": (lambda d: own(listing(d), paginate=True), f"{LIST}: x-renku knows no 'paginate'"),
    "unknown-check": (lambda d: own(listing(d), checks=["query", "logon"]), f"{LIST}: the check 'logon'"),
    "check-twice": (lambda d: own(listing(d), checks=["query", "query"]), f"{LIST}: the check 'query' stands twice"),
    "body-unchecked": (lambda d: own(patching(d), checks=["login", "if_match", "path"]), f"{PATCH}: the check 'body' is missing"),
    "tag-unchecked": (lambda d: own(patching(d), checks=["path", "body"]), f"{PATCH}: the check 'if_match' is missing"),
    "path-unchecked": (lambda d: own(patching(d), checks=["if_match", "body"]), f"{PATCH}: the check 'path' is missing"),
    "query-unchecked": (lambda d: own(listing(d), checks=[]), f"{LIST}: the check 'query' is missing"),
    "nothing-to-check": (lambda d: own(listing(d), checks=["query", "body"]), f"{LIST}: the check 'body' has nothing"),
    "role-without-name": (lambda d: own(listing(d), checks=["role", "query"]), f"{LIST}: the check 'role' has nothing"),
    "role-that-is-no-setting": (lambda d: own(listing(d), role="alerts"), f"{LIST}: the role 'alerts' is not the name of a setting"),
    "local-change": (lambda d: own(patching(d), local=True, authentication="none"), f"{PATCH}: is not local"),
    "local-with-callers": (lambda d: own(listing(d), local=True), f"{LIST}: is not local"),
    "tag-without-member": (lambda d: own(patching(d), etag=True), f"{PATCH}: the response has no text 'etag'"),
    "number-decoded": (
        lambda d: own(patching(d)["parameters"][0], kind="slug", decoded=True),
        f"{PATCH}: only a text can be decoded, and 'animal_id' is none",
    ),
    "form-without-form": (lambda d: own(patching(d), form=True), f"{PATCH}: x-renku form does not fit"),
    "unknown-query-word": (lambda d: own(listing(d), unknown_query="no"), f"{LIST}: unknown_query is"),
    "no-responses": (lambda d: listing(d).pop("responses"), f"{LIST}: has no response"),
    "two-successes": (lambda d: listing(d)["responses"].update({"201": {}}), f"{LIST}: has more than one success"),
    "path-undeclared": (lambda d: patching(d)["parameters"].pop(0), f"{PATCH}: the parameters of the path"),
    "unknown-kind": (lambda d: own(patching(d)["parameters"][0], kind="uuid"), f"{PATCH}: the kind 'uuid'"),
    "unknown-check-schema": (lambda d: own(patching(d)["parameters"][0], check="Nome"), "leads nowhere"),
    "header": (
        lambda d: listing(d)["parameters"].append({"in": "header", "name": "X-A", "schema": {}}),
        f"{LIST}: the parameter 'X-A' in 'header'",
    ),
    "query-twice": (
        lambda d: listing(d)["parameters"].append(
            {"in": "query", "name": "more", "schema": {"type": "object", "properties": {"page": {"type": "integer"}}}}
        ),
        f"{LIST}: the query parameter 'page' is declared twice",
    ),
    "reference": (
        lambda d: listing(d)["responses"].update({"404": {"$ref": "#/components/responses/Nothing"}}),
        "paths /animals get responses 404: the reference '#/components/responses/Nothing' leads nowhere",
    ),
    "foreign-reference": (
        lambda d: animal(d)["properties"].update(name={"$ref": "other.yaml#/Name"}),
        "the reference 'other.yaml#/Name' does not start with '#/'",
    ),
    "keyword": (lambda d: animal(d)["properties"]["home"].update(minProperties=1), "'minProperties' is not supported"),
    "type": (lambda d: animal(d)["properties"]["home"].update(type="text", properties={}), "the type 'text' is not known"),
    "format": (lambda d: animal(d)["properties"].update(day={"type": "string", "format": "date"}), "the format 'date'"),
    "pattern": (lambda d: d["components"]["schemas"]["Name"].update(pattern="("), "the pattern '(' is none"),
    "required": (lambda d: animal(d)["required"].append("nome"), "the required member 'nome' is not among"),
    "enum": (lambda d: d["components"]["schemas"]["Kind"].update(enum=[1]), "an enumeration has texts"),
    "enum-constants": (lambda d: d["components"]["schemas"]["Kind"].update(enum=["a-b", "a_b"]), "have the same constant"),
    "name": (lambda d: animal(d)["properties"].update({"gr\u00f6\u00dfe": {}}), "would need escapes"),
    "hidden": (lambda d: own(animal(d), hidden={"bits": "float"}), "hidden 'bits: float' is none of"),
    "member-twice": (lambda d: own(animal(d), hidden={"name": "text"}), "two members 'name'"),
    "present": (
        lambda d: animal(d)["properties"].update(x={"x-renku": {"present": "name"}, "oneOf": [{"type": "string"}, {"type": "integer"}]}),
        "the member 'name' does not tell the alternatives apart",
    ),
    "same-name": (lambda d: own(animal(d), struct="rk_animal_patch"), "rename one with x-renku"),
    "room": (lambda d: d.update({"x-renku": {"room": "park"}}), "x-renku room is 'park', but"),
    "service": (lambda d: own(d, service="park"), "the service 'park' is none of data, secrets"),
    "services": (lambda d: own(listing(d), services=["data", "park"]), f"{LIST}: the service 'park' is none of"),
    "no-services": (lambda d: own(listing(d), services=[]), f"{LIST}: services is a list with at least one name"),
}


@pytest.mark.parametrize("change, message", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_does_not_fit_is_refused_with_file_and_place(tmp_path, change, message):
    document = copy.deepcopy(BASE)
    change(document)
    file = place(tmp_path, document)
    with pytest.raises(SpecError) as refused:
        read([file])
    assert str(refused.value).startswith(f"{file}: ")
    assert message in str(refused.value)


def second_room(*changes):
    """Another room, all names of its own but for the changes: (what it has, what it shall have)."""
    text = yaml.safe_dump(BASE, sort_keys=False).replace("room: zoo", "room: park")
    own_names = (("animal", "tree"), ("Animal", "Tree"), ("Kind", "Sort"), ("rk_species", "rk_sort"))
    for before, after in (*own_names, *changes):
        assert before in text
        text = text.replace(before, after)
    return text


def test_two_rooms_may_stand_side_by_side(tmp_path):
    api = read([place(tmp_path, BASE), place(tmp_path, second_room(), "park")])
    assert [room.name for room in api.rooms] == ["park", "zoo"]
    assert len(api.operations) == 4
    assert set(api.document["paths"]) == {"/animals", "/animals/{animal_id}", "/trees", "/trees/{tree_id}"}


# Spec: foundations.md 11: each service has a document with what it needs alone
def test_a_service_has_operations_and_a_document_of_its_own(tmp_path):
    shared = copy.deepcopy(BASE)
    own(listing(shared), services=["data", "secrets"])
    other = yaml.safe_load(second_room())
    own(other, service="secrets")
    api = read([place(tmp_path, shared), place(tmp_path, other, "park")])
    assert [operation.id for operation in api.of("data").operations] == ["animal_list", "animal_patch"]
    assert {operation.id for operation in api.of("secrets").operations} == {"animal_list", "tree_list", "tree_patch"}
    assert set(api.documents["data"]["paths"]) == {"/animals", "/animals/{animal_id}"}
    storage = api.documents["secrets"]
    assert set(storage["paths"]) == {"/animals", "/trees", "/trees/{tree_id}"}
    assert "AnimalChange" not in storage["components"]["schemas"] and "TreeChange" in storage["components"]["schemas"]
    texts = emitted(api)
    assert "renku_tree_patch(" not in texts["renku/operations.h"] and "tree_patch" not in texts["descriptions.c"]
    assert '.prefix = "/api/secrets", .operations = secrets_operations, .by_id = secrets_by_id, .operation_count = 3' in texts["operations.c"]


# Two services may have one path.
def test_a_path_is_unique_within_its_service(tmp_path):
    other = yaml.safe_load(second_room(("/trees/{tree_id}", "/animals/{tree_id}")))
    own(other, service="secrets")
    assert len(read([place(tmp_path, BASE), place(tmp_path, other, "park")]).rooms) == 2


TWICE = {
    "id": (("operationId: tree_list", "operationId: animal_list"), "has the operationId of"),
    "path": (("/trees/{tree_id}", "/animals/{tree_id}"), "has the path of"),
    "struct": (("hidden:", "struct: rk_animal\n        hidden:"), "is called like"),
    "enum": (("rk_sort", "rk_species"), "is called like"),
    "room": (("room: park", "room: zoo"), "x-renku room is 'zoo'"),
}


@pytest.mark.parametrize("change, message", TWICE.values(), ids=TWICE.keys())
def test_what_stands_in_two_rooms_is_refused(tmp_path, change, message):
    files = [place(tmp_path, BASE), place(tmp_path, second_room(change), "park")]
    with pytest.raises(SpecError, match=message) as refused:
        read(files)
    assert str(refused.value).startswith(tuple(f"{file}: " for file in files))


def test_a_room_that_is_given_twice_is_refused(tmp_path):
    files = [place(tmp_path / folder, BASE) for folder in ("one", "other")]
    with pytest.raises(SpecError, match="the room 'zoo' is also that of"):
        read(files)


def test_rooms_share_components_and_may_have_their_own(tmp_path):
    document = copy.deepcopy(BASE)
    document["components"]["schemas"].pop("Kinds")
    common = {"components": {"schemas": {"Kinds": {"type": "array", "items": {"type": "integer"}}, "Name": {"type": "integer"}}}}
    file = place(tmp_path, document)
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "common.yaml").write_text(yaml.safe_dump(common))
    header = emitted(read([file]))["zoo_api.h"]
    assert "rk_opt_int *items;\n} rk_kinds;" in header
    assert "const char *name;" in header


def test_a_key_that_stands_twice_is_refused(tmp_path):
    text = yaml.safe_dump(BASE) + "openapi: 3.0.3\n"
    with pytest.raises(SpecError, match="'openapi' stands twice"):
        read([place(tmp_path, text)])


@pytest.mark.parametrize("text", ["", "[]", "a: [", "\x00"], ids=["empty", "list", "cut", "binary"])
def test_what_is_no_document_is_refused(tmp_path, text):
    with pytest.raises(SpecError):
        read([place(tmp_path, text)])


def test_the_command_says_what_is_wrong_and_fails(tmp_path, capsys):
    assert main(["--out", str(tmp_path / "gen"), str(place(tmp_path, "[]"))]) == 1
    assert "apigen: " in capsys.readouterr().err
    assert not (tmp_path / "gen").exists()


# --- what is made ------------------------------------------------------------------------------------------------


def test_names_follow_from_names():
    assert names.snake("ProjectGetQuery") == "project_get_query"
    assert names.snake("HTTPServer2Name") == "http_server2_name"
    assert names.snake("per-page") == "per_page"
    assert names.member("default") == "default_"
    assert names.constant("rk_kind", "wild-dog") == "RK_KIND_WILD_DOG"
    assert names.quote('a"\\\n\u00fc??') == '"a\\"\\\\\\n\\303\\274\\?\\?"'


def test_merging_keeps_the_first_scalar_and_adds_to_lists():
    one, other = {"a": 1, "b": {"c": [1, 2]}, "d": "x"}, {"a": 2, "b": {"c": [2, 3], "e": 4}, "f": 5}
    assert merge(one, other) == {"a": 1, "b": {"c": [1, 2, 3], "e": 4}, "d": "x", "f": 5}


def test_fields_know_what_is_required_nullable_and_default(api):
    change = api.operations[1].body
    assert [(f.name, f.required, f.nullable, f.fallback) for f in change.fields] == [
        ("name", True, False, None),
        ("kind", False, False, '"cat"'),
        ("age", False, True, None),
        ("born", False, True, None),
    ]
    assert change.extra == "FORBID"
    kinds = api.operations[0].query.fields[1]
    assert (kinds.fallback, kinds.nullable) == ('["cat"]', True)


def test_numbers_of_pages_may_be_of_any_size(api):
    page = api.operations[0].query.fields[0].schema
    assert page.saturates and page.minimum == 1


def test_messages_name_alternatives_by_their_type(api):
    food = next(f.schema for f in api.operations[1].output.fields if f.name == "food")
    assert [tag for tag, _ in food.options] == ["str", "list[str]"]


def with_member(tmp_path, schema):
    """The schema of a member as it is read."""
    document = copy.deepcopy(BASE)
    animal(document)["properties"]["x"] = schema
    api = read([place(tmp_path, document)])
    return next(f.schema for f in api.operations[1].output.fields if f.name == "x")


def test_a_union_of_one_is_that_one(tmp_path):
    assert with_member(tmp_path, {"oneOf": [{"type": "integer", "minimum": 3}]}).kind == "INT"


def test_a_map_takes_null_when_one_alternative_of_its_values_does(tmp_path):
    for nullable in (True, False):
        options = [{"type": "integer"}, {"type": "string", "nullable": nullable}]
        schema = with_member(tmp_path, {"type": "object", "additionalProperties": {"oneOf": options}})
        assert (schema.kind, schema.items_nullable) == ("MAP", nullable)


def test_a_member_may_tell_alternatives_apart(tmp_path):
    options = [{"type": "object", "properties": {name: {"type": "string"}}} for name in ("one", "two")]
    schema = with_member(tmp_path, {"x-renku": {"present": "two"}, "oneOf": options})
    assert schema.present == "two"


def test_only_what_operations_reach_is_made(tmp_path):
    document = copy.deepcopy(BASE)
    document["components"]["schemas"]["Unused"] = {"type": "object", "properties": {"x": {"type": "string"}}}
    text = emitted(read([place(tmp_path, document)]))["zoo_api.h"]
    assert "unused" not in text


def test_the_same_documents_give_the_same_files(tmp_path):
    file = place(tmp_path, BASE)
    made = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        command = [sys.executable, "-B", "-m", "apigen", "--out", str(out), str(file)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "tools"), "PYTHONHASHSEED": seed})
        made.append({str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert made[0] == made[1]
    rooms = {"zoo_api.h", "zoo_api.c"}
    common = {"calls.c", "descriptions.c", "openapi.c", "operations.c", "patterns.c", "renku/operations.h"}
    python = {f"python/librenku/{name}.py" for name in ("_async_operations", "_operations", "_table", "errors", "types")}
    assert set(made[0]) == rooms | common | python


def test_files_whose_text_stays_are_not_touched(tmp_path):
    arguments = ["--out", str(tmp_path / "gen"), str(place(tmp_path, BASE))]
    assert main(arguments) == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "gen").iterdir()}
    assert main(arguments) == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "gen").iterdir()} == before


AUTHZ = "enum { RK_OBJECT_ANIMAL, RK_SCOPE_WRITE };\n"


def test_what_is_made_compiles_without_a_warning(tmp_path, api):
    files = emitted(api) | {"authz_schema.h": AUTHZ}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    json_c = subprocess.run(["pkg-config", "--cflags", "json-c"], capture_output=True, text=True, check=True).stdout.split()
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Wmissing-prototypes", "-Werror", "-fsyntax-only"]
    for name, text in files.items():
        if name.endswith(".py"):
            compile(text, name, "exec")
            continue
        command = ["gcc", *flags, *json_c, f"-I{ROOT}", f"-I{ROOT}/include", f"-I{tmp_path}", "-x", "c", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
