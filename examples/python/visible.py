#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the projects that a user can see, and why.

usage: visible.py SETTINGS USER_ID
"""

import sys

from librenku import Client, RenkuError


def main(settings, user_id):
    with Client(settings, user=user_id) as client:
        for project in client.project_list_all():
            print(f"{project['namespace']}/{project['slug']}")
            for path in client.authz_explain("project", project["id"], "read", user_id)["paths"]:
                print(f"  because {', '.join(path)}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RenkuError as problem:
        sys.exit(f"visible: {problem}")
