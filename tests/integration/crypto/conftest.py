# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the driver program."""

from support.driver import driver_settings, key_file, start_driver  # noqa: F401
