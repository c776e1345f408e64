# SPDX-License-Identifier: Apache-2.0
"""The package holds all that the library offers, and says so in its texts."""

import ast
import ctypes
import inspect
import json
import re
import typing
from datetime import datetime

import pytest

from librenku import AsyncClient, Client, Ulid, __version__, _table, errors, library_version, types
from librenku._admin import AdminTools, AsyncAdminTools
from librenku._call import take_text
from librenku._library import BLOCKING, QUICK, library
from support.python import PACKAGE
from support.server import ROOT

HEADERS = [*sorted((ROOT / "include/renku").glob("*.h"))]
SPEC = json.loads(take_text(library(), library().operation_list()))
OPERATIONS = {row["id"]: row for row in SPEC}
MODULES = sorted((PACKAGE / "librenku").glob("*.py"))


def declarations() -> dict[str, tuple[str, list[str]]]:
    """name -> (type of the result, parameters) of every public function but those of operations.h."""
    found = {}
    for header in HEADERS:
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        for result, name, parameters in re.findall(r"RENKU_API ([^;(]*?)(\w+)\(([^;]*)\);", text):
            parts = [] if parameters.strip() == "void" else [" ".join(part.split()) for part in parameters.split(",")]
            found[name] = ("".join(result.split()), parts)
    return found


DECLARED = declarations()


def kind_of(c_type: str) -> object:
    """What ctypes calls a type of C."""
    plain = c_type.replace("const", "").replace(" ", "")
    numbers = {"int": ctypes.c_int, "int64_t": ctypes.c_int64, "size_t": ctypes.c_size_t, "void": None}
    if plain in numbers:
        return numbers[plain]
    return ctypes.c_char_p if plain == "char*" else "pointer"


def is_pointer(kind) -> bool:
    is_callback = isinstance(kind, type) and issubclass(kind, ctypes._CFuncPtr)
    return kind is ctypes.c_void_p or hasattr(kind, "contents") or is_callback


@pytest.mark.parametrize("name", sorted(BLOCKING | QUICK))
def test_prototypes_are_those_of_the_headers(name):
    result, arguments = (BLOCKING | QUICK)[name]
    c_result, parameters = DECLARED[name]
    pairs = [(result, kind_of(c_result))]
    pairs += [(kind, kind_of(re.sub(r"\w+$", "", text))) for kind, text in zip(arguments, parameters, strict=True)]

    for kind, wanted in pairs:
        assert is_pointer(kind) if wanted == "pointer" else kind is wanted, (name, kind, wanted)


def test_every_tool_of_operators_is_a_method():
    header = (ROOT / "include/renku/admin.h").read_text()
    tools = set(re.findall(r"RENKU_API renku_result \*renku_(\w+)\(renku_ctx ", header))

    for kind in (AdminTools, AsyncAdminTools):
        assert {name for name in vars(kind) if not name.startswith("_")} == tools


def test_every_failure_is_a_class():
    text = (ROOT / "include/renku/errors.h").read_text()
    rows = re.findall(r"#define RENKU_E(\w+) +(\d+) +/\*\*< (\d+):", text)

    assert len(errors.BY_NUMBER) == len(rows) > 30
    for word, number, _code in rows:
        name = errors.BY_NUMBER[int(number)].__name__
        assert name.upper().startswith(word[:8]) or (word, name) == ("NOMEM", "OutOfMemory")
        assert errors.BY_NUMBER[int(number)].number == int(number)
    assert issubclass(errors.Stale, errors.Conflict) and issubclass(errors.InvalidToken, errors.Unauthorized)
    assert set(errors.__all__) == {kind.__name__ for kind in errors.BY_NUMBER.values()} | {"RenkuError", "Closed"}


def test_versions_agree():
    (version,) = re.findall(r"AC_INIT\(\[librenku\], \[([^]]+)\]", (ROOT / "configure.ac").read_text())

    assert __version__ == library_version() == version


# --- operations ---


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_a_method_with_its_parameters(name, kind):
    row, method = OPERATIONS[name], getattr(kind, name)
    arguments = inspect.signature(method).parameters
    names = {parameter["name"] for parameter in row["parameters"]}
    extra = {"self", "timeout", "request_id"} | ({"cancel"} if kind is Client else set())
    extra |= ({"body"} if row["body"] else set()) | ({"if_match"} if row["if_match"] else set())

    assert set(arguments) == names | extra | ({"if_none_match"} if row["etag"] else set())
    for parameter in row["parameters"]:
        assert (arguments[parameter["name"]].default is inspect.Parameter.empty) == parameter["required"]
    assert inspect.iscoroutinefunction(method) == (kind is AsyncClient)
    assert hasattr(kind, f"{name}_all") == row["paginated"]
    assert _table.BY_NAME[name].paginated == row["paginated"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_method_is_documented(name):
    row, text = OPERATIONS[name], inspect.getdoc(getattr(Client, name))

    assert text.startswith(row["summary"])
    assert f"REST: {row['method']} /api/data{row['path']}" in text
    assert "Raises:" in text
    assert " ".join(row["description"].split()) in " ".join(text.split())
    for parameter in row["parameters"]:
        assert f"{parameter['name']}: " in text


def alternatives(kind):
    """What may stand in a body, be it the items of a list."""
    if typing.get_origin(kind) in (list, typing.Union):
        for part in typing.get_args(kind):
            yield from alternatives(part)
    else:
        assert typing.get_origin(kind) is dict or typing.is_typeddict(kind)
        yield kind


def members(schema, schemas) -> set[str]:
    """The names of an object's members, also those of what it is composed of."""
    found = set(schema.get("properties", ()))
    for part in schema.get("allOf", ()):
        found |= members(schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part, schemas)
    return found


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_annotations_lead_to_types(name):
    row = OPERATIONS[name]
    hints = typing.get_type_hints(getattr(Client, name))

    assert "return" in hints
    if row["body"]:
        kinds = list(alternatives(hints["body"]))
        assert kinds
        for kind in kinds:
            assert typing.get_origin(kind) is dict or kind.__module__ == "librenku.types"


def test_dictionaries_name_the_members_of_the_document(client):
    schemas = client.openapi_get()["components"]["schemas"]
    found = {name: kind for name, kind in vars(types).items() if typing.is_typeddict(kind) and name in schemas}

    assert len(found) > 20
    for name, kind in found.items():
        assert set(typing.get_type_hints(kind)) == members(schemas[name], schemas), name
        assert kind.__doc__.startswith(schemas[name].get("description", name)), name


def test_members_are_typed_as_the_schema_says():
    project = typing.get_type_hints(types.Project)

    assert project["id"] is Ulid and project["creation_date"] is datetime and project["is_template"] is bool
    assert typing.get_args(project["visibility"]) == ("private", "public")
    assert {"id", "name", "creation_date"} <= types.Project.__required_keys__
    assert {"description", "updated_at"} <= types.Project.__optional_keys__
    assert typing.get_type_hints(types.ProjectPost)["slug"] == typing.Optional[str]
    assert types.ProjectPost.__required_keys__ == {"name", "namespace"}


# --- the files ---


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_modules_are_python_3_9(module):
    ast.parse(module.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_modules_start_with_the_licence(module):
    assert module.read_text().startswith("# SPDX-License-Identifier: Apache-2.0\n")


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "librenku/py.typed").exists()
