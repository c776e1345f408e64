# SPDX-License-Identifier: Apache-2.0
# A rotation with fewer rounds of key derivation than a real one, so that it can be killed often.
noinst_PROGRAMS += tests/integration/secret/rotate
tests_integration_secret_rotate_SOURCES = %D%/rotate.c $(program_sources)
tests_integration_secret_rotate_LDADD = librenku_core.la
