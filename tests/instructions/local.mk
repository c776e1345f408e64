# SPDX-License-Identifier: Apache-2.0
# The program that tests/instructions/test_instructions.py runs under callgrind.
noinst_PROGRAMS += tests/instructions/count
tests_instructions_count_SOURCES = %D%/count.c
tests_instructions_count_CPPFLAGS = $(guest_CPPFLAGS)
tests_instructions_count_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_instructions_count_LDADD = librenku.la
EXTRA_DIST += %D%/baseline.json
