# SPDX-License-Identifier: Apache-2.0
# Programs of ./dev bench; built on demand: make bench-programs.
EXTRA_PROGRAMS = tests/bench/library/call tests/bench/python/call
tests_bench_library_call_SOURCES = %D%/library/call.c
tests_bench_library_call_LDADD = librenku.la $(LIBRENKU_LIBS)
tests_bench_python_call_SOURCES = %D%/python/call.c
tests_bench_python_call_LDADD = librenku.la
CLEANFILES += $(EXTRA_PROGRAMS)
bench-programs: $(EXTRA_PROGRAMS)
.PHONY: bench-programs
