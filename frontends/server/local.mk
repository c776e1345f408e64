# SPDX-License-Identifier: Apache-2.0
# The Kore module, and the launcher that the command line links.
if HAVE_KORE
pkglib_LTLIBRARIES += %D%/renku_server.la
endif
noinst_LTLIBRARIES += %D%/librenku_launch.la

%C%_renku_server_la_SOURCES = %D%/module.c %D%/wire.c %D%/wire.h %D%/sandbox.c %D%/sandbox.h \
	%D%/service.c %D%/service.h %D%/realm.c %D%/realm.h %D%/reader.c %D%/reader.h %D%/reply.c %D%/reply.h \
	%D%/jobs.c %D%/jobs.h %D%/metrics.c %D%/metrics.h %D%/identity.c %D%/identity.h %D%/log.c %D%/log.h \
	%D%/user.c %D%/user.h
%C%_renku_server_la_CFLAGS = $(AM_CFLAGS) $(KORE_CFLAGS)
%C%_renku_server_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
%C%_renku_server_la_LIBADD = librenku.la -ljson-c -lcrypto -lpthread

%C%_librenku_launch_la_SOURCES = %D%/launch.c %D%/launch.h %D%/discovery.c %D%/discovery.h \
	%D%/handover.c %D%/handover.h %D%/identity.c %D%/identity.h %D%/log.c %D%/log.h %D%/user.c %D%/user.h
%C%_librenku_launch_la_CPPFLAGS = $(AM_CPPFLAGS) -DRENKU_KORE='"$(KORE)"' -DRENKU_PKGLIBDIR='"$(pkglibdir)"'
%C%_librenku_launch_la_LIBADD = librenku.la -ljson-c -lcurl -lcrypto
