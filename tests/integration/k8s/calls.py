# SPDX-License-Identifier: Apache-2.0
"""What tests ask the client."""

from support.driver import Driver

HERE = "0RENK1RENK2RENK3RENK4RENK5"


def secret(name="s", **more) -> dict:
    return {"kind": "Secret", "name": name} | more


def make(client: Driver, name="s", labels=None, **data) -> dict:
    made = client.call("create", **secret(name, object={"stringData": data, "metadata": {"labels": labels or {}}}))
    assert "error" not in made, made
    return made["object"]


def names(answer: dict) -> list[str]:
    assert "error" not in answer, answer
    return sorted(item["object"]["metadata"]["name"] for item in answer["items"])
