# SPDX-License-Identifier: Apache-2.0
librenku_core_la_SOURCES += \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/cancel.c %D%/cancel.h \
	%D%/counter.c %D%/counter.def %D%/counter.h \
	%D%/error.c %D%/error.def %D%/error.h \
	%D%/letters.c %D%/letters.h \
	%D%/log.c %D%/log.h \
	%D%/op.c %D%/op.h \
	%D%/process.c %D%/process.h \
	%D%/settings.c %D%/settings.def %D%/settings.h \
	%D%/slug.c %D%/slug.h \
	%D%/thread.c %D%/thread.h \
	%D%/time.c %D%/time.h \
	%D%/trace.h \
	%D%/ulid.c %D%/ulid.h \
	%D%/url.c %D%/url.h \
	%D%/value.c %D%/value.h
