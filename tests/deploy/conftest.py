# SPDX-License-Identifier: Apache-2.0
from support.installed import *  # noqa: F403
