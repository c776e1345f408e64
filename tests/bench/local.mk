# SPDX-License-Identifier: Apache-2.0
# Programs of ./dev bench; built on demand: make bench-programs.
EXTRA_PROGRAMS = tests/bench/library/call tests/bench/python/call tests/bench/secrets/call
tests_bench_library_call_SOURCES = %D%/library/call.c
tests_bench_library_call_LDADD = librenku.la $(LIBRENKU_LIBS)
tests_bench_python_call_SOURCES = %D%/python/call.c
tests_bench_python_call_LDADD = librenku.la
tests_bench_secrets_call_SOURCES = %D%/secrets/call.c
tests_bench_secrets_call_LDADD = librenku_core.la

# -rpath: else libtool makes no shared object of it; they are never installed.
EXTRA_LTLIBRARIES = tests/bench/floor/floor.la tests/bench/count/count.la
tests_bench_floor_floor_la_SOURCES = %D%/floor/floor.c
tests_bench_floor_floor_la_CFLAGS = $(AM_CFLAGS) $(KORE_CFLAGS)
tests_bench_floor_floor_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_bench_floor_floor_la_LIBADD = -lpq
tests_bench_count_count_la_SOURCES = %D%/count/count.c
tests_bench_count_count_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

CLEANFILES += $(EXTRA_PROGRAMS) $(EXTRA_LTLIBRARIES)
bench_programs = $(EXTRA_PROGRAMS) tests/bench/count/count.la
if HAVE_KORE
bench_programs += tests/bench/floor/floor.la
endif
bench-programs: $(bench_programs)
.PHONY: bench-programs
