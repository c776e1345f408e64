# SPDX-License-Identifier: Apache-2.0
"""Rows that are easily lost on the way into a backup and back, and what stands in its file."""

import json
import tarfile

from .database import Rows

PIECE = 1024 * 1024
ODD = "tab\t newline\n return\r back\\slash \\. \\N {\"',;} \N{SNOWMAN} \N{PILE OF POO}"


def fill_with_odd_rows(rows: Rows) -> None:
    rows.run("INSERT INTO users.users (keycloak_id, first_name, last_name, secret_key) VALUES ('odd', %s, '', %s)",
             ODD, bytes(range(256)))
    rows.run("INSERT INTO users.users (keycloak_id) VALUES ('plain')")
    rows.run("INSERT INTO common.namespaces (id, slug, user_id) VALUES ('N1', 'odd', 'odd'), ('N2', 'plain', 'plain')")
    rows.run("INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key,"
             " modification_date, user_id) VALUES ('S1', %s, 'f', %s, %s, 'infinity', 'odd')",
             ODD, b"", bytes(range(255, -1, -1)))
    rows.run("INSERT INTO common.k8s_objects (id, name, namespace, manifest, deleted, version, kind, cluster, user_id,"
             " \"group\") VALUES ('K1', 'n', 'ns', %s, false, 'v1', 'Pod', 'c', 'odd', NULL)", json.dumps({"a": ODD}))
    rows.run("INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date, keywords,"
             " documentation, template_id) VALUES"
             " ('P1', 'one', 'public', 'odd', '0044-03-15 BC', ARRAY[%s, '', NULL], %s, 'P2'),"
             " ('P2', 'two', 'private', 'odd', now(), '{}', NULL, 'P1')", ODD[:60], ODD + "x" * (3 * PIECE))
    rows.run("INSERT INTO common.entity_slugs (slug, project_id, namespace_id)"
             " VALUES ('one', 'P1', 'N1'), ('two', 'P2', 'N1')")
    rows.run("INSERT INTO resource_pools.resource_pools (name, \"default\", public, cpu_limit_factor)"
             " VALUES ('p', true, false, 1.1), ('q', false, true, 'NaN')")
    rows.run("INSERT INTO metrics.metrics (anonymous_user_id, event) VALUES ('a', 'b')")
    rows.relate("p", "P1", "o", "u", "odd")
    rows.relate("p", "P1", "v", "u", "plain")


def members(path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def data(path) -> dict[str, bytes]:
    return {name: content for name, content in members(path).items() if name.startswith("data/")}
