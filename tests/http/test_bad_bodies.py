# SPDX-License-Identifier: Apache-2.0
"""Bad bodies for every operation: a documented 4xx, never a 5xx, and the database stays as it was.

Spec: foundations.md 3, 4.3, 5, 9"""

import copy
import json
import re

from support.api import PREFIX
from support.bad_input import INJECTIONS, OPERATIONS, WITH_BODY, each
from support.examples import BODIES
from support.raw import Connection

# Unknown keys are ignored: notifications.md 3.4; storage.md 7.2, 10.
TOLERANT = {"POST /webhooks/alertmanager"} | {name for name in BODIES if " /storage" in name}
NOT_JSON = {
    "empty-object-cut": b"{",
    "trailing-comma": b'{"name":"x",}',
    "words": b"nonsense",
    "broken-utf-8": b'{"name":"\xff\xfe\xfd"}',
    "cut-utf-8": b'"\xe2\x82"',
    "raw-nul": b'{"name":"a\x00b"}',
    "two-values": b"{}{}",
    "unbalanced": b"[" * 100_000,
    "unbalanced-objects": b'{"a":' * 100_000,
    "huge-number-cut": b"[" + b"9" * 100_000,
    "only-nul": b"\x00",
}
NEVER_VALID = {
    "null": b"null",
    "nothing": b"",
    "text": b'"x"',
    "number": b"1",
    "true": b"true",
    "huge-integer": b"9" * 400,
    "huge-float": b"1e400",
    "negative": b"-1",
    "list-of-lists": b"[[]]",
    "list-of-nulls": b"[null]",
}


def check_bodies(world, unchanged, operation, bodies: dict[str, bytes], status: int) -> None:
    """Bodies, sent as they are, that are all refused."""
    with unchanged:
        for label, body in bodies.items():
            response = world.by(operation).send(
                operation.method, world.path(operation), body, headers=world.headers(operation)
            )
            unchanged.expect(response, label, status)


# Spec: foundations.md 4.3, 5.1
@each(WITH_BODY)
def test_what_is_not_json(world, unchanged, operation):
    check_bodies(world, unchanged, operation, NOT_JSON, 400)


# Spec: foundations.md 4.3, 5.4
@each(WITH_BODY)
def test_a_body_of_the_wrong_kind(world, unchanged, operation):
    wrong = NEVER_VALID | (
        {"list": b"[]"} if operation.body.get("type") == "object" else {"object": b"{}"}
    )
    check_bodies(world, unchanged, operation, wrong, 422)


# Spec: foundations.md 5.1
@each(WITH_BODY)
def test_deep_nesting(world, unchanged, operation):
    deep = {
        "lists": b"[" * 50_000 + b"]" * 50_000,
        "objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "lists-in-a-field": b'{"name":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        "in-an-unknown-field": b'[{"x":' + b'{"x":' * 500 + b"1" + b"}" * 501 + b"]",
    }
    with unchanged:
        for label, body in deep.items():
            response = world.by(operation).send(
                operation.method, world.path(operation), body, headers=world.headers(operation)
            )
            unchanged.expect(response, label, 400, 422)


def places(schema: dict, body, here=()):
    """Every place in a body with its schema: ("session_launcher", "name"); not what a schema leaves open."""
    if "additionalProperties" in schema and "properties" not in schema:
        return
    if isinstance(body, dict):
        for name, value in body.items():
            inner = schema.get("properties", {}).get(name, {})
            yield (*here, name), inner
            yield from places(inner, value, (*here, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            inner = schema.get("items", {})
            yield (*here, index), inner
            yield from places(inner, value, (*here, index))


def put(body, place, value):
    """A copy of the body with another value in one place."""
    body = copy.deepcopy(body)
    *steps, last = place
    target = body
    for step in steps:
        target = target[step]
    target[last] = value
    return body


def drop(body, place):
    body = copy.deepcopy(body)
    *steps, last = place
    target = body
    for step in steps:
        target = target[step]
    del target[last]
    return body


WRONG = {
    "string": [1, 1.5, True, [], {}, ["x"]],
    "array": ["x", 1, True, {}, {"0": "x"}],
    "object": ["x", 1, True, [], [{}]],
    "boolean": ["maybe", 2, -1, 0.5, [], {}, "tru"],
    "integer": ["x", 1.5, "1.5", "1e3", [], {}, "0x10", ""],
    "date-time": ["x", "", "2026-13-01T00:00:00Z", True, [], {}],
}


def wrong_values(schema: dict) -> list:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    values = list(WRONG[schema.get("format", kind)])
    if "enum" in schema:
        values += ["nonsense", schema["enum"][0].upper(), f" {schema['enum'][0]}"]
    if "maxLength" in schema and schema.get("type") == "string":
        values += ["x" * (schema["maxLength"] + 1), "\N{GRINNING FACE}" * (schema["maxLength"] + 1)]
    if schema.get("minLength"):
        values += [""]
    if "pattern" in schema:
        texts = ["!", "a b", "ä", "a\nb", *INJECTIONS]
        values += [text for text in texts if not re.search(schema["pattern"], text)]
    if "minimum" in schema:
        values += [schema["minimum"] - 1, -(2**31), -(2**63) - 1]
    return values


def location(place) -> str:
    return ".".join(str(step) for step in place)


def is_named(place, message: str) -> bool:
    """Whether the message names the place; alternatives of a union stand in between."""
    return bool(re.search(r"(\.[A-Za-z]+)?\.".join(re.escape(str(step)) for step in place), message))


# Spec: foundations.md 5.3, 5.4
@each(WITH_BODY)
def test_wrong_values_in_every_field(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    with unchanged:
        for place, schema in places(operation.body, body):
            for value in wrong_values(schema):
                label = f"{location(place)} = {value!r:.60}"
                response = world.by(operation).request(
                    operation.method, path, json=put(body, place, value), headers=headers
                )
                unchanged.expect(response, label, 422)
                if (
                    response.status_code == 422
                    and not is_named(place, response.json()["error"]["message"])
                ):
                    unchanged.wrong.append(f"{label}: not named in {response.text:.300}")


def required(schema: dict, body, here=()):
    if isinstance(body, dict):
        for name in schema.get("required", []):
            yield (*here, name)
        for name, value in body.items():
            yield from required(schema.get("properties", {}).get(name, {}), value, (*here, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from required(schema.get("items", {}), value, (*here, index))


# Spec: foundations.md 5.4
@each(WITH_BODY)
def test_missing_and_null_required_fields(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    with unchanged:
        for place in required(operation.body, body):
            missing = world.by(operation).request(
                operation.method, path, json=drop(body, place), headers=headers
            )
            unchanged.expect(missing, f"without {location(place)}", 422)
            assert "Field required" in missing.text and is_named(place, missing.text)
            null = world.by(operation).request(
                operation.method, path, json=put(body, place, None), headers=headers
            )
            unchanged.expect(null, f"{location(place)} = null", 422)


# Spec: foundations.md 5.2: the bodies of all but a few operations forbid unknown keys
@each([operation for operation in WITH_BODY if operation.name not in TOLERANT])
def test_unknown_fields(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    objects = [()] if isinstance(body, dict) else []
    objects += [
        place
        for place, _ in places(operation.body, body)
        if isinstance(value_at(body, place), dict)
    ]
    assert objects
    with unchanged:
        for place in objects:
            for name in ("unknown", "", "id ", "__proto__", "x" * 10_000, "a.b", "'; --", "é"):
                bad = put(body, (*place, name), 1)
                response = world.by(operation).request(operation.method, path, json=bad, headers=headers)
                unchanged.expect(response, f"{location(place)} {name:.20}", 422)
                assert "Extra inputs are not permitted" in response.text


def value_at(body, place):
    for step in place:
        body = body[step]
    return body


# Spec: foundations.md 3, 5.1: characters that no text may have
@each(WITH_BODY)
def test_bad_characters_in_every_text(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    bad = {r"\u0000": 422, r"a\ud800": 422, r"\udfff": 422, "a\x00b": 400}
    with unchanged:
        for place, schema in places(operation.body, body):
            if schema.get("type") != "string":
                continue
            for text, status in bad.items():
                marked = json.dumps(put(body, place, "MARK")).replace("MARK", text)
                response = world.by(operation).send(operation.method, path, marked.encode(), headers=headers)
                unchanged.expect(response, f"{location(place)} with {text!r}", status)
            broken = (
                json.dumps(put(body, place, "MARK")).encode().replace(b"MARK", b"a\xff\xc0\x80b")
            )
            response = world.by(operation).send(operation.method, path, broken, headers=headers)
            unchanged.expect(response, f"{location(place)} with broken UTF-8", 400)


def open_places(schema: dict, body, here=()):
    """Every object in a body whose members are for the client to name."""
    if isinstance(body, dict):
        if "additionalProperties" in schema and "properties" not in schema:
            yield here
        for name, value in body.items():
            yield from open_places(schema.get("properties", {}).get(name, {}), value, (*here, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from open_places(schema.get("items", {}), value, (*here, index))


OPEN = [operation for operation in WITH_BODY if any(open_places(operation.body, BODIES[operation.name]))]


# Spec: foundations.md 5.1: what is kept as it came is kept whole, or refused
@each(OPEN)
def test_what_a_map_cannot_keep(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    bad = {
        rb'"\ud800": "x"': "unable to parse raw data as a unicode string",
        rb'"a\udfffb": "x"': "unable to parse raw data as a unicode string",
        rb'"a": "\udc00\ud800"': "unable to parse raw data as a unicode string",
        b'"a": {"b": [1e400]}': "Input should be ",
    }
    with unchanged:
        for place in open_places(operation.body, body):
            for member, message in bad.items():
                marked = json.dumps(put(body, place, value_at(body, place) | {"MARK": 1}))
                text = marked.encode().replace(b'"MARK": 1', member)
                response = world.by(operation).send(operation.method, path, text, headers=headers)
                unchanged.expect(response, f"{location(place)} with {member}", 422)
                assert message in response.json()["error"]["message"]


# Spec: foundations.md 4.3, 5.3: numbers beyond every type
@each(WITH_BODY)
def test_huge_numbers_in_every_field(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    with unchanged:
        for place, schema in places(operation.body, body):
            for number in (
                "9" * 30,
                "-" + "9" * 30,
                "9" * 5000,
                "1e400",
                "-1e400",
                "9223372036854775808",
                "1e-400",
            ):
                is_number = schema.get("type") in ("integer", "boolean") or "format" in schema
                if is_number and number == "1e-400":
                    continue  # is zero
                marked = json.dumps(put(body, place, "MARK")).replace('"MARK"', number)
                response = world.by(operation).send(operation.method, path, marked.encode(), headers=headers)
                unchanged.expect(response, f"{location(place)} = {number:.30}", 400, 422)


# Spec: foundations.md 5.1: the last of duplicate keys wins
@each(WITH_BODY)
def test_a_bad_duplicate_key(world, unchanged, operation):
    body, path, headers = world.body(operation), world.path(operation), world.headers(operation)
    with unchanged:
        for place, _ in places(operation.body, body):
            if not isinstance(place[-1], str):
                continue
            marked = put(body, place, value_at(body, place))
            parent = value_at(marked, place[:-1])
            good = parent.pop(place[-1])
            parent["MARK"] = 1
            twice = (
                f'"{place[-1]}": {json.dumps(good)}, "{place[-1]}": {json.dumps(unexpected(good))}'
            )
            text = json.dumps(marked).replace('"MARK": 1', twice)
            response = world.by(operation).send(operation.method, path, text.encode(), headers=headers)
            unchanged.expect(response, location(place), 422)


def unexpected(value):
    """A value of another kind, which nothing coerces."""
    return [[]] if not isinstance(value, list) else 1


# Spec: foundations.md 2.5
@each(WITH_BODY)
def test_an_oversized_body(api, world, unchanged, operation):
    headers = [("Authorization", f"Bearer {world.by(operation).token}"), ("Content-Length", "100000001")]
    headers += [(name, value) for name, value in world.headers(operation).items()]
    with unchanged, Connection(api.url) as connection:
        connection.request(operation.method, PREFIX + world.path(operation), headers, b"{")
        assert connection.answer(operation.method).status == 413


# Spec: foundations.md 3: the null check does not look at the operation
@each(OPERATIONS)
def test_the_null_check(world, unchanged, operation):
    with unchanged:
        for caller in (world.by(operation), world.nobody):
            response = caller.send(operation.method, world.path(operation), rb'{"a":"\u0000"}')
            unchanged.expect(response, operation.name, 422)
            assert response.json()["error"]["message"] == "Null byte found in request"
