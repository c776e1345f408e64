#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A batch job over all groups: how many members and projects each of them has, as CSV. Several groups are asked about at
once. It runs as a service, which may see everything.

usage: all_groups.py SETTINGS
"""

import asyncio
import sys

from librenku import AsyncClient


async def line_of(client, slug):
    members, page = await asyncio.gather(
        client.group_member_list(slug), client.call("project_list", namespace=slug, per_page=1)
    )
    return f"{slug},{len(members)},{page.headers['total']}"


async def main(settings):
    async with AsyncClient(settings, service="migrations", threads=4) as client:
        print("group,members,projects")
        async for page in client.pages("group_list", per_page=100):
            print("\n".join(await asyncio.gather(*(line_of(client, group["slug"]) for group in page))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
