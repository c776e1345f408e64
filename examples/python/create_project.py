#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Creates a project with members, on behalf of whoever owns RENKU_TOKEN.

usage: create_project.py SETTINGS NAME NAMESPACE [USER_ID:ROLE...]
"""

import os
import sys

from librenku import Client, RenkuError


def main(settings, name, namespace, *members):
    with Client(settings, token=os.environ["RENKU_TOKEN"]) as client:
        project = client.project_create({"name": name, "namespace": namespace})
        if members:
            pairs = [member.split(":") for member in members]
            client.project_member_set(project["id"], [{"id": user, "role": role} for user, role in pairs])
        print(f"{project['namespace']}/{project['slug']}")
        for member in client.project_member_list(project["id"]):
            print(f"  {member['role']:7} {member.get('namespace', member['id'])}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RenkuError as problem:
        sys.exit(f"create_project: {problem}")
