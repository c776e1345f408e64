# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/caller.c %D%/caller.h \
	%D%/etag.c %D%/etag.h \
	%D%/form.c %D%/form.h \
	%D%/json.c %D%/json.h \
	%D%/json_write.c \
	%D%/location.c %D%/location.h \
	%D%/operation.c %D%/operation.h \
	%D%/pairs.h \
	%D%/patterns.c %D%/patterns.h \
	%D%/query.c \
	%D%/read.c \
	%D%/read_scalar.c \
	%D%/reading.h \
	%D%/reply.h \
	%D%/schema.h \
	%D%/text_check.c %D%/text_check.h \
	%D%/write.c
