# SPDX-License-Identifier: Apache-2.0
# The program that tests/integration/authz/test_*.py talk to.
noinst_PROGRAMS += tests/integration/authz/driver
tests_integration_authz_driver_SOURCES = %D%/driver.c $(program_sources)
tests_integration_authz_driver_LDADD = librenku_core.la $(LIBRENKU_LIBS)
