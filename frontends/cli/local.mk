# SPDX-License-Identifier: Apache-2.0
# The program stands in bin/ of the build folder, so that it can be run in place. It sees include/renku only.
bin_PROGRAMS += bin/renku
bin_renku_SOURCES = \
	%D%/api.c \
	%D%/authz.c \
	%D%/call.c \
	%D%/calls.def \
	%D%/child.c \
	%D%/cli.h \
	%D%/cluster.c \
	%D%/commands.c \
	%D%/commands.def \
	%D%/complete.c \
	%D%/completion.c \
	%D%/config.c \
	%D%/context.c \
	%D%/control.c \
	%D%/control.h \
	%D%/db.c \
	%D%/environment.c \
	%D%/fetch.c \
	%D%/help.c \
	%D%/list.c \
	%D%/main.c \
	%D%/operate.c \
	%D%/options.def \
	%D%/orphan.c \
	%D%/other.c \
	%D%/output.c \
	%D%/place.c \
	%D%/print.c \
	%D%/print.h \
	%D%/request.c \
	%D%/request.h \
	%D%/scrape.c \
	%D%/scrape.h \
	%D%/secrets.c \
	%D%/services.c \
	%D%/session.c \
	%D%/session.h \
	%D%/sync.c \
	%D%/table.c \
	%D%/table.h \
	%D%/tasks.c \
	%D%/text.c \
	%D%/token.c \
	%D%/top.c \
	%D%/up.c \
	%D%/up.h
bin_renku_CPPFLAGS = $(AM_CPPFLAGS)
bin_renku_LDADD = frontends/server/librenku_launch.la librenku.la $(LIBRENKU_LIBS)
