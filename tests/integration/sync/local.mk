# SPDX-License-Identifier: Apache-2.0
# The synchronisations as a task runner calls them.
noinst_PROGRAMS += tests/integration/sync/driver
tests_integration_sync_driver_SOURCES = %D%/driver.c $(program_sources)
tests_integration_sync_driver_LDADD = librenku_core.la
