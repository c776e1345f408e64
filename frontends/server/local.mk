# SPDX-License-Identifier: Apache-2.0
# The Kore module, and the launcher that the command line links.
server_common = \
	%D%/activation.c %D%/activation.h \
	%D%/identity.c %D%/identity.h \
	%D%/log.c %D%/log.h \
	%D%/sanitizer.c %D%/sanitizer.h \
	%D%/user.c %D%/user.h

server_reader = \
	%D%/characters.c %D%/characters.h \
	%D%/grammar.c %D%/grammar.h \
	%D%/reader.c %D%/reader.h

if HAVE_KORE
pkglib_LTLIBRARIES += %D%/renku_server.la
endif
%C%_renku_server_la_SOURCES = $(server_common) $(server_reader) \
	%D%/counts.h \
	%D%/jobs.c %D%/jobs.h \
	%D%/link.c %D%/link.h \
	%D%/memory.c %D%/memory.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/module.c \
	%D%/page.c \
	%D%/realm.c %D%/realm.h \
	%D%/reply.c %D%/reply.h \
	%D%/rotation.c %D%/rotation.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/service.c %D%/service.h \
	%D%/thread.c %D%/thread.h \
	%D%/wire.c %D%/wire.h
%C%_renku_server_la_CFLAGS = $(AM_CFLAGS) $(KORE_CFLAGS)
# initfirst: see sanitizer.c
%C%_renku_server_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -Wl,-z,initfirst
%C%_renku_server_la_LIBADD = librenku.la -ljson-c -lcrypto -lpthread

noinst_LTLIBRARIES += %D%/librenku_launch.la
%C%_librenku_launch_la_SOURCES = $(server_common) \
	%D%/handover.c %D%/handover.h \
	%D%/launch.c %D%/launch.h \
	%D%/rclone.c %D%/rclone.h
%C%_librenku_launch_la_CPPFLAGS = $(AM_CPPFLAGS) -DRENKU_KORE='"$(KORE)"' -DRENKU_PKGLIBEXECDIR='"$(pkglibexecdir)"' -DRENKU_PKGLIBDIR='"$(pkglibdir)"'
%C%_librenku_launch_la_LIBADD = librenku.la -ljson-c -lcrypto

# Its tests: the reader alone, the other parts, and the server over a double of the library (tests/support/fake_server.py).
if HAVE_CHECK
check_PROGRAMS += tests/unit/reader tests/unit/server
endif
tests_unit_reader_SOURCES = tests/unit/reader.c $(server_reader)
tests_unit_reader_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_reader_LDADD = $(CHECK_LIBS)
tests_unit_server_SOURCES = tests/unit/server.c tests/support/fake_renku.c $(server_common) \
	%D%/jobs.c %D%/metrics.c %D%/page.c %D%/reply.c %D%/thread.c
tests_unit_server_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_server_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_cond_timedwait
tests_unit_server_LDADD = $(CHECK_LIBS) -ljson-c -lcrypto -lpthread

noinst_LTLIBRARIES += tests/support/fake/librenku.la
tests_support_fake_librenku_la_SOURCES = tests/support/fake_renku.c
tests_support_fake_librenku_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
tests_support_fake_librenku_la_LDFLAGS = $(AM_LDFLAGS) -version-info 1:0:0 -rpath /nowhere \
	-Wl,--version-script=$(top_srcdir)/librenku/librenku.map
noinst_PROGRAMS += tests/support/fake_server
tests_support_fake_server_SOURCES = tests/support/fake_server.c
tests_support_fake_server_LDADD = %D%/librenku_launch.la
