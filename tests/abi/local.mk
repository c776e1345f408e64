# SPDX-License-Identifier: Apache-2.0
# Guests of the library: programs that include public headers only, and link the shared library.
noinst_PROGRAMS += tests/abi/abi tests/abi/host tests/abi/loader tests/abi/oom
tests_abi_abi_SOURCES = \
	%D%/abi.c %D%/abi.h \
	%D%/admin.c \
	%D%/callers.c \
	%D%/calls.c \
	%D%/cancel.c \
	%D%/config.c \
	%D%/http.c \
	%D%/lines.c \
	%D%/manners.c \
	%D%/pages.c \
	%D%/results.c \
	%D%/services.c \
	%D%/tasks.c \
	%D%/threads.c
guest_CPPFLAGS = -I$(top_srcdir) -I$(top_srcdir)/include -I$(top_builddir)/gen -D_GNU_SOURCE
guest_CFLAGS = -std=c11 -pedantic $(WARNINGS) $(HARDENING)
tests_abi_abi_CPPFLAGS = $(guest_CPPFLAGS) $(LIBRENKU_CFLAGS)
tests_abi_abi_CFLAGS = $(guest_CFLAGS)
tests_abi_abi_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_abi_abi_LDADD = librenku.la -lpq -lpthread

tests_abi_oom_SOURCES = %D%/abi.c %D%/abi.h %D%/memory.c %D%/memory.h %D%/oom.c
tests_abi_oom_CPPFLAGS = $(tests_abi_abi_CPPFLAGS)
tests_abi_oom_CFLAGS = $(guest_CFLAGS)
tests_abi_oom_LDFLAGS = $(tests_abi_abi_LDFLAGS)
tests_abi_oom_LDADD = $(tests_abi_abi_LDADD) -ldl

tests_abi_host_SOURCES = %D%/host.c
tests_abi_host_CPPFLAGS = $(guest_CPPFLAGS)
tests_abi_host_CFLAGS = $(guest_CFLAGS)
tests_abi_host_LDFLAGS = $(tests_abi_abi_LDFLAGS)
tests_abi_host_LDADD = librenku.la

# It opens the library itself.
tests_abi_loader_SOURCES = %D%/loader.c %D%/memory.c %D%/memory.h
tests_abi_loader_CPPFLAGS = $(guest_CPPFLAGS)
tests_abi_loader_CFLAGS = $(guest_CFLAGS)
tests_abi_loader_LDFLAGS = $(tests_abi_abi_LDFLAGS)
tests_abi_loader_LDADD = -ldl
