# SPDX-License-Identifier: Apache-2.0
"""What several suites of projects need."""

from .api import all_pages

NO_URL = "is not a valid HTTP or HTTPS URL"
FULL = {
    "description": "Old",
    "keywords": ["old"],
    "repositories": ["https://e.org/old", "https://e.org/older"],
    "documentation": "Old text",
    "secrets_mount_directory": "/old",
}


def by_path(caller, namespace: str, slug: str, **query):
    return caller.get(f"/namespaces/{namespace}/projects/{slug}", params=query)


def stored(rows, column: str, project: dict):
    return rows.one(f"SELECT {column} FROM projects.projects WHERE id = %s", project["id"])


def own_list(caller, **params) -> list[str]:
    return [item["id"] for item in all_pages(caller, "/projects", **params)]
