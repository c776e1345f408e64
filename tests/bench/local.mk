# SPDX-License-Identifier: Apache-2.0
# Programs of ./dev bench; built on demand: make bench-programs.
EXTRA_PROGRAMS = tests/bench/library/call tests/bench/python/call
tests_bench_library_call_SOURCES = %D%/library/call.c
tests_bench_library_call_LDADD = librenku.la $(LIBRENKU_LIBS)
tests_bench_python_call_SOURCES = %D%/python/call.c
tests_bench_python_call_LDADD = librenku.la

# -rpath: else libtool makes no shared object of it; it is never installed.
EXTRA_LTLIBRARIES = tests/bench/floor/floor.la
tests_bench_floor_floor_la_SOURCES = %D%/floor/floor.c
tests_bench_floor_floor_la_CFLAGS = $(AM_CFLAGS) $(KORE_CFLAGS)
tests_bench_floor_floor_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_bench_floor_floor_la_LIBADD = -lpq

CLEANFILES += $(EXTRA_PROGRAMS) $(EXTRA_LTLIBRARIES)
bench_programs = $(EXTRA_PROGRAMS)
if HAVE_KORE
bench_programs += $(EXTRA_LTLIBRARIES)
endif
bench-programs: $(bench_programs)
.PHONY: bench-programs
