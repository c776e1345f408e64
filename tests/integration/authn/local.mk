# SPDX-License-Identifier: Apache-2.0
# The driver through which tests/integration/{authn,crypto} reach hidden functions.
noinst_PROGRAMS += tests/integration/authn/driver
tests_integration_authn_driver_SOURCES = %D%/driver.c $(lines_sources)
tests_integration_authn_driver_LDADD = librenku_core.la
