# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/admins.c \
	%D%/core.c %D%/core.h \
	%D%/db.c %D%/db.h \
	%D%/generate.c \
	%D%/handlers.c \
	%D%/key.c \
	%D%/preferences.c \
	%D%/events.c \
	%D%/insert.c \
	%D%/sync.c %D%/sync.h \
	%D%/tally.c %D%/tally.h \
	%D%/user.h
dist_noinst_DATA += %D%/apispec.yaml
