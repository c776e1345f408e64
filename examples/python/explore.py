#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# A look at a platform, cell by cell: Jupyter, Spyder and editors run the cells between the %% marks. As a program:
# `explore.py SETTINGS`, on behalf of whoever owns RENKU_TOKEN.

# %% The client; it stays open for the cells that follow
import os
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone

from librenku import Client

settings = sys.argv[1] if len(sys.argv) > 1 else os.path.expanduser("~/.local/share/renku/env")
client = Client(settings, token=os.environ.get("RENKU_TOKEN"))

# %% All projects that the caller may see
projects = list(client.project_list_all())
print(f"{len(projects)} projects")

# %% Who has them, and who may see them
print(Counter(project["namespace"] for project in projects).most_common(3))
print(Counter(project["visibility"] for project in projects))

# %% How old they are: times are datetime, so that they can be reckoned with
young = datetime.now(timezone.utc) - timedelta(days=7)
print(f"{sum(project['creation_date'] > young for project in projects)} of the last week")

# %% A table, where pandas is at hand: pandas.DataFrame(projects)
client.close()
