# SPDX-License-Identifier: Apache-2.0
"""The form in which clients see entries and options. Spec: storage.md 4.2"""

import json

TYPES = {
    "int", "bool", "string", "stringArray", "Time", "Duration", "MultiEncoder", "SizeSuffix", "SpaceSepList",
    "CommaSepList", "Tristate", "Encoding", "Bits",
}  # fmt: skip


def default_of(value):
    """Integers become numbers with a fraction, the names in a Tristate small."""
    if isinstance(value, bool) or not isinstance(value, (int, dict)):
        return value
    if isinstance(value, int):
        return float(value)
    return {name.lower(): inner for name, inner in value.items()}


def example(node):
    shown = {"value": node["Value"], "help": node["Help"]}
    return {**shown, "provider": node["Provider"]} if node.get("Provider") is not None else shown


def option(node):
    if node["Type"] not in TYPES:
        raise ValueError(f"the type {node['Type']} of the option {node['Name']} is not known")
    shown = {"name": node["Name"], "help": node["Help"]}
    if node.get("Provider") is not None:
        shown["provider"] = node["Provider"]
    shown |= {"default": default_of(node["Default"]), "default_str": node["DefaultStr"]}
    if node.get("Examples") is not None:
        shown["examples"] = [example(found) for found in node["Examples"]]
    flags = ("Required", "IsPassword", "Sensitive", "Advanced", "Exclusive")
    return shown | {name.lower(): node[name] for name in flags} | {"type": node["Type"]}


def dumps(value):
    """JSON as the API writes it. Spec: foundations.md 10.4"""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)
