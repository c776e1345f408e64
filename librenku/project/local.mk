# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/change.c %D%/change.h \
	%D%/columns.h \
	%D%/contents.c \
	%D%/copies.c \
	%D%/core.c %D%/core.h \
	%D%/db.c %D%/db.h \
	%D%/handlers.c \
	%D%/insert.c \
	%D%/list.c \
	%D%/members.c \
	%D%/migrations.c \
	%D%/place.c \
	%D%/places.c \
	%D%/project.h \
	%D%/site.c \
	%D%/streams.h \
	%D%/verify.c
dist_noinst_DATA += %D%/apispec.yaml
