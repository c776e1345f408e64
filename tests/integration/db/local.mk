# SPDX-License-Identifier: Apache-2.0
# Programs that tests/integration/db/test_*.py run against a PostgreSQL of theirs.
noinst_PROGRAMS += tests/integration/db/driver
tests_integration_db_driver_SOURCES = %D%/driver.c $(program_sources)
tests_integration_db_driver_LDADD = librenku_core.la

if HAVE_CHECK
noinst_PROGRAMS += tests/integration/db/suite
endif
tests_integration_db_suite_SOURCES = \
	tests/unit/unit.c tests/unit/unit.h \
	$(program_sources) \
	%D%/connections.c \
	%D%/lines.c \
	%D%/pool.c \
	%D%/statements.c \
	%D%/suite.c %D%/suite.h \
	%D%/transactions.c
tests_integration_db_suite_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_integration_db_suite_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_integration_db_suite_LDADD = librenku_core.la $(CHECK_LIBS)
